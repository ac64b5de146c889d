"""AVIF and HEIF that strict decoders refuse are opened where possible, and crops are heeded."""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from image_describer.errors import PictureError
from image_describer.imaging.file_info import size_and_date_taken
from image_describer.imaging.open import open_picture
from image_describer.metadata.containers.base import DamagedFileError
from image_describer.metadata.containers.isobmff_repair import repaired
from tests.imaging.test_decode import assert_quarters
from tests.support import isobmff
from tests.support.pictures import HAS_AVIF, encoded, heic, quarters

WHOLE, ALPHA = 1, 2  # items


def transparent() -> Image.Image:
    """Return `quarters` whose alpha grows from 0 at the top to 255 at the bottom."""
    image = quarters().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def on_white() -> np.ndarray:
    image = Image.new("RGB", (80, 60), "white")
    image.paste(transparent(), mask=transparent().getchannel("A"))
    return np.asarray(image).astype(int)


FILES = {"HEIC": heic(transparent())}
if HAS_AVIF:
    FILES["AVIF"] = encoded(transparent(), "AVIF", quality=95, subsampling="4:4:4")
CODEC = {"AVIF": b"av1C", "HEIC": b"hvcC"}


@pytest.fixture(params=FILES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(
    "broken",
    [
        lambda content: isobmff.without_property(content, b"ispe", ALPHA),
        lambda content: isobmff.without_property(content, b"ispe", WHOLE),
        lambda content: isobmff.without_property(content, b"pixi", WHOLE),
        isobmff.with_two_tables,
        lambda content: isobmff.with_two_tables(isobmff.without_property(content, b"ispe", ALPHA)),
        lambda content: isobmff.without_box(content, b"pitm"),
        lambda content: isobmff.without_box(content, b"hdlr"),
        lambda content: isobmff.with_box_twice(content, b"iref"),
        lambda content: isobmff.with_box_twice(content, b"iprp"),
        lambda content: isobmff.with_meta(content, lambda boxes: boxes[::-1]),
        lambda content: isobmff.with_colour(content, b"odd"),
    ],
    ids=[
        *("alpha without size", "no size", "no depth", "two tables", "two faults"),
        *("no main picture", "no handler", "references twice", "properties twice", "backwards"),
        "odd colours",
    ],
)
def test_pictures_that_break_the_rules_are_shown_with_their_transparency(
    name: str, broken: Callable[[bytes], bytes]
) -> None:
    opened = open_picture(broken(FILES[name]))
    assert opened.format == name
    assert np.abs(opened.pixels - on_white()).mean() < 8


def test_a_sequence_without_a_film_is_opened_as_a_picture() -> None:
    if not HAS_AVIF:
        pytest.skip("Pillow was built without AVIF")
    content = FILES["AVIF"].replace(b"ftypavif", b"ftypavis", 1)
    assert np.abs(open_picture(content).pixels - on_white()).mean() < 8


def test_an_alpha_channel_that_cannot_be_decoded_is_left_out(name: str) -> None:
    opened = open_picture(isobmff.without_property(FILES[name], CODEC[name], ALPHA))
    assert_quarters(opened.pixels)


def test_a_picture_that_cannot_be_decoded_is_of_an_unknown_kind(name: str) -> None:
    content = isobmff.without_property(FILES[name], CODEC[name], WHOLE)
    with pytest.raises(PictureError, match=f"^I can't open this kind of {name}"):
        open_picture(content)


def test_an_essential_property_that_nobody_knows_makes_an_unknown_kind(name: str) -> None:
    def change(kinds: list[bytes], table: isobmff.Associations) -> list[isobmff.Associations]:
        return [[(item, [*fields, 0x80 | len(kinds)]) for item, fields in table]]

    content = isobmff.with_properties(FILES[name], change, isobmff.box(b"what", b"ever"))
    with pytest.raises(PictureError, match=f"^I can't open this kind of {name}"):
        open_picture(content)


@pytest.mark.parametrize(
    ("old", "new"), [(b"Exif", b"E\xeaif"), (b"mime", b"m\xffme"), (b"/rdf", b"\xc3rdf")]
)
def test_metadata_whose_type_is_not_text_is_set_aside(old: bytes, new: bytes) -> None:
    """The decoder of HEIC crashed on it, and the whole program with it."""
    exif = Image.Exif()
    exif[0x010E] = "Rex"
    content = heic(quarters(), exif=exif.tobytes(), xmp=b"<x/>")
    assert_quarters(open_picture(isobmff.with_item_type(content, old, new)).pixels)


def test_a_file_that_ends_too_early_is_told_as_incomplete(name: str) -> None:
    with pytest.raises(PictureError, match="incomplete"):
        open_picture(FILES[name][:-30])


@pytest.mark.parametrize(
    ("clap", "expected"),
    [
        ((40, 1, 30, 1, 20, 1, -15, 1), (40, 0, 80, 30)),
        ((40, 1, 60, 1, -20, 1, 0, 1), (0, 0, 40, 60)),
        ((21, 1, 11, 1, -1, 2, 1, 2), (29, 25, 50, 36)),
        ((80, 1, 60, 1, 10, 1, 0, 1), (0, 0, 80, 60)),  # beyond the edge
        ((0, 1, 60, 1, 0, 1, 0, 1), (0, 0, 80, 60)),
        ((40, 0, 60, 1, 0, 1, 0, 1), (0, 0, 80, 60)),
    ],
)
@pytest.mark.skipif(not HAS_AVIF, reason="Pillow was built without AVIF")
@pytest.mark.parametrize("essential", [True, False])
def test_an_avif_is_cropped_unless_the_crop_is_impossible(
    clap: tuple[int, ...], expected: tuple[int, int, int, int], essential: bool, tmp_path: Path
) -> None:
    content = encoded(quarters(), "AVIF", quality=95, subsampling="4:4:4")
    path = tmp_path / "cropped.avif"
    path.write_bytes(isobmff.cropped(content, *clap, essential=essential))
    opened = open_picture(path)
    assert (opened.width, opened.height) == opened.pixels.shape[1::-1]
    assert np.abs(opened.pixels - np.asarray(quarters().crop(expected)).astype(int)).mean() < 8
    if essential:
        assert size_and_date_taken(str(path))[0] == (opened.width, opened.height)


@pytest.mark.skipif(not HAS_AVIF, reason="Pillow was built without AVIF")
def test_a_picture_is_cropped_before_it_is_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter to the right
    content = encoded(quarters(), "AVIF", quality=95, subsampling="4:4:4", exif=exif)
    opened = open_picture(isobmff.cropped(content, 80, 1, 30, 1, 0, 1, -15, 1))
    assert (opened.width, opened.height) == (30, 80)
    assert opened.pixels[5, 15, 0] > 200 > 60 > opened.pixels[5, 15, 1]  # red above green
    assert opened.pixels[75, 15, 1] > 200 > 60 > opened.pixels[75, 15, 0]


@pytest.mark.parametrize(
    "clap", [(0, 1, 32, 1, 0, 1, 0, 1), (40, 0, 32, 1, 0, 1, 0, 1), (999, 1, 999, 1, 0, 1, 0, 1)]
)
def test_an_impossible_crop_of_a_heic_is_ignored(clap: tuple[int, ...]) -> None:
    opened = open_picture(isobmff.cropped(heic(quarters(80, 64)), *clap))
    assert (opened.width, opened.height) == opened.pixels.shape[1::-1] == (80, 64)


def test_a_heic_is_cropped_once() -> None:
    opened = open_picture(isobmff.cropped(heic(quarters(80, 64)), 40, 1, 32, 1, 20, 1, -16, 1))
    assert opened.pixels.shape == (32, 40, 3)
    assert tuple(np.rint(opened.pixels[10, 20] / 255)) == (0, 1, 0)


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_any_damage_is_survived(data: st.DataObject) -> None:
    content = bytearray(FILES[data.draw(st.sampled_from(sorted(FILES)))])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(32, 600))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PictureError):
        open_picture(bytes(content))


