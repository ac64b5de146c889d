"""Describing a folder in the window: the list, stopping, and saving the list."""

import csv
import json
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from image_describer.app.dialogs import folder as folder_dialog
from image_describer.app.dialogs.folder import FolderWindow
from image_describer.app.tasks import folder as folder_task
from image_describer.app.tasks.folder_run import FolderRun, ResultLine
from image_describer.captioner.bundle import open_bundle
from image_describer.library import exporters, scan
from image_describer.library.database import FILE, FOLDER
from image_describer.library.history import History
from image_describer.library.index import Index
from image_describer.settings import Settings
from tests.support.library_dialogs import describe_folder, press_button, until_ended
from tests.support.pictures import photograph
from tests.support.screen import LIMIT_S, MANY_LIMIT_S
from tests.support.window import AppDriver, FakeDescriber

pytestmark = [pytest.mark.gui, pytest.mark.usefixtures("data")]

Drive = Callable[..., AppDriver]


@pytest.fixture
def same_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The window's describer counts as the model that describes the folder."""
    files = open_bundle().manifest["files"]
    digests = {name: str(entry["sha256"]) for name, entry in files.items()}
    monkeypatch.setattr(FakeDescriber, "digests", digests)


TWO_FAILED = "2 could not be opened; the end of the list says why."


@pytest.mark.usefixtures("same_model")
def test_a_folder_is_described_and_failures_are_listed_at_the_end(
    drive: Drive, history: History, holiday: Path
) -> None:
    (holiday / "beach" / "loop").symlink_to(holiday)
    driver = drive(history=history, indexed=True)
    window = describe_folder(driver, holiday)
    until_ended(driver, window)
    summary = f"3 described. {TWO_FAILED}"
    assert summary in driver.heard.texts
    assert driver.heard.said_last("Descriptions, list, ")
    assert driver.heard.texts[-1].endswith(" img2.png, 1 of 5")
    names = ["img2.png", "img10.png", "sea.jpg, in beach", "broken.jpg", "cut.png"]
    places = zip(window.list.items, names, strict=True)
    assert all(item.endswith(f". {name}") for item, name in places)
    driver.press("ctrl+r")
    assert driver.heard.texts[-1] == summary
    with Index.open() as index:
        assert len(index) == 3
    driver.press("s")
    assert driver.heard.texts[-1].endswith(" sea.jpg, in beach, 3 of 5")
    driver.press("Return")
    driver.until(lambda: driver.app.describe_task.current.described, "the description")
    assert driver.app.describe_task.current.file == str(holiday / "beach" / "sea.jpg")
    assert driver.heard.texts[-1] == "sea.jpg, 3 of 5."
    assert driver.describer.files == []  # it was known
    driver.press_and_wait("alt+Prior")
    assert driver.app.describe_task.current.file == str(holiday / "img10.png")
    driver.press("ctrl+shift+o")
    assert driver.heard.texts[-1].startswith(f"{folder_dialog.TITLE}, dialog. Descriptions, list, ")
    assert driver.heard.texts[-1].endswith(" img10.png, 2 of 5")
    driver.press("Escape")
    assert driver.context.dialogs == []


@pytest.mark.usefixtures("same_model")
def test_what_is_known_is_listed_after_a_restart(
    drive: Drive, history: History, holiday: Path
) -> None:
    first = drive(history=history, indexed=True)
    until_ended(first, describe_folder(first, holiday))
    first.app.quit()
    photograph(seed=4).save(holiday / "img2.png")  # not known any more
    driver = drive(history=history, indexed=True)
    driver.app._open_folder_window(str(holiday))
    window = driver.context.dialogs[-1]
    assert isinstance(window, FolderWindow)
    driver.until(lambda: driver.heard.said_last("2 described already."), "what is known")
    names = [item.split(". ")[-1] for item in window.list.items]
    assert names == ["img10.png", "sea.jpg, in beach"]
    press_button(driver, "Save list")
    driver.press_and_wait("Return")
    assert "2 pictures described" in (holiday / "holiday descriptions.html").read_text()


