"""Reading the text of a picture whose description has none, such as one of an old history."""

from collections.abc import Callable
from pathlib import Path

import pytest

from image_describer.app import messages
from image_describer.app.tasks import progress
from image_describer.app.tasks.read import NO_PIXELS
from image_describer.library.history import History
from tests.support.texts import LETTER
from tests.support.window import AppDriver, FakeDescriber

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]


def test_the_text_is_read_when_it_is_asked_for(
    drive: Drive, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "ANNOUNCE_AFTER_MS", 1)
    describer = FakeDescriber()
    driver = drive(describer=describer)
    driver.describe(photo)
    describer.text = LETTER
    describer.proceed.clear()
    driver.press("ctrl+t")
    driver.until(lambda: driver.heard.texts[-1] == messages.WORKING, "the announcement")
    driver.press("Escape")
    assert driver.heard.texts[-1] == messages.CANCELLED
    describer.proceed.set()
    driver.until_idle()
    assert driver.context.dialogs == []
    driver.press_and_wait("ctrl+t")
    driver.until(lambda: driver.context.dialogs, "the window")
    described = driver.app.describe_task.current.described
    assert described is not None
    assert described.description.text is LETTER


def test_without_its_file_an_old_description_has_no_text(
    drive: Drive, photo: str, tmp_path: Path
) -> None:
    history = History(tmp_path / "library" / "index.sqlite3")
    drive(history=history).describe(photo)
    Path(photo).unlink()
    driver = drive(history=history)
    driver.press_and_wait("alt+Up")
    driver.press_and_wait("ctrl+t")
    assert driver.heard.texts[-1] == NO_PIXELS
