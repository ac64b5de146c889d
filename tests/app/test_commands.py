"""Commands beyond the first ones: rate, history, search, folder, key describer, first start."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from image_describer.app import keymap, messages
from image_describer.app.dialogs import search
from image_describer.app.key_describer import OFF, ON, describe_key
from image_describer.app.tasks.progress import ANNOUNCE_AFTER_MS, TICK_MS
from image_describer.library.history import History
from image_describer.settings import SettingsFile
from tests.support.window import CAPTION, AppDriver

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]
SENTENCE = f"Probably: {CAPTION}."


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "library" / "index.sqlite3")


def open_all(driven: AppDriver, *files: str) -> None:
    for file in files:
        driven.describe(file)


def copies(photo: str, *names: str) -> list[str]:
    return [str(shutil.copy(photo, Path(photo).with_name(name))) for name in names]


def test_the_rate_is_changed_said_kept_and_has_ends(drive: Drive, tmp_path: Path) -> None:
    file = SettingsFile(tmp_path / "settings.toml")
    driven = drive(settings=file)
    driven.press("ctrl+Up")
    assert driven.heard.texts[-1] == "195 words a minute"
    assert driven.heard.settings["rate"] == 195
    driven.press("ctrl+Down", "ctrl+Down")
    assert driven.heard.texts[-1] == "155 words a minute"
    driven.until(lambda: SettingsFile(file.path).load().rate == 155, "the rate on disk")
    for _ in range(20):
        driven.app.faster()
    assert driven.heard.texts[-1] == "fastest, 450 words a minute"
    driven.app.quit()
    assert SettingsFile(file.path).load().rate == 450


def test_earlier_and_later(drive: Drive, photo: str, history: History) -> None:
    driven = drive(history=history)
    driven.obeys("alt+Up")
    assert driven.heard.texts[-1] == messages.NO_EARLIER
    one, two, three = copies(photo, "one.png", "two.png", "three.png")
    open_all(driven, one, two, three)
    driven.obeys("alt+Up")
    assert driven.heard.said[-2:] == [
        ("2 of 3. two.png.", "phrase", True),
        (SENTENCE, "description", False),
    ]
    driven.until(lambda: driven.app.describe_task.current.picture is not None, "the picture")
    driven.press("F2")
    assert "two.png. 300 by 200 pixels. Description 2 of 3." in driven.heard.texts[-1]
    driven.obeys("alt+Up", "alt+Up")
    assert driven.heard.texts[-1] == messages.NO_EARLIER
    driven.obeys("alt+Down", "alt+Down", "alt+Down")
    assert driven.heard.texts[-1] == messages.NO_LATER
    driven.app.quit()
    again = drive(history=History(history.path))
    again.obeys("alt+Up")
    again.until(lambda: again.heard.said_last(SENTENCE), "the newest of the last time")
    assert again.heard.texts[-2] == "3 of 3. three.png."
    Path(two).unlink()
    again.obeys("alt+Up")
    assert again.shown == SENTENCE
    again.press("ctrl+d")
    assert again.heard.said_last("More, dialog. I am 80 percent sure of this.")


def test_a_history_that_is_off_keeps_nothing(drive: Drive, photo: str, history: History) -> None:
    driven = drive(history=history)
    driven.app.settings_controller.set(keep_history=False)
    open_all(driven, photo)
    driven.obeys("alt+Up")
    assert driven.heard.texts[-1] == messages.HISTORY_OFF
    assert not history.path.exists()


def test_search_finds_by_words_and_opens(drive: Drive, photo: str, history: History) -> None:
    driven = drive(history=history)
    open_all(driven, *copies(photo, "one.png", "two.png"))
    driven.press("ctrl+f")
    words = f"{search.TITLE}, dialog. Words, edit box"
    driven.until(lambda: driven.heard.said_last(words), "the dialog")
    driven.screen.type("zebra")
    driven.press("Return")
    driven.until(lambda: driven.heard.said_last("Nothing was found. "), "nothing")
    driven.press("ctrl+a", "BackSpace")
    driven.screen.type("snow DOG")
    driven.press("Return")
    driven.until(lambda: driven.heard.said_last("Found, list"), "the list")
    assert driven.heard.texts[-2] == "2 found."
    place = f"two.png, in {Path(photo).parent.name}"
    assert driven.heard.texts[-1] == f"Found, list, {SENTENCE} {place}, 1 of 2"
    driven.press("Down", "Return")
    driven.until(lambda: driven.heard.said_last(SENTENCE), "its description")
    assert driven.app.describe_task.current.file is not None
    assert driven.app.describe_task.current.file.endswith("one.png")


def test_an_unreadable_folder_is_one_sentence(drive: Drive, tmp_path: Path) -> None:
    driven = drive()
    driven.press("ctrl+shift+o")
    driven.screen.type(str(tmp_path / "nowhere"))
    driven.press("Return")
    driven.until(lambda: any("nowhere" in text for text in driven.heard.texts), "the error")
    driven.press("Escape")
    assert driven.app.context.dialogs == []


def test_the_key_describer_describes_and_does_nothing(drive: Drive, photo: str) -> None:
    driven = drive()
    driven.press("shift+F1")
    assert driven.heard.texts[-1] == ON
    driven.press("ctrl+o")
    assert driven.heard.texts[-1] == "Control O: open a picture."
    driven.press("ctrl+shift+o")
    assert driven.heard.texts[-1] == "Control Shift O: describe a folder."
    driven.press("ctrl+comma")
    driven.press("F9")
    assert driven.heard.texts[-1] == "F9 does nothing here."
    driven.press("Tab")
    assert driven.heard.texts[-1].startswith("Tab: ")
    assert driven.root.focus_get() is driven.app.window.sentence
    assert driven.app.context.dialogs == []
    driven.press("Escape")
    assert driven.heard.texts[-1] == OFF
    driven.press("Tab")
    assert driven.heard.texts[-1] == "Open, button, 1 of 6"


@pytest.mark.parametrize("command", keymap.COMMANDS, ids=lambda command: command.name)
def test_every_command_is_known_to_the_key_describer(command: keymap.Command) -> None:
    for key in command.keys:
        if key == keymap.CONTROL_ALONE:
            continue
        *modifiers, last = key.split("+")
        bits = {"Shift": 0x1, "Ctrl": 0x4, "Alt": 0x8}
        state = sum(bits[modifier] for modifier in modifiers)
        keysym = {",": "comma"}.get(last, last.lower() if len(last) == 1 else last)
        assert describe_key(keysym, state, "linux").endswith(f": {command.does}.")


def test_the_first_start_asks_and_enter_takes_the_natural_voice(
    drive: Drive, photo: str, tmp_path: Path
) -> None:
    file = SettingsFile(tmp_path / "settings.toml")
    driven = drive(settings=file)
    driven.app.start([photo], may_ask=True)
    driven.until(lambda: driven.screen.focused().startswith("Choose a voice"), "the question")
    driven.settle()
    assert driven.heard.texts == [f"Image Describer. {messages.VOICE_QUESTION}"]
    assert driven.heard.settings["offline"] is True
    driven.press("Return")
    driven.until_described()
    assert driven.heard.settings["offline"] is False
    driven.until(lambda: SettingsFile(file.path).load().online is True, "the choice on disk")


def test_escape_puts_the_question_off(drive: Drive, tmp_path: Path) -> None:
    driven = drive(settings=SettingsFile(tmp_path / "settings.toml"))
    driven.app.start([], may_ask=True)
    driven.until(lambda: driven.screen.focused().startswith("Choose a voice"), "the question")
    driven.settle()
    driven.press("Tab")
    assert driven.heard.said_last("Offline voice, button, 2 of 2")
    driven.press("Escape")
    assert driven.heard.said_last(messages.NOT_YET)
    assert driven.heard.settings["offline"] is True
    assert driven.app.context.settings.online is None


def test_two_files_open_the_first_and_say_so(drive: Drive, photo: str) -> None:
    driven = drive()
    one, two = copies(photo, "one.png", "two.png")
    driven.app.start([one, two])
    driven.until_described()
    assert driven.heard.said[0] == (messages.ONLY_FIRST.format(count=2), "error", True)
    assert driven.app.describe_task.current.file == one


def test_a_tick_marks_each_second_of_work(drive: Drive, photo: str) -> None:
    driven = drive()
    driven.describer.let.clear()
    began = time.monotonic()
    driven.app.open_file(photo)
    driven.until(lambda: driven.heard.said_last(messages.WORKING), messages.WORKING)
    driven.until(lambda: len(driven.heard.earcons) == 2, "two ticks")
    assert time.monotonic() - began > (ANNOUNCE_AFTER_MS + 2 * TICK_MS) / 1000 - 0.1
    driven.describer.let.set()
    driven.until_described()
    ticks = len(driven.heard.earcons)
    driven.for_s(1.2)
    assert driven.heard.earcons == ["tick"] * ticks


def test_keys_are_heard_where_that_is_wanted(drive: Drive) -> None:
    driven = drive()
    driven.press("F2")
    assert driven.heard.earcons == []
    driven.app.settings_controller.set(key_sounds=True)
    driven.press("F2", "Tab")
    assert driven.heard.earcons == ["key", "key"]
