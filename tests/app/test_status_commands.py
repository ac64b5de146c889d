"""Repeat, copy, more, help and "where am I"."""

from collections.abc import Callable

import pytest

from image_describer.app import keymap, messages
from tests.support.window import CAPTION, AppDriver

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]


def headings(driven: AppDriver) -> list[str]:
    return [dialog.heading for dialog in driven.context.dialogs]


@pytest.mark.parametrize("key", ["ctrl+r", "F5"])
def test_repeat(drive: Drive, photo: str, key: str) -> None:
    driven = drive()
    driven.press(key)
    assert driven.heard.texts[-1].startswith("There is no description yet. Control O")
    driven.app.open_file(photo)
    driven.until_described()
    driven.heard.said.clear()
    driven.press(key)
    assert driven.heard.said == [(f"Probably: {CAPTION}.", "description", True)]


def test_where_am_i(drive: Drive, photo: str) -> None:
    driven = drive()
    driven.describe(photo)
    driven.press("F2")
    assert driven.heard.texts[-1] == "photo.png. 300 by 200 pixels. Ready."


def test_details_are_spoken_shown_and_closed_with_their_picture(drive: Drive, photo: str) -> None:
    driven = drive()
    driven.press("ctrl+d")
    assert driven.heard.texts[-1] == messages.with_keys(messages.NOTHING_YET, keymap.spoken)
    driven.describe(photo)
    driven.press("ctrl+d")
    assert driven.heard.texts[-1].startswith(
        "More, dialog. I am 80 percent sure of this. The picture has 300 by 200 pixels. "
        "The file was last changed on "
    )
    driven.until(lambda: driven.screen.focused().startswith(messages.MORE_TITLE), "the details")
    driven.press("F1")
    assert driven.screen.windows(f"^{messages.MORE_TITLE}") == []
    driven.until(lambda: driven.screen.focused().startswith("Help"), "the help")
    driven.press("ctrl+d")
    driven.until(lambda: driven.screen.focused().startswith(messages.MORE_TITLE), "the details")
    driven.app.open_file(photo)
    driven.settle()
    assert driven.screen.windows(f"^{messages.MORE_TITLE}") == []


def test_help_opens_speaks_and_closes(drive: Drive) -> None:
    driven = drive()
    driven.press("Tab", "Tab")
    driven.press("F1")
    assert "Control O: open a picture." in driven.heard.texts[-1]
    driven.until(lambda: driven.screen.focused().startswith("Help"), "the help window")
    driven.press("F2")
    assert driven.heard.texts[-1].startswith("No picture is open.")
    driven.press("Escape")
    assert driven.screen.windows("^Help") == []
    assert driven.root.focus_get() is driven.app.window.buttons["repeat"]
    driven.press("Escape")
    assert driven.root.winfo_exists()


def test_help_that_is_open_is_said_once(drive: Drive) -> None:
    driven = drive()
    driven.press("F1")
    driven.press("ctrl+comma")
    before = len(driven.heard.texts)
    driven.press("F1")
    driven.settle()
    assert [text.split(".")[0] for text in driven.heard.texts[before:]] == ["Help"]


def test_an_open_question_is_repeated_and_named(drive: Drive) -> None:
    driven = drive()
    driven.app.start([], may_ask=True)
    driven.until(lambda: headings(driven) == ["Choose a voice"], "the question")
    driven.settle()
    driven.press("ctrl+r")
    assert driven.heard.texts[-1] == messages.VOICE_QUESTION
    driven.press("F2")
    assert driven.heard.texts[-1].endswith("Choose a voice is open.")
