"""The chooser's window, worked by real keys."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from image_describer.app import listing
from image_describer.app.dialogs.chooser.navigation import READING
from image_describer.app.dialogs.chooser.typed_path import NO_COMPLETION
from image_describer.app.dialogs.chooser.window import (
    NOTHING_HERE,
    TOP,
    ChooserWindow,
)
from image_describer.app.widgets.typeahead import PAUSE_S
from tests.support import pictures
from tests.support.screen import LIMIT_S
from tests.support.window import AppDriver

pytestmark = pytest.mark.gui

ATTEMPTS = 10  # of input that a slow machine may deliver too slowly
OpenChooser = Callable[..., "ChooserDriver"]


class ChooserDriver:
    """An open chooser above the main window."""

    def __init__(self, driver: AppDriver, beside: str | None, recent: list[str]) -> None:
        self.driver = driver
        self.said = driver.heard.said
        self.chosen: list[str] = []
        self.native: list[bool] = []
        self.window = ChooserWindow(
            driver.app.context, recent, self.chosen.append, lambda: self.native.append(True)
        )
        self.window.begin(beside)

    @property
    def texts(self) -> list[str]:
        return self.driver.heard.texts

    @property
    def is_open(self) -> bool:
        return bool(self.window.winfo_exists())

    def hears(self, part: str) -> str:
        """Wait for a text with ``part`` and return it; forget all texts so far."""
        found: list[str] = []

        def heard() -> bool:
            found[:] = [text for text in self.texts if part in text]
            return bool(found)

        try:
            self.driver.until(heard, repr(part))
        except AssertionError as error:
            raise AssertionError(f"{error}; heard: {self.texts}") from None
        self.said.clear()
        return found[-1]

    def press(self, *keys: str) -> None:
        self.said.clear()
        self.driver.press(*keys)

    def type(self, text: str) -> None:
        self.said.clear()
        self.driver.screen.type(text)
        self.driver.settle()


@pytest.fixture
def holiday(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Holiday with Alps (empty) and Beach (two pictures), three pictures and a text."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    folder = tmp_path / "Holiday"
    (folder / "Alps").mkdir(parents=True)
    (folder / "Beach").mkdir()
    picture = pictures.encoded(pictures.photograph(320, 200), "JPEG")
    for name in ("img2.jpg", "img10.jpg", "zoo.jpg", "Beach/a.jpg", "Beach/b.jpg"):
        (folder / name).write_bytes(picture)
    (folder / "notes.txt").touch()
    return folder


@pytest.fixture
def open_chooser(drive: Callable[..., AppDriver], holiday: Path) -> OpenChooser:
    def start(beside: Path | str | None = None, recent: list[str] | None = None) -> ChooserDriver:
        file = holiday / "img2.jpg" if beside is None else beside
        chooser = ChooserDriver(drive(), str(file) or None, recent or [])
        chooser.driver.until(
            lambda: chooser.driver.root.focus_get() is chooser.window.files, "the focus"
        )
        return chooser

    return start


def test_it_opens_beside_the_picture_and_says_the_folder(open_chooser: OpenChooser) -> None:
    chooser = open_chooser()
    assert chooser.hears("Holiday") == (
        "Open a picture, dialog. Holiday: 2 folders, 3 pictures. img2.jpg, picture, 3 of 5"
    )
    chooser.driver.settle()
    assert chooser.texts == []  # the focus is not spoken a second time


def test_arrows_letters_and_pages(open_chooser: OpenChooser) -> None:
    chooser = open_chooser()
    chooser.hears("Holiday")
    for keys, said in (
        (("Down",), "img10.jpg, picture, 4 of 5"),
        (("End",), "zoo.jpg, picture, 5 of 5"),
        (("Down",), "zoo.jpg, picture, 5 of 5"),
        (("Home",), "Alps, folder, 1 of 5"),
        (("Up",), "Alps, folder, 1 of 5"),
        (("Next",), "zoo.jpg, picture, 5 of 5"),
        (("Prior",), "Alps, folder, 1 of 5"),
        (("i",), "img2.jpg, picture, 3 of 5"),
        (("i",), "img10.jpg, picture, 4 of 5"),
        (("i",), "img2.jpg, picture, 3 of 5"),
        (("Home", "i", "m", "g", "1"), "img10.jpg, picture, 4 of 5"),
        (("Home", "space"), "Alps, folder, 1 of 5"),
        (("q",), "No name begins with q."),
    ):
        chooser.press(*keys)
        assert chooser.texts[-1:] == [said], keys


def test_return_opens_folders_and_backspace_goes_back(
    open_chooser: OpenChooser, tmp_path: Path
) -> None:
    chooser = open_chooser()
    chooser.hears("Holiday")
    chooser.press("b", "Return")
    assert chooser.hears("Beach:") == "Beach: 2 pictures. a.jpg, picture, 1 of 2"
    chooser.press("alt+Up")
    assert chooser.hears("Holiday:") == ("Holiday: 2 folders, 3 pictures. Beach, folder, 2 of 5")
    chooser.press("Home", "Return")
    assert chooser.hears("Alps:") == "Alps: Empty. Backspace goes to the parent."
    chooser.press("Return")
    assert chooser.hears("othing to open") == NOTHING_HERE
    chooser.press("Down")
    assert chooser.texts == ["empty"]
    for _ in range(len((tmp_path / "Holiday" / "Alps").parts) - 1):
        chooser.press("BackSpace")
        chooser.driver.until(lambda: not chooser.window.browser.busy, "the parent")
    chooser.press("BackSpace")
    assert chooser.texts[-1] == TOP


def test_choosing_closes_it_and_restores_the_focus(
    open_chooser: OpenChooser, holiday: Path
) -> None:
    chooser = open_chooser()
    chooser.hears("Holiday")
    chooser.press("End", "Return")
    chooser.driver.until(lambda: chooser.chosen, "the picture")
    assert chooser.chosen == [str(holiday / "zoo.jpg")]
    assert not chooser.is_open
    driver = chooser.driver
    driver.until(lambda: driver.root.focus_get() is driver.app.window.sentence, "the focus")


def test_escape_closes_it(open_chooser: OpenChooser) -> None:
    chooser = open_chooser()
    chooser.hears("Holiday")
    chooser.press("Escape")
    assert not chooser.is_open
    assert chooser.chosen == []


def test_all_files_and_the_facts_of_an_entry(open_chooser: OpenChooser) -> None:
    chooser = open_chooser()
    chooser.hears("Holiday")
    chooser.press("F4")
    assert "320 by 200 pixels" in chooser.hears("img2.jpg, ")
    chooser.press("Tab", "Tab", "Tab")
    assert chooser.texts[-1] == "All files, check box, not checked"
    chooser.press("space")
    assert chooser.hears("Holiday:") == (
        "Checked. Holiday: 2 folders, 3 pictures, 1 other file. img2.jpg, picture, 3 of 6"
    )
    assert [entry.name for entry in chooser.window.browser.listing.entries][4] == "notes.txt"


def test_a_place_is_opened(open_chooser: OpenChooser, holiday: Path) -> None:
    chooser = open_chooser(recent=[str(holiday / "Beach")])
    chooser.hears("Holiday")
    places = chooser.window.places
    chooser.driver.until(
        lambda: "Beach" in places.items and "Computer" in places.items, "the places"
    )
    chooser.press("Tab")
    assert chooser.hears("Places, list, Home, 1 of ")
    chooser.press("b")
    assert "Beach, recent folder" in chooser.texts[-1]
    chooser.press("Return")
    assert chooser.hears("Beach:") == "Beach: 2 pictures. a.jpg, picture, 1 of 2"
    chooser.press("Down")
    assert chooser.texts == ["b.jpg, picture, 2 of 2"]


def test_typed_paths_are_completed(open_chooser: OpenChooser, holiday: Path) -> None:
    chooser = open_chooser()
    chooser.hears("Holiday")
    chooser.type("~")
    path = chooser.window.path
    assert chooser.driver.root.focus_get() is path
    chooser.type("/Hol")
    chooser.press("Tab")
    assert chooser.hears("Holiday, folder")
    assert path.get() == "~/Holiday/"
    chooser.type("i")
    assert chooser.texts == ["i"]  # what Tab added is not spoken as typed
    chooser.press("Tab")
    assert chooser.hears("matches") == "mg. 2 matches. Down reads them."
    for key, said, shown in (
        ("Down", "img2.jpg, picture, 1 of 2", "~/Holiday/img2.jpg"),
        ("Down", "img10.jpg, picture, 2 of 2", "~/Holiday/img10.jpg"),
        ("Down", "~/Holiday/img, as typed.", "~/Holiday/img"),
        ("Up", "img10.jpg, picture, 2 of 2", "~/Holiday/img10.jpg"),
    ):
        chooser.press(key)
        assert (chooser.texts, path.get()) == ([said], shown)
    chooser.press("Return")
    chooser.driver.until(lambda: chooser.chosen, "the picture")
    assert chooser.chosen == [str(holiday / "img10.jpg")]


def test_tab_leaves_the_path_field_when_there_is_nothing_to_add(
    open_chooser: OpenChooser,
) -> None:
    chooser = open_chooser()
    chooser.hears("Holiday")
    chooser.press("Tab", "Tab")
    assert chooser.driver.root.focus_get() is chooser.window.path
    chooser.press("Tab")
    assert chooser.driver.root.focus_get() is chooser.window.all_files
    chooser.press("shift+Tab")
    chooser.type("q")
    chooser.press("Tab")
    assert chooser.hears("begins") == NO_COMPLETION
    assert chooser.driver.root.focus_get() is chooser.window.path
    chooser.press("Tab")
    assert chooser.driver.root.focus_get() is chooser.window.all_files


def test_a_typed_folder_is_opened_and_a_wrong_one_reported(
    open_chooser: OpenChooser, holiday: Path
) -> None:
    chooser = open_chooser()
    chooser.hears("Holiday")
    chooser.type(f"{holiday}/Bech")
    chooser.press("Return")
    assert chooser.hears("No such") == "No such file."
    assert chooser.driver.root.focus_get() is chooser.window.path
    chooser.press("BackSpace", "BackSpace")
    chooser.type("ach")
    chooser.press("Return")
    assert chooser.hears("Beach:") == "Beach: 2 pictures. a.jpg, picture, 1 of 2"
    assert chooser.driver.root.focus_get() is chooser.window.files


def test_the_platforms_own_dialog_can_be_opened(open_chooser: OpenChooser) -> None:
    chooser = open_chooser()
    chooser.hears("Holiday")
    chooser.press("Tab", "Tab", "Tab", "Tab", "Tab")
    assert chooser.texts[-1] == "System dialog…, button, 2 of 3"
    chooser.press("Return")
    assert chooser.native == [True]
    assert not chooser.is_open


def test_deleted_entries_are_reported_and_removed(open_chooser: OpenChooser, holiday: Path) -> None:
    chooser = open_chooser()
    chooser.hears("Holiday")
    (holiday / "img2.jpg").unlink()
    chooser.press("Return")
    assert chooser.hears("No such") == "No such file."
    chooser.driver.until(lambda: chooser.window.files.count == 4, "the list without it")
    (holiday / "Alps").rmdir()
    chooser.press("Home", "Return")
    assert chooser.hears("no folder Alps.") == (
        "There is no folder Alps. It may have been moved or deleted."
    )
    chooser.driver.until(lambda: chooser.window.files.count == 3, "the list without it")
    assert chooser.driver.heard.said == []
    chooser.press("Down")
    assert chooser.texts == ["img10.jpg, picture, 2 of 3"]


def test_entries_that_can_not_be_opened_are_reported(
    open_chooser: OpenChooser, holiday: Path
) -> None:
    (holiday / "aa.jpg").symlink_to("nowhere")
    os.mkfifo(holiday / "ab.jpg")
    chooser = open_chooser()
    chooser.hears("Holiday")
    chooser.press("a", "a")
    assert chooser.texts[-1] == "aa.jpg, broken link, 3 of 7"
    chooser.press("Return")
    assert chooser.hears("No such") == "No such file."
    chooser.press("Down", "Return")
    assert chooser.hears("a device") == "That's a device or a pipe, not a file."
    assert chooser.is_open


def test_a_folder_that_is_not_allowed_is_reported_and_not_entered(
    open_chooser: OpenChooser, holiday: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chooser = open_chooser()
    chooser.hears("Holiday")
    original = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("Alps"):
            raise PermissionError(13, "Permission denied", path)
        return original(path)

    monkeypatch.setattr(listing.os, "scandir", refuse)
    chooser.press("Home", "Return")
    assert chooser.hears("not allowed") == "You are not allowed to open the folder Alps."
    chooser.press("Down")
    assert chooser.texts == ["Beach, folder, 2 of 5"]


def test_no_folder_can_be_read(open_chooser: OpenChooser, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> object:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(listing.os, "scandir", refuse)
    chooser = open_chooser()
    assert chooser.hears("not allowed").startswith("Open a picture, dialog. You are not allowed")
    chooser.press("Down", "Return", "F4")
    assert chooser.texts == ["empty", NOTHING_HERE, NOTHING_HERE]
    chooser.press("BackSpace")
    assert chooser.hears("not allowed").startswith("You are not allowed")
    chooser.press("Escape")
    assert not chooser.is_open


def test_a_deleted_folder_leads_to_the_nearest_one(
    open_chooser: OpenChooser, holiday: Path
) -> None:
    chooser = open_chooser(holiday / "gone" / "picture.jpg")
    assert chooser.hears("Holiday:") == (
        "Open a picture, dialog. There is no folder gone. It may have been moved or deleted. "
        "Holiday: 2 folders, 3 pictures. Alps, folder, 1 of 5"
    )


def test_escape_closes_it_while_a_folder_is_read(
    open_chooser: OpenChooser, monkeypatch: pytest.MonkeyPatch
) -> None:
    chooser = open_chooser()
    chooser.hears("Holiday")
    original, release = os.scandir, threading.Event()

    def hanging(path: str) -> object:
        if str(path).endswith("Alps"):
            release.wait(2 * LIMIT_S)
        return original(path)

    monkeypatch.setattr(listing.os, "scandir", hanging)
    chooser.press("Home", "Return")
    assert chooser.hears(READING) == READING
    chooser.press("Escape")
    assert not chooser.is_open
    release.set()
    chooser.driver.settle()
    assert not [text for text in chooser.texts if text.startswith("Alps:")]


def test_it_starts_in_the_last_folder_even_if_that_hangs(
    open_chooser: OpenChooser, holiday: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, release = os.path.isdir, threading.Event()

    def hanging(path: str) -> bool:
        if str(path).endswith("Beach"):
            release.wait(2 * LIMIT_S)
        return original(path)

    monkeypatch.setattr(os.path, "isdir", hanging)
    chooser = open_chooser("", recent=[str(holiday / "Beach")])
    assert chooser.hears(READING) == f"Open a picture, dialog. {READING}"
    places = chooser.window.places  # not affected by the folder that hangs
    chooser.driver.until(lambda: "Home" in places.items, "the other places")
    chooser.press("BackSpace")
    assert chooser.hears("1 folder") == f"{holiday.parent.name}: 1 folder. Holiday, folder, 1 of 1"
    release.set()
    again = open_chooser("", recent=[str(holiday / "Beach")])
    assert again.hears("Beach:").startswith("Open a picture, dialog. Beach: 2 pictures.")


def test_clicks_select_and_open(open_chooser: OpenChooser, holiday: Path) -> None:
    chooser = open_chooser()
    chooser.hears("Holiday")
    files, screen = chooser.window.files, chooser.driver.screen
    left, top, width, height = files.bbox("1")
    x, y = files.winfo_rootx() + left + width // 2, files.winfo_rooty() + top + height // 2
    screen.xdotool("mousemove", str(x), str(y))
    chooser.said.clear()
    screen.xdotool("click", "1")
    assert chooser.hears("Beach") == "Beach, folder, 2 of 5"
    for _ in range(ATTEMPTS):  # on a slow machine two clicks may not be a double click
        screen.xdotool("click", "--repeat", "2", "--delay", "60", "1")
        chooser.driver.settle()
        if chooser.window.browser.busy or "Beach:" in " ".join(chooser.texts):
            break
    assert chooser.hears("Beach:") == "Beach: 2 pictures. a.jpg, picture, 1 of 2"


def test_unusual_names_are_shown_and_chosen(open_chooser: OpenChooser, holiday: Path) -> None:
    alps = holiday / "Alps"
    names = [b"caf\xe9.jpg", b"n" * 251 + b".jpg", b"two\nlines.jpg"]
    for name in names:
        Path(os.fsdecode(os.fsencode(alps) + b"/" + name)).touch()
    chooser = open_chooser(alps / "none.jpg")
    assert chooser.hears("Alps:").endswith("3 pictures. caf\\xe9.jpg, picture, 1 of 3")
    chooser.press("Return")
    chooser.driver.until(lambda: chooser.chosen, "the picture")
    assert os.fsencode(chooser.chosen[0]) == os.fsencode(alps) + b"/" + names[0]


def test_the_preview_follows_the_cursor(open_chooser: OpenChooser) -> None:
    chooser = open_chooser()
    chooser.hears("Holiday")
    preview = chooser.window.preview
    chooser.driver.until(lambda: preview.find_all(), "the preview")
    chooser.press("Home")
    assert not preview.find_all()


def test_of_a_large_folder_only_the_rows_in_view_are_drawn(
    open_chooser: OpenChooser, tmp_path: Path
) -> None:
    folder = tmp_path / "large"
    folder.mkdir()
    for number in range(2_000):
        os.close(os.open(folder / f"IMG_{number}.jpg", os.O_CREAT))
    chooser = open_chooser(folder / "none.jpg")
    chooser.hears("large: 2,000 pictures. IMG_0.jpg, picture, 1 of 2,000")
    files = chooser.window.files
    chooser.driver.until(lambda: len(files._names) == files.count == 2_000, "all names")
    assert len(files.get_children()) < 50
    chooser.press("End")
    assert chooser.texts == ["IMG_1999.jpg, picture, 2,000 of 2,000"]
    for _ in range(ATTEMPTS):  # a slow machine may pause within the name, which begins a new prefix
        chooser.type("img_1234")
        if chooser.texts[-1] == "IMG_1234.jpg, picture, 1,235 of 2,000":
            break
        chooser.driver.for_s(PAUSE_S + 0.1)
    assert chooser.texts[-1] == "IMG_1234.jpg, picture, 1,235 of 2,000"
