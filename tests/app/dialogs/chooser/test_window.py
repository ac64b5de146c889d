"""The chooser's window, driven by real keys, in a Program whose voice is a double."""

import itertools
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from image_describer.app.dialogs.chooser import listing
from image_describer.app.dialogs.chooser.navigation import READING
from image_describer.app.dialogs.chooser.typed_path import NO_COMPLETION
from image_describer.app.dialogs.chooser.window import (
    CANCELLED,
    HELP,
    NO_FOLDER,
    NOTHING_HERE,
    TOP,
    ChooserWindow,
    PictureChooser,
)
from image_describer.app.tasks import progress
from image_describer.app.widgets.typeahead import PAUSE_S
from tests.support import pictures
from tests.support.screen import LIMIT_S, ROUNDS, assert_once_below, own_time
from tests.support.window import AppDriver

pytestmark = pytest.mark.gui


class Choosing:
    """A chooser that is open over a Program."""

    def __init__(self, driven: AppDriver, beside: str | None, recent: list[str]) -> None:
        self.driven = driven
        self.said = driven.heard.said
        self.chosen: list[str] = []
        self.native: list[bool] = []
        self.chooser = PictureChooser(
            driven.app.context, recent, self.chosen.append, lambda: self.native.append(True)
        )
        self.chooser.open(beside)

    @property
    def window(self) -> ChooserWindow:
        assert self.chooser.window is not None
        return self.chooser.window

    @property
    def texts(self) -> list[str]:
        return self.driven.heard.texts

    @property
    def is_open(self) -> bool:
        return bool(self.window.winfo_exists())

    def hears(self, part: str) -> str:
        """Wait until ``part`` is said; what was said with it. Forgets all that came before."""
        found: list[str] = []

        def heard() -> bool:
            found[:] = [text for text in self.texts if part in text]
            return bool(found)

        try:
            self.driven.until(heard, repr(part))
        except AssertionError as error:
            raise AssertionError(f"{error}; heard: {self.texts}") from None
        self.said.clear()
        return found[-1]

    def press(self, *keys: str) -> None:
        self.said.clear()
        self.driven.press(*keys)

    def type(self, text: str) -> None:
        self.said.clear()
        self.driven.screen.type(text)
        self.driven.settle()


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
def choose(drive: Callable[..., AppDriver], holiday: Path) -> Callable[..., Choosing]:
    def start(beside: Path | str | None = None, recent: list[str] | None = None) -> Choosing:
        file = holiday / "img2.jpg" if beside is None else beside
        choosing = Choosing(drive(), str(file) or None, recent or [])
        choosing.driven.until(
            lambda: choosing.driven.root.focus_get() is choosing.window.files, "the focus"
        )
        return choosing

    return start


def test_opens_beside_the_picture_and_says_where_that_is(choose: Callable[..., Choosing]) -> None:
    choosing = choose()
    assert choosing.hears("Holiday") == (
        "Open a picture, dialog. Holiday: 2 folders, 3 pictures. img2.jpg, picture, 3 of 5"
    )
    choosing.driven.for_s(0.5)
    assert choosing.texts == []  # the focus is not said a second time


def test_arrows_letters_and_pages(choose: Callable[..., Choosing]) -> None:
    choosing = choose()
    choosing.hears("Holiday")
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
        choosing.press(*keys)
        assert choosing.texts[-1:] == [said], keys


def test_into_folders_and_back(choose: Callable[..., Choosing], tmp_path: Path) -> None:
    choosing = choose()
    choosing.hears("Holiday")
    choosing.press("b", "Return")
    assert choosing.hears("Beach:") == "Beach: 2 pictures. a.jpg, picture, 1 of 2"
    choosing.press("BackSpace")
    assert choosing.hears("Holiday:") == ("Holiday: 2 folders, 3 pictures. Beach, folder, 2 of 5")
    choosing.press("Home", "Return")
    assert choosing.hears("Alps:") == "Alps: Empty. Backspace goes to the parent."
    choosing.press("Return")
    assert choosing.hears("nothing") == NOTHING_HERE
    choosing.press("Down")
    assert choosing.texts == ["empty"]
    for _ in range(len((tmp_path / "Holiday" / "Alps").parts) - 1):
        choosing.press("BackSpace")
        choosing.driven.until(lambda: not choosing.window.browser.busy, "the parent")
    choosing.press("BackSpace")
    assert choosing.texts[-1] == TOP


