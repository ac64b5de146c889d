"""A picture file taken apart: its XMP packet on one side, all the rest of it on the other.

So it is known, without decoding one pixel, that two files differ in their XMP and in nothing else:
their compressed pixels, colour profiles, EXIF, IPTC, thumbnails, frames and pages are the same
bytes. Nothing here changes a file.
"""

import hashlib
import zlib
from collections.abc import Iterator
from typing import Literal, NamedTuple

from image_describer.metadata.xmp import PACKET_LIMIT_BYTES

JPEG, PNG, WEBP, TIFF = "JPEG", "PNG", "WEBP", "TIFF"
XMP = "XMP"
DIRECTORIES_LIMIT = 5_000  # of a TIFF; each page has one or two

JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_XMP = b"XML:com.adobe.xmp\0"
WEBP_XMP_FLAG = 0x04
TIFF_XMP = 700
_TIFF_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_TIFF_POINTERS = (330, 34665, 34853, 40965)  # to directories: pages within, EXIF, GPS, interop
_TIFF_DATA = {273: 279, 324: 325, 513: 514}  # where strips, tiles, a thumbnail lie; their sizes


class DamagedError(ValueError):
    """A file that ends too early or is not put together as its format wants it."""


class Part(NamedTuple):
    """A piece of a file: its ``body``, and where it lies, with what is around it: [start, end)."""

    name: str
    body: bytes
    start: int = 0
    end: int = 0


class Parts(NamedTuple):
    """``packet``: the XMP, or None. ``rest``: part -> SHA-256, in the order of the file."""

    packet: bytes | None
    rest: tuple[tuple[str, str], ...]


def walk(content: bytes, format_name: str) -> Iterator[Part]:
    """The parts of a file's ``content``; each ``XMP`` has the packet as its body.

    Of a TIFF, where a part lies is only known for its XMP: there lies the entry that points to it.
    Raises DamagedError, now or later.
    """
    return _WALKS[format_name](content)


def parts_of(content: bytes, format_name: str) -> Parts:
    """``content`` taken apart. Raises DamagedError."""
    packet, rest = None, []
    for part in walk(content, format_name):
        if part.name != XMP:
            rest.append((part.name, hashlib.sha256(part.body).hexdigest()))
        elif packet is None:
            packet = part.body
    return Parts(packet, tuple(rest))


def differ(before: Parts, after: Parts) -> str:
    """The first part but XMP in which two files are not the same; empty where they are."""
    first, second = list(before.rest), list(after.rest)
    if not any(name == "VP8X" for name, _ in first):  # a plain WebP grows this header for its XMP
        second = [part for part in second if part[0] != "VP8X"]
    for one, other in zip(first, second, strict=False):
        if one != other:
            return one[0]
    longer = max(first, second, key=len)
    return longer[min(len(first), len(second))][0] if len(first) != len(second) else ""


def _jpeg(content: bytes) -> Iterator[Part]:
    place = 2
    while True:
        while content[place : place + 2] == b"\xff\xff":  # filling bytes between segments
            place += 1
        kind, start = content[place + 1 : place + 2], place + 4
        length = int.from_bytes(content[place + 2 : start], "big")
        if content[place : place + 1] != b"\xff" or length < 2 or start + length > len(content):
            raise DamagedError
        if kind == b"\xda":  # from the first scan on it is pixels, and what some phones append
            yield Part("pixels", content[place:], place, len(content))
            return
        end = start + length - 2
        body = content[start:end]
        if kind == b"\xe1" and body.startswith(JPEG_XMP):
            yield Part(XMP, body[len(JPEG_XMP) :], place, end)
        else:
            yield Part(f"segment {kind.hex()}", body, place, end)
        if body.startswith(b"MPF\0"):  # counts from its own place to the pictures behind this one
            yield Part("place of the other pictures", str(len(content) - start).encode())
        place = end


def _png(content: bytes) -> Iterator[Part]:
    place = len(PNG_SIGNATURE)
    while True:
        length, kind = int.from_bytes(content[place : place + 4], "big"), content[place + 4 :][:4]
        body = content[place + 8 : place + 8 + length]
        start = place
        place += length + 12
        if len(kind) < 4 or place > len(content):
            raise DamagedError
        if kind == b"iTXt" and body.startswith(PNG_XMP):
            yield Part(XMP, _png_text(body[len(PNG_XMP) :]), start, place)
        else:
            yield Part(kind.decode("latin-1"), body, start, place)
        if kind == b"IEND":
            yield Part("what follows the picture", content[place:], place, len(content))
            return


