"""Announcing new pictures of a folder: queued, without the focus, and kept in the history."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from image_describer.errors import BundleError
from image_describer.library.history import History
from image_describer.settings import SettingsFile
from tests.support.window import CAPTION, AppDriver, FakeDescriber

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]
SENTENCE = f"Probably: {CAPTION}."
WATCHING = 'Watching the folder "shots".'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "shots"
    path.mkdir()
    return path


@pytest.fixture
def watching(drive: Drive, folder: Path) -> Iterator[Drive]:
    """Opens a window, switches the setting on, and waits until the folder is watched."""
    opened = []

    def start(error: Exception | None = None, **options: Any) -> AppDriver:
        driver = drive(**options)
        driver.build_error = error
        opened.append(driver)
        driver.app.settings_controller.set(watch=True, watched_folder=str(folder))
        driver.until(lambda: driver.heard.said_last(WATCHING), "the watch")
        return driver

    yield start
    for driver in opened:
        driver.app.quit()  # else it would watch until the end of all tests


def test_a_new_picture_is_announced_without_interrupting_and_keys_lead_to_it(
    watching: Drive, photo: str, folder: Path, tmp_path: Path
) -> None:
    driver = watching(history=History(tmp_path / "history.sqlite3"))
    driver.describe(photo)
    focus = driver.root.focus_get()
    shutil.copy(photo, folder / "shot.png")
    driver.until(lambda: driver.descriptions == 2, "the announcement")
    driver.until_idle()
    assert driver.heard.said[-2:] == [
        ("New picture.", "notice", False),
        (SENTENCE, "description", False),
    ]
    assert driver.root.focus_get() is focus
    assert driver.app.describe_task.current.file == photo
    driver.press("F2")
    assert "New picture: shot.png." in driver.heard.texts[-1]
    driver.press_and_wait("alt+Down")
    assert driver.heard.texts[-2:] == [SENTENCE, "shot.png, 2 of 2."]
    assert driver.app.describe_task.current.file == str(folder / "shot.png")


def test_many_pictures_are_said_as_a_number(watching: Drive, photo: str, folder: Path) -> None:
    describer = FakeDescriber()
    driver = watching(describer=describer)
    describer.proceed.clear()
    for number in range(50):
        shutil.copy(photo, folder / f"{number}.png")
    describer.proceed.set()
    driver.until(lambda: driver.heard.said_last("50 new pictures."), "the number")
    assert driver.heard.said[-1] == ("50 new pictures.", "notice", False)
    assert driver.descriptions == 0


def test_a_lost_folder_and_an_unreadable_picture_are_told_and_the_watch_goes_on(
    watching: Drive, photo: str, folder: Path
) -> None:
    driver = watching()
    away = folder.rename(folder.with_name("away"))
    driver.until(lambda: driver.heard.said_last("The folder"), "the loss")
    assert driver.heard.said[-1] == (
        'The folder "shots" isn\'t there. New pictures in it are announced once it can be read.',
        "error",
        False,
    )
    away.rename(folder)
    driver.until(lambda: driver.heard.said_last('The folder "shots" is back.'), "the return")
    (folder / "broken.png").write_text("no picture")
    driver.until(lambda: driver.heard.said_last("New picture. broken.png. I can't"), "the reason")
    shutil.copy(photo, folder / "shot.png")
    driver.until(lambda: driver.heard.said_last(SENTENCE), "the description")


def test_switched_off_nothing_is_announced(watching: Drive, photo: str, folder: Path) -> None:
    driver = watching()
    driver.app.settings_controller.set(watch=False)
    other = folder.with_name("other")
    other.mkdir()
    shutil.copy(photo, folder / "unwatched.png")
    driver.app.settings_controller.set(watch=True, watched_folder=str(other))
    driver.until(lambda: driver.heard.said_last('Watching the folder "other".'), "the other")
    shutil.copy(photo, other / "watched.png")
    driver.until(lambda: driver.heard.said_last(SENTENCE), "the description")
    assert driver.heard.texts[-4:] == [
        WATCHING,
        'Watching the folder "other".',
        "New picture.",
        SENTENCE,
    ]


def test_the_start_says_nothing_of_it(
    drive: Drive, photo: str, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f'watch = true\nwatched_folder = "{folder}"\n', encoding="utf-8")
    driver = drive(settings=SettingsFile(file))
    driver.app.start([])
    driver.until(lambda: "Watching" in driver.app.describe_task.current.notice, "the watch")
    shutil.copy(photo, folder / "shot.png")
    driver.until(lambda: driver.heard.said_last(SENTENCE), "the description")
    assert WATCHING not in driver.heard.texts
    driver.app.quit()


def test_a_damaged_bundle_ends_the_watch_with_its_sentence(
    watching: Drive, photo: str, folder: Path
) -> None:
    driver = watching(BundleError("The model is damaged.", "Install again."))
    shutil.copy(photo, folder / "shot.png")
    driver.until(lambda: driver.heard.said_last("The model is damaged. Install again."), "why")
