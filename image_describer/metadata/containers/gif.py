"""GIF files: their XMP."""

from collections.abc import Iterator
from typing import IO

from image_describer.metadata.xmp import PACKET_LIMIT_BYTES

_XMP_EXTENSION = b"\x21\xff\x0bXMP DataXMP"
_TRAILER_START = b"\x01\xff\xfe\xfd"  # all numbers down to 0, so that programs find the end
_BLOCK_BYTES = 1 << 20


def xmp_packets(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the XMP of all application extensions.

    They are searched for, because an animation can have a million blocks of pixels before the one
    with its XMP.
    """
    file.seek(0)
    start, last = 0, b""
    while block := file.read(_BLOCK_BYTES):
        searched = last + block
        found = searched.find(_XMP_EXTENSION)
        if found < 0:
            start += len(block)
            last = searched[1 - len(_XMP_EXTENSION) :]
            continue
        start += found - len(last) + len(_XMP_EXTENSION)
        file.seek(start)
        packet = _packet(file.read(PACKET_LIMIT_BYTES))
        yield packet
        start += len(packet)
        file.seek(start)
        last = b""


def _packet(data: bytes) -> bytes:
    """Return the packet at the beginning of an extension's data."""
    if not data[1:].startswith((b"<", b"\xef\xbb\xbf<")):
        return data.partition(_TRAILER_START)[0]
    pieces, position = [], 0  # in blocks of at most 255 bytes, as other extensions
    while position < len(data) and (length := data[position]):
        pieces.append(data[position + 1 : position + 1 + length])
        position += 1 + length
    return b"".join(pieces)
