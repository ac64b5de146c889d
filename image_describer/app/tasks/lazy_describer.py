"""Describes pictures in the user's wording, with a Describer that is loaded when it is needed."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from image_describer import i18n
from image_describer.app import keymap, messages
from image_describer.app.context import DescribedPicture
from image_describer.app.pages import OpenedPage, open_page
from image_describer.i18n import _

if TYPE_CHECKING:
    from image_describer.captioner.description import Description
    from image_describer.imaging.open import Picture, Source
    from image_describer.reading.text import PictureText
    from image_describer.settings import Settings
    from image_describer.wording.sentence import SpokenDescription


class DescriberLike(Protocol):
    """What the window needs of a Describer."""

    @property
    def languages(self) -> Sequence[str]:
        """The codes of the languages that it describes in."""

    def describe(self, source: "Picture", *, language: str) -> "Description":
        """Describe ``source``."""

    def read(self, source: "Picture") -> "PictureText":
        """What is written in ``source``."""


def spoken_sentence(
    description: "Description", settings: "Settings", *, is_open: bool = True
) -> "SpokenDescription":
    """What is spoken and shown, with the hedge and the length that ``settings`` ask for.

    ``is_open``: the window shows the picture, so that a key reads its text.
    """
    from image_describer.wording.details import spoken_with_details
    from image_describer.wording.sentence import spoken

    with i18n.using(description.language):
        read_on = keymap.with_keys(_(messages.READ_ON), keymap.spoken) if is_open else ""
    if settings.verbosity == "full":
        return spoken_with_details(description, hedged=settings.hedging, read_on=read_on)
    brief = settings.verbosity == "brief"
    return spoken(description, hedged=settings.hedging, brief=brief, read_on=read_on)


class LazyDescriber:
    """A Describer that is created on the first thread that needs it.

    If that fails (a missing or damaged bundle raises BundleError), the next call tries again, so
    the user only has to put the bundle back.
    """

    def __init__(self, build: Callable[[], DescriberLike] | None = None) -> None:
        self._build = build or _build_describer
        self._lock = threading.Lock()
        self._describer: DescriberLike | None = None

    def load(self) -> DescriberLike:
        """The Describer, created if necessary. Raises BundleError."""
        with self._lock:
            if self._describer is None:
                self._describer = self._build()
            return self._describer

    def describe(
        self,
        source: "Source",
        opened: Callable[[OpenedPage], None],
        settings: "Settings",
        index: int = 0,
    ) -> DescribedPicture:
        """Open ``source``, of a document the page ``index``, call ``opened`` with it, describe it.

        Raises PictureError and BundleError.
        """
        from image_describer.imaging.file_info import file_facts

        page = open_page(source, index)
        opened(page)
        description = self._describe_page(page)
        spoken = spoken_sentence(description, settings)
        with i18n.using(description.language):
            if page.number is not None:
                spoken = replace(spoken, own=f"{page.number}. {spoken.own}".strip())
            facts = tuple(file_facts(page.picture.file))
        return DescribedPicture(description, spoken, facts)

    def describe_picture(self, picture: "Picture") -> "Description":
        """Describe ``picture`` in the program's language, if the model can.

        Raises PictureError and BundleError.
        """
        from image_describer.captioner.languages import default_language

        describer = self.load()
        return describer.describe(picture, language=default_language(describer.languages))

    def _describe_page(self, page: OpenedPage) -> "Description":
        picture, number = page.picture, page.number
        if page.text is None:
            description = self.describe_picture(picture)
        else:
            # The text of a part is not read, and the notes of a photograph don't fit a page.
            description = self.describe_picture(replace(picture, is_part=True))
            description = replace(description, notes=(), text=page.text)
        return replace(description, page=None if number is None else number.index + 1)


def _build_describer() -> DescriberLike:
    from image_describer.captioner.describer import Describer

    return Describer()
