"""What the first bytes of a file promise, read before a decoder sees it.

A few bytes can promise hours of work or gigabytes: a JPEG of a thousand scans, a TIFF of millions
of tiles. These are found here without decoding anything.
"""

import struct
from typing import IO, Literal

SEGMENTS_LIMIT = 10_000  # of a JPEG before its first scan; a file has about ten
BOXES_LIMIT = 1_000  # of an AVIF at its outermost level; a file has about three
TIFF_VALUES_LIMIT = 500_000  # values of one tag; an offset for each row of a picture is normal
TIFF_DATA_TAGS = (273, 279, 324, 325)  # offsets and sizes of strips and of tiles
TIFF_TILE_TAGS = (322, 323)  # width and height of a tile

_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SEQUENTIAL = (0xC0, 0xC1, 0xC9)
_JPEG_SCAN = 0xDA


def jpeg_is_held_whole(file: IO[bytes]) -> bool:
    """Whether a JPEG comes in several scans: libjpeg then holds all coefficients at once."""
    components = 0
    for kind, body in _jpeg_segments(file):
        if kind in _JPEG_FRAMES:
            if kind not in _JPEG_SEQUENTIAL or len(body) < 6:
                return True
            components = body[5]
        elif kind == _JPEG_SCAN:
            return not body or body[0] < components
    return True  # oddly put together: expect the worst


def jpeg_scans(file: IO[bytes]) -> int:
    """How many scans a JPEG has; those of a thumbnail or of a second picture count too."""
    file.seek(0)
    count, last = 0, b""
    while block := file.read(1 << 20):
        count += (last + block).count(b"\xff\xda")
        last = block[-1:]
    return count


def tiff_is_wild(file: IO[bytes], tile_limit_px: int) -> bool:
    """Whether a TIFF asks for more strips or tiles, or larger tiles, than a picture needs."""
    tile_px = 1
    _, entries = _tiff_directory(file) or (0, [])
    for tag, kind, count, value in entries:
        if tag in TIFF_DATA_TAGS and count > TIFF_VALUES_LIMIT:
            return True
        if tag in TIFF_TILE_TAGS:
            number = value[: _TIFF_WIDTHS.get(kind, 4)]
            tile_px *= max(int.from_bytes(number, _tiff_order(file)), 1)
    return tile_px > tile_limit_px


def is_cut(file: IO[bytes], size: int) -> bool:
    """Whether a WebP, AVIF or TIFF file of ``size`` bytes is shorter than its headers promise."""
    try:
        file.seek(0)
        head = file.read(12)
        if head[:4] == b"RIFF":
            return size < int.from_bytes(head[4:8], "little") + 8
        if head[4:8] == b"ftyp":
            return _boxes_end(file, size) > size
        return head[:2] in (b"II", b"MM") and _tiff_end(file) > size
    except (OSError, OverflowError, ValueError):  # sizes that no file reaches
        return False


def _jpeg_segments(file: IO[bytes]) -> list[tuple[int, bytes]]:
    """Kind and content of the segments up to the first scan's header, included."""
    file.seek(2)
    segments: list[tuple[int, bytes]] = []
    while len(segments) < SEGMENTS_LIMIT:
        head = file.read(4)
        while head[:2] == b"\xff\xff":  # filling bytes are allowed between segments
            head = head[1:] + file.read(1)
        if len(head) < 4 or head[0] != 0xFF:
            break
        kind, length = head[1], max(int.from_bytes(head[2:], "big") - 2, 0)
        segments.append((kind, file.read(length)[:16]))
        if kind == _JPEG_SCAN:
            break
    return segments


def _boxes_end(file: IO[bytes], size: int) -> int:
    """Where the last of the boxes of an ISO media file (AVIF) ends, in bytes."""
    end = 0
    for _ in range(BOXES_LIMIT):
        if end >= size:
            break
        file.seek(end)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:  # the length follows in eight bytes
            length = int.from_bytes(head[8:16], "big")
        if length == 0:  # to the end of the file
            return size
        if length < 8:
            return end
        end += length
    return end


def _tiff_end(file: IO[bytes]) -> int:
    """Where the directory of a TIFF, or the last of the values that it points to, ends."""
    directory = _tiff_directory(file)
    if directory is None:
        return 0
    end, entries = directory
    for _, kind, count, value in entries:
        length = count * _TIFF_WIDTHS.get(kind, 1)
        if length > len(value):
            end = max(end, int.from_bytes(value, _tiff_order(file)) + length)
    return end


_TIFF_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 16: 8}
"""Bytes of a value, by the number of its type."""

_TiffEntry = tuple[int, int, int, bytes]
"""Tag, type, number of values, and the value or where it lies."""


def _tiff_order(file: IO[bytes]) -> Literal["little", "big"]:
    file.seek(0)
    return "little" if file.read(2) == b"II" else "big"


def _tiff_directory(file: IO[bytes]) -> tuple[int, list[_TiffEntry]] | None:
    """Where the first directory of a TIFF ends and what is in it; None: Pillow will say why not."""
    order = "<" if _tiff_order(file) == "little" else ">"
    file.seek(0)
    head = file.read(16).ljust(16, b"\0")
    if struct.unpack_from(order + "H", head, 2)[0] == 43:  # BigTIFF
        place, number, entry = struct.unpack_from(order + "Q", head, 8)[0], "Q", "HHQ8s"
    else:
        place, number, entry = struct.unpack_from(order + "I", head, 4)[0], "H", "HHI4s"
    try:
        file.seek(place)
        first, size = struct.calcsize(order + number), struct.calcsize(order + entry)
        words = file.read(first)
        if len(words) < first:
            return place + first, []
        amount = min(struct.unpack(order + number, words)[0], 0xFFFF)
        table = file.read(size * amount)
    except (OSError, OverflowError, ValueError):  # a place that no file reaches
        return None
    whole = range(0, len(table) - size + 1, size)
    entries = [struct.unpack_from(order + entry, table, start) for start in whole]
    return place + first + size * amount, entries