def test_choosing_closes_and_gives_the_focus_back(
    choose: Callable[..., Choosing], holiday: Path
) -> None:
    choosing = choose()
    choosing.hears("Holiday")
    choosing.press("End", "Return")
    choosing.driven.until(lambda: choosing.chosen, "the picture")
    assert choosing.chosen == [str(holiday / "zoo.jpg")]
    assert not choosing.is_open
    driven = choosing.driven
    driven.until(lambda: driven.root.focus_get() is driven.app.window.sentence, "the focus")


def test_escape_closes_it(choose: Callable[..., Choosing]) -> None:
    choosing = choose()
    choosing.hears("Holiday")
    choosing.press("Escape")
    assert not choosing.is_open
    assert choosing.chosen == []


def test_all_files_and_facts(choose: Callable[..., Choosing]) -> None:
    choosing = choose()
    choosing.hears("Holiday")
    choosing.press("F4")
    assert "320 by 200 pixels" in choosing.hears("img2.jpg, ")
    choosing.press("Tab", "Tab", "Tab")
    assert choosing.texts[-1] == "All files, check box, not checked"
    choosing.press("space")
    assert choosing.hears("Holiday:") == (
        "Checked. Holiday: 2 folders, 3 pictures, 1 other file. img2.jpg, picture, 4 of 6"
    ).replace("4 of 6", "3 of 6")
    assert [entry.name for entry in choosing.window.browser.listing.entries][4] == "notes.txt"


def test_help_is_about_the_chooser(choose: Callable[..., Choosing]) -> None:
    choosing = choose()
    choosing.hears("Holiday")
    choosing.press("F1")
    assert choosing.texts == [HELP]
    choosing.press("Tab", "Tab")
    choosing.press("F1")
    assert choosing.texts[-1] == HELP


def test_places(choose: Callable[..., Choosing], holiday: Path) -> None:
    choosing = choose(recent=[str(holiday / "Beach")])
    choosing.hears("Holiday")
    places = choosing.window.places
    choosing.driven.until(lambda: "Beach" in places.items and "Computer" in places.items, "them")
    choosing.press("Tab")
    assert choosing.hears("Places, list, Home, 1 of ")
    choosing.press("b")
    assert "Beach, recent folder" in choosing.texts[-1]
    choosing.press("Return")
    assert choosing.hears("Beach:") == "Beach: 2 pictures. a.jpg, picture, 1 of 2"
    choosing.press("Down")
    assert choosing.texts == ["b.jpg, picture, 2 of 2"]


def test_typed_paths_are_completed(choose: Callable[..., Choosing], holiday: Path) -> None:
    choosing = choose()
    choosing.hears("Holiday")
    choosing.type("~")
    path = choosing.window.path
    assert choosing.driven.root.focus_get() is path
    choosing.type("/Hol")
    choosing.press("Tab")
    assert choosing.hears("Holiday, folder")
    assert path.get() == "~/Holiday/"
    choosing.type("i")
    assert choosing.texts == ["i"]  # what Tab added is not taken for typed
    choosing.press("Tab")
    assert choosing.hears("matches") == "mg. 2 matches. Down reads them."
    for key, said, shown in (
        ("Down", "img2.jpg, picture, 1 of 2", "~/Holiday/img2.jpg"),
        ("Down", "img10.jpg, picture, 2 of 2", "~/Holiday/img10.jpg"),
        ("Down", "~/Holiday/img, as typed.", "~/Holiday/img"),
        ("Up", "img10.jpg, picture, 2 of 2", "~/Holiday/img10.jpg"),
    ):
        choosing.press(key)
        assert (choosing.texts, path.get()) == ([said], shown)
    choosing.press("Return")
    choosing.driven.until(lambda: choosing.chosen, "the picture")
    assert choosing.chosen == [str(holiday / "img10.jpg")]


