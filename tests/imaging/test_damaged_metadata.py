"""Damaged or large metadata is set aside: the pixels are judged alone."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_describer.errors import PictureError
from image_describer.imaging.open import open_picture
from image_describer.metadata import formats
from tests.support import pictures
from tests.support.pictures import encoded, photograph

# pytest shows the warnings that the package silences.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

A = photograph(600, 400)
PNG = encoded(A, "PNG")
JPEG = encoded(A, "JPEG")
HEADER_END = 33  # of a PNG
JFIF_END = 20


def chunk(kind: bytes, body: bytes, bad: int = 0) -> bytes:
    """Return a PNG chunk, its checksum xor ``bad``."""
    check = zlib.crc32(kind + body) ^ bad
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def segment(marker: int, body: bytes, length: int | None = None) -> bytes:
    """Return a JPEG segment that says that its body has ``length`` bytes."""
    return struct.pack(">BBH", 0xFF, marker, (len(body) if length is None else length) + 2) + body


def assert_shows_photograph(content: bytes, tolerance: float = 0) -> None:
    opened = open_picture(content)
    assert (opened.width, opened.height) == A.size
    assert opened.notes == ()
    assert np.abs(opened.pixels.astype(int) - np.asarray(A)).mean() <= tolerance


CHUNKS = {
    "text, wrong checksum": chunk(b"tEXt", b"Comment\0hi", 1),
    "text of 1.5 MB": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1_500_000))),
    "international text": chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(b"a" * 1_500_000)),
    "packet of 2 MB": chunk(
        b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"a" * 2_000_000)
    ),
    "texts of 80 MB": b"".join(
        chunk(b"zTXt", b"C%d\0\0" % number + zlib.compress(bytes(1_000_000), 1))
        for number in range(80)
    ),
    "text, unknown compression": chunk(b"zTXt", b"Comment\0\5abc"),
    "text, length too long": struct.pack(">I", 9_999) + b"tEXtComment\0hi" + bytes(4),
    "text, length too short": struct.pack(">I", 2) + b"tEXtComment\0hi" + bytes(4),
    "text, longer than the file": struct.pack(">I", 2**31 - 1) + b"tEXtComment\0hi" + bytes(4),
    "profile of 1.5 MB": chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(1_500_000))),
    "profile, unknown compression": chunk(b"iCCP", b"x\0\7abc"),
    "empty profile": chunk(b"iCCP", b""),
    "resolution cut": chunk(b"pHYs", b"abc"),
    "transparency cut": chunk(b"tRNS", b"a"),
    "EXIF, wrong checksum": chunk(b"eXIf", b"II*\0\x08\0\0\0", 1),
    "animation out of order": chunk(b"acTL", bytes(7) + b"\2") + chunk(b"fcTL", b"\1" * 26),
    "name that is no name": chunk(b"\xe9\0\1\2", b"hello"),
    "proposed palette": chunk(b"PLTE", bytes(30), 1),
}


@pytest.mark.parametrize("name", CHUNKS)
def test_chunks_of_a_png(name: str) -> None:
    assert_shows_photograph(PNG[:HEADER_END] + CHUNKS[name] + PNG[HEADER_END:])


@pytest.mark.parametrize("name", ["text, wrong checksum", "text of 1.5 MB", "texts of 80 MB"])
def test_chunks_after_the_pixels(name: str) -> None:
    end = PNG.index(b"IEND") - 4
    assert_shows_photograph(PNG[:end] + CHUNKS[name] + PNG[end:])


def test_a_chunk_between_those_of_the_pixels() -> None:
    start = PNG.index(b"IDAT") - 4
    end = start + 12 + int.from_bytes(PNG[start : start + 4], "big")
    body = PNG[start + 8 : end - 4]
    parts = chunk(b"IDAT", body[:1_000]), chunk(b"tEXt", b"C\0hi"), chunk(b"IDAT", body[1_000:])
    assert_shows_photograph(PNG[:start] + b"".join(parts) + PNG[end:])


def test_what_changes_how_a_png_is_shown_stays() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    transparent = encoded(Image.new("L", (80, 60), 7), "PNG", transparency=7, exif=exif)
    damaged = CHUNKS["text, wrong checksum"]
    opened = open_picture(transparent[:HEADER_END] + damaged + transparent[HEADER_END:])
    assert (opened.width, opened.height) == (60, 80)
    assert opened.pixels.min() == 255


def test_a_palette_after_a_damaged_chunk_is_found() -> None:
    content = encoded(A.quantize(16), "PNG")
    expected = open_picture(content).pixels
    damaged = content[:HEADER_END] + CHUNKS["text, length too long"] + content[HEADER_END:]
    assert np.array_equal(open_picture(damaged).pixels, expected)


RESOURCES = b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\0\0\0\5hello\0" + b"8BIM\3\xed\0\0\0\0\0\x10"
SEGMENTS = {
    "APP13 cut": segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x07\xdb"),
    **{f"APP13 of {size}": segment(0xED, RESOURCES[:size]) for size in range(14, 50, 6)},
    "APP14 of 5 bytes": segment(0xEE, b"Adobe"),
    "profile without a number": segment(0xE2, b"ICC_PROFILE\0"),
    "index of pictures": segment(0xE2, b"MPF\0MM\0*\0\0\0\x08" + b"\xff" * 30),
    "length too long": segment(0xE1, b"Exif\0\0" + bytes(20), length=100),
    "length of nearly all": segment(0xE1, b"Exif\0\0" + bytes(20), length=40_000),
    "length too short": segment(0xFE, bytes(20) + b"\xff\x05abc", length=5),
    "thumbnail, length too long": segment(
        0xE1, b"Exif\0\0" + encoded(A.resize((160, 120)), "JPEG"), length=9_000
    ),
    "unknown marker": b"\xff\x05",
    "18 MB": segment(0xE5, bytes(60_000)) * 300,
}


@pytest.mark.parametrize("name", SEGMENTS)
def test_segments_of_a_jpeg(name: str) -> None:
    assert_shows_photograph(JPEG[:JFIF_END] + SEGMENTS[name] + JPEG[JFIF_END:], 6)


@pytest.mark.parametrize("size", [5, 6, 7])
def test_a_jpeg_whose_jfif_is_cut(size: int) -> None:
    jfif = segment(0xE0, b"JFIF\0\1\1"[:size])
    assert_shows_photograph(JPEG[:2] + jfif + JPEG[JFIF_END:], 6)


def test_what_changes_how_a_jpeg_is_shown_stays() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    cmyk = encoded(pictures.quarters().convert("CMYK"), "JPEG", exif=exif)
    expected = open_picture(cmyk)
    opened = open_picture(cmyk[:2] + SEGMENTS["APP13 cut"] + cmyk[2:])
    assert (opened.width, opened.height) == (expected.width, expected.height) == (60, 80)
    assert np.array_equal(opened.pixels, expected.pixels)


ENTRIES = {
    "beyond the end": (270, 2, 10, 2**31),
    "before the pixels, beyond the end": (269, 2, 1_000_000, 9_999_999),
    "of 4 GB": (37724, 7, 2**32 - 1, 8),
    "of another type": (282, 2, 6, 8),
    "EXIF beyond the end": (34665, 4, 1, 2**32 - 1),
    "profile beyond the end": (34675, 7, 10, 2**32 - 1),
}


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
@pytest.mark.parametrize("name", ENTRIES)
def test_tags_of_a_tiff(name: str, compression: str) -> None:
    content = encoded(A, "TIFF", compression=compression)
    directory = struct.unpack_from("<I", content, 4)[0]
    (count,) = struct.unpack_from("<H", content, directory)
    starts = range(directory + 2, directory + 2 + 12 * count, 12)
    entries = [content[start : start + 12] for start in starts]
    entries = sorted(
        [*entries, struct.pack("<HHII", *ENTRIES[name])], key=lambda entry: entry[1::-1]
    )
    content += bytes(len(content) % 2)
    table = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    assert_shows_photograph(content[:4] + struct.pack("<I", len(content)) + content[8:] + table)


def webp_chunk(kind: bytes, body: bytes, length: int | None = None) -> bytes:
    """Return a WebP chunk that says that its body has ``length`` bytes."""
    return kind + struct.pack("<I", len(body) if length is None else length) + body


WEBP_CHUNKS = {
    "EXIF, length too long": webp_chunk(b"EXIF", b"II*\0\x08\0\0\0", 5_000),
    "EXIF of 4 GB": webp_chunk(b"EXIF", b"II*\0\x08\0\0\0", 2**32 - 16),
    "XMP cut": webp_chunk(b"XMP ", b"<x/>", 6),
    "header cut": b"EXI",
}


@pytest.mark.parametrize("name", WEBP_CHUNKS)
@pytest.mark.parametrize("missing", [0, 10])
def test_chunks_of_a_webp(name: str, missing: int) -> None:
    content = encoded(A, "WEBP", xmp=b"<x/>")
    content = content[: content.rindex(b"XMP ")] + WEBP_CHUNKS[name]
    size = struct.pack("<I", len(content) - 8 + missing)
    assert_shows_photograph(content[:4] + size + content[8:], 6)


def repeated(part: bytes) -> Callable[[], bytes]:
    return lambda: b"\xff\xd8" + part * (2_000_000 // len(part))


@pytest.mark.parametrize(
    "make",
    [
        repeated(b"\xff\xd8"),
        repeated(b"\xff\xe0\0\2"),
        repeated(b"\xff\xe0\xff\xff"),
        repeated(b"\xff\xe0\0\x09\xff\xd8"),
        repeated(b"\xff"),
        repeated(b"U"),
        repeated(b"\xff\xe0\0\2" + b"U" * 5_000),
        lambda: PNG[:HEADER_END] + b"\0\0\0\0tEXt" * 200_000,
        lambda: PNG[:HEADER_END] + b"\xff\xff\xff\xffIDAT" * 200_000,
    ],
)
def test_hostile_metadata_is_refused_soon(make: Callable[[], bytes]) -> None:
    with pytest.raises(PictureError):
        open_picture(make())


def test_a_png_of_too_many_chunks_is_refused() -> None:
    for tiny in (chunk(b"eXIf", b""), chunk(b"IDAT", b"")):
        content = PNG[:HEADER_END] + tiny * 110_000 + PNG[HEADER_END:]
        with pytest.raises(PictureError, match="too many parts"):
            open_picture(content)


def test_scans_that_damaged_metadata_hides_are_counted() -> None:
    tiny = encoded(Image.new("L", (8, 8)), "JPEG", progressive=True)
    last = tiny.rindex(b"\xff\xda")
    bomb = tiny[:last] + tiny[last:-2] * 1_000 + b"\xff\xd9"
    hiding = segment(0xE1, b"Exif\0\0", length=len(bomb) - 100)
    with pytest.raises(PictureError, match="too many parts"):
        open_picture(bomb[:2] + hiding + bomb[2:])


def test_a_damaged_file_that_is_too_large_to_be_copied_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    damaged = PNG[:HEADER_END] + CHUNKS["text, wrong checksum"] + PNG[HEADER_END:]
    monkeypatch.setattr(formats, "REPAIR_LIMIT_BYTES", len(damaged) - 1)
    with pytest.raises(PictureError, match="damaged"):
        open_picture(damaged)
    assert next(formats.repaired(formats.FORMATS[1], io.BytesIO(PNG)), b"")
