"""The text window by real keys: moves, words in doubt, addresses, copying and saving."""

import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from image_describer.app.dialogs.text import window
from image_describer.app.tasks.read import NO_TEXT
from image_describer.reading.text import Code, PictureText
from tests.support.texts import LETTER, text_line
from tests.support.window import AppDriver, FakeDescriber

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]
Open = Callable[[PictureText], AppDriver]
FIRST = "Liebe Frau Weber, wir laden Sie und"
BOX = (0.6, 0.8, 0.9, 0.95)


@pytest.fixture
def opened(drive: Drive, photo: str) -> Open:
    def open_text(text: PictureText) -> AppDriver:
        driver = drive(describer=FakeDescriber(text=text))
        driver.describe(photo)
        driver.press("ctrl+t")
        driver.until(lambda: driver.context.dialogs, "the window")
        driver.until(lambda: driver.heard.texts[-1] == window.END, "the end of the text")
        return driver

    return open_text


def heard(driver: AppDriver, *keys: str) -> list[str]:
    """The last thing that is said after each of ``keys``."""
    said = []
    for key in keys:
        driver.press(key)
        said.append(driver.heard.texts[-1])
    return said


def test_the_text_is_read_aloud_in_its_language_when_it_opens(opened: Open) -> None:
    driver = opened(LETTER)
    said = list(zip(driver.heard.texts, driver.heard.languages, strict=True))
    begin = said.index(("Text, dialog. 8 lines, 33 words, 2 in doubt.", ""))
    assert said[begin + 1] == ("Einladung", "de")
    assert said[-1] == (window.END, "")
    assert driver.heard.earcons == ["doubt", "doubt"]
    assert all(kind != "description" for _text, kind, _interrupt in driver.heard.said)


def test_the_caret_goes_by_line_block_heading_and_doubt(opened: Open) -> None:
    driver = opened(LETTER)
    assert heard(driver, "ctrl+Home", "ctrl+Down", "h", "shift+h", "shift+h") == [
        "Einladung",
        FIRST,
        "Programm",
        "Einladung",
        "No earlier heading.",
    ]
    assert driver.heard.languages[-2:] == ["de", ""]
    assert driver.heard.earcons[-1] == "edge"
    assert heard(driver, "ctrl+Down", "Right", "ctrl+Right", "ctrl+Up", "ctrl+Up") == [
        FIRST,
        "i",
        "Liebe",
        FIRST,
        "Einladung",
    ]
    assert heard(driver, "d", "w", "d", "d", "shift+d", "l") == [
        "Juli, 60 percent sure",
        "Line 5 of 8, top left.",
        "Tombola, 60 percent sure",
        "No further word in doubt.",
        "Juli, 60 percent sure",
        "Juli, 60 percent sure, line 5; Tombola, 60 percent sure, line 8.",
    ]


def test_a_word_in_doubt_is_marked_by_a_sound_where_the_caret_meets_it(opened: Open) -> None:
    driver = opened(LETTER)
    driver.press("ctrl+Home", "ctrl+Down", "Down", "Down")
    driver.heard.earcons.clear()
    assert heard(driver, "Down") == ["zum 12. Juli, ob Sie kommen."]
    assert driver.heard.earcons == ["doubt"]
    assert heard(driver, "ctrl+Right", "ctrl+Right", "ctrl+Right")[-1] == "Juli"
    assert driver.heard.earcons == ["doubt", "doubt"]
    driver.press("Left", "Up")
    assert driver.heard.earcons == ["doubt", "doubt"]


def test_a_key_stops_reading_aloud_and_space_reads_on(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = opened(LETTER)
    monkeypatch.setattr(driver.heard, "stop", lambda: None)  # it speaks until the test says so
    driver.press("ctrl+Home")
    before = len(driver.heard.said)
    for key in ("space", "Shift_L"):
        driver.heard.speaking = True
        driver.press("space", key)
        driver.heard.speaking = False
        driver.for_s(0.2)
        assert len(driver.heard.said) == before
        assert driver.context.dialogs
    driver.press("space")
    driver.until(lambda: driver.heard.texts[-1] == window.END, "the end")
    assert driver.heard.texts[before] == "Einladung"


def test_one_escape_closes_it_while_it_is_read_aloud(opened: Open) -> None:
    driver = opened(LETTER)
    driver.press("ctrl+Home", "space")
    driver.heard.speaking = True
    driver.press("Escape")
    assert not driver.heard.speaking
    assert driver.context.dialogs == []


def test_an_address_is_opened_only_after_a_question(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    visited: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: not visited.append(address))
    contents = (
        "javascript:alert(1)",
        "https://bank.example@evil.example/x",
        "tel:+4930123",
        "a\x00b",
    )
    driver = opened(PictureText(codes=tuple(Code("QR code", text, BOX) for text in contents)))
    driver.press("ctrl+Home")
    assert heard(driver, "Return") == [window.NO_ADDRESS]
    driver.press("ctrl+Down", "Return")
    driver.until(lambda: len(driver.context.dialogs) == 2, "the question")
    driver.settle()
    assert "evil.example" in driver.heard.texts[-1]
    assert driver.heard.texts[-1].endswith("Cancel, button, 1 of 2")
    driver.press("Return")
    assert (len(driver.context.dialogs), visited) == (1, [])
    driver.press("Return")
    driver.until(lambda: len(driver.context.dialogs) == 2, "the question")
    driver.settle()
    driver.press("Tab")
    driver.press_and_wait("Return")
    assert visited == ["https://evil.example/x"]
    driver.press("ctrl+Home", "ctrl+Down", "ctrl+Down")
    assert heard(driver, "Return", "ctrl+Down", "Return")[::2] == [window.NO_ADDRESS] * 2


def test_a_line_a_selection_and_all_are_copied(opened: Open) -> None:
    driver = opened(LETTER)
    assert heard(driver, "ctrl+Home", "ctrl+Down", "ctrl+c")[-1] == f"Copied: {FIRST}"
    assert driver.root.clipboard_get() == FIRST
    driver.press("ctrl+a", "ctrl+c")
    assert driver.root.clipboard_get().startswith(f"Einladung\n\n{FIRST}\n")


def test_the_text_is_saved_whole_beside_the_picture(opened: Open, photo: str) -> None:
    driver = opened(LETTER)
    driver.press("ctrl+s")
    driver.until(lambda: len(driver.context.dialogs) == 2, "the form")
    driver.settle()
    driver.press_and_wait("Return")
    file = Path(photo).with_name("photo text.txt")
    driver.until(file.exists, "the file")
    content: Any = driver.context.dialogs[0]
    assert file.read_text(encoding="utf-8") == f"{content.content.text}\n"
    assert f"Saved photo text.txt in {Path(photo).parent.name}." in driver.heard.texts


def test_the_keys_of_the_rate_work_beside_the_text(opened: Open) -> None:
    driver = opened(LETTER)
    driver.press("Tab")
    assert heard(driver, "ctrl+Down") == ["160 words a minute"]


def test_another_picture_closes_the_window(opened: Open, photo: str) -> None:
    driver = opened(PictureText((text_line("Exit", 0.1),)))
    driver.describe(photo)
    assert driver.context.dialogs == []


@pytest.mark.parametrize("text", [PictureText(), None])
def test_a_picture_without_text_says_so(drive: Drive, photo: str, text: PictureText | None) -> None:
    driver = drive(describer=FakeDescriber(text=text))
    driver.describe(photo)
    driver.press_and_wait("ctrl+t")
    assert driver.heard.texts[-1] == NO_TEXT
    assert driver.context.dialogs == []
