"""PNG files: their chunks and their XMP."""

import io
import re
import struct
import zlib
from collections.abc import Iterator
from typing import IO

from image_describer.metadata.containers.base import XMP, DamagedFileError, FilePart, find_xmp
from image_describer.metadata.xmp import PACKET_LIMIT_BYTES

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHUNKS_LIMIT = 100_000  # each of which takes Pillow some microseconds; 8 kB of pixels are usual
SMALL_BYTES = 1_000_000  # a file with less has fewer chunks

_XMP_KEYWORD = b"XML:com.adobe.xmp\0"
_TEXT_CHUNKS = (b"tEXt", b"zTXt", b"iTXt")
_TEXT_LIMIT_BYTES = 2 * PACKET_LIMIT_BYTES  # of a chunk: ImageMagick writes packets in hexadecimal
_RAW_PROFILE = re.compile(rb"Raw profile type (?:xmp|APP1)\0", re.IGNORECASE)
_HEXADECIMAL = re.compile(rb"\s*\S+\s+\d+\s+([0-9A-Fa-f\s]+)")  # after a name and a length
_CHUNK_OF_PIXELS = re.compile(b"PLTE|IDAT")
_INFLATED_LIMIT_BYTES = 1_000_000  # Pillow raises for more
_PALETTE = 3
_TRANSPARENCY_BYTES = {0: 2, 2: 6, _PALETTE: 1}  # at least, for grey, RGB and palettes


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


def xmp_packets(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the packets in all text chunks. Raises DamagedFileError, perhaps after some of them."""
    position = len(SIGNATURE)
    while True:
        file.seek(position)
        head = file.read(8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if len(head) < 8 or kind == b"IEND":
            return
        if kind in _TEXT_CHUNKS and length <= _TEXT_LIMIT_BYTES:
            packet = _packet_in_text(kind, file.read(length))
            if packet:
                yield packet
        position += length + 12


def _packet_in_text(kind: bytes, body: bytes) -> bytes:
    """Return the XMP in a text chunk, as programs write it who don't use iTXt; b"" without any."""
    is_profile = _RAW_PROFILE.match(body)
    if not is_profile and not body.startswith(_XMP_KEYWORD):
        return b""
    text = body.partition(b"\0")[2]
    if kind == b"iTXt":
        text = _text(text)
    elif kind == b"zTXt":
        text = _decompress(text[1:])
    if is_profile:
        found = _HEXADECIMAL.match(text)
        digits = b"".join(found[1].split()) if found else b""
        text = bytes.fromhex(digits[: len(digits) & ~1].decode())
        text = text[max(0, text.find(b"<")) :]  # after the prefix of a segment of a JPEG
    return text


def is_for_iphone(file: IO[bytes]) -> bool:
    """Return whether Xcode has stored the pixels in a way that other programs don't know."""
    file.seek(len(SIGNATURE))
    return file.read(8)[4:] == b"CgBI"


def has_excessive_parts(file: IO[bytes]) -> bool:
    """Return whether a PNG has more than `CHUNKS_LIMIT` chunks."""
    size = file.seek(0, io.SEEK_END)
    position = len(SIGNATURE)
    if size < SMALL_BYTES:
        return False
    for _ in range(CHUNKS_LIMIT):
        file.seek(position)
        position += int.from_bytes(file.read(4), "big") + 12
        if position > size:
            return False
    return True


def without_metadata(content: bytes) -> bytes:
    """Return a PNG that has only its pixels, and their transparency, profile, EXIF and XMP.

    Of these, the damaged ones are left out, too. Chunks whose length is wrong are skipped up to the
    next ones that hold pixels.
    """
    view = memoryview(content)
    chunks = [view[: len(SIGNATURE)]]
    colour_type = int.from_bytes(content[25:26], "big")
    position = len(SIGNATURE)
    for _ in range(CHUNKS_LIMIT):
        if position + 8 > len(content):
            break
        kind = content[position + 4 : position + 8]
        end = position + int.from_bytes(content[position : position + 4], "big") + 12
        # In a picture without a palette, PLTE only proposes one.
        is_critical = kind[:1].isupper() and (kind != b"PLTE" or colour_type == _PALETTE)
        if not (is_critical and kind.isalpha()) and not _is_followed_by_chunk(content, end):
            found = _CHUNK_OF_PIXELS.search(content, position + 8)
            if not found:
                break
            position = found.start() - 4
            continue
        if is_critical or _is_intact(content[position:end], colour_type):
            chunks.append(view[position:end])
        position = end
    return b"".join(chunks)


def _is_followed_by_chunk(content: bytes, position: int) -> bool:
    kind = content[position + 4 : position + 8]
    return len(kind) == 4 and kind.isalpha()


def _is_intact(chunk: bytes, colour_type: int) -> bool:
    """Return whether an ancillary chunk is worth keeping, and Pillow can read it."""
    kind, body = chunk[4:8], chunk[8:-4]
    if kind not in (b"tRNS", b"iCCP", b"eXIf", b"iTXt"):
        return False
    if zlib.crc32(chunk[4:-4]).to_bytes(4, "big") != chunk[-4:]:
        return False
    if kind == b"tRNS":
        return len(body) >= _TRANSPARENCY_BYTES.get(colour_type, 0)
    if kind == b"iCCP":
        _, end_of_name, profile = body.partition(b"\0")
        return bool(end_of_name) and profile[:1] == b"\0" and _is_small(profile[1:])
    if kind == b"iTXt":
        try:
            return body.startswith(_XMP_KEYWORD) and (
                len(_text(body[len(_XMP_KEYWORD) :])) <= _INFLATED_LIMIT_BYTES
            )
        except DamagedFileError:
            return False
    return True


def _is_small(compressed: bytes) -> bool:
    try:
        size = len(zlib.decompressobj().decompress(compressed, _INFLATED_LIMIT_BYTES + 1))
    except zlib.error:
        return False
    return size <= _INFLATED_LIMIT_BYTES


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
    return _decompress(fields[2]) if body[:1] == b"\1" else fields[2]


def _decompress(compressed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(compressed, _TEXT_LIMIT_BYTES)
    except zlib.error as error:
        raise DamagedFileError from error
