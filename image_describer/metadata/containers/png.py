"""PNG files: their chunks and their XMP."""

import struct
import zlib
from collections.abc import Iterator

from image_describer.metadata.containers.base import XMP, DamagedFileError, FilePart, find_xmp
from image_describer.metadata.xmp import PACKET_LIMIT_BYTES

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP_KEYWORD = b"XML:com.adobe.xmp\0"


def split(content: bytes) -> Iterator[FilePart]:
    """Yield the chunks of a PNG. Raises DamagedFileError, perhaps after some chunks."""
    position = len(SIGNATURE)
    while True:
        start = position
        length, kind = int.from_bytes(content[start : start + 4], "big"), content[start + 4 :][:4]
        position += length + 12
        if len(kind) < 4 or position > len(content):
            raise DamagedFileError
        body = content[start + 8 : start + 8 + length]
        if kind == b"iTXt" and body.startswith(_XMP_KEYWORD):
            yield FilePart(XMP, _text(body[len(_XMP_KEYWORD) :]), start, position)
        else:
            yield FilePart(kind.decode("latin-1"), body, start, position)
        if kind == b"IEND":
            yield FilePart("data after the end", content[position:], position, len(content))
            return


def replace_xmp(content: bytes, packet: bytes) -> bytes:
    """Return ``content`` with ``packet`` as its XMP. Raises DamagedFileError."""
    body = b"iTXt" + _XMP_KEYWORD + b"\0\0\0\0" + packet
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    parts = list(split(content))
    old = find_xmp(parts)
    start, end = (old.start, old.end) if old else (parts[0].end, parts[0].end)
    return content[:start] + chunk + content[end:]


def _text(body: bytes) -> bytes:
    """Return the text of an iTXt chunk after its keyword, at most what `xmp` accepts."""
    fields = body[2:].split(b"\0", 2)  # language, translated keyword, text
    if len(fields) < 3:
        raise DamagedFileError
    if body[:1] != b"\1":
        return fields[2]
    try:
        return zlib.decompressobj().decompress(fields[2], PACKET_LIMIT_BYTES + 1)
    except zlib.error as error:
        raise DamagedFileError from error
