"""What stands behind a picture in its file, such as a film or a second picture, is ignored."""

import struct
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from image_describer.errors import PictureError
from image_describer.imaging.open import open_picture
from image_describer.metadata import formats
from tests.support import pictures
from tests.support.pictures import encoded, photograph

A = photograph(600, 400)
START_OF_SCAN = b"\xff\xda"
PROGRESSIVE = encoded(A, "JPEG", progressive=True)
FILM = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + (START_OF_SCAN + b"\xff\xd8\xff\xe0IDAT") * 2_000


def samsung_trailer(film: bytes) -> bytes:
    """Return a film as Samsung's phones append it, with a directory behind it."""
    block = b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data" + film
    entry = b"\0\0\x30\x0a" + struct.pack("<II", len(block), len(block))
    directory = b"SEFH" + struct.pack("<II", 107, 1) + entry
    return block + directory + struct.pack("<I", len(directory)) + b"SEFT"


TAILS: dict[str, Callable[[], bytes]] = {
    "film": lambda: FILM,
    "film of Samsung": lambda: samsung_trailer(FILM),
    "film in a box": lambda: struct.pack(">I", len(FILM) + 8) + b"mpvd" + FILM,
    "second picture": lambda: encoded(photograph(300, 200, seed=1), "JPEG", progressive=True) * 30,
    "depth map and film": lambda: encoded(A.convert("L"), "PNG") + FILM,
    "zeros": lambda: bytes(4_096),
    "start of a scan": lambda: START_OF_SCAN * 300,
}


@pytest.mark.parametrize("tail", TAILS)
def test_behind_a_progressive_jpeg(tail: str) -> None:
    whole = open_picture(PROGRESSIVE)
    opened = open_picture(PROGRESSIVE + TAILS[tail]())
    assert np.array_equal(opened.pixels, whole.pixels)
    assert (opened.file_notes, opened.notes) == ((), ())


# All numbers to the end belong to a plain PPM.
@pytest.mark.parametrize(
    "name", [name for name in pictures.in_every_format() if "plain" not in name]
)
def test_behind_a_picture_of_every_format(name: str) -> None:
    content = pictures.in_every_format()[name]
    opened = open_picture(content + FILM)
    assert np.array_equal(opened.pixels, open_picture(content).pixels)


def test_a_film_leaves_a_large_progressive_jpeg_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "SCANNED_LIMIT_PX", 600 * 400 * 20)  # for about ten scans
    assert open_picture(PROGRESSIVE + FILM).width == 600


def test_scans_of_a_thumbnail_are_not_counted() -> None:
    thumbnail = pictures.jpeg_scan_bomb(150)[:60_000]
    exif = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 8) + b"Exif\0\0" + thumbnail
    opened = open_picture(PROGRESSIVE[:2] + exif * 2 + PROGRESSIVE[2:])
    assert opened.width == 600


def test_the_first_picture_of_several_is_opened() -> None:
    others = [Image.new("RGB", (200, 100), "red")]
    content = encoded(A, "MPO", save_all=True, append_images=others)
    whole = open_picture(content)
    assert (whole.width, whole.height) == A.size
    cut = content[: content.rindex(b"\xff\xd8") + 100]
    for damaged in (cut, content[: content.rindex(b"\xff\xd8")], content + FILM):
        assert np.array_equal(open_picture(damaged).pixels, whole.pixels)


def test_scans_of_the_picture_itself_are_counted_with_a_film_behind_it() -> None:
    with pytest.raises(PictureError, match="too many parts"):
        open_picture(pictures.jpeg_scan_bomb() + FILM)