def _png_text(body: bytes) -> bytes:
    """The text of an iTXt chunk, after its keyword; at most what `author` would look at."""
    pieces = body[2:].split(b"\0", 2)  # language, keyword once more, text
    if len(pieces) < 3:
        raise DamagedError
    if body[:1] != b"\1":
        return pieces[2]
    try:
        return zlib.decompressobj().decompress(pieces[2], PACKET_LIMIT_BYTES + 1)
    except zlib.error as error:
        raise DamagedError from error


def _webp(content: bytes) -> Iterator[Part]:
    end = int.from_bytes(content[4:8], "little") + 8
    if end > len(content):
        raise DamagedError
    place = 12
    while place + 8 <= end:
        kind = content[place : place + 4]
        length = int.from_bytes(content[place + 4 : place + 8], "little")
        body = content[place + 8 : place + 8 + length]
        start = place
        place += 8 + length + length % 2
        if place > end + 1:  # the last filling byte is often left out
            raise DamagedError
        if kind == b"XMP ":
            yield Part(XMP, body, start, min(place, end))
        elif kind == b"VP8X" and body:
            masked = bytes([body[0] & ~WEBP_XMP_FLAG]) + body[1:]
            yield Part("VP8X", masked, start, place)
        else:
            yield Part(kind.decode("latin-1"), body, start, min(place, end))
    yield Part("what follows the picture", content[end:], end, len(content))


def _tiff(content: bytes) -> Iterator[Part]:
    tiff = Tiff(content)
    place, page = tiff.number(4, 4), 0
    while place:
        yield from tiff.directory(place, f"page {page}", with_xmp=page == 0)
        place = tiff.number(place + 2 + 12 * tiff.number(place, 2), 4)
        page += 1


class Tiff:
    """A TIFF's directories: what each tag holds, not where it lies."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.order: Literal["little", "big"] = "little" if content[:2] == b"II" else "big"
        self.seen: set[int] = set()

    def number(self, place: int, width: int) -> int:
        return int.from_bytes(self.slice(place, width), self.order)

    def slice(self, place: int, length: int) -> bytes:
        if place + length > len(self.content):
            raise DamagedError
        return self.content[place : place + length]

    def directory(self, place: int, name: str, with_xmp: bool = False) -> Iterator[Part]:
        if place in self.seen or len(self.seen) >= DIRECTORIES_LIMIT:
            raise DamagedError
        self.seen.add(place)
        values: dict[int, tuple[int, bytes]] = {}
        entries: dict[int, int] = {}
        for index in range(self.number(place, 2)):
            start = place + 2 + 12 * index
            kind, count = self.number(start + 2, 2), self.number(start + 4, 4)
            length = count * _TIFF_WIDTHS.get(kind, 1)
            where = start + 8 if length <= 4 else self.number(start + 8, 4)
            entries[self.number(start, 2)] = start
            values[self.number(start, 2)] = (kind, self.slice(where, length))
        for tag, (kind, value) in sorted(values.items()):
            if tag == TIFF_XMP and with_xmp:
                yield Part(XMP, value, entries[tag], entries[tag] + 12)
            elif tag in _TIFF_POINTERS:
                for number, inner in enumerate(self._numbers(kind, value)):
                    yield from self.directory(inner, f"{name}, {tag}.{number}")
            elif tag in _TIFF_DATA and _TIFF_DATA[tag] in values:
                lengths = self._numbers(*values[_TIFF_DATA[tag]])
                for where, length in zip(self._numbers(kind, value), lengths, strict=False):
                    yield Part(f"{name}, pixels", self.slice(where, length))
            else:
                yield Part(f"{name}, tag {tag}", value)

    def _numbers(self, kind: int, value: bytes) -> list[int]:
        width = _TIFF_WIDTHS.get(kind, 1)
        whole = range(0, len(value) - width + 1, width)
        return [int.from_bytes(value[start : start + width], self.order) for start in whole]


_WALKS = {JPEG: _jpeg, PNG: _png, WEBP: _webp, TIFF: _tiff}
