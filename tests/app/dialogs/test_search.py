"""Searching one's own pictures: by words and by a picture, in the index and in the history."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from image_describer import Describer
from image_describer.app.dialogs import search, settings
from image_describer.app.tasks.own_pictures import CHANGED
from image_describer.library import vectors
from image_describer.library.database import FILE, FOLDER
from image_describer.library.history import History
from image_describer.library.index import Index
from tests.support.library_dialogs import (
    describe_folder,
    press_button,
    search_for,
    until_ended,
)
from tests.support.window import CAPTION, AppDriver

pytestmark = [pytest.mark.gui, pytest.mark.usefixtures("data")]

Drive = Callable[..., AppDriver]
SAMPLES = Path(__file__).parents[3] / "assets" / "samples"
SENTENCE = f"Probably: {CAPTION}."


def errors_of(driver: AppDriver) -> list[str]:
    return [text for text, kind, _interrupt in driver.heard.said if kind == "error"]


def test_a_described_picture_is_found_after_a_restart(
    drive: Drive, photo: str, history: History
) -> None:
    first = drive(history=history, indexed=True)
    first.describe(photo)
    first.app.quit()
    history.clear()
    driver = drive(history=history, indexed=True)
    search_for(driver, "dogs")
    folder = Path(photo).parent.name
    assert driver.heard.texts[-2:] == [
        "1 found.",
        f"Found, list, {SENTENCE} photo.png, in {folder}, 1 of 1",
    ]
    driver.press("Tab")
    assert driver.heard.texts[-1] == f"Its place, text, {photo}"
    driver.press("shift+Tab", "Return")
    driver.until_described()
    assert driver.app.describe_task.current.file == photo


def test_the_history_adds_only_what_the_index_lacks(
    drive: Drive, photo: str, history: History
) -> None:
    first = drive(history=history)
    old = str(shutil.copy(photo, Path(photo).with_name("old.png")))
    Image.open(photo).rotate(90).save(old)
    first.describe(old)
    first.app.quit()
    driver = drive(history=history, indexed=True)
    driver.describe(photo)
    window = search_for(driver, "snow")
    names = [text.removeprefix(f"{SENTENCE} ").split(",")[0] for text in window.results.items]
    assert names == ["photo.png", "old.png"]


def test_nothing_is_indexed_while_the_history_is_off(
    drive: Drive, photo: str, history: History, data: Path
) -> None:
    driver = drive(history=history, indexed=True)
    driver.app.settings_controller.set(keep_history=False)
    driver.describe(photo)
    assert not (data / FOLDER).exists()
    search_for(driver, "dogs")
    assert driver.heard.said_last("Nothing found")


def test_clearing_the_history_removes_the_index_from_the_disk(
    drive: Drive, photo: str, history: History, data: Path
) -> None:
    driver = drive(history=history, indexed=True)
    driver.describe(photo)
    with Index.open() as index:
        assert len(index) == 1
        index.vectors()
    damaged = data / FOLDER / f"{FILE}.damaged"
    damaged.write_text(CAPTION)
    driver.press("ctrl+comma")
    driver.until(lambda: driver.context.dialogs, "the dialog")
    window: Any = driver.context.dialogs[-1]
    window.clear_button.invoke()
    driver.settle()
    driver.press("Tab", "Return")
    driver.until(lambda: settings.CLEARED in driver.heard.texts, "the confirmation")
    assert history.entries() == []
    files = list((data / FOLDER).iterdir())
    assert damaged not in files
    assert (data / FOLDER / vectors.FILE) not in files
    assert not [file for file in files if b"snow" in file.read_bytes()]
    driver.press_and_wait("Escape")
    driver.describe(photo)
    with Index.open() as index:
        assert len(index) == 1


@pytest.mark.slow
def test_pictures_are_found_by_meaning_and_by_another_picture(
    drive: Drive, history: History, tmp_path: Path, shipped_bundle: Path
) -> None:
    folder = tmp_path / "own"
    shutil.copytree(SAMPLES, folder)
    for number in range(2):
        rotated = Image.open(SAMPLES / "astronaut.jpg").rotate(3 + number)
        rotated.save(folder / f"tilted{number}.png")
    describer = Describer(shipped_bundle)
    caption = describer.describe(SAMPLES / "astronaut.jpg").caption
    driver = drive(history=history, indexed=True, describer=describer)
    until_ended(driver, describe_folder(driver, folder))
    driver.press("Escape")
    window = search_for(driver, caption)
    assert "astronaut.jpg, in own" in " ".join(window.results.items[:3])
    while "astronaut.jpg" not in driver.heard.texts[-1]:
        driver.press("Down")
    press_button(driver, "More like it")
    driver.until(lambda: driver.heard.said_last("Found, list"), "the similar pictures")
    assert driver.heard.texts[-2].endswith(" found that are like astronaut.jpg.")
    assert all("tilted" in item for item in window.results.items[:2])
    assert "astronaut.jpg" not in " ".join(window.results.items)


def test_more_like_it_needs_a_picture_and_a_joint_space(
    drive: Drive, history: History, photo: str
) -> None:
    driver = drive(history=history, indexed=True)
    driver.press("ctrl+f")
    driver.until(lambda: driver.context.dialogs, "the dialog")
    press_button(driver, "More like it")
    assert driver.heard.texts[-1] == search.NO_PICTURE
    driver.press("Escape")
    driver.describe(photo)
    driver.press("ctrl+f")
    driver.until(lambda: driver.context.dialogs, "the dialog")
    press_button(driver, "More like it")
    driver.until(lambda: driver.heard.said_last("This bundle has no joint space."), "the error")


def test_a_file_that_was_changed_or_deleted_is_reported(
    drive: Drive, history: History, photo: str
) -> None:
    driver = drive(history=history, indexed=True)
    driver.describe(photo)
    with Path(photo).open("ab") as file:
        file.write(b"more")
    window = search_for(driver, "dogs")
    assert len(window.results.items) == 1
    assert window.results.items[0].endswith(f". {CHANGED}")
    Path(photo).unlink()
    driver.press_and_wait("Return")
    assert driver.heard.texts[-1] == search.GONE.format(name="photo.png", sentence=SENTENCE)
    assert driver.context.dialogs == [window]


def test_a_damaged_index_is_reported_once_and_the_history_is_searched(
    drive: Drive, history: History, photo: str, data: Path
) -> None:
    first = drive(history=history, indexed=True)
    first.describe(photo)
    first.app.quit()
    for file in (data / FOLDER).iterdir():
        file.unlink()
    (data / FOLDER / FILE).write_bytes(b"not a database" * 100)
    driver = drive(history=history, indexed=True)
    search_for(driver, "dogs")
    assert len(errors_of(driver)) == 1
    assert errors_of(driver)[0].startswith("The index of your pictures was damaged; it is kept as ")
    assert errors_of(driver)[0].endswith("Control Shift O fills it again.")
    assert "1 found." in driver.heard.texts
    driver.press("Escape")
    search_for(driver, "dogs")
    assert len(errors_of(driver)) == 1


def test_an_index_that_can_not_be_used_is_reported_once(
    drive: Drive, history: History, photo: str, data: Path
) -> None:
    (data / FOLDER / FILE).mkdir(parents=True)
    driver = drive(history=history, indexed=True)
    driver.describe(photo)
    driver.describe(photo)
    sentence = "The index of your pictures can't be read"
    assert sum(text.startswith(sentence) for text in driver.heard.texts) == 1
    search_for(driver, "dogs")
    assert "1 found." in driver.heard.texts  # from the history
