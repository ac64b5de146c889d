"""What the modules for the container formats share."""

from collections.abc import Iterable
from typing import NamedTuple

from image_describer.metadata import xmp

XMP = "XMP"
"""The name of the part that holds the XMP packet."""


class DamagedFileError(ValueError):
    """A file that ends too early or breaks the rules of its format."""


class NoRoomError(ValueError):
    """An XMP packet that is larger than the format can hold."""


class FilePart(NamedTuple):
    """One piece of a file: its ``body``, and where it lies with its header: [start, end)."""

    name: str
    body: bytes
    start: int = 0
    end: int = 0


def find_xmp(parts: Iterable[FilePart]) -> FilePart | None:
    """Return the part whose XMP holds the alt text, or would: the first without one."""
    packets = [part for part in parts if part.name == XMP]
    with_text = (part for part in packets if xmp.alternatives(part.body))
    return next(with_text, packets[0] if packets else None)
