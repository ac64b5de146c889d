"""What can't be opened is told as what it is, with a way out; JPEG 2000 is opened."""

import struct

import numpy as np
import pytest

from image_describer.errors import PictureError
from image_describer.imaging.open import open_picture
from image_describer.metadata import formats
from image_describer.metadata.containers.jpeg2000 import BOX_SIGNATURE, CODESTREAM_SIGNATURE
from tests.imaging.test_decode import GRADIENT, assert_quarters, grey_row, half_transparent
from tests.support import pictures
from tests.support.pictures import encoded, photograph, quarters


def refused(content: bytes) -> PictureError:
    with pytest.raises(PictureError) as caught:
        open_picture(content)
    return caught.value


@pytest.mark.parametrize(
    ("content", "sentence", "way_out"),
    [
        (
            b"\0\0\0\x18ftypcrx " + bytes(90),
            "a raw photograph of a Canon camera (CR3)",
            "as a JPEG",
        ),
        (b"FUJIFILMCCD-RAW 0201" + bytes(90), "a raw photograph of a Fujifilm camera", "as a JPEG"),
        (b"\xff\x0a" + bytes(90), "a JPEG XL picture", "as a JPEG or PNG"),
        (bytes(128) + b"DICM" + bytes(90), "a medical picture (DICOM)", "Export it"),
        (b"\0\0\0\x18ftypisom" + bytes(90), "a video", "one frame"),
    ],
)
def test_other_files_are_told_as_what_they_are(content: bytes, sentence: str, way_out: str) -> None:
    error = refused(content)
    assert error.sentence.startswith(f"This is {sentence}")
    assert error.sentence.endswith(", which I can't open.")
    assert way_out in error.way_out
    assert error.details == ""


def test_the_formats_are_listed_where_nothing_better_can_be_told() -> None:
    assert refused(b"\x7fELF" + bytes(90)).details.startswith("I can open JPEG, PNG, ")


@pytest.mark.parametrize(
    ("codec", "brand", "name"),
    [
        (b"avc1", b"avci", "H.264 (AVC)"),
        (b"jpeg", b"jpeg", "JPEG"),
        (b"j2k1", b"j2ki", "JPEG 2000"),
        (b"vvc1", b"vvic", "H.266 (VVC)"),
        (b"evc1", b"mif1", "EVC"),
        (b"unci", b"mif1", "uncompressed pixels"),
    ],
)
@pytest.mark.parametrize("other_brand", [b"mif1", b"abcd"])
def test_a_heif_of_another_codec_is_told(
    codec: bytes, brand: bytes, name: str, other_brand: bytes
) -> None:
    content = pictures.heic(photograph(64, 48)).replace(b"hvc1", codec).replace(b"hvcC", b"hvcX")
    content = content.replace(b"ftypheic", b"ftyp" + brand).replace(b"heic", other_brand)
    error = refused(content)
    assert error.sentence == f"This is a HEIF picture with {name}, which I can't open."


def jpeg_with_frame(marker: int, precision: int = 8) -> bytes:
    content = encoded(photograph(64, 48), "JPEG")
    start = content.index(b"\xff\xc0")
    return (
        content[:start]
        + bytes([0xFF, marker])
        + content[start + 2 : start + 4]
        + bytes([precision])
        + content[start + 5 :]
    )


@pytest.mark.parametrize(
    ("marker", "precision", "name"),
    [
        (0xC1, 12, "a JPEG picture of 12 bits"),
        (0xC3, 16, "a lossless JPEG picture"),
        (0xF7, 8, "a JPEG-LS picture"),
        (0xC5, 8, "a hierarchical JPEG picture"),
    ],
)
def test_an_unusual_jpeg_is_told(marker: int, precision: int, name: str) -> None:
    error = refused(jpeg_with_frame(marker, precision))
    assert error.sentence == f"This is {name}, which I can't open."


def test_a_png_for_iphone_programs_is_told() -> None:
    png = encoded(photograph(64, 48), "PNG")
    start = png.index(b"IDAT") + 4
    broken = png[:8] + pictures.png_chunk(b"CgBI", bytes(4)) + png[8:start] + png[start + 2 :]
    sentence = "This is a PNG picture for iPhone programs, which I can't open."
    assert refused(broken).sentence == sentence


def test_the_raw_photograph_of_a_camera_is_no_damaged_tiff() -> None:
    size = [(256, 4, 1, 64), (257, 4, 1, 48), (259, 3, 1, 34892), (262, 3, 1, 32803)]
    pixels = [(258, 3, 1, 8), (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, 48), (279, 4, 1, 99)]
    version = (50706, 1, 4, 1)
    error = refused(pictures.tiff(*size, *pixels, version, data=bytes(200)))
    assert error.sentence == "This is a raw photograph, which I can't open."


@pytest.mark.parametrize(
    "options", [{}, {"irreversible": True}, {"no_jp2": True}, {"tile_size": (512, 512)}]
)
@pytest.mark.parametrize("size", [(80, 60), (5_000, 3_000)])
def test_a_jpeg_2000_is_opened(size: tuple[int, int], options: dict[str, object]) -> None:
    opened = open_picture(encoded(quarters(*size), "JPEG2000", **options))
    assert (opened.format, opened.width, opened.height) == ("JPEG2000", *size)
    assert max(opened.pixels.shape) <= 2_048
    assert_quarters(opened.pixels)


def test_a_jpeg_2000_that_cannot_be_reduced_is_opened() -> None:
    opened = open_picture(encoded(quarters(2_500, 1_000), "JPEG2000", num_resolutions=1))
    assert (opened.width, opened.height) == (2_500, 1_000)
    assert_quarters(opened.pixels)


def test_a_deep_or_transparent_jpeg_2000_is_opened() -> None:
    deep = grey_row(encoded(pictures.sixteen_bits(), "JPEG2000"))
    assert np.abs(deep - GRADIENT).max() <= 1
    for mode in ("RGBA", "LA"):
        row = grey_row(encoded(half_transparent(mode), "JPEG2000"))
        assert row.tolist() == [0] * 32 + [255] * 32


def test_a_jpeg_2000_is_refused_if_it_is_too_large_to_be_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = encoded(quarters(80, 60), "JPEG2000", num_resolutions=1)
    monkeypatch.setattr(formats, "JPEG2000_LIMIT_PX", 4_000)
    assert "too large" in refused(whole).sentence
    assert open_picture(encoded(quarters(80, 60), "JPEG2000", num_resolutions=2)).width == 80


def test_the_size_that_a_jpeg_2000_claims_is_not_trusted() -> None:
    content = bytearray(encoded(quarters(), "JPEG2000"))
    start = content.index(b"\xff\x4f\xff\x51") + 8
    content[start : start + 8] = struct.pack(">II", 60_000, 60_000)
    assert "damaged" in refused(bytes(content)).sentence


@pytest.mark.parametrize(
    "content",
    [
        BOX_SIGNATURE + b"\0\0\0\x08free" * 100_000,
        BOX_SIGNATURE + struct.pack(">I", 4_000_008) + b"jp2h" + b"\0\0\0\x08free" * 500_000,
        CODESTREAM_SIGNATURE + b"\0\x29" + bytes(39) + b"\xff\x64\0\2" * 500_000,
    ],
    ids=["boxes", "header", "segments"],
)
def test_a_hostile_jpeg_2000_is_refused_before_it_is_opened(
    content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object) -> None:
        raise AssertionError("Pillow was asked")

    monkeypatch.setattr(formats, "read_header", explode)
    assert refused(content).sentence.startswith("The ")
