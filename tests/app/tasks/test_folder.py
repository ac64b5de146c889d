"""One's own pictures in the window: described by the folder, found by words and by a picture."""

import csv
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from image_describer import Describer
from image_describer.app.dialogs import folder as foldering
from image_describer.app.dialogs import search, settings
from image_describer.app.tasks.folder import FolderRun, Line, walk_order
from image_describer.app.tasks.own_pictures import CHANGED
from image_describer.library import scan, vectors
from image_describer.library.history import History
from image_describer.library.index import FILE, FOLDER, Index
from image_describer.settings import Settings
from tests.support.pictures import photograph
from tests.support.screen import MANY_LIMIT_S, own_time
from tests.support.window import CAPTION, Driven

pytestmark = pytest.mark.gui

Drive = Callable[..., Driven]
SAMPLES = Path(__file__).parents[3] / "assets" / "samples"
SENTENCE = f"Probably: {CAPTION}."


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's data, which is not the user's."""
    folder = tmp_path / "data"
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))
    return folder / "image-describer"


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "history.jsonl")


@pytest.fixture
def holiday(tmp_path: Path) -> Path:
    """A folder with four pictures, two of them broken, and one in the folder inside it."""
    folder = tmp_path / "holiday"
    (folder / "beach").mkdir(parents=True)
    photograph(seed=1).save(folder / "img2.png")
    photograph(seed=2).save(folder / "img10.png")
    photograph(seed=3).save(folder / "beach" / "sea.jpg")
    (folder / "broken.jpg").write_bytes(b"no picture at all")
    (folder / "cut.png").write_bytes((folder / "img2.png").read_bytes()[:900])
    return folder


def search_for(driven: Driven, words: str) -> search.SearchWindow:
    """Search by keys, until the first is said or that there is none."""
    driven.press("ctrl+f")
    driven.until(lambda: driven.heard.said_last(f"{search.TITLE}, dialog."), "the dialog")
    driven.screen.type(words)
    driven.obeys("Return")
    window = driven.desk.dialogs[-1]
    assert isinstance(window, search.SearchWindow)
    return window


def describe_folder(driven: Driven, folder: Path) -> foldering.FolderWindow:
    driven.press("ctrl+shift+o")
    driven.until(lambda: driven.heard.said_last(f"{foldering.TITLE}, dialog."), "the dialog")
    driven.screen.type(str(folder))
    driven.press("Return")
    window = driven.desk.dialogs[-1]
    assert isinstance(window, foldering.FolderWindow)
    return window


def until_ended(driven: Driven, window: foldering.FolderWindow) -> None:
    driven.until(lambda: not window.running, "the end of the run", MANY_LIMIT_S)
    driven.settle()


def press_button(driven: Driven, window: Any, label: str) -> None:
    """By Tab and Return, as a user would."""
    for _ in range(12):
        driven.press("Tab")
        if driven.heard.said_last(f"{label}, button"):
            driven.press("Return")
            return
    raise AssertionError(f"Tab does not lead to {label}: {driven.heard.texts}")


def test_what_the_window_describes_is_found_by_a_later_window(
    drive: Drive, photo: str, history: History
) -> None:
    driven = drive(history=history, indexed=True)
    driven.describe(photo)
    driven.program.quit()
    history.clear()
    again = drive(history=history, indexed=True)
    search_for(again, "dogs")
    place = f"photo.png, in {Path(photo).parent.name}"
    assert again.heard.texts[-2:] == ["1 found.", f"Found, list, {SENTENCE} {place}, 1 of 1"]
    again.press("Tab")  # the whole of it, in however many lines it is shown
    assert again.heard.texts[-1] == f"Its place, text, {photo}"
    again.press("shift+Tab", "Return")
    again.until_described()
    assert again.program.picturing.current.file == photo


def test_the_history_adds_what_the_index_does_not_hold_and_nothing_twice(
    drive: Drive, photo: str, history: History
) -> None:
    before = drive(history=history)
    old = str(shutil.copy(photo, Path(photo).with_name("old.png")))
    Image.open(photo).rotate(90).save(old)
    before.describe(old)
    before.program.quit()
    driven = drive(history=history, indexed=True)
    driven.describe(photo)
    window = search_for(driven, "snow")
    names = [text.removeprefix(f"{SENTENCE} ").split(",")[0] for text in window.results.items]
    assert names == ["photo.png", "old.png"]


def test_who_keeps_no_history_keeps_no_index(
    drive: Drive, photo: str, history: History, data: Path, holiday: Path
) -> None:
    driven = drive(history=history, indexed=True)
    driven.program.settling.set(keep_history=False)
    driven.describe(photo)
    until_ended(driven, describe_folder(driven, holiday))
    assert not (data / FOLDER).exists()
    driven.press("Escape")
    search_for(driven, "dogs")
    assert driven.heard.said_last("Nothing is found.")


def test_clearing_the_history_clears_the_index_from_the_disk(
    drive: Drive, photo: str, history: History, data: Path
) -> None:
    driven = drive(history=history, indexed=True)
    driven.describe(photo)
    with Index.open() as index:
        assert len(index) == 1
        index.vectors()
    damaged = data / FOLDER / f"{FILE}.damaged"
    damaged.write_text(CAPTION)
    driven.press("ctrl+comma")
    driven.until(lambda: driven.desk.dialogs, "the dialog")
    window: Any = driven.desk.dialogs[-1]
    window.clear_button.invoke()
    driven.settle()
    driven.press("Tab", "Return")
    driven.until(lambda: settings.CLEARED in driven.heard.texts, "that it is done")
    assert history.entries() == []
    left = list((data / FOLDER).iterdir())
    assert damaged not in left
    assert (data / FOLDER / vectors.FILE) not in left
    assert not [file for file in left if b"snow" in file.read_bytes()]
    driven.obeys("Escape")
    driven.describe(photo)
    with Index.open() as index:
        assert len(index) == 1


def test_pictures_are_found_by_their_meaning_and_by_another_picture(
    drive: Drive, history: History, tmp_path: Path, shipped_bundle: Path
) -> None:
    folder = tmp_path / "own"
    shutil.copytree(SAMPLES, folder)
    for number, name in enumerate(("astronaut.jpg", "astronaut.jpg")):
        Image.open(SAMPLES / name).rotate(3 + number).save(folder / f"tilted{number}.png")
    describer = Describer(shipped_bundle)
    caption = describer.describe(SAMPLES / "astronaut.jpg").caption
    driven = drive(history=history, indexed=True, describer=describer)
    until_ended(driven, describe_folder(driven, folder))
    driven.press("Escape")
    window = search_for(driven, caption)
    assert "astronaut.jpg, in own" in " ".join(window.results.items[:3])
    while "astronaut.jpg" not in driven.heard.texts[-1]:
        driven.press("Down")
    press_button(driven, window, "More like it")
    driven.until(lambda: driven.heard.said_last("Found, list"), "the pictures like it")
    assert driven.heard.texts[-2].endswith(" found that are like astronaut.jpg.")
    assert all("tilted" in item for item in window.results.items[:2])
    assert "astronaut.jpg" not in " ".join(window.results.items)


def test_more_like_it_wants_a_picture_and_tells_why_there_are_none(
    drive: Drive, history: History, photo: str
) -> None:
    driven = drive(history=history, indexed=True)
    driven.press("ctrl+f")
    driven.until(lambda: driven.desk.dialogs, "the dialog")
    press_button(driven, driven.desk.dialogs[-1], "More like it")
    assert driven.heard.texts[-1] == search.NO_PICTURE
    driven.press("Escape")
    driven.describe(photo)
    driven.press("ctrl+f")
    driven.until(lambda: driven.desk.dialogs, "the dialog")
    press_button(driven, driven.desk.dialogs[-1], "More like it")
    driven.until(lambda: driven.heard.said_last("This bundle has no joint space."), "why not")


def test_a_picture_that_is_gone_or_changed_is_told(
    drive: Drive, history: History, photo: str
) -> None:
    driven = drive(history=history, indexed=True)
    driven.describe(photo)
    with Path(photo).open("ab") as file:
        file.write(b"more")
    window = search_for(driven, "dogs")
    assert [item.endswith(f". {CHANGED}") for item in window.results.items] == [True]
    Path(photo).unlink()
    driven.obeys("Return")
    assert driven.heard.texts[-1] == (f"photo.png is not there any more. I said of it: {SENTENCE}")
    assert driven.desk.dialogs == [window]


def test_a_damaged_index_is_one_sentence_and_the_search_goes_on(
    drive: Drive, history: History, photo: str, data: Path
) -> None:
    driven = drive(history=history, indexed=True)
    driven.describe(photo)
    driven.program.quit()
    for file in (data / FOLDER).iterdir():
        file.unlink()
    (data / FOLDER / FILE).write_bytes(b"no database at all" * 100)
    again = drive(history=history, indexed=True)
    search_for(again, "dogs")
    errors = [text for text, kind, _interrupt in again.heard.said if kind == "error"]
    assert len(errors) == 1
    assert errors[0].startswith("The index of your pictures was damaged; it is kept as ")
    assert errors[0].endswith("a new one was begun. Control Shift O fills it again.")
    assert "1 found." in again.heard.texts
    again.press("Escape")
    search_for(again, "dogs")
    assert [kind for _text, kind, _interrupt in again.heard.said].count("error") == 1


def test_an_index_that_can_not_be_used_is_one_sentence(
    drive: Drive, history: History, photo: str, data: Path
) -> None:
    (data / FOLDER / FILE).mkdir(parents=True)
    driven = drive(history=history, indexed=True)
    driven.describe(photo)
    driven.describe(photo)
    told = "The index of your pictures can't be used"
    assert sum(text.startswith(told) for text in driven.heard.texts) == 1
    search_for(driven, "dogs")
    assert "1 found." in driven.heard.texts  # by the history


def test_a_folder_is_described_and_what_is_broken_stands_at_the_end(
    drive: Drive, history: History, holiday: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (holiday / "beach" / "round").symlink_to(holiday)
    driven = drive(history=history, indexed=True)
    window = describe_folder(driven, holiday)
    until_ended(driven, window)
    ended = "3 described. 2 could not be opened; the end of the list says why."
    assert ended in driven.heard.texts
    assert driven.heard.said_last("Descriptions, list, ")
    names = [item.split(":")[0] for item in window.list.items]
    assert sorted(names[:3]) == ["beach/sea.jpg", "img10.png", "img2.png"]
    assert sorted(names[3:]) == ["broken.jpg", "cut.png"]
    assert all("That file" in item or "The file" in item for item in window.list.items[3:])
    driven.press("ctrl+r")
    assert driven.heard.texts[-1] == ended
    with Index.open() as index:
        assert len(index) == 3
    place = next(k for k, item in enumerate(window.list.items) if item.startswith("beach"))
    driven.press("Home", *["Down"] * place, "Return")
    driven.until_described()
    assert driven.program.picturing.current.file == str(holiday / "beach" / "sea.jpg")


def test_what_is_known_is_not_described_again(
    drive: Drive, history: History, holiday: Path
) -> None:
    driven = drive(history=history, indexed=True)
    window = describe_folder(driven, holiday)
    until_ended(driven, window)
    photograph(seed=4).save(holiday / "new.png")
    for box in (True, False):
        window.inside.set(box)
        window._start(str(holiday))
        until_ended(driven, window)
    failed = "2 could not be opened; the end of the list says why."
    assert f"4 described, 3 of them known already. {failed}" in driven.heard.texts
    assert f"3 described, 3 of them known already. {failed}" in driven.heard.texts
    assert not any(item.startswith("beach") for item in window.list.items)


@pytest.mark.usefixtures("eager")
def test_a_run_is_stopped_by_escape_and_goes_on(
    drive: Drive, history: History, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(200):
        photograph(seed=number).save(folder / f"{number}.jpg")
    driven = drive(history=history, indexed=True)
    window = describe_folder(driven, folder)
    driven.until(lambda: len(window.list.items) >= 2, "the first ones")
    driven.press("Escape")
    assert driven.heard.said_last(foldering.STOPPING)
    until_ended(driven, window)
    done = len(window.list.items)
    assert done < 200
    told = next(text for text in driven.heard.texts if text.startswith("Stopped after"))
    assert told in (
        f"Stopped after {done} of 200. {foldering.GOES_ON}",
        f"Stopped after {done}. {foldering.GOES_ON}",
    )
    with Index.open() as index:
        assert len(index) == done
    for file in list(folder.iterdir())[20:]:
        if not any(item.startswith(f"{file.name}:") for item in window.list.items):
            file.unlink()
    left = len(list(folder.iterdir()))
    window._start(str(folder))
    until_ended(driven, window)
    assert f"{left} described, {done} of them known already." in driven.heard.texts
    driven.press("Escape")
    assert driven.desk.dialogs == []


def test_quitting_stops_the_run(drive: Drive, holiday: Path) -> None:
    driven = drive()
    window = describe_folder(driven, holiday)
    run = window._run
    assert run is not None
    driven.program.quit()
    assert run.stopped


def test_the_list_is_saved_as_page_table_and_data(
    drive: Drive, holiday: Path, tmp_path: Path
) -> None:
    driven = drive()
    window = describe_folder(driven, holiday)
    press_button(driven, window, "Save list")
    if driven.heard.texts[-1] == foldering.NOTHING_TO_SAVE:
        until_ended(driven, window)
        press_button(driven, window, "Save list")
    until_ended(driven, window)
    # Where describing takes its time, the run ends behind the dialog, and says so.
    asks = "Save list, dialog. What to save"
    driven.until(lambda: any(t.startswith(asks) for t in driven.heard.texts), "the dialog")
    for suffix, presses in ((".html", ()), (".csv", ("Down",)), (".jsonl", ("Down", "Down"))):
        driven.obeys(*presses, "Return")
        file = holiday / f"holiday descriptions{suffix}"
        driven.until(file.exists, suffix)
        driven.until(lambda: len(driven.desk.dialogs) == 1, "the list")
        assert f"Saved {file.name} in holiday." in driven.heard.texts
        window._save()
        driven.settle()
    driven.obeys("Return")
    assert driven.heard.texts[-1].endswith("is there already. Press Save again to replace it.")
    driven.obeys("Return")
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
def test_progress_is_said_at_tenths_and_when_asked(
    drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foldering, "PROGRESS_EVERY_S", 0.0)
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(40):
        photograph(seed=number).save(folder / f"{number}.jpg")
    driven = drive()
    window = describe_folder(driven, folder)

    def tenths() -> list[str]:
        return [text.split()[0] for text in driven.heard.texts if " percent, " in text]

    driven.until(tenths, "a tenth", MANY_LIMIT_S)
    driven.press("ctrl+r")
    assert " of 40" in driven.heard.texts[-1]
    until_ended(driven, window)
    assert len(tenths()) == len(set(tenths()))
    assert "40 described." in driven.heard.texts


def test_a_missing_model_is_one_sentence(
    drive: Drive, holiday: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGE_DESCRIBER_BUNDLE", str(tmp_path / "nowhere"))
    driven = drive()
    window = describe_folder(driven, holiday)
    until_ended(driven, window)
    assert "model" in driven.heard.texts[-1].lower()
    assert driven.heard.said[-1][1] == "error"


def test_a_flood_of_lines_does_not_hold_the_window_up(drive: Drive, tmp_path: Path) -> None:
    driven = drive()
    window = foldering.FolderWindow(driven.desk, False, str(tmp_path), print)
    driven.settle()
    run = FolderRun(str(tmp_path), True, Settings(), False)
    run._lines.extend(Line("", f"{number}.jpg: {SENTENCE}", True) for number in range(20_000))
    window._run = run
    took = []
    while run._lines:
        began = own_time()
        window._look()
        took.append(own_time() - began)
        window.after_cancel(window._timer)  # type: ignore[arg-type]
        time.sleep(0.001)
    assert len(window.list.items) == 20_000
    assert sorted(took)[len(took) // 2] < 0.03


def test_the_order_is_that_of_the_walk(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/10.png", "a10/x.png", "a9/x.png", "c.png", "A.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    files = [found.file for found in scan.pictures([tmp_path])]
    assert sorted(sorted(files), key=walk_order) == files


def test_a_folder_run_tells_of_a_damaged_index(drive: Drive, holiday: Path, data: Path) -> None:
    (data / FOLDER).mkdir(parents=True)
    (data / FOLDER / FILE).write_bytes(b"no database at all" * 100)
    driven = drive(indexed=True)
    until_ended(driven, describe_folder(driven, holiday))
    errors = [text for text, kind, _interrupt in driven.heard.said if kind == "error"]
    assert [text.startswith("The index of your pictures was damaged; ") for text in errors] == [
        True
    ]
    with Index.open() as index:
        assert len(index) == 3