def test_tab_leaves_the_path_field_when_there_is_nothing_to_add(
    choose: Callable[..., Choosing],
) -> None:
    choosing = choose()
    choosing.hears("Holiday")
    choosing.press("Tab", "Tab")
    assert choosing.driven.root.focus_get() is choosing.window.path
    choosing.press("Tab")
    assert choosing.driven.root.focus_get() is choosing.window.all_files
    choosing.press("shift+Tab")
    choosing.type("q")
    choosing.press("Tab")
    assert choosing.hears("begins") == NO_COMPLETION
    assert choosing.driven.root.focus_get() is choosing.window.path
    choosing.press("Tab")
    assert choosing.driven.root.focus_get() is choosing.window.all_files


def test_a_typed_folder_is_gone_into_and_a_wrong_one_is_told(
    choose: Callable[..., Choosing], holiday: Path
) -> None:
    choosing = choose()
    choosing.hears("Holiday")
    choosing.type(f"{holiday}/Bech")
    choosing.press("Return")
    assert choosing.hears("no file") == "There is no file or folder Bech."
    assert choosing.driven.root.focus_get() is choosing.window.path
    choosing.press("BackSpace", "BackSpace")
    choosing.type("ach")
    choosing.press("Return")
    assert choosing.hears("Beach:") == "Beach: 2 pictures. a.jpg, picture, 1 of 2"
    assert choosing.driven.root.focus_get() is choosing.window.files


def test_the_platforms_own_dialog_stays_within_reach(choose: Callable[..., Choosing]) -> None:
    choosing = choose()
    choosing.hears("Holiday")
    choosing.press("Tab", "Tab", "Tab", "Tab", "Tab")
    assert choosing.texts[-1] == "System dialog…, button, 2 of 3"
    choosing.press("space")
    assert choosing.native == [True]
    assert not choosing.is_open


def test_a_picture_and_a_folder_that_go_away_meanwhile(
    choose: Callable[..., Choosing], holiday: Path
) -> None:
    choosing = choose()
    choosing.hears("Holiday")
    (holiday / "img2.jpg").unlink()
    choosing.press("Return")
    assert choosing.hears("no file") == "There is no file or folder img2.jpg."
    choosing.driven.until(lambda: choosing.window.files.size() == 4, "the list without it")
    (holiday / "Alps").rmdir()
    choosing.press("Home", "Return")
    assert choosing.hears("no folder Alps.") == (
        "There is no folder Alps. It may have been moved or deleted."
    )
    choosing.driven.until(lambda: choosing.window.files.size() == 3, "the list without it")
    assert choosing.driven.heard.said == []
    choosing.press("Down")
    assert choosing.texts == ["img10.jpg, picture, 2 of 3"]


def test_what_can_not_be_opened_is_told(choose: Callable[..., Choosing], holiday: Path) -> None:
    (holiday / "aa.jpg").symlink_to("nowhere")
    os.mkfifo(holiday / "ab.jpg")
    choosing = choose()
    choosing.hears("Holiday")
    choosing.press("a", "a")
    assert choosing.texts[-1] == "aa.jpg, broken link, 3 of 7"
    choosing.press("Return")
    assert choosing.hears("is a link") == "aa.jpg is a link to something that does not exist."
    choosing.press("Down", "Return")
    assert choosing.hears("is a device") == "ab.jpg is a device or a pipe, not a picture."
    assert choosing.is_open


