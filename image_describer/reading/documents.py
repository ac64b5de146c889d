"""Documents page by page: PDF by pdfium, TIFF by Pillow.

pdfium is not safe to use from two threads, not even for two documents: one lock guards all calls.
"""

import io
import math
import os
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from image_describer.errors import DocumentError, PasswordError
from image_describer.i18n import _
from image_describer.imaging import quality
from image_describer.imaging.decode import longer_side_limit
from image_describer.imaging.open import (
    GET_AGAIN,
    Picture,
    checked_size,
    open_picture,
    unreadable,
)
from image_describer.metadata import formats
from image_describer.metadata.containers import tiff
from image_describer.reading.barcodes import find_codes
from image_describer.reading.text import PictureText, TextLine

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

HEADER_BYTES = 1024  # within which "%PDF-" begins

_PDFIUM = threading.RLock()  # one that a finalizer may take again

DocumentSource = str | os.PathLike[str] | bytes


@dataclass(frozen=True)
class DocumentPage:
    """A page of a document.

    index: from 0. picture: as it looks. lines: its own text in reading order; None if it has none
    that can be used, so that it must be recognized.
    """

    index: int
    picture: Picture
    lines: tuple[TextLine, ...] | None = None

    def own_text(self) -> PictureText | None:
        """Return its own text, with the codes in it; None if it must be recognized."""
        if self.lines is None:
            return None
        image = Image.fromarray(self.picture.pixels)
        return PictureText(self.lines, find_codes(image), is_page=True)


class Document:
    """A document whose pages are read when they are asked for; safe to share between threads.

    A picture file is a document of one page.
    """

    def __init__(
        self, count: int, page: Callable[[int], DocumentPage], close: Callable[[], object]
    ) -> None:
        self._count = count
        self._page = page
        self._close = weakref.finalize(self, close)

    def __len__(self) -> int:
        return self._count

    def page(self, index: int) -> DocumentPage:
        """Return a page. Raises IndexError, and PictureError for one that can't be opened."""
        if not 0 <= index < self._count:
            raise IndexError(f"page {index} of {self._count}")
        if not self._close.alive:
            raise ValueError("the document is closed")
        return self._page(index)

    def close(self) -> None:
        """Close the file; idempotent."""
        self._close()

    def __enter__(self) -> "Document":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def is_document(source: DocumentSource) -> bool:
    """Return whether ``source`` is a PDF or has several pages; False if it can't be read."""
    try:
        head = _head(source)
        return _is_pdf(head) or len(_tiff_frames(source, head)) > 1
    except (OSError, ValueError):
        return False


def open_document(source: DocumentSource, password: str | None = None) -> Document:
    """Open a document: the path or the bytes of a file.

    Raises PasswordError for a PDF that needs a password or another one, DocumentError for one that
    is damaged, and PictureError for a file that can't be read. Whether a picture file is damaged
    shows only when its page is opened.
    """
    name = None if isinstance(source, bytes) else os.fspath(source)
    if name is not None:
        checked_size(name)
    try:
        head = _head(source)
        if _is_pdf(head):
            return _open_pdf(source, password)
        frames = _tiff_frames(source, head)
    except OSError as error:
        raise unreadable(error) from error
    return Document(
        len(frames),
        lambda index: DocumentPage(index, open_picture(source, frames[index])),
        lambda: None,
    )


def _head(source: DocumentSource) -> bytes:
    if isinstance(source, bytes):
        return source[:HEADER_BYTES]
    with Path(source).open("rb") as file:
        return file.read(HEADER_BYTES)


def _is_pdf(head: bytes) -> bool:
    return b"%PDF-" in head and formats.recognize(head) is None


def _tiff_frames(source: DocumentSource, head: bytes) -> list[int]:
    format_ = formats.recognize(head)
    if format_ is None or format_.name != "TIFF":
        return [0]
    with io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb") as file:
        return tiff.page_frames(file)


def _open_pdf(source: DocumentSource, password: str | None) -> Document:
    import pypdfium2
    from pypdfium2 import raw

    name = None if isinstance(source, bytes) else os.fspath(source)
    content = source if isinstance(source, bytes) else Path(source).absolute()
    with _PDFIUM:
        try:
            pdf = pypdfium2.PdfDocument(content, password=password)
        except pypdfium2.PdfiumError as error:
            if error.err_code == raw.FPDF_ERR_PASSWORD:
                raise _password_error(password) from error
            if error.err_code == raw.FPDF_ERR_SECURITY:
                raise DocumentError(
                    _("I can't open documents with this protection."),
                    _("Print it into a new PDF."),
                ) from error
            raise DocumentError(_("The PDF file is damaged."), _(GET_AGAIN)) from error
        with suppress(pypdfium2.PdfiumError):  # damaged forms; the pages may be good
            pdf.init_forms()  # what was filled in is drawn and read
        return Document(len(pdf), lambda index: _pdf_page(pdf, index, name), lambda: _close(pdf))


def _close(pdf: "PdfDocument") -> None:
    with _PDFIUM:
        pdf.close()


def _password_error(password: str | None) -> PasswordError:
    if password:
        return PasswordError(_("That is not the password of this document."))
    return PasswordError(_("This document needs a password."), _("Ask for it where it came from."))


def _pdf_page(pdf: "PdfDocument", index: int, name: str | None) -> DocumentPage:
    from pypdfium2 import PdfiumError

    from image_describer.reading.pdf_text import own_lines

    with _PDFIUM:
        try:
            page = _with_annotations(pdf, index)
            try:
                lines = own_lines(page)
                pixels = _rendered(page)
            finally:
                page.close()
        except (MemoryError, OverflowError) as error:
            raise DocumentError(_("Page {index} is too large.").format(index=index + 1)) from error
        except (PdfiumError, OSError, ValueError) as error:
            raise DocumentError(
                _("Page {index} is damaged.").format(index=index + 1), _("Read the others.")
            ) from error
    height, width = pixels.shape[:2]
    notes = quality.find_notes(pixels)
    return DocumentPage(index, Picture(pixels, "PDF", width, height, notes, name), lines)


def _with_annotations(pdf: "PdfDocument", index: int) -> "PdfPage":
    """Return a page into which forms and notes were drawn: else they'd be missing in its text."""
    from pypdfium2 import PdfiumError, raw

    page = pdf.get_page(index)
    if not raw.FPDFPage_GetAnnotCount(page):
        return page
    if raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) != raw.FLATTEN_SUCCESS:
        return page
    page.close()  # what was loaded is without them
    try:
        return pdf.get_page(index)
    except PdfiumError as error:
        raise ValueError("the page can't be loaded again") from error


def _rendered(page: "PdfPage") -> np.ndarray:
    """Render a page: (H, W, 3) uint8 on white, as large as pictures are opened; A4 has 175 dpi."""
    size = page.get_size()
    if not 0 < min(size) <= max(size) < math.inf:
        raise ValueError("the page has no size")
    longer_side = longer_side_limit(size) - 1  # pdfium rounds up
    bitmap = page.render(scale=longer_side / max(size), rev_byteorder=True)
    try:
        return np.array(bitmap.to_numpy()[..., :3])
    finally:
        bitmap.close()
