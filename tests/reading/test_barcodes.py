"""Codes made by zxing-cpp's own writer are found in pictures."""

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from image_describer.reading import barcodes
from image_describer.reading.barcodes import FORMAT_NAMES, find_codes
from tests.support.pictures import photograph

CONTENTS = {
    "MicroQRCode": "12345",
    "EAN13": "4006381333931",
    "EAN8": "96385074",
    "UPCA": "036000291452",
    "UPCE": "01234565",
    "Code39": "ABC-1234",
    "ITF": "12345678901231",
}
READ_AS = {"UPCE": "0012345000065"}


def drawn(name: str, content: str | bytes, scale: int = 4) -> Image.Image:
    """Return a code with white around it."""
    code = zxingcpp.create_barcode(content, getattr(zxingcpp.BarcodeFormat, name))
    return Image.fromarray(np.pad(np.asarray(code.to_image(scale=scale)), 20, constant_values=255))


def rgb(image: Image.Image) -> Image.Image:
    return image.convert("RGB")


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_every_format_is_found(name: str) -> None:
    content = CONTENTS.get(name, "Hello 123")
    (code,) = find_codes(rgb(drawn(name, content)))
    assert (code.format, code.content) == (FORMAT_NAMES[name], READ_AS.get(name, content))


@pytest.mark.parametrize("share", [0.12, 0.3, 0.9])
@pytest.mark.parametrize("angle", [0, 20, 90])
def test_a_code_of_any_size_is_found_once_in_a_large_photograph(share: float, angle: int) -> None:
    scene = photograph(512, 384).resize((2048, 1536))
    code = drawn("QRCode", "https://example.org").convert("RGBA")
    side = int(share * scene.height)
    code = code.resize((side, side)).rotate(angle, expand=share < 0.5)
    scene.paste(code, (60, 30), code)
    (found,) = find_codes(rgb(scene))
    middle_x = (found.box[0] + found.box[2]) / 2 * scene.width
    middle_y = (found.box[1] + found.box[3]) / 2 * scene.height
    assert abs(middle_x - (60 + code.width / 2)) < 30
    assert abs(middle_y - (30 + code.height / 2)) < 30


def test_codes_are_sorted_from_top_to_bottom() -> None:
    page = Image.new("L", (900, 1200), 255)
    for y, content in ((800, "third"), (50, "first"), (400, "second")):
        page.paste(drawn("QRCode", content), (60, y))
    page.paste(drawn("EAN13", "4006381333931", 2), (400, 100))
    found = [code.content for code in find_codes(rgb(page))]
    assert found == ["first", "4006381333931", "second", "third"]


def test_light_on_dark_is_found() -> None:
    code = drawn("QRCode", "dark mode").point(lambda level: 255 - level)
    assert [found.content for found in find_codes(rgb(code))] == ["dark mode"]


def test_a_photograph_without_codes_is_searched_at_its_smallest_size_only() -> None:
    image = photograph(512, 384).resize((2048, 1536))
    assert find_codes(rgb(image)) == ()
    assert [max(gray.shape) for gray, _ in barcodes._parts(image.convert("L"))] == [683]


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (31, 5000), (2048, 8)])
def test_narrow_pictures_have_no_codes(shape: tuple[int, int]) -> None:
    assert find_codes(Image.fromarray(np.zeros((*shape, 3), np.uint8))) == ()


def test_the_largest_code_is_read_whole() -> None:
    for content in ("<script>" + 2_900 * "a", 4_000 * "7"):
        (code,) = find_codes(rgb(drawn("QRCode", content)))
        assert code.content == content


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=1, max_size=60), st.text(st.characters(max_codepoint=127), min_size=1))
def test_any_content_is_returned(content: bytes, text: str) -> None:
    assert len(find_codes(rgb(drawn("QRCode", content)))) == 1
    (code,) = find_codes(rgb(drawn("QRCode", text)))
    assert code.content == text