def test_known_pictures_are_not_described_again(
    drive: Drive, history: History, holiday: Path
) -> None:
    driver = drive(history=history, indexed=True)
    window = describe_folder(driver, holiday)
    until_ended(driver, window)
    photograph(seed=4).save(holiday / "new.png")
    for subfolders in (True, False):
        window.subfolders.set(subfolders)
        window._begin(str(holiday))
        until_ended(driver, window)
    assert "Describing 6 pictures." in driver.heard.texts
    assert f"4 described, 3 of them already known. {TWO_FAILED}" in driver.heard.texts
    assert f"3 described, 3 of them already known. {TWO_FAILED}" in driver.heard.texts
    assert not any("beach" in item for item in window.list.items)


@pytest.mark.usefixtures("eager")
def test_escape_stops_a_run_and_begin_continues_it(
    drive: Drive, history: History, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(60):
        photograph(seed=number).save(folder / f"{number}.jpg")
    driver = drive(history=history, indexed=True)
    window = describe_folder(driver, folder)
    driver.until(lambda: len(window.list.items) >= 2, "the first pictures", MANY_LIMIT_S)
    driver.press("F2")
    assert driver.heard.texts[-1].startswith("Describing many: ")
    assert " of 60" in driver.heard.texts[-1]
    driver.press("Escape")
    assert driver.heard.said_last(folder_task.STOPPING)
    until_ended(driver, window)
    done = len(window.list.items)
    assert done < 60
    stopped = f"Stopped after {done} of 60. {folder_task.CONTINUES}"
    assert driver.heard.texts[-2:] == [folder_task.STOPPING, stopped]
    with Index.open() as index:
        assert len(index) == done
    described = {item.split(". ")[-1] for item in window.list.items}
    for file in list(folder.iterdir()):
        if file.name not in described and len(list(folder.iterdir())) > done + 2:
            file.unlink()
    window._begin(str(folder))
    until_ended(driver, window)
    assert f"{done + 2} described, {done} of them already known." in driver.heard.texts
    driver.press("Escape")
    assert driver.context.dialogs == []


def test_quitting_stops_the_run(drive: Drive, holiday: Path) -> None:
    driver = drive()
    window = describe_folder(driver, holiday)
    driver.until(lambda: window._task.run, "the run")
    run = window._task.run
    assert run is not None
    driver.app.quit()
    assert run.stopped


@pytest.mark.usefixtures("eager")
def test_a_run_goes_on_while_its_pictures_are_looked_at(
    drive: Drive, history: History, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(20):
        photograph(seed=number).save(folder / f"{number}.jpg")
    driver = drive(history=history, indexed=True)
    window = describe_folder(driver, folder)
    driver.until(lambda: len(window.list.items) >= 2, "the first pictures", MANY_LIMIT_S)
    window.list.focus_set()
    driver.press("Return")
    assert driver.context.dialogs == []
    task = driver.app._folder_task
    driver.press("F2")
    assert driver.heard.texts[-1].startswith("Describing many: ")
    driver.press("ctrl+shift+o")
    assert driver.heard.texts[-1].startswith(f"{folder_dialog.TITLE}, dialog. Descriptions, list, ")
    driver.until(lambda: not task.running, "the end of the run", MANY_LIMIT_S)
    driver.settle()
    assert "20 described." in driver.heard.texts
    window = driver.context.dialogs[-1]
    assert isinstance(window, FolderWindow)
    assert [item.split(". ")[-1] for item in window.list.items] == [f"{n}.jpg" for n in range(20)]


def test_many_pictures_are_asked_about(
    drive: Drive, holiday: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_dialog, "ASK_ABOVE", 4)
    driver = drive()
    window = describe_folder(driver, holiday)
    question = "This folder has 5 pictures. Describe them all?"
    driver.until(lambda: driver.heard.said_last(question), "the question")
    assert driver.heard.texts[-1] == f"{question} Describe, button, 1 of 2"
    driver.press("Escape")
    assert driver.context.dialogs == [window]
    assert window._task.folder == ""
    driver.press_and_wait("Return")
    driver.press("Right", "Return")
    assert window._task.folder == ""
    driver.press_and_wait("Return")
    driver.press("Return")
    driver.settle()
    assert driver.heard.texts[-1] == "Describing 5 pictures."  # and not where the focus returns
    until_ended(driver, window)


@pytest.mark.usefixtures("eager")
def test_the_list_is_saved_as_page_table_and_data(drive: Drive, holiday: Path) -> None:
    driver = drive()
    window = describe_folder(driver, holiday)
    until_ended(driver, window)
    press_button(driver, "Save list")
    for suffix, keys in ((".html", ()), (".csv", ("Down",)), (".jsonl", ("Down", "Down"))):
        driver.press_and_wait(*keys, "Return")
        file = holiday / f"holiday descriptions{suffix}"
        driver.until(file.exists, suffix)
        driver.until(lambda: len(driver.context.dialogs) == 1, "the list")
        assert f"Saved {file.name} in holiday." in driver.heard.texts
        window._save()
        driver.settle()
    driver.press_and_wait("Return")
    assert driver.heard.texts[-1].endswith("already exists. Press Save again to replace it.")
    page = (holiday / "holiday descriptions.html").read_text()
    assert "3 pictures described" in page
    assert 'src="beach/sea.jpg"' in page
    lines = (holiday / "holiday descriptions.jsonl").read_text().splitlines()
    files = [json.loads(line)["file"] for line in lines]
    assert files == [found.file for found in scan.pictures([holiday])]
    with (holiday / "holiday descriptions.csv").open(newline="", encoding="utf-8-sig") as table:
        assert [bool(row["error"]) for row in csv.DictReader(table)] == [
            json.loads(line)["error"] is not None for line in lines
        ]


@pytest.mark.usefixtures("eager")
def test_a_save_is_whole_while_another_run_begins_or_the_window_closes(
    drive: Drive, holiday: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, release = threading.Event(), threading.Event()
    write = exporters.write

    def write_slowly(path: Any, records: Any, **options: Any) -> None:
        def slow() -> Any:
            for record in records:
                reading.set()
                assert release.wait(LIMIT_S)
                yield record

        write(path, slow(), **options)

    monkeypatch.setattr(exporters, "write", write_slowly)
    (tmp_path / "empty").mkdir()
    driver = drive()
    window = describe_folder(driver, holiday)
    until_ended(driver, window)
    window._save()
    driver.settle()
    driver.press("Return")
    driver.until(reading.is_set, "the save to begin")
    window._begin(str(tmp_path / "empty"))
    until_ended(driver, window)
    window.close()
    release.set()
    file = holiday / "holiday descriptions.html"
    driver.until(lambda: f"Saved {file.name} in holiday." in driver.heard.texts, "the save")
    page = file.read_text()
    assert "3 pictures described" in page
    assert all(name in page for name in ("sea.jpg", "img2.png", "broken.jpg", "cut.png"))


def test_saving_after_another_run_saves_the_list_that_is_shown(
    drive: Drive, holiday: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = drive()
    driver.app.folder()
    window = driver.context.dialogs[-1]
    assert isinstance(window, FolderWindow)
    first, second = (FolderRun(str(holiday), True, Settings(), False) for _ in range(2))
    opened: list[Any] = []
    for run in (first, first, second):
        monkeypatch.setattr(type(run.records), "__len__", lambda _records: 1)
        window._task.run = run
        window._save()
        opened.append(window._save_dialog._form)
    driver.settle()
    assert opened[0] is opened[1]
    assert opened[2] is not opened[1]
    assert not opened[1].winfo_exists()


@pytest.mark.usefixtures("eager")
def test_progress_is_spoken_into_silence_and_on_request(
    drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_task, "PROGRESS_EVERY_S", 0.0)
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(12):
        photograph(seed=number).save(folder / f"{number}.jpg")
    driver = drive()
    window = describe_folder(driver, folder)
    driver.until(lambda: driver.heard.said_last("Describing 12 pictures."), "the start")
    driver.heard.speaking = True
    driver.until(lambda: window.list.items, "the first picture", MANY_LIMIT_S)
    driver.settle()
    assert driver.heard.said_last("Describing 12 pictures.")
    driver.heard.speaking = False
    driver.until(lambda: " of 12" in driver.heard.texts[-1], "the progress", MANY_LIMIT_S)
    assert driver.heard.said[-1][1:] == ("notice", False)
    driver.press("ctrl+r")
    assert " of 12" in driver.heard.texts[-1]
    until_ended(driver, window)
    assert "12 described." in driver.heard.texts


def test_a_missing_model_is_reported_as_one_error(
    drive: Drive, holiday: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGE_DESCRIBER_BUNDLE", str(tmp_path / "nowhere"))
    driver = drive()
    window = describe_folder(driver, holiday)
    until_ended(driver, window)
    assert "model" in driver.heard.texts[-1].lower()
    assert driver.heard.said[-1][1] == "error"


def test_many_lines_are_added_in_small_portions(drive: Drive, tmp_path: Path) -> None:
    driver = drive()
    driver.app.folder()
    window = driver.context.dialogs[-1]
    assert isinstance(window, FolderWindow)
    task = window._task
    run = FolderRun(str(tmp_path), True, Settings(), False)
    order = list(range(2_000))
    random.Random(0).shuffle(order)
    run._lines.extend(ResultLine((False, (n,)), f"{n}.jpg", f"A dog. {n}.jpg") for n in order)
    task.run = run
    counts = []
    while run._lines:
        task._poll()
        counts.append(len(window.list.items))
        driver.root.after_cancel(task._timer)  # type: ignore[arg-type]
    assert counts == list(range(400, 2_001, 400))
    assert window.list.items == [f"A dog. {n}.jpg" for n in range(2_000)]
    task._timer = None


@pytest.mark.parametrize(
    ("left_s", "text"),
    [
        (None, "79 of 1,500."),
        (44.4, "79 of 1,500, 44 seconds left."),
        (45.0, "79 of 1,500, one minute left."),
        (89.0, "79 of 1,500, one minute left."),
        (200.0, "79 of 1,500, 3 minutes left."),
    ],
)
def test_the_time_left_in_words(left_s: float | None, text: str) -> None:
    assert folder_task.progress_text(79, 1_500, left_s) == text


def test_tab_completes_only_folders(drive: Drive, holiday: Path) -> None:
    driver = drive()
    driver.app._open_folder_window(str(holiday))
    driver.until(lambda: driver.heard.said_last(folder_dialog.TITLE), "the dialog")
    driver.screen.type("b")
    driver.press_and_wait("Tab")
    window = driver.context.dialogs[-1]
    assert isinstance(window, FolderWindow)
    assert window.path.get() == "beach/"
    driver.screen.type("s")
    driver.press_and_wait("Tab")
    assert window.path.get() == "beach/s"
    driver.press("Tab")
    assert driver.heard.said_last("With the folders inside it")


def test_a_dropped_folder_is_offered(drive: Drive, holiday: Path) -> None:
    driver = drive()
    for _ in range(2):  # also while the dialog is open
        driver.app._folder_dropped(str(holiday))
        driver.until_idle()
        driver.settle()
        assert driver.heard.texts[-1] == (
            f"{folder_dialog.TITLE}, dialog. Folder, edit box, {holiday}/"
        )
        assert len(driver.context.dialogs) == 1


def test_a_damaged_index_is_reported(drive: Drive, holiday: Path, data: Path) -> None:
    (data / FOLDER).mkdir(parents=True)
    (data / FOLDER / FILE).write_bytes(b"not a database" * 100)
    driver = drive(indexed=True)
    driver.press("ctrl+shift+o")

    def errors_said() -> list[str]:
        return [text for text, kind, _interrupt in driver.heard.said if kind == "error"]

    driver.until(errors_said, "the error")
    driver.screen.type(str(holiday))
    driver.press("Return")
    window = driver.context.dialogs[-1]
    assert isinstance(window, FolderWindow)
    until_ended(driver, window)
    errors = errors_said()
    assert len(errors) == 1
    assert errors[0].startswith("The index of your pictures was damaged; ")
    with Index.open() as index:
        assert len(index) == 3
