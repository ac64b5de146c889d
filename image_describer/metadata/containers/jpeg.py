"""JPEG files: their segments, the cost of decoding them, and their XMP."""

import io
import struct
from collections.abc import Iterator
from typing import IO, NamedTuple

from image_describer.metadata.containers.base import XMP, DamagedFileError, FilePart, NoRoomError

SEGMENTS_LIMIT = 10_000  # before the first scan; a file has about ten
FILL_LIMIT_BYTES = 100_000  # between two segments
SEGMENT_LIMIT_BYTES = 65_533  # of a segment's body

_XMP_PREFIX = b"http://ns.adobe.com/xap/1.0/\0"
_EXIF_PREFIX = b"Exif\0"
_MULTI_PICTURE_PREFIX = b"MPF\0"
_START_OF_SCAN = 0xDA
_APP0, _APP1 = 0xE0, 0xE1
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEQUENTIAL_FRAMES = (0xC0, 0xC1, 0xC9)


class JpegSegment(NamedTuple):
    """A marker, and the body after its length; the segment lies at [start, end)."""

    marker: int
    body: bytes
    start: int
    end: int


def segments(file: IO[bytes]) -> Iterator[JpegSegment]:
    """Yield the segments up to and including the header of the first scan.

    Raises DamagedFileError when it comes to a segment that is damaged.
    """
    file.seek(2)
    position = 2
    for _ in range(SEGMENTS_LIMIT):
        head = file.read(4)
        filled_from = position
        while head[:2] == b"\xff\xff" and position - filled_from < FILL_LIMIT_BYTES:
            head = head[1:] + file.read(1)
            position += 1
        length = int.from_bytes(head[2:], "big") - 2
        if len(head) < 4 or head[0] != 0xFF or length < 0:
            raise DamagedFileError
        body = file.read(length)
        if len(body) < length:
            raise DamagedFileError
        segment = JpegSegment(head[1], body, position, position + 4 + length)
        yield segment
        if segment.marker == _START_OF_SCAN:
            return
        position = segment.end
    raise DamagedFileError


def is_multi_scan(file: IO[bytes]) -> bool:
    """Return whether a JPEG has several scans, so that libjpeg holds all coefficients at once.

    True for a damaged header, too, as the worst case.
    """
    components = 0
    try:
        for segment in segments(file):
            if segment.marker in _FRAMES:
                if segment.marker not in _SEQUENTIAL_FRAMES or len(segment.body) < 6:
                    return True
                components = segment.body[5]
            elif segment.marker == _START_OF_SCAN:
                return not segment.body or segment.body[0] < components
    except DamagedFileError:
        pass
    return True


def count_scans(file: IO[bytes]) -> int:
    """Count the scans of a JPEG, including those of a thumbnail or of a second picture."""
    file.seek(0)
    count, last = 0, b""
    while block := file.read(1 << 20):
        count += (last + block).count(bytes([0xFF, _START_OF_SCAN]))
        last = block[-1:]
    return count


def split(content: bytes) -> Iterator[FilePart]:
    """Yield the parts of a JPEG. Raises DamagedFileError, perhaps after some parts."""
    for segment in segments(io.BytesIO(content)):
        marker, body, start, end = segment
        if marker == _START_OF_SCAN:  # pixels, and the films that some phones append
            yield FilePart("pixels", content[start:], start, len(content))
        elif marker == _APP1 and body.startswith(_XMP_PREFIX):
            yield FilePart(XMP, body[len(_XMP_PREFIX) :], start, end)
        else:
            yield FilePart(f"segment {marker:02x}", body, start, end)
        if body.startswith(_MULTI_PICTURE_PREFIX):  # refers to what follows relative to itself
            distance = len(content) - end + len(body)
            yield FilePart("distance to the other pictures", str(distance).encode())


def replace_xmp(content: bytes, packet: bytes) -> bytes:
    """Return ``content`` with ``packet`` as its XMP. Raises DamagedFileError and NoRoomError."""
    body = _XMP_PREFIX + packet
    if len(body) > SEGMENT_LIMIT_BYTES:
        raise NoRoomError
    segment = bytes([0xFF, _APP1]) + struct.pack(">H", len(body) + 2) + body
    position = 2
    leading = True
    for part in split(content):
        if part.name == XMP:
            return content[: part.start] + segment + content[part.end :]
        # JFIF and EXIF must come first.
        is_jfif = part.name == f"segment {_APP0:02x}"
        leading = leading and (is_jfif or part.body.startswith(_EXIF_PREFIX))
        if leading:
            position = part.end
    return content[:position] + segment + content[position:]
