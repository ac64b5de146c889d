"""Documents are opened page by page; what can't be is told in a sentence."""

import gc
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from image_describer.errors import DocumentError, PasswordError, PictureError
from image_describer.imaging.decode import LONGEST_SIDE_PX
from image_describer.imaging.notes import BLANK
from image_describer.reading.documents import is_document, open_document
from tests.support.pdfs import pdf, text
from tests.support.pictures import encoded, photograph

TWO_PAGES = pdf(text(72, 700, "First page"), text(72, 700, "Second page"))
GRAYS = (40, 120, 200)


def pages(format_name: str, **options: object) -> bytes:
    images = [Image.new("RGB", (60, 80), (gray, gray, gray)) for gray in GRAYS]
    return encoded(images[0], format_name, save_all=True, append_images=images[1:], **options)


def words(content: bytes, index: int = 0) -> list[str]:
    with open_document(content) as document:
        return [line.text for line in document.page(index).lines or ()]


def test_the_pages_of_a_pdf_are_rendered_with_their_text(tmp_path: Path) -> None:
    file = tmp_path / "ä.pdf"
    file.write_bytes(TWO_PAGES)
    with open_document(file) as document:
        assert len(document) == 2
        page = document.page(1)
    assert page.lines is not None
    (line,) = page.lines
    assert line.text == "Second page"
    picture = page.picture
    assert (picture.file, picture.format) == (str(file), "PDF")
    assert picture.pixels.shape == (2048, 1582, 3)
    x0, y0, x1, y1 = line.box
    height, width = picture.pixels.shape[:2]
    dark = np.argwhere(picture.pixels.mean(2) < 128) / (height, width)
    assert (dark.min(0) >= (y0, x0)).all()
    assert (dark.max(0) <= (y1, x1)).all()


@pytest.mark.parametrize("format_name", ["PDF", "TIFF"])
def test_pages_that_are_images_must_be_recognized(format_name: str) -> None:
    with open_document(pages(format_name)) as document:
        assert len(document) == len(GRAYS)
        for index, gray in enumerate(GRAYS):
            page = document.page(index)
            assert (page.index, page.lines) == (index, None)
            assert abs(page.picture.pixels.mean() - gray) < 3


def test_a_picture_is_a_document_of_one_page() -> None:
    with open_document(encoded(photograph(), "PNG")) as document:
        assert len(document) == 1
        assert document.page(0).picture.format == "PNG"


def test_what_is_a_document(tmp_path: Path) -> None:
    assert is_document(TWO_PAGES)
    assert is_document(b"\n\n" + TWO_PAGES)
    assert is_document(pages("TIFF"))
    assert is_document(pages("TIFF", big_tiff=True))
    assert not is_document(encoded(photograph(), "TIFF"))
    assert not is_document(encoded(photograph(), "PNG"))
    assert not is_document(b"")
    assert not is_document(tmp_path / "missing.pdf")


def test_a_thumbnail_in_a_tiff_is_not_a_page(tmp_path: Path) -> None:
    file = tmp_path / "scan.tif"
    with TiffImagePlugin.AppendingTiffWriter(str(file), True) as writer:
        for gray, kind in zip(GRAYS, (0, 1, 2), strict=True):
            Image.new("L", (60, 80), gray).save(writer, "TIFF", tiffinfo={254: kind})
            writer.newFrame()
    with open_document(file) as document:
        assert [document.page(index).picture.pixels[0, 0, 0] for index in range(2)] == [40, 200]
        assert len(document) == 2


def test_a_password_is_asked_for(tmp_path: Path) -> None:
    content = pdf("", password="open sesame")
    with pytest.raises(PasswordError, match="needs a password"):
        open_document(content)
    with pytest.raises(PasswordError, match="not the password"):
        open_document(content, "wrong")
    with open_document(content, "open sesame") as document:
        assert BLANK in document.page(0).picture.notes


@pytest.mark.parametrize("content", [b"%PDF-1.7\n", b"%PDF-1.4" + bytes(5_000), TWO_PAGES[:30]])
def test_a_damaged_pdf_is_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(DocumentError, match="damaged"):
        open_document(content)


def test_a_damaged_page_leaves_the_others() -> None:
    content = TWO_PAGES.replace(b"/Kids[6 0 R", b"/Kids[1 0 R")
    with open_document(content) as document:
        with pytest.raises(DocumentError, match=r"^Page 1 is damaged\."):
            document.page(0)
        assert [line.text for line in document.page(1).lines or ()] == ["Second page"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="No such file"):
        open_document(tmp_path / "missing.pdf")
    with pytest.raises(PictureError, match="a folder"):
        open_document(tmp_path)
    with pytest.raises(PictureError, match="this kind of file"):
        open_document(b"hello").page(0)


def test_any_page_of_a_thick_book_opens_at_once() -> None:
    content = pdf(*(text(72, 700, f"Page {number}") for number in range(5_000)))
    with open_document(content) as document:
        assert len(document) == 5_000
        assert [line.text for line in document.page(4_999).lines or ()] == ["Page 4999"]
        with pytest.raises(IndexError):
            document.page(5_000)


@pytest.mark.parametrize("box", ["0 0 14400 14400", "0 0 1 14400", "0 0 0.01 0.01", "0 0 0 0"])
def test_pages_of_any_size_fit_into_memory(box: str) -> None:
    with open_document(pdf("", box=box)) as document:
        page = document.page(0)
    assert max(page.picture.pixels.shape) <= LONGEST_SIDE_PX
    assert page.lines is None


def test_what_was_filled_into_a_form_is_read() -> None:
    field = (
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(Jane Doe)/Rect[72 500 300 520]/F 4"
        b"/DA(/F1 12 Tf 0 g)>>"
    )
    form = (
        "/AcroForm<</Fields[6 0 R]/DA(/F1 12 Tf 0 g)/DR<</Font<</F1 3 0 R>>>>"
        "/NeedAppearances true>>"
    )
    content = pdf(text(72, 530, "Name"), page="/Annots[6 0 R]", catalog=form, extra=[field])
    assert words(content) == ["Name", "Jane Doe"]


def test_pages_are_read_in_several_threads() -> None:
    found: list[str] = []

    def read() -> None:
        for index in (0, 1):
            found.extend(words(TWO_PAGES, index))
            gc.collect()

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == 2 * ["First page"] + 2 * ["Second page"]


def test_a_closed_document_has_no_pages_to_open() -> None:
    document = open_document(TWO_PAGES)
    document.close()
    document.close()
    with pytest.raises(ValueError, match="closed"):
        document.page(0)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_changed_pdf_opens_or_is_refused(data: st.DataObject) -> None:
    content = bytearray(TWO_PAGES)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    with suppress(PictureError), open_document(bytes(content)) as document:
        document.page(0)
