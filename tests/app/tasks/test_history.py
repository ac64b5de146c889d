"""Alt+Up and Alt+Down: earlier and later descriptions."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from image_describer.app import messages
from image_describer.captioner.description import Description
from image_describer.library.history import History
from image_describer.wording.sentence import SpokenDescription
from tests.support.window import CAPTION, AppDriver, FakeDescriber

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]
SENTENCE = f"Probably: {CAPTION}."


def test_earlier_and_later(drive: Drive, photo: str, history: History) -> None:
    driver = drive(history=history)
    driver.press_and_wait("alt+Up")
    assert driver.heard.texts[-1] == messages.NO_EARLIER
    one, two, three = (
        str(shutil.copy(photo, Path(photo).with_name(f"{name}.png")))
        for name in ("one", "two", "three")
    )
    for file in (one, two, three):
        driver.describe(file)
    driver.press_and_wait("alt+Up")
    assert driver.heard.said[-2:] == [
        (SENTENCE, "description", True),
        ("two.png, 2 of 3.", "phrase", False),
    ]
    driver.until(lambda: driver.app.describe_task.current.picture is not None, "the picture")
    driver.press("F2")
    assert "two.png. 300 by 200 pixels. Description 2 of 3." in driver.heard.texts[-1]
    driver.press_and_wait("alt+Up", "alt+Up")
    assert driver.heard.texts[-1] == messages.NO_EARLIER
    driver.press_and_wait("alt+Down", "alt+Down", "alt+Down")
    assert driver.heard.texts[-1] == messages.NO_LATER
    driver.app.quit()
    again = drive(history=History(history.path))
    again.press_and_wait("alt+Up")
    again.until(lambda: again.heard.said_last("three.png, 3 of 3."), "the newest of the last time")
    assert again.heard.texts[-2] == SENTENCE
    Path(two).unlink()
    again.press_and_wait("alt+Up")
    assert again.shown == SENTENCE
    again.press("ctrl+d")
    assert again.heard.said_last("Details, dialog. I am 80 percent sure of this.")


def test_the_newest_is_not_skipped_after_a_cancel(
    drive: Drive, photo: str, history: History
) -> None:
    describer = FakeDescriber()
    driver = drive(history=history, describer=describer)
    newest = str(shutil.copy(photo, Path(photo).with_name("newest.png")))
    for file in (photo, newest):
        driver.describe(file)
    describer.proceed.clear()
    driver.app.open_file(photo)
    driver.press("Escape")
    assert driver.heard.texts[-1] == messages.CANCELLED
    describer.proceed.set()
    driver.press_and_wait("alt+Up")
    assert driver.heard.texts[-1] == "newest.png, 2 of 2."


def test_nothing_is_kept_while_the_history_is_off(
    drive: Drive, photo: str, history: History
) -> None:
    driver = drive(history=history)
    driver.app.settings_controller.set(keep_history=False)
    driver.describe(photo)
    driver.press_and_wait("alt+Up")
    assert driver.heard.texts[-1] == messages.HISTORY_OFF
    assert not history.path.exists()


def test_an_error_of_the_history_is_heard_before_the_answer(drive: Drive, tmp_path: Path) -> None:
    (tmp_path / "history.jsonl").write_bytes(b"garbage\n")
    driver = drive(history=History(tmp_path / "library" / "index.sqlite3"))
    driver.press("alt+Up")
    driver.until(lambda: driver.heard.said_last("No earlier"), "the answer")
    assert [kind for _, kind, _ in driver.heard.said[-2:]] == ["error", "notice"]
    assert CAPTION not in driver.shown


def test_changes_by_other_windows_are_seen(drive: Drive, history: History) -> None:
    first = drive(history=history)
    other = History(history.path)
    for name in ("one.png", "two.png"):
        other.add(Description(name, 0.8), SpokenDescription("", f"Probably: {name}."), name)
    first.press("alt+Up")
    first.until(lambda: "two.png, 2 of 2." in first.heard.texts, "the newest")
    other.add(Description("three", 0.8), SpokenDescription("", "Probably: three."), "three.png")
    first.press("alt+Down")
    first.until(lambda: "three.png, 3 of 3." in first.heard.texts, "the other window's")
    other.clear()
    first.press("alt+Up")
    first.until(lambda: first.heard.texts[-1] == messages.NO_EARLIER, "that it is empty")


def test_keys_pressed_while_the_history_is_read_count(drive: Drive, history: History) -> None:
    for number in range(5):
        history.add(
            Description("a dog", 0.8), SpokenDescription("", "Probably: a dog."), f"{number}.png"
        )
    driver = drive(history=history)
    for _ in range(3):
        driver.app.earlier()
    driver.until(lambda: "2.png, 3 of 5." in driver.heard.texts, "three steps back")
