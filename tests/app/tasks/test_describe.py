"""Describing one picture in the background."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from image_describer.app import messages
from image_describer.app.tasks import progress
from tests.support.window import CAPTION, AppDriver

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]


@pytest.fixture
def held(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> AppDriver:
    """Its describer waits until ``proceed`` is set; "Working" is said only when a key asks."""
    monkeypatch.setattr(progress, "ANNOUNCE_AFTER_MS", 600_000)
    driver = drive()
    driver.describer.proceed.clear()
    return driver


def test_a_picture_is_described_shown_and_spoken(drive: Drive, photo: str) -> None:
    driver = drive()
    driver.app.start([photo])
    driver.until_described()
    assert driver.shown == f"Probably: {CAPTION}."
    assert driver.heard.said[-1] == (f"Probably: {CAPTION}.", "description", True)
    assert driver.root.title() == f"Probably: {CAPTION}. - photo.png - Image Describer"
    assert driver.describer.threads[0] is not threading.main_thread()
    assert "Working" not in driver.heard.texts


def test_the_window_answers_while_a_picture_is_described(held: AppDriver, photo: str) -> None:
    held.app.open_file(photo)
    held.until(lambda: held.describer.files, "the describer to begin")
    held.press("F2")
    assert held.heard.texts[-1] == "photo.png. Working."
    held.describer.proceed.set()
    held.until_described()


def test_a_long_description_is_announced_once_and_ticks(drive: Drive, photo: str) -> None:
    driver = drive()
    driver.describer.proceed.clear()
    driver.app.open_file(photo)
    driver.until(lambda: "Working" in driver.heard.texts, "Working")
    assert driver.shown == "Working…"
    driver.until(lambda: driver.heard.earcons == ["tick"], "a tick")
    driver.describer.proceed.set()
    driver.until_described()
    driver.until(lambda: not driver.root.tk.call("after", "info"), "the end of all timers")
    assert driver.heard.earcons == ["tick"]
    assert driver.heard.texts.count("Working") == 1


def test_a_cancelled_description_is_dropped(held: AppDriver, photo: str) -> None:
    held.app.open_file(photo)
    held.until(lambda: held.describer.files, "the describer to begin")
    held.press("Escape")
    assert held.heard.texts == ["Cancelled."]
    held.describer.proceed.set()
    held.until_idle()
    assert held.describer.files == [photo]
    assert held.shown == "Cancelled."
    assert held.heard.texts == ["Cancelled."]


def test_opening_the_same_file_again_starts_nothing(held: AppDriver, photo: str) -> None:
    held.app.open_file(photo)
    held.for_s(0.1)
    held.app.open_file(photo)
    held.press("ctrl+r")
    assert held.heard.texts == ["Working", "Working"]
    held.describer.proceed.set()
    held.until_described()
    held.until_idle()
    assert held.describer.files == [photo]
    assert held.descriptions == 1


def test_another_picture_replaces_the_current_one(
    held: AppDriver, photo: str, tmp_path: Path
) -> None:
    other = str(tmp_path / "other.png")
    Image.new("RGB", (40, 30), "red").save(other)
    for number, file in enumerate((photo, other), 1):
        held.app.open_file(file)
        held.until(lambda n=number: len(held.describer.files) == n, "the describer to begin")
    held.describer.proceed.set()
    held.until_described()
    held.until_idle()
    assert held.describer.files == [photo, other]
    assert held.descriptions == 1
    assert "other.png" in held.root.title()


def test_a_file_that_is_not_a_picture_is_reported(drive: Drive, photo: str, tmp_path: Path) -> None:
    driver = drive()
    bad = tmp_path / "bad.jpg"
    bad.write_text("not a picture")
    driver.app.open_file(str(bad))
    driver.until(lambda: driver.heard.said, "the error")
    assert driver.shown == driver.heard.texts[-1]
    assert "Traceback" not in driver.shown
    driver.press("F5")
    assert driver.heard.texts[-1] == driver.heard.texts[-2]
    driver.app.open_file(photo)
    driver.until_described()


def test_a_missing_file_and_a_folder_are_told_in_a_word(drive: Drive, tmp_path: Path) -> None:
    driver = drive()
    driver.app.open_file(str(tmp_path / "gone\n.jpg"))
    driver.until(lambda: driver.heard.texts[-1:] == ["No such file."], "the error")
    driver.app.open_file(str(tmp_path))
    folder = "That's a folder. Control Shift O describes it."
    driver.until(lambda: driver.heard.texts[-1:] == [folder], "the error")


def test_the_formats_are_listed_only_on_request(drive: Drive, tmp_path: Path) -> None:
    driver = drive()
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear aunt")
    driver.app.open_file(str(letter))
    short = "I can't open this kind of file."
    driver.until(lambda: driver.heard.texts[-1:] == [short], "the error")
    driver.press("ctrl+d")
    assert f"{short} It is text. I can open JPEG, PNG, " in driver.heard.texts[-1]


def test_an_unexpected_error_names_the_log(drive: Drive, photo: str) -> None:
    driver = drive(error=ZeroDivisionError("secret"))
    driver.app.open_file(photo)
    driver.until(lambda: driver.heard.said, "the error")
    assert "ZeroDivisionError" in driver.shown
    assert messages.LOG_NAME in driver.shown
    assert "secret" not in driver.shown
