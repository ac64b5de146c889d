"""What the program knows about a picture once it has looked at it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from image_describer.imaging.region import Region

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Word:
    """One word of a caption, how probable it was, and where the decoder looked while saying it."""

    word: str
    probability: float
    region: Region


@dataclass(frozen=True)
class Alternative:
    """Another caption the beam search found. ``confidence`` lies in [0, 1]."""

    caption: str
    confidence: float


@dataclass(frozen=True)
class Seconds:
    """Wall time of the three steps, in seconds."""

    read: float
    extract: float
    decode: float

    @property
    def total(self) -> float:
        return self.read + self.extract + self.decode


@dataclass(frozen=True)
class Description:
    """What a picture shows.

    ``caption`` is bare: lower case, no full stop, no hedge. ``confidence`` in [0, 1] says how
    likely people would accept it. ``notes`` are sentences about the picture itself ("The picture
    is very dark."). ``alt_text`` is what its author says of it, one clean line out of the file, or
    None. ``file`` is the path as it was given, or None for bytes and arrays; ``width``
    and ``height`` are in pixels, after EXIF orientation. ``embedding`` is where the picture lies in
    the joint space, (D,) float32 of length 1, or None where the bundle has no joint space; it takes
    no part in comparisons and records.
    """

    caption: str
    confidence: float
    alternatives: tuple[Alternative, ...] = ()
    words: tuple[Word, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: Seconds = field(default=Seconds(0.0, 0.0, 0.0))
    file: str | None = None
    width: int = 0
    height: int = 0
    alt_text: str | None = None
    embedding: "np.ndarray | None" = field(default=None, compare=False, repr=False)
