"""Hostile files don't keep the readers of the container formats busy."""

import struct
from collections.abc import Callable

import pytest

from image_describer.metadata.containers import jpeg, tiff
from image_describer.metadata.containers.base import DamagedFileError
from tests.support import pictures

ASCII, LONG = 2, 4
SUBDIRECTORIES = 330


def overlapping_tiff() -> bytes:
    """Return a TIFF of 0.1 MB whose 1,000 values all lie in the same 0.1 MB."""
    size = 100_000
    entries = [(40_000 + tag, ASCII, size, 8) for tag in range(1_000)]
    return pictures.tiff(*entries, data=bytes(size))


def nested_tiff() -> bytes:
    """Return a TIFF of 2,000 directories, each inside the one before."""
    directory_size = 2 + 12 + 4
    content = b"II*\0\x08\0\0\0"
    for _ in range(2_000):
        inner = len(content) + directory_size
        content += struct.pack("<HHHII", 1, SUBDIRECTORIES, LONG, 1, inner) + bytes(4)
    return content + bytes(directory_size)


def circular_tiff() -> bytes:
    """Return a TIFF whose directory is its own subdirectory."""
    return pictures.tiff((SUBDIRECTORIES, LONG, 1, 8))


@pytest.mark.parametrize("make", [overlapping_tiff, nested_tiff, circular_tiff])
def test_tiffs_that_ask_for_too_much_are_damaged(make: Callable[[], bytes]) -> None:
    with pytest.raises(DamagedFileError):
        list(tiff.split(make()))


def test_a_jpeg_of_empty_segments_is_damaged() -> None:
    with pytest.raises(DamagedFileError):
        list(jpeg.split(b"\xff\xd8" + b"\xff\xe2\0\2" * 100_000))
