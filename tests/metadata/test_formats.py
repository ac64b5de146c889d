"""Formats are recognized by content, and limits follow from how a file would be decoded."""

import io

import pytest

from image_describer.metadata import formats
from image_describer.metadata.containers.base import DamagedFileError
from image_describer.metadata.formats import FORMATS, recognize
from tests.support import pictures

EVERY_FORMAT = pictures.in_every_format()
JPEG, TIFF = (
    next(format_ for format_ in FORMATS if format_.name == name) for name in ("JPEG", "TIFF")
)


def recognized(head: bytes) -> str | None:
    format_ = recognize(head[: formats.HEAD_BYTES])
    return format_.name if format_ else None


def limit_px(content: bytes) -> int:
    file = io.BytesIO(content)
    return formats.limit_px(JPEG, formats.read_header(JPEG, file), file)


@pytest.mark.parametrize("name", EVERY_FORMAT)
def test_every_format_is_recognized(name: str) -> None:
    assert recognized(EVERY_FORMAT[name]) == name.split()[0]


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"msf1"])
def test_a_heic_is_recognized_by_any_of_its_brands(brand: bytes) -> None:
    whole = EVERY_FORMAT["HEIC"]
    assert recognized(whole[:8] + brand + whole[12:]) == "HEIC"


@pytest.mark.parametrize("brand", [b"mif1", b"miaf"])
def test_an_avif_of_a_shared_brand_is_not_a_heic(brand: bytes) -> None:
    whole = EVERY_FORMAT["AVIF"]
    assert recognized(whole[:8] + brand + whole[12:]) == "AVIF"


@pytest.mark.parametrize("content", [b"Dear aunt", b"\0\0\0\x18ftypisom" + bytes(20), b"\xff"])
def test_other_files_are_not_recognized(content: bytes) -> None:
    assert recognized(content) is None


def test_a_large_progressive_jpeg_has_a_lower_limit() -> None:
    assert limit_px(EVERY_FORMAT["JPEG"]) == JPEG.limit_px
    assert limit_px(_of_48_mp(EVERY_FORMAT["JPEG progressive"])) == formats.PROGRESSIVE_LIMIT_PX


def test_each_scan_of_a_large_jpeg_lowers_the_limit() -> None:
    assert 9_000_000 < limit_px(_of_48_mp(pictures.jpeg_scan_bomb(180))) < 12_000_000


def _of_48_mp(progressive: bytes) -> bytes:
    """The same JPEG, whose header claims 8,000 by 6,000 pixels."""
    at = progressive.index(b"\xff\xc2") + 5  # behind the marker, its length and the precision
    size = (6_000).to_bytes(2, "big") + (8_000).to_bytes(2, "big")
    return progressive[:at] + size + progressive[at + 4 :]


@pytest.mark.parametrize("name", EVERY_FORMAT)
def test_valid_files_are_neither_excessive_nor_truncated(name: str) -> None:
    content = EVERY_FORMAT[name]
    format_ = recognize(content[: formats.HEAD_BYTES])
    assert format_ is not None
    assert not formats.is_excessive(format_, io.BytesIO(content))
    assert not formats.is_truncated(format_, io.BytesIO(content), len(content))


def test_fill_bytes_without_end_do_not_keep_the_reader_busy() -> None:
    content = b"\xff\xd8" + b"\xff" * 5_000_000
    with pytest.raises(DamagedFileError):
        formats.is_excessive(JPEG, io.BytesIO(content))


def test_a_directory_beyond_the_end_of_a_tiff_is_harmless() -> None:
    content = b"II+\0\x08\0\0\0" + b"\xff" * 8
    assert not formats.is_excessive(TIFF, io.BytesIO(content))
    assert formats.is_truncated(TIFF, io.BytesIO(content), len(content))
