"""Describing a folder in the window: the list, stopping, and saving the list."""

import csv
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from image_describer.app.dialogs import folder as folder_dialog
from image_describer.app.dialogs.folder import FolderWindow
from image_describer.app.tasks.folder import FolderRun, ResultLine
from image_describer.library import exporters, scan
from image_describer.library.database import FILE, FOLDER
from image_describer.library.history import History
from image_describer.library.index import Index
from image_describer.settings import Settings
from tests.support.library_dialogs import describe_folder, press_button, until_ended
from tests.support.pictures import photograph
from tests.support.screen import LIMIT_S, MANY_LIMIT_S
from tests.support.window import AppDriver

pytestmark = [pytest.mark.gui, pytest.mark.usefixtures("data")]

Drive = Callable[..., AppDriver]
TWO_FAILED = "2 could not be opened; the end of the list says why."


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
    names = [item.split(":")[0] for item in window.list.items]
    assert sorted(names[:3]) == ["beach/sea.jpg", "img10.png", "img2.png"]
    assert sorted(names[3:]) == ["broken.jpg", "cut.png"]
    assert all("That file" in item or "The file" in item for item in window.list.items[3:])
    driver.press("ctrl+r")
    assert driver.heard.texts[-1] == summary
    with Index.open() as index:
        assert len(index) == 3
    position = names.index("beach/sea.jpg")
    driver.press("Home", *["Down"] * position, "Return")
    driver.until_described()
    assert driver.app.describe_task.current.file == str(holiday / "beach" / "sea.jpg")


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
    assert f"4 described, 3 of them already known. {TWO_FAILED}" in driver.heard.texts
    assert f"3 described, 3 of them already known. {TWO_FAILED}" in driver.heard.texts
    assert not any(item.startswith("beach") for item in window.list.items)


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
    driver.press("Escape")
    assert driver.heard.said_last(folder_dialog.STOPPING)
    until_ended(driver, window)
    done = len(window.list.items)
    assert done < 60
    text = next(text for text in driver.heard.texts if text.startswith("Stopped after"))
    assert text in (
        f"Stopped after {done} of 60. {folder_dialog.CONTINUES}",
        f"Stopped after {done}. {folder_dialog.CONTINUES}",
    )
    with Index.open() as index:
        assert len(index) == done
    described = {item.split(":")[0] for item in window.list.items}
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
    run = window._run
    assert run is not None
    driver.app.quit()
    assert run.stopped


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
    drive: Drive, holiday: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = drive()
    window = FolderWindow(driver.context, False, str(tmp_path), print)
    first, second = (FolderRun(str(holiday), True, Settings(), False) for _ in range(2))
    opened: list[Any] = []
    for run in (first, first, second):
        monkeypatch.setattr(type(run.records), "__len__", lambda _records: 1)
        window._run = run
        window._save()
        opened.append(window._save_dialog._form)
    driver.settle()
    assert opened[0] is opened[1]
    assert opened[2] is not opened[1]
    assert not opened[1].winfo_exists()


@pytest.mark.usefixtures("eager")
def test_progress_is_spoken_at_tenths_and_on_request(
    drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_dialog, "PROGRESS_EVERY_S", 0.0)
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(12):
        photograph(seed=number).save(folder / f"{number}.jpg")
    driver = drive()
    window = describe_folder(driver, folder)

    def tenths() -> list[str]:
        return [text.split()[0] for text in driver.heard.texts if " percent, " in text]

    driver.until(tenths, "a tenth", MANY_LIMIT_S)
    driver.press("ctrl+r")
    assert " of 12" in driver.heard.texts[-1]
    until_ended(driver, window)
    assert len(tenths()) == len(set(tenths()))
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
    window = FolderWindow(driver.context, False, str(tmp_path), print)
    run = FolderRun(str(tmp_path), True, Settings(), False)
    lines = [ResultLine("", f"{number}.jpg: A dog.", True) for number in range(2_000)]
    run._lines.extend(lines)
    window._run = run
    counts = []
    while run._lines:
        window._poll()
        counts.append(len(window.list.items))
        window.after_cancel(window._timer)  # type: ignore[arg-type]
    assert counts == list(range(400, 2_001, 400))
    assert window.list.items == [line.text for line in lines]


def test_a_damaged_index_is_reported(drive: Drive, holiday: Path, data: Path) -> None:
    (data / FOLDER).mkdir(parents=True)
    (data / FOLDER / FILE).write_bytes(b"not a database" * 100)
    driver = drive(indexed=True)
    until_ended(driver, describe_folder(driver, holiday))
    errors = [text for text, kind, _interrupt in driver.heard.said if kind == "error"]
    assert len(errors) == 1
    assert errors[0].startswith("The index of your pictures was damaged; ")
    with Index.open() as index:
        assert len(index) == 3
