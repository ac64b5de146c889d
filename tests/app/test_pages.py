"""Documents in the window: their pages, by real keys."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from image_describer.app import messages
from image_describer.app.dialogs.text.window import END
from image_describer.app.pages import PageNumber, open_page
from image_describer.app.tasks.lazy_describer import LazyDescriber
from image_describer.errors import PictureError
from image_describer.library.history import History
from image_describer.settings import Settings
from tests.support.pdfs import pdf, text
from tests.support.texts import LETTER
from tests.support.window import CAPTION, AppDriver, FakeDescriber

Drive = Callable[..., AppDriver]


@pytest.fixture
def document(tmp_path: Path) -> str:
    """Three pages, the second one wider."""
    file = tmp_path / "letter.tif"
    pages = [Image.radial_gradient("L").convert("RGB").resize((w, 200)) for w in (300, 400, 300)]
    pages[0].save(file, save_all=True, append_images=pages[1:])
    return str(file)


def test_a_picture_is_no_page_and_a_lost_page_is_the_last(document: str, photo: str) -> None:
    assert open_page(photo).number is None
    assert open_page(document, 1).picture.width == 400
    assert open_page(document, 9).number == PageNumber(2, 3)
    assert str(PageNumber(1233, 5000)) == "Page 1,234 of 5,000"


def test_the_own_text_of_a_document_is_taken_over(tmp_path: Path) -> None:
    own = tmp_path / "own.pdf"
    own.write_bytes(pdf(text(72, 700, "Dear Ann, come to the lake.")))
    describer = FakeDescriber()
    opened = []
    described = LazyDescriber(lambda: describer).describe(str(own), opened.append, Settings())
    read = described.description.text
    assert read is not None
    assert read.text == "Dear Ann, come to the lake."
    assert read.is_page
    assert described.sentence == "It says: Dear Ann, come to the lake."


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pdf")
    with pytest.raises(PictureError):
        open_page(str(tmp_path / "pipe.pdf"))


@pytest.mark.gui
def test_the_keys_turn_the_pages(drive: Drive, document: str, photo: str) -> None:
    driver = drive()
    driver.describe(document)
    assert driver.heard.texts[-1] == f"Page 1 of 3. Probably: {CAPTION}."
    driver.press("ctrl+Prior")
    assert driver.heard.texts[-1] == messages.FIRST_PAGE
    driver.press_and_wait("ctrl+Next")
    assert driver.heard.texts[-1] == f"Page 2 of 3. Probably: {CAPTION}."
    driver.press("F2")
    assert driver.heard.texts[-1] == "letter.tif. 400 by 200 pixels. Page 2 of 3. Ready."
    driver.press_and_wait("ctrl+Next")
    driver.press("ctrl+Next")
    assert driver.heard.texts[-1] == messages.LAST_PAGE
    driver.describe(photo)
    driver.press("ctrl+Next")
    assert driver.heard.texts[-1] == messages.NO_PAGES


@pytest.mark.gui
def test_the_text_window_goes_on_with_the_next_page(drive: Drive, document: str) -> None:
    driver = drive(describer=FakeDescriber(text=LETTER))
    driver.describe(document)
    driver.press("ctrl+t")
    driver.until(lambda: driver.context.dialogs, "the window")
    assert "Text, page 1 of 3, dialog. 8 lines, 33 words, 2 in doubt." in driver.heard.texts
    driver.press_and_wait("ctrl+Next")
    driver.until(lambda: driver.context.dialogs, "the window")
    assert driver.context.dialogs[0].heading == "Text, page 2 of 3"
    assert not any(text.startswith("Page 2 of 3.") for text in driver.heard.texts)
    driver.until(lambda: driver.heard.texts[-1] == END, "the end of the text")
    driver.press("Escape")
    driver.press_and_wait("ctrl+Next")
    assert driver.context.dialogs == []


@pytest.mark.gui
def test_the_history_returns_to_the_page(drive: Drive, document: str, tmp_path: Path) -> None:
    history = History(tmp_path / "library" / "index.sqlite3")
    first = drive(history=history)
    first.describe(document)
    first.press_and_wait("ctrl+Next")
    first.app.quit()
    driver = drive(history=history)
    driver.press_and_wait("alt+Up")
    assert "Page 2 of 3." in driver.shown
    picture = driver.app.describe_task.current.picture
    assert picture is not None
    assert picture.width == 400
    driver.press_and_wait("ctrl+Next")
    assert driver.heard.texts[-1].startswith("Page 3 of 3.")