def test_a_locked_folder_is_told_and_one_stays(
    choose: Callable[..., Choosing], holiday: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choosing = choose()
    choosing.hears("Holiday")
    real = os.scandir

    def locked(path: str) -> object:
        if str(path).endswith("Alps"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(listing.os, "scandir", locked)
    choosing.press("Home", "Return")
    assert choosing.hears("not allowed") == "You are not allowed to open the folder Alps."
    choosing.press("Down")
    assert choosing.texts == ["Beach, folder, 2 of 5"]


def test_nothing_at_all_can_be_read(
    choose: Callable[..., Choosing], monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(path: str) -> object:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(listing.os, "scandir", locked)
    choosing = choose()
    assert choosing.hears("not allowed").startswith("Open a picture, dialog. You are not allowed")
    choosing.press("Down", "Return", "F4")
    assert choosing.texts == ["empty", NOTHING_HERE, NOTHING_HERE]
    choosing.press("BackSpace")
    assert choosing.hears("not allowed").startswith("You are not allowed")
    choosing.press("Escape")
    assert not choosing.is_open


def test_a_folder_that_is_gone_leads_to_the_nearest(
    choose: Callable[..., Choosing], holiday: Path
) -> None:
    choosing = choose(holiday / "gone" / "picture.jpg")
    assert choosing.hears("Holiday:") == (
        "Open a picture, dialog. There is no folder gone. It may have been moved or deleted. "
        "Holiday: 2 folders, 3 pictures. Alps, folder, 1 of 5"
    )


def test_a_folder_that_hangs_is_announced_and_given_up_by_escape(
    choose: Callable[..., Choosing], holiday: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choosing = choose()
    choosing.hears("Holiday")
    real, let = os.scandir, threading.Event()

    def hanging(path: str) -> object:
        if str(path).endswith("Alps"):
            let.wait(2 * LIMIT_S)
        return real(path)

    monkeypatch.setattr(listing.os, "scandir", hanging)
    began = time.monotonic()
    choosing.press("Home", "Return")
    assert choosing.hears(READING) == READING
    assert time.monotonic() - began >= progress.ANNOUNCE_AFTER_MS / 1000
    choosing.press("Escape")
    assert choosing.texts == [CANCELLED]
    assert choosing.is_open
    choosing.press("Down")
    assert choosing.texts == ["Beach, folder, 2 of 5"]
    let.set()
    choosing.driven.for_s(0.2)
    assert choosing.window.browser.listing.name == "Holiday"


def test_escape_closes_it_while_a_folder_is_being_read(
    choose: Callable[..., Choosing], monkeypatch: pytest.MonkeyPatch
) -> None:
    choosing = choose()
    choosing.hears("Holiday")
    real, let = os.scandir, threading.Event()

    def hanging(path: str) -> object:
        if str(path).endswith("Alps"):
            let.wait(2 * LIMIT_S)
        return real(path)

    monkeypatch.setattr(listing.os, "scandir", hanging)
    monkeypatch.setattr(progress, "ANNOUNCE_AFTER_MS", 60_000)  # it has not taken long so far
    choosing.press("Home", "Return")
    assert choosing.window.browser.busy
    choosing.press("Escape")
    assert not choosing.is_open
    let.set()
    choosing.driven.for_s(0.2)
    assert CANCELLED not in choosing.texts
    assert not [text for text in choosing.texts if text.startswith("Alps:")]


def test_begins_where_one_was_last_even_if_that_hangs(
    choose: Callable[..., Choosing], holiday: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, let = os.path.isdir, threading.Event()

    def hanging(path: str) -> bool:
        if str(path).endswith("Beach"):
            let.wait(2 * LIMIT_S)
        return real(path)

    monkeypatch.setattr(os.path, "isdir", hanging)
    choosing = choose("", recent=[str(holiday / "Beach")])
    assert choosing.hears(READING) == f"Open a picture, dialog. {READING}"
    choosing.press("Escape")
    assert choosing.texts == [f"{CANCELLED} {NO_FOLDER}"]
    places = choosing.window.places  # that one folder hangs hides no other
    choosing.driven.until(lambda: "Home" in places.items, "the other places")
    choosing.press("BackSpace")
    assert choosing.hears("1 folder") == f"{holiday.parent.name}: 1 folder. Holiday, folder, 1 of 1"
    let.set()
    again = choose("", recent=[str(holiday / "Beach")])
    assert again.hears("Beach:").startswith("Open a picture, dialog. Beach: 2 pictures.")


def test_the_mouse_works_too(choose: Callable[..., Choosing], holiday: Path) -> None:
    choosing = choose()
    choosing.hears("Holiday")
    files, screen = choosing.window.files, choosing.driven.screen
    left, top, width, height = files.bbox(1)
    x, y = files.winfo_rootx() + left + width // 2, files.winfo_rooty() + top + height // 2
    screen.xdotool("mousemove", str(x), str(y))
    choosing.said.clear()
    screen.xdotool("click", "1")
    assert choosing.hears("Beach") == "Beach, folder, 2 of 5"
    for _ in range(ROUNDS):  # a machine that is held up between two clicks sees no double click
        screen.xdotool("click", "--repeat", "2", "--delay", "60", "1")
        choosing.driven.settle()
        if choosing.window.browser.busy or "Beach:" in " ".join(choosing.texts):
            break
    assert choosing.hears("Beach:") == "Beach: 2 pictures. a.jpg, picture, 1 of 2"


def test_wild_names_are_shown_and_chosen(choose: Callable[..., Choosing], holiday: Path) -> None:
    alps = holiday / "Alps"
    names = [b"caf\xe9.jpg", b"n" * 251 + b".jpg", b"two\nlines.jpg"]
    for name in names:
        Path(os.fsdecode(os.fsencode(alps) + b"/" + name)).touch()
    choosing = choose(alps / "none.jpg")
    assert choosing.hears("Alps:").endswith("3 pictures. caf\\xe9.jpg, picture, 1 of 3")
    choosing.press("Return")
    choosing.driven.until(lambda: choosing.chosen, "the picture")
    assert os.fsencode(choosing.chosen[0]) == os.fsencode(alps) + b"/" + names[0]


def test_the_preview_follows_the_cursor(choose: Callable[..., Choosing]) -> None:
    choosing = choose()
    choosing.hears("Holiday")
    preview = choosing.window.preview
    choosing.driven.until(lambda: preview.find_all(), "the preview")
    choosing.press("Home")
    assert not preview.find_all()


def test_twenty_thousand_files_never_freeze_the_window(
    choose: Callable[..., Choosing], tmp_path: Path
) -> None:
    crowd = tmp_path / "crowd"
    crowd.mkdir()
    for number in range(20_000):
        os.close(os.open(crowd / f"IMG_{number}.jpg", os.O_CREAT))
    choosing = choose()
    choosing.hears("Holiday")
    assert_once_below(
        lambda: _longest_gap_on_entering(choosing, crowd),
        0.1,
        "the longest time for which the window hung, in seconds,",
    )
    choosing.press("End")
    assert choosing.texts == ["IMG_19999.jpg, picture, 20,000 of 20,000"]
    for _ in range(ROUNDS):  # who is held up in the middle of the name begins a new one
        choosing.type("img_1234")
        if choosing.texts[-1] == "IMG_1234.jpg, picture, 1,235 of 20,000":
            break
        choosing.driven.for_s(PAUSE_S + 0.1)
    assert choosing.texts[-1] == "IMG_1234.jpg, picture, 1,235 of 20,000"


def _longest_gap_on_entering(choosing: Choosing, crowd: Path) -> float:
    """Seconds between two ticks of Tk's loop, at most, until 20,000 rows are there."""
    root, ticks = choosing.driven.root, [own_time()]

    def tick() -> None:
        ticks.append(own_time())
        if choosing.window.files.size() < 20_000 or len(ticks) < 10:
            root.after(10, tick)

    choosing.window.files.delete(0, "end")
    began, cpu = time.monotonic(), time.process_time()
    tick()
    choosing.window.browser.go(str(crowd), str(crowd / "IMG_0.jpg"))
    choosing.hears("crowd: 20,000 pictures. IMG_0.jpg, picture, 1 of 20,000")
    assert time.process_time() - cpu < 6.0  # 0.5 s of two idle cores
    choosing.driven.until(lambda: choosing.window.files.size() == 20_000, "all rows")
    longest = max(later - earlier for earlier, later in itertools.pairwise(ticks))
    print(f"said after {time.monotonic() - began:.2f} s, longest gap {longest * 1000:.0f} ms")
    return longest
