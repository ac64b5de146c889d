"""A picture file as its XMP packet and everything else.

This shows, without decoding a pixel, that two files differ in their XMP and in nothing else: their
compressed pixels, colour profiles, EXIF, IPTC, thumbnails, frames and pages are the same bytes.
Nothing is rewritten but the packet and the lengths around it. exiv2 was tried for this: it
rewrote the EXIF of PNG and WebP, moved the IPTC of JPEG, and would expose C++ to hostile files.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from image_describer.metadata.containers import jpeg, png, tiff, webp
from image_describer.metadata.containers.base import XMP, FilePart, find_xmp

_SPLIT: dict[str, Callable[[bytes], Iterator[FilePart]]] = {
    "JPEG": jpeg.split,
    "PNG": png.split,
    "WEBP": webp.split,
    "TIFF": tiff.split,
}
_REPLACE_XMP: dict[str, Callable[[bytes, bytes], bytes]] = {
    "JPEG": jpeg.replace_xmp,
    "PNG": png.replace_xmp,
    "WEBP": webp.replace_xmp,
    "TIFF": tiff.replace_xmp,
}
FORMATS = tuple(_SPLIT)
"""Names of the formats that can be split."""


class FileParts(NamedTuple):
    """A picture file in pieces.

    ``packet``: the XMP that holds the alt text, or would; None without XMP. ``rest``:
    (name, SHA-256) of the other parts, in file order.
    """

    packet: bytes | None
    rest: tuple[tuple[str, str], ...]


def split_file(content: bytes, format_name: str) -> FileParts:
    """Split the content of a file. Raises DamagedFileError."""
    digests: list[tuple[str, str]] = []
    packets: dict[int, FilePart] = {}
    for part in _SPLIT[format_name](content):
        if part.name == XMP:
            packets[len(digests)] = part
        digests.append((part.name, hashlib.sha256(part.body).hexdigest()))
    chosen = find_xmp(packets.values())
    if chosen is None:
        return FileParts(None, tuple(digests))
    index = next(index for index, part in packets.items() if part is chosen)
    return FileParts(chosen.body, (*digests[:index], *digests[index + 1 :]))


def replace_xmp(content: bytes, format_name: str, packet: bytes) -> bytes:
    """Return ``content`` with ``packet`` in place of its XMP, or where XMP belongs.

    Raises DamagedFileError and NoRoomError.
    """
    return _REPLACE_XMP[format_name](content, packet)


def first_difference(before: FileParts, after: FileParts) -> str:
    """Return the name of the first part but XMP that differs; "" if there is none."""
    first, second = list(before.rest), list(after.rest)
    if not any(name == "VP8X" for name, _ in first):  # a simple WebP gets this header for its XMP
        second = [part for part in second if part[0] != "VP8X"]
    for old, new in zip(first, second, strict=False):
        if old != new:
            return old[0]
    longer = max(first, second, key=len)
    return longer[min(len(first), len(second))][0] if len(first) != len(second) else ""
