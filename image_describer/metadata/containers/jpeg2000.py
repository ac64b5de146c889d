"""JPEG 2000 files: how far they can be reduced while they are decoded, and their pixels alone."""

import io
import struct
from typing import IO

from image_describer.metadata.containers import isobmff
from image_describer.metadata.containers.base import DamagedFileError

BOX_SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
CODESTREAM_SIGNATURE = b"\xff\x4f\xff\x51"
HEADER_LIMIT_BYTES = 100_000  # of the codestream; most have a hundred
BOX_LIMIT_BYTES = 2_000_000  # of the box of headers, which may hold a profile

_PIXEL_BOXES = (b"jP  ", b"ftyp", b"jp2h", b"jp2c")
_END = b"\xff\xd9"
_CODING_STYLE, _CODING_STYLE_OF_COMPONENT, _START_OF_TILE = 0xFF52, 0xFF53, 0xFF90


def halvings(file: IO[bytes]) -> int:
    """Return how often width and height can be halved while decoding.

    Raises DamagedFileError, also for more boxes or segments before the pixels than any file needs.
    """
    header = _codestream_header(file)
    component_size = 1 if int.from_bytes(header[40:42], "big") < 257 else 2
    position = 2
    found: list[bytes] = []
    while position + 4 <= len(header):
        marker, length = struct.unpack_from(">HH", header, position)
        body = header[position + 4 : position + 2 + length]
        if marker == _START_OF_TILE and found and all(found):
            return min(field[0] for field in found)
        if marker == _CODING_STYLE:
            found.append(body[5:6])
        elif marker == _CODING_STYLE_OF_COMPONENT:
            found.append(body[component_size + 1 : component_size + 2])
        position += 2 + length
    raise DamagedFileError


def is_truncated(file: IO[bytes], size: int) -> bool:
    """Return whether the end of a file of ``size`` bytes is missing."""
    file.seek(0)
    if file.read(4) != CODESTREAM_SIGNATURE:
        return isobmff.is_truncated(file, size)
    file.seek(max(0, size - len(_END)))
    return file.read() != _END


def without_metadata(content: bytes) -> bytes:
    """Return a file that has only its pixels, without what other programs put behind them."""
    kept = []
    for kind, start, _, end in isobmff.boxes(io.BytesIO(content)):
        if kind in _PIXEL_BOXES:
            kept.append(content[start:end])
        if kind == b"jp2c":
            break
    return b"".join(kept)


def _codestream_header(file: IO[bytes]) -> bytes:
    file.seek(0)
    start = 0
    if file.read(4) != CODESTREAM_SIGNATURE:
        boxes = {box.kind: box for box in isobmff.boxes(file)}
        header, codestream = boxes.get(b"jp2h"), boxes.get(b"jp2c")
        if not header or not codestream or header.end - header.body > BOX_LIMIT_BYTES:
            raise DamagedFileError
        start = codestream.body
    file.seek(start)
    return file.read(HEADER_LIMIT_BYTES)
