"""Opens what the window shows: a picture, or a page of a document."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from image_describer.errors import DocumentError
from image_describer.i18n import _
from image_describer.text import number

if TYPE_CHECKING:
    from image_describer.imaging.open import Picture, Source
    from image_describer.reading.text import PictureText


@dataclass(frozen=True)
class PageNumber:
    """A page of a document: its index, from 0, and how many there are."""

    index: int
    count: int

    def __str__(self) -> str:
        return _("Page {number} of {count}").format(
            number=number(self.index + 1), count=number(self.count)
        )


@dataclass(frozen=True)
class OpenedPage:
    """A picture. ``number`` is None if it is not one of several pages.

    ``text``: the document's own; None if it must be read.
    """

    picture: "Picture"
    number: PageNumber | None = None
    text: "PictureText | None" = None


def open_page(source: "Source", index: int = 0) -> OpenedPage:
    """Open a picture, or the page with this index of a document. Raises PictureError.

    A document that has become shorter is opened at its last page.
    """
    from image_describer.imaging.open import open_picture
    from image_describer.reading.documents import open_document

    if not isinstance(source, str):
        return OpenedPage(open_picture(source))
    with open_document(source) as document:
        count = len(document)
        if not count:
            raise DocumentError(_("This document has no pages."))
        page = document.page(min(index, count - 1))
        number = PageNumber(page.index, count) if count > 1 else None
        return OpenedPage(page.picture, number, page.own_text())
