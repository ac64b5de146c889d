"""A source -> the picture and its sentence, by a Describer that is loaded in the background."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from image_describer.captioner.description import Description
from image_describer.errors import PictureError

if TYPE_CHECKING:
    from image_describer.imaging.open import Picture, Source
    from image_describer.settings import Settings


class DescriberLike(Protocol):
    """What the window asks of a Describer."""

    def describe(self, source: "Picture") -> Description:
        """What ``source`` shows."""


@dataclass(frozen=True)
class DescribedPicture:
    """A description and the sentence that says it, in the user's wording.

    ``facts`` are sentences about the file: its date, its size on disk.
    """

    description: Description
    sentence: str
    facts: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[str, str]:
        """The sentence in two: what the author says, and the program's own words."""
        from image_describer.wording.sentence import authors_part

        return authors_part(self.description, self.sentence)


def spoken_sentence(description: Description, settings: "Settings") -> str:
    """The sentence that is spoken and shown, hedged and as long as ``settings`` ask for."""
    from image_describer.wording import details
    from image_describer.wording.sentence import sentence

    words = sentence(description, hedged=settings.hedging, brief=settings.verbosity == "brief")
    if settings.verbosity == "full":
        words = " ".join([words, *details.sentences(description, notes=False)])
    return words


class LazyDescriber:
    """A Describer that is made by whoever needs it first, on that one's thread.

    Making it may fail (a bundle that is missing or damaged raises BundleError); the next one who
    asks tries again, so that putting the bundle back is all it takes.
    """

    def __init__(self, build: Callable[[], DescriberLike] | None = None) -> None:
        self._build = build or _shipped_describer
        self._lock = threading.Lock()
        self._describer: DescriberLike | None = None

    def load(self) -> DescriberLike:
        """The Describer, made if need be. Raises BundleError."""
        with self._lock:
            if self._describer is None:
                self._describer = self._build()
            return self._describer

    def describe(
        self, source: "Source", seen: "Callable[[Picture], None]", settings: "Settings"
    ) -> DescribedPicture:
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
        description = self.load().describe(picture)
        words = spoken_sentence(description, settings)
        return DescribedPicture(description, words, tuple(facts(picture.file)))


def named_only(error: PictureError, source: "Source") -> PictureError:
    """The error by the file's name alone: nobody wants to hear all the folders it lies in."""
    from image_describer.app.messages import name_of
    from image_describer.text import visible

    if not isinstance(source, str):
        return error
    return PictureError(
        error.sentence.replace(f'"{visible(source)}"', f'"{name_of(source)}"'), error.way_out
    )


def _shipped_describer() -> DescriberLike:
    from image_describer.captioner.describer import Describer

    return Describer()
