"""Repeat, copy, more, help and "where am I"."""

from collections.abc import Callable

import pytest

from image_describer.app import help as help_text
from image_describer.app import keymap, messages
from image_describer.app.dialogs import first_start
from tests.support.texts import LETTER
from tests.support.window import CAPTION, AppDriver, FakeDescriber

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]


def headings(driver: AppDriver) -> list[str]:
    return [dialog.heading for dialog in driver.context.dialogs]


@pytest.mark.parametrize("key", ["ctrl+r", "F5"])
def test_repeat(drive: Drive, photo: str, key: str) -> None:
    driver = drive()
    driver.press(key)
    assert driver.heard.texts[-1].startswith("No description yet. Control O")
    driver.app.open_file(photo)
    driver.until_described()
    driver.heard.said.clear()
    driver.press(key)
    assert driver.heard.said == [(f"Probably: {CAPTION}.", "description", True)]


def test_where_am_i(drive: Drive, photo: str) -> None:
    driver = drive()
    driver.describe(photo)
    driver.press("F2")
    assert driver.heard.texts[-1] == "photo.png. 300 by 200 pixels. Ready."


def test_the_text_of_a_page_is_copied(drive: Drive, photo: str) -> None:
    driver = drive(describer=FakeDescriber(text=LETTER))
    driver.describe(photo)
    driver.press("ctrl+c")
    assert driver.heard.texts[-1] == messages.COPIED_TEXT
    assert driver.root.clipboard_get() == LETTER.text


def test_details_are_spoken_shown_and_closed_with_their_picture(drive: Drive, photo: str) -> None:
    driver = drive()
    driver.press("ctrl+d")
    assert driver.heard.texts[-1] == keymap.with_keys(messages.NOTHING_YET, keymap.spoken)
    driver.describe(photo)
    driver.press("ctrl+d")
    assert driver.heard.texts[-1].startswith(
        "Details, dialog. I am 80 percent sure of this. The picture has 300 by 200 pixels. "
        "The file was last changed on "
    )
    driver.until(lambda: driver.screen.focused().startswith(messages.MORE_TITLE), "the details")
    driver.press("F1")
    keys = keymap.with_keys(help_text.OF_A_TEXT, keymap.spoken)
    assert driver.heard.texts[-1] == f"Help, dialog. {keys} {help_text.MORE}"
    driver.until(lambda: driver.screen.focused().startswith("Help"), "the help")
    driver.press("ctrl+d")
    driver.until(lambda: driver.screen.focused().startswith(messages.MORE_TITLE), "the details")
    driver.app.open_file(photo)
    driver.settle()
    assert driver.screen.windows(f"^{messages.MORE_TITLE}") == []


def test_help_opens_speaks_and_closes(drive: Drive) -> None:
    driver = drive()
    driver.press("Tab", "Tab")
    driver.press("F1")
    assert "Control O: open a picture." in driver.heard.texts[-1]
    driver.until(lambda: driver.screen.focused().startswith("Help"), "the help window")
    driver.press("F2")
    assert driver.heard.texts[-1].startswith("No picture is open.")
    driver.press("Escape")
    assert driver.screen.windows("^Help") == []
    assert driver.root.focus_get() is driver.app.window.buttons["repeat"]
    driver.press("Escape")
    assert driver.root.winfo_exists()


def test_help_that_is_open_is_said_once(drive: Drive) -> None:
    driver = drive()
    driver.press("F1")
    driver.press("ctrl+comma")
    before = len(driver.heard.texts)
    driver.press("F1")
    driver.settle()
    assert [text.split(".")[0] for text in driver.heard.texts[before:]] == ["Help"]


def test_an_open_question_is_repeated_and_named(drive: Drive) -> None:
    driver = drive()
    driver.app.start([], may_ask=True)
    driver.until(lambda: headings(driver) == ["Choose a voice"], "the question")
    driver.settle()
    driver.press("ctrl+r")
    assert driver.heard.texts[-1] == first_start.QUESTION
    driver.press("F2")
    assert driver.heard.texts[-1].endswith("Choose a voice is open.")
