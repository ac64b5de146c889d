"""A JPEG that lacks its end is described; what is missing is told, up to a tenth."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from image_describer.errors import PictureError
from image_describer.imaging.incomplete import MISSING_LIMIT
from image_describer.imaging.notes import DETAIL_MISSING, missing_part
from image_describer.imaging.open import open_picture
from tests.support import pictures
from tests.support.pictures import encoded, photograph

A = photograph(600, 400)
END = 2  # bytes of the end marker
KINDS = {
    "baseline": encoded(A, "JPEG"),
    "colours at full size": encoded(A, "JPEG", quality=95, subsampling=0),
    "grey": encoded(A.convert("L"), "JPEG"),
    "CMYK": encoded(A.convert("CMYK"), "JPEG"),
    "restart markers": encoded(A, "JPEG", restart_marker_blocks=7),
    "restart markers in each row": encoded(A, "JPEG", restart_marker_rows=1),
    "progressive": encoded(A, "JPEG", progressive=True),
    "progressive, grey": encoded(A.convert("L"), "JPEG", progressive=True),
}
SEQUENTIAL = [name for name in KINDS if "progressive" not in name]
PROGRESSIVE = [name for name in KINDS if "progressive" in name]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("tail", [b"", b"\xff", b"\r\n", bytes(5_000)])
def test_only_the_end_marker_is_missing(name: str, tail: bytes) -> None:
    whole = open_picture(KINDS[name])
    opened = open_picture(KINDS[name][:-END] + tail)
    assert np.array_equal(opened.pixels, whole.pixels)
    assert replace(opened, pixels=whole.pixels) == whole


@pytest.mark.parametrize("name", SEQUENTIAL)
@pytest.mark.parametrize("tail", [b"", bytes(5_000)])
def test_up_to_a_tenth_may_be_missing(name: str, tail: bytes) -> None:
    whole = KINDS[name]
    opened = open_picture(whole[: len(whole) * 95 // 100] + tail)
    assert (opened.width, opened.height) == A.size
    assert opened.file_notes[0] in [missing_part(share / 100) for share in (4, 5, 6)]
    assert opened.notes == ()
    expected = open_picture(whole).pixels
    assert np.array_equal(opened.pixels[:360], expected[:360])
    assert not np.array_equal(opened.pixels[390:], expected[390:])


@pytest.mark.parametrize("name", SEQUENTIAL)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.85])
@pytest.mark.parametrize("tail", [b"", bytes(100_000)])
def test_more_than_a_tenth_may_not_be_missing(name: str, share: float, tail: bytes) -> None:
    assert share < 1 - MISSING_LIMIT
    whole = KINDS[name]
    with pytest.raises(PictureError, match="incomplete"):
        open_picture(whole[: round(len(whole) * share)] + tail)


@pytest.mark.parametrize("name", PROGRESSIVE)
def test_the_last_scans_of_a_progressive_jpeg_may_be_missing(name: str) -> None:
    whole = KINDS[name]
    opened = open_picture(whole[: len(whole) * 3 // 4])
    assert opened.file_notes == (DETAIL_MISSING,)
    expected = open_picture(whole).pixels.astype(int)
    assert np.abs(opened.pixels - expected).mean() < 4


@pytest.mark.parametrize("name", PROGRESSIVE)
def test_the_first_scans_of_a_progressive_jpeg_may_not_be_missing(name: str) -> None:
    whole = KINDS[name]
    with pytest.raises(PictureError, match="incomplete"):
        open_picture(whole[: len(whole) * 3 // 10])


def test_of_a_large_progressive_jpeg_the_first_scans_are_enough() -> None:
    whole = encoded(photograph(1_200, 800), "JPEG", progressive=True)
    scans = [position for position in range(len(whole)) if whole.startswith(b"\xff\xda", position)]
    assert open_picture(whole[: scans[4]]).file_notes == (DETAIL_MISSING,)
    with pytest.raises(PictureError, match="incomplete"):
        open_picture(whole[: scans[1]])


def test_a_picture_that_is_turned_and_large_is_measured_alike() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encoded(pictures.quarters(5_000, 3_000), "JPEG", exif=exif, restart_marker_rows=1)
    missing = content.rindex(b"\xff\xd3")  # of each 8 rows of blocks, after the fourth
    opened = open_picture(content[:missing])
    assert (opened.width, opened.height) == (3_000, 5_000)
    assert opened.file_notes == (missing_part(0.04),)


def test_a_cut_is_found_behind_damaged_metadata() -> None:
    content = KINDS["baseline"]
    damaged = content[:20] + b"\xff\xee\0\x07Adobe" + content[20:-END]
    assert open_picture(damaged).file_notes == ()


def test_a_film_or_zeros_behind_the_end_hide_nothing() -> None:
    for tail in (bytes(5_000), b"\0\0\0\x18ftypmp42\xff\xda" * 100):
        assert open_picture(KINDS["baseline"] + tail).file_notes == ()


def test_few_and_many_missing_pixels_are_put_into_words() -> None:
    assert "less than 1 percent" in missing_part(0.001)
    assert "about 7 percent" in missing_part(0.0699)


def test_scans_of_a_cut_bomb_are_counted() -> None:
    with pytest.raises(PictureError, match="too many parts"):
        open_picture(pictures.jpeg_scan_bomb()[:-END])


def test_the_size_of_a_cut_file_is_checked() -> None:
    for tail in (b"", bytes(100)):
        with pytest.raises(PictureError, match="65,500 by 65,500"):
            open_picture(pictures.jpeg_of_size(65_500, 65_500)[:-END] + tail)
