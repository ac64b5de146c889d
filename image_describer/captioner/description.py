"""The result of describing a picture."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from image_describer.imaging.notes import shows_photograph
from image_describer.imaging.region import Region
from image_describer.reading.text import PictureText

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Word:
    """A word of a caption, its probability in [0, 1], and where the decoder attended for it."""

    word: str
    probability: float
    region: Region


@dataclass(frozen=True)
class Alternative:
    """Another caption that the beam search found, and its confidence in [0, 1]."""

    caption: str
    confidence: float


@dataclass(frozen=True)
class DoubtfulWord:
    """A word of the caption in whose place another one is nearly as likely.

    ``position`` is its index when the caption is split at spaces.
    """

    position: int
    word: str
    other: str


@dataclass(frozen=True)
class Seconds:
    """Wall time of the steps: reading the file, the encoder, the decoder, and reading text."""

    read: float
    extract: float
    decode: float
    read_text: float = 0.0

    @property
    def total(self) -> float:
        return self.read + self.extract + self.decode + self.read_text


@dataclass(frozen=True)
class Description:
    """What a picture shows.

    caption: bare, in lower case (but German nouns), without a full stop or a hedge.
    confidence: how likely people would accept the caption, in [0, 1]. The `Describer` rounds it to
    whole percents, so that it is the same number wherever it is told.
    alternatives: other captions, best first; for a rotated picture, first that of the upright one.
    None of those that `Describer` finds is surer than the caption.
    doubt: the word of the caption that may well be another one, or None.
    words: the words of the caption.
    notes: sentences about the picture itself, such as "The picture is very dark."
    seconds: how long the steps took.
    file: the path as it was given, or None for bytes and images.
    width, height: in pixels, after EXIF orientation.
    alt_text: what the author wrote about the picture in its file, as one clean line, or None.
    page: which page of a document it is, from 1; None for other pictures.
    text: what is written in the picture, or None if that was not asked.
    language: the code (ISO 639) of the language of caption, alternatives and words.
    embedding: the picture in the joint space, (D,) float32 of length 1, or None if the bundle has
    no joint space. It is ignored in comparisons and not written to records.
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
    doubt: DoubtfulWord | None = None
    page: int | None = None
    text: PictureText | None = None
    language: str = "en"
    embedding: "np.ndarray | None" = field(default=None, compare=False, repr=False)

    @property
    def is_page(self) -> bool:
        """Whether text is what the picture is about: the caption is then not worth saying."""
        return self.text is not None and self.text.is_page and bool(self.text.lines)

    @property
    def has_scene(self) -> bool:
        """Whether the caption is worth saying: of a page, a drawing or an empty picture, it is
        invented.
        """
        return not self.is_page and shows_photograph(self.notes)
