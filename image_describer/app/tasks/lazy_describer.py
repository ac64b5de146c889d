"""A source -> the picture and its sentence, by a Describer that is loaded in the background."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from image_describer.captioner.description import Description
from image_describer.errors import PictureError

if TYPE_CHECKING:
    import numpy as np

    from image_describer.imaging.open import Picture, Source
    from image_describer.settings import Settings


class Describes(Protocol):
    """What the window asks of a Describer."""

    def describe(self, source: "Picture") -> Description:
        """What ``source`` shows."""

    def describe_and_place(self, source: "Picture") -> "tuple[Description, np.ndarray | None]":
        """The same, and where it lies among all pictures, if that is known."""


@dataclass(frozen=True)
class Described:
    """A description and the sentence that says it, in the user's wording.

    ``facts`` are sentences about the file: its date, its size on disk. ``vector``: (D,) float32,
    its place in the joint space, or None.
    """

    description: Description
    sentence: str
    facts: tuple[str, ...] = ()
    vector: "np.ndarray | None" = field(default=None, compare=False, repr=False)

    @property
    def parts(self) -> tuple[str, str]:
        """The sentence in two: what the author says, and the program's own words."""
        from image_describer.wording.sentence import authors_part

        return authors_part(self.description, self.sentence)


def in_words(description: Description, settings: "Settings") -> str:
    """The sentence that is spoken and shown, hedged and as long as ``settings`` ask for."""
    from image_describer.wording import details
    from image_describer.wording.sentence import sentence

    words = sentence(description, hedged=settings.hedging, brief=settings.verbosity == "brief")
    if settings.verbosity == "full":
        words = " ".join([words, *details.sentences(description, notes=False)])
    return words


class LateDescriber:
    """A Describer that is made by whoever needs it first, on that one's thread.

    Making it may fail (a bundle that is missing or damaged raises BundleError); the next one who
    asks tries again, so that putting the bundle back is all it takes.
    """

    def __init__(self, build: Callable[[], Describes] | None = None) -> None:
        self._build = build or _shipped_describer
        self._lock = threading.Lock()
        self._describer: Describes | None = None

    def load(self) -> Describes:
        """The Describer, made if need be. Raises BundleError."""
        with self._lock:
            if self._describer is None:
                self._describer = self._build()
            return self._describer

    def describe(
        self, source: "Source", seen: "Callable[[Picture], None]", settings: "Settings"
    ) -> Described:
        """Read ``source``, hand the picture to ``seen``, then describe it.

        Raises PictureError and BundleError.
        """
        from image_describer.imaging.file_info import facts
        from image_describer.imaging.open import open_picture

        try:
            picture = open_picture(source)
        except PictureError as error:
            raise named_only(error, source) from error
        seen(picture)
        description, vector = self.load().describe_and_place(picture)
        words = in_words(description, settings)
        return Described(description, words, tuple(facts(picture.file)), vector)


def named_only(error: PictureError, source: "Source") -> PictureError:
    """The error by the file's name alone: nobody wants to hear all the folders it lies in."""
    from image_describer.app.messages import name_of
    from image_describer.text import visible

    if not isinstance(source, str):
        return error
    return PictureError(
        error.sentence.replace(f'"{visible(source)}"', f'"{name_of(source)}"'), error.way_out
    )


def _shipped_describer() -> Describes:
    from image_describer.captioner.describer import Describer

    return Describer()
