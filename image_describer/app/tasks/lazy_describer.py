"""A source -> the picture and its sentence, by a Describer that is loaded in the background."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from image_describer.app.context import DescribedPicture
from image_describer.captioner.description import Description
from image_describer.errors import PictureError

if TYPE_CHECKING:
    from image_describer.imaging.open import Picture, Source
    from image_describer.settings import Settings
    from image_describer.wording.sentence import SpokenDescription


class DescriberLike(Protocol):
    """What the window asks of a Describer."""

    def describe(self, source: "Picture") -> Description:
        """What ``source`` shows."""


def spoken_sentence(description: Description, settings: "Settings") -> "SpokenDescription":
    """Return what is spoken and shown, with the hedge and the length that ``settings`` ask for."""
    from image_describer.wording.details import spoken_with_details
    from image_describer.wording.sentence import spoken

    if settings.verbosity == "full":
        return spoken_with_details(description, hedged=settings.hedging)
    return spoken(description, hedged=settings.hedging, brief=settings.verbosity == "brief")


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
        from image_describer.imaging.file_info import file_facts
        from image_describer.imaging.open import open_picture

        try:
            picture = open_picture(source)
        except PictureError as error:
            from image_describer.text import file_name

            # Nobody wants to hear all the folders that the file is in.
            named = error.naming(file_name(source)) if isinstance(source, str) else error
            raise named from error
        seen(picture)
        description = self.load().describe(picture)
        spoken = spoken_sentence(description, settings)
        return DescribedPicture(description, spoken, tuple(file_facts(picture.file)))


def _shipped_describer() -> DescriberLike:
    from image_describer.captioner.describer import Describer

    return Describer()
