"""WebP files: their RIFF chunks and their XMP."""

import struct
from collections.abc import Iterator
from typing import IO

from image_describer.metadata.containers.base import XMP, DamagedFileError, FilePart, find_xmp
from image_describer.metadata.xmp import PACKET_LIMIT_BYTES

CHUNKS_LIMIT = 10_000  # an animation has one for each frame

_XMP_CHUNKS = (b"XMP ", b"XMP\0")  # some programs write the second one
_XMP_FLAG = 0x04
_ALPHA_FLAG = 0x10
_PIXEL_CHUNKS = (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF")
_METADATA_CHUNKS = (b"ICCP", b"EXIF", b"XMP ")


def is_truncated(file: IO[bytes], size: int) -> bool:
    """Return whether a file of ``size`` bytes is shorter than its header says."""
    file.seek(4)
    return size < int.from_bytes(file.read(4), "little") + 8


def without_metadata(content: bytes) -> bytes:
    """Return a WebP that has only its pixels and its profile, EXIF and XMP, if these are whole."""
    kept = []
    position = 12
    for _ in range(CHUNKS_LIMIT):
        if position + 8 > len(content):
            break
        kind = content[position : position + 4]
        length = int.from_bytes(content[position + 4 : position + 8], "little")
        end = position + 8 + length + length % 2
        if kind in _PIXEL_CHUNKS or (kind in _METADATA_CHUNKS and end <= len(content)):
            kept.append(content[position:end])
        position = end
    body = b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def xmp_packets(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the packets of all chunks that hold XMP."""
    position = 12
    while True:
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            return
        length = int.from_bytes(head[4:], "little")
        if head[:4] in _XMP_CHUNKS:
            yield file.read(min(length, PACKET_LIMIT_BYTES + 1))
        position += 8 + length + length % 2


def split(content: bytes) -> Iterator[FilePart]:
    """Yield the chunks of a WebP; the header VP8X without its XMP flag.

    Raises DamagedFileError, perhaps after some chunks.
    """
    riff_end = int.from_bytes(content[4:8], "little") + 8
    if riff_end > len(content):
        raise DamagedFileError
    position = 12
    while position + 8 <= riff_end:
        start = position
        kind = content[start : start + 4]
        length = int.from_bytes(content[start + 4 : start + 8], "little")
        body = content[start + 8 : start + 8 + length]
        position += 8 + length + length % 2
        if position > riff_end + 1:  # the last padding byte is often left out
            raise DamagedFileError
        end = min(position, riff_end)
        if kind in _XMP_CHUNKS:
            yield FilePart(XMP, body, start, end)
        elif kind == b"VP8X" and body:
            yield FilePart("VP8X", bytes([body[0] & ~_XMP_FLAG]) + body[1:], start, end)
        else:
            yield FilePart(kind.decode("latin-1"), body, start, end)
    yield FilePart("data after the end", content[riff_end:], riff_end, len(content))


def replace_xmp(content: bytes, packet: bytes) -> bytes:
    """Return ``content`` with ``packet`` as its XMP. Raises DamagedFileError."""
    parts = list(split(content))
    riff_end = parts[-1].start
    chunk = b"XMP " + struct.pack("<I", len(packet)) + packet + b"\0" * (len(packet) % 2)
    old = find_xmp(parts)
    start, end = (old.start, old.end) if old else (riff_end, riff_end)
    padding = b"\0" * (start % 2)  # which some programs leave out at the end of a file
    body = content[12:start] + padding + chunk + content[end:riff_end]
    if content[12:16] == b"VP8X":
        body = body[:8] + bytes([body[8] | _XMP_FLAG]) + body[9:]
    else:
        body = _extended_header(parts[0]) + body
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body + content[riff_end:]


def _extended_header(picture: FilePart) -> bytes:
    """Return the header that a simple WebP needs before it may hold XMP."""
    body = picture.body
    if picture.name == "VP8L" and body[:1] == b"\x2f" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        width, height, alpha = bits & 0x3FFF, bits >> 14 & 0x3FFF, bits >> 28 & 1
    elif picture.name == "VP8 " and body[3:6] == b"\x9d\x01\x2a" and len(body) >= 10:
        raw_width, raw_height = struct.unpack_from("<HH", body, 6)
        width, height, alpha = (raw_width & 0x3FFF) - 1, (raw_height & 0x3FFF) - 1, 0
    else:
        raise DamagedFileError
    if width < 0 or height < 0:
        raise DamagedFileError
    size = width.to_bytes(3, "little") + height.to_bytes(3, "little")
    flags = _XMP_FLAG | (_ALPHA_FLAG if alpha else 0)
    return b"VP8X" + struct.pack("<I", 10) + bytes([flags, 0, 0, 0]) + size