def test_small_boxes_do_no_harm(name: str) -> None:
    content = isobmff.with_meta(FILES[name], lambda boxes: [(b"free", b""), *boxes])
    assert np.abs(open_picture(content).pixels - on_white()).mean() < 8


def test_a_list_of_many_items_is_read_at_once() -> None:
    items = isobmff.box(b"infe", b"\2\0\0\0\0\1\0\0mime\0\xff\0") * 90_000
    meta = isobmff.box(b"meta", bytes(4) + isobmff.box(b"iinf", bytes(6) + items))
    for content in repaired(io.BytesIO(meta)):
        assert len(content) > len(items)


def test_a_table_of_a_million_properties_is_damaged() -> None:
    entry = b"\0\1\xff" + bytes(255)
    table = isobmff.box(b"ipma", b"\0\0\0\0\0\0\xff\xff" + entry * 50_000)
    meta = isobmff.box(b"meta", bytes(4) + isobmff.box(b"iprp", table))
    with pytest.raises(DamagedFileError):
        list(repaired(io.BytesIO(meta)))


@pytest.mark.skipif(not HAS_AVIF, reason="Pillow was built without AVIF")
def test_without_a_main_picture_no_thumbnail_is_taken_for_it() -> None:
    content = FILES["AVIF"].replace(b"auxl\0\2\0\1\0\1", b"thmb\0\1\0\1\0\2")
    opened = open_picture(isobmff.without_box(content, b"pitm"))
    assert opened.pixels.std(axis=2).max() < 10  # the grey item, of which the other is a thumbnail
