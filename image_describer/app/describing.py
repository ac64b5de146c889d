"""A source -> the picture and its sentence, by a Describer that is loaded in the background."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from image_describer.description import Description

if TYPE_CHECKING:
    from image_describer.picture import Picture, Source


class Describes(Protocol):
    """What the window asks of a Describer."""

    def describe(self, source: "Picture") -> Description:
        """What ``source`` shows."""


@dataclass(frozen=True)
class Described:
    """A description and the hedged sentence that says it."""

    description: Description
    sentence: str


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

    def describe(self, source: "Source", seen: "Callable[[Picture], None]") -> Described:
        """Read ``source``, hand the picture to ``seen``, then describe it.

        Raises PictureError and BundleError.
        """
        from image_describer.picture import open_picture
        from image_describer.wording import sentence

        picture = open_picture(source)
        seen(picture)
        description = self.load().describe(picture)
        return Described(description, sentence(description))


def _shipped_describer() -> Describes:
    from image_describer.describer import Describer

    return Describer()
