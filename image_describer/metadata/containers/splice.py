"""Put an XMP packet into a picture file's bytes; every other byte stays what it was.

No pixel is decoded, and nothing is written anew but the packet and the lengths around it. exiv2
was tried for this: it wrote the EXIF of PNG and WebP anew and moved the IPTC of JPEG, and a
hostile file would meet C++.
"""

import struct
import zlib
from collections.abc import Iterable

from image_describer.metadata.containers.parts import (
    JPEG,
    JPEG_XMP,
    PNG,
    PNG_XMP,
    TIFF,
    TIFF_XMP,
    WEBP,
    WEBP_XMP_FLAG,
    XMP,
    DamagedError,
    Part,
    Tiff,
    walk,
)

SEGMENT_LIMIT_BYTES = 65_533  # of a JPEG's segment, its length not counted
_ALPHA_FLAG = 0x10  # of a VP8X
_BYTES = 1  # the type of a TIFF's value


class NoRoomError(ValueError):
    """A packet longer than the format can hold."""


def with_packet(content: bytes, format_name: str, packet: bytes) -> bytes:
    """``content`` with ``packet`` in the place of its XMP, or where XMP belongs.

    Raises DamagedError, NoRoomError.
    """
    return _SPLICES[format_name](content, packet)


def _jpeg(content: bytes, packet: bytes) -> bytes:
    body = JPEG_XMP + packet
    if len(body) > SEGMENT_LIMIT_BYTES:
        raise NoRoomError
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    place = 2
    leading = True
    for part in walk(content, JPEG):
        if part.name == XMP:
            return content[: part.start] + segment + content[part.end :]
        # JFIF and EXIF both want to be first.
        leading = leading and (part.name == "segment e0" or part.body.startswith(b"Exif\0"))
        if leading:
            place = part.end
    return content[:place] + segment + content[place:]


def _png(content: bytes, packet: bytes) -> bytes:
    body = b"iTXt" + PNG_XMP + b"\0\0\0\0" + packet
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    parts = list(walk(content, PNG))
    old = _first(parts, XMP)
    start, end = (old.start, old.end) if old else (parts[0].end, parts[0].end)
    return content[:start] + chunk + content[end:]


def _webp(content: bytes, packet: bytes) -> bytes:
    parts = list(walk(content, WEBP))
    last = parts[-1]
    chunk = b"XMP " + struct.pack("<I", len(packet)) + packet + b"\0" * (len(packet) % 2)
    old = _first(parts, XMP)
    start, end = (old.start, old.end) if old else (last.start, last.start)
    filler = b"\0" * (start % 2)  # that some programs leave out at a file's end
    body = content[12:start] + filler + chunk + content[end : last.start]
    if content[12:16] == b"VP8X":
        body = body[:8] + bytes([body[8] | WEBP_XMP_FLAG]) + body[9:]
    else:
        body = _vp8x(parts[0]) + body
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body + content[last.start :]


def _vp8x(picture: Part) -> bytes:
    """The header that a plain WebP needs before it may hold XMP."""
    body = picture.body
    if picture.name == "VP8L" and body[:1] == b"\x2f" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        width, height, alpha = bits & 0x3FFF, bits >> 14 & 0x3FFF, bits >> 28 & 1
    elif picture.name == "VP8 " and body[3:6] == b"\x9d\x01\x2a" and len(body) >= 10:
        wide, high = struct.unpack_from("<HH", body, 6)
        width, height, alpha = (wide & 0x3FFF) - 1, (high & 0x3FFF) - 1, 0
    else:
        raise DamagedError
    if width < 0 or height < 0:
        raise DamagedError
    size = width.to_bytes(3, "little") + height.to_bytes(3, "little")
    flags = WEBP_XMP_FLAG | (_ALPHA_FLAG if alpha else 0)
    return b"VP8X" + struct.pack("<I", 10) + bytes([flags, 0, 0, 0]) + size


def _tiff(content: bytes, packet: bytes) -> bytes:
    """The packet goes to the end, so that nothing moves: offsets in maker notes stay true."""
    tiff = Tiff(content)
    order = "<" if tiff.order == "little" else ">"
    old = _first(walk(content, TIFF), XMP)
    if old and 4 < len(packet) == len(old.body):
        place = tiff.number(old.start + 8, 4)
        return content[:place] + packet + content[place + len(packet) :]
    grown = bytearray(content + b"\0" * (len(content) % 2))
    if len(grown) + len(packet) >= 1 << 31:
        raise NoRoomError
    entry = struct.pack(f"{order}HHII", TIFF_XMP, _BYTES, len(packet), len(grown))
    grown += packet + b"\0" * (len(packet) % 2)
    if old:
        grown[old.start : old.end] = entry
        return bytes(grown)
    first = tiff.number(4, 4)
    count = tiff.number(first, 2)
    table = tiff.slice(first + 2, 12 * count)
    entries = [table[start : start + 12] for start in range(0, len(table), 12)]
    entries = sorted([*entries, entry], key=lambda one: int.from_bytes(one[:2], tiff.order))
    grown[4:8] = struct.pack(f"{order}I", len(grown))
    grown += struct.pack(f"{order}H", count + 1) + b"".join(entries)
    grown += tiff.slice(first + 2 + 12 * count, 4)
    return bytes(grown)


def _first(parts: Iterable[Part], name: str) -> Part | None:
    return next((part for part in parts if part.name == name), None)


_SPLICES = {JPEG: _jpeg, PNG: _png, WEBP: _webp, TIFF: _tiff}
