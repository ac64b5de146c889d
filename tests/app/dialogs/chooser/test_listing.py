"""The chooser's model: what is in a folder, in which order, and how letters find it."""

import gc
import os
import socket
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.app.dialogs.chooser import listing
from image_describer.app.dialogs.chooser.listing import Unwanted, read
from image_describer.app.widgets.typeahead import PAUSE_S, TypeAhead
from image_describer.errors import FolderError
from image_describer.text import fold, natural_key
from tests.support.screen import assert_once_below, own_time

NAMES = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=40)


def make(folder: Path, *names: str) -> None:
    """Empty files, and a folder for each name that ends in a slash."""
    for name in names:
        if name.endswith("/"):
            (folder / name).mkdir()
        else:
            (folder / name).touch()


def names(path: Path, all_files: bool = False) -> list[str]:
    return [entry.name for entry in read(str(path), all_files).entries]


def test_folders_come_first_and_numbers_count(tmp_path: Path) -> None:
    make(tmp_path, "img10.jpg", "img2.JPG", "b/", "A/", "notes.txt", ".hidden.jpg", "été.png")
    assert names(tmp_path) == ["A", "b", "été.png", "img2.JPG", "img10.jpg"]
    assert names(tmp_path, all_files=True) == [
        "A", "b", "été.png", "img2.JPG", "img10.jpg", "notes.txt",
    ]  # fmt: skip


def test_what_is_said_on_entering(tmp_path: Path) -> None:
    folder = tmp_path / "Holiday"
    folder.mkdir()
    assert read(str(folder)).greeting() == "Holiday: Empty. Backspace goes to the parent."
    make(folder, "a/", "beach.jpg", "sea.jpg", "text.txt")
    found = read(str(folder))
    assert found.greeting() == "Holiday: 1 folder, 2 pictures."
    assert [entry.spoken for entry in found.entries] == [
        "a, folder", "beach.jpg, picture", "sea.jpg, picture",
    ]  # fmt: skip
    assert read(str(folder), all_files=True).greeting() == (
        "Holiday: 1 folder, 2 pictures, 1 other file."
    )
    assert read("/").name == "/"


@given(st.lists(NAMES, max_size=30))
def test_any_names_sort_the_same_way_from_any_beginning(given_names: list[str]) -> None:
    forth = sorted(given_names, key=lambda name: (natural_key(name), name))
    turned = list(reversed(given_names))
    back = sorted(turned, key=lambda name: (natural_key(name), name))
    assert forth == back
    assert sorted(forth) == sorted(given_names)


@given(st.integers(0, 10**30), st.integers(0, 10**30), st.integers(0, 5), st.integers(0, 5))
def test_numbers_sort_by_value(one: int, other: int, zeros: int, more: int) -> None:
    left, right = f"img{'0' * zeros}{one}.jpg", f"img{'0' * more}{other}.jpg"
    assert (natural_key(left) < natural_key(right)) == (one < other)
    assert (natural_key(left) == natural_key(right)) == (one == other)


def test_a_number_of_ten_thousand_digits_sorts() -> None:
    assert natural_key("9" * 10_000) < natural_key("1" + "0" * 10_000)


def test_a_million_entries_would_not_make_garbage_collection_stop_the_window(crowd: Path) -> None:
    before = len(gc.get_objects())
    found = read(str(crowd))
    gc.collect()
    assert len(found.entries) == 20_000
    # An object of a class for each entry would be looked at again by every full collection.
    assert len(gc.get_objects()) - before < 2_000


def test_names_of_stray_bytes_newlines_and_full_length(tmp_path: Path) -> None:
    stray = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    Path(os.fsdecode(stray)).touch()
    make(tmp_path, "two\nlines.jpg", "n" * 251 + ".jpg")
    entries = read(str(tmp_path)).entries
    assert [entry.name for entry in entries] == ["caf?.jpg", "n" * 251 + ".jpg", "two lines.jpg"]
    assert [os.path.isfile(entry.path) for entry in entries] == [True] * 3
    assert os.fsencode(entries[0].path) == stray


def test_links_pipes_and_sockets(tmp_path: Path) -> None:
    make(tmp_path, "real.jpg", "folder/")
    (tmp_path / "broken.jpg").symlink_to("gone.jpg")
    (tmp_path / "one.jpg").symlink_to("two.jpg")
    (tmp_path / "two.jpg").symlink_to("one.jpg")
    (tmp_path / "linked.png").symlink_to("real.jpg")
    (tmp_path / "there").symlink_to("folder")
    (tmp_path / "gone").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as plug:
        plug.bind(str(tmp_path / "plug.jpg"))
        found = {entry.name: entry.kind for entry in read(str(tmp_path)).entries}
    assert found == {
        "folder": "folder",
        "there": "folder",
        "broken.jpg": "broken link",
        "one.jpg": "broken link",
        "two.jpg": "broken link",
        "linked.png": "picture",
        "real.jpg": "picture",
        "pipe.jpg": "device or pipe",
        "plug.jpg": "device or pipe",
    }


def test_a_link_back_to_a_folder_above_leads_there(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    found = read(str(tmp_path / "a" / "loop"))
    assert found.path == str(tmp_path)
    assert found.greeting().startswith(f"That link leads back to {tmp_path.name}. {tmp_path.name}:")


def test_what_can_not_be_read_says_why(tmp_path: Path) -> None:
    make(tmp_path, "file.jpg")
    (tmp_path / "round").symlink_to("round")
    (tmp_path / "broken").symlink_to("nowhere")
    for name, sentence in (
        ("file.jpg", "file.jpg is not a folder."),
        ("gone", "There is no folder gone. It was perhaps moved or deleted."),
        ("round", "round is a link that leads round in a circle."),
        ("broken", "broken is a link to something that is not there."),
        ("n" * 300, "That path is too long for this computer."),
        ("a\0b", "The folder a b can't be read: that is no valid name."),
    ):
        with pytest.raises(FolderError) as told:
            read(str(tmp_path / name))
        assert str(told.value) == sentence


def test_a_folder_that_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(path: str) -> object:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(listing.os, "scandir", locked)
    with pytest.raises(FolderError) as told:
        read(str(tmp_path))
    name = tmp_path.name
    assert str(told.value) == f"You are not allowed to look into the folder {name}."


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crowd")
    for number in range(20_000):
        os.close(os.open(folder / f"IMG_{number}.jpg", os.O_CREAT))
    return folder


def test_twenty_thousand_files_within_a_second_or_so(crowd: Path) -> None:
    counts: list[int] = []
    began = time.process_time()
    found = read(str(crowd), seen=counts.append)
    took = time.process_time() - began
    assert [entry.name for entry in found.entries] == [f"IMG_{n}.jpg" for n in range(20_000)]
    assert counts == list(range(500, 20_001, 500))
    assert took < 3.0, f"it took {took:.2f} s"  # 0.35 s on two idle cores


def test_reading_ends_when_nobody_waits(crowd: Path) -> None:
    seen: list[int] = []
    with pytest.raises(Unwanted):
        read(str(crowd), wanted=lambda: len(seen) < 3, seen=seen.append)
    assert len(seen) == 3


def test_other_threads_run_while_a_large_folder_is_read(crowd: Path) -> None:
    assert_once_below(lambda: _longest_wait_beside(crowd), 0.1, "the longest wait, in seconds,")


def _longest_wait_beside(crowd: Path) -> float:
    """Seconds that a thread had to wait at most while another one read ``crowd``."""
    done = threading.Event()
    reader = threading.Thread(target=lambda: (read(str(crowd)), done.set()))
    reader.start()
    longest, last = 0.0, own_time()
    while not done.is_set():
        time.sleep(0.002)
        now = own_time()
        longest, last = max(longest, now - last), now
    reader.join()
    return longest


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


WORDS = [fold(name) for name in ("Apple", "avocado", "Banana", "Élan", "elbow", "ab 1", "110")]


def test_letters_go_on_or_round() -> None:
    clock = Clock()
    ahead = TypeAhead(clock)

    def type_all(letters: str, index: int) -> int | None:
        found: int | None = index
        for letter in letters:
            found = ahead.typed(letter, WORDS, index)
            index = index if found is None else found
        return found

    assert type_all("a", 0) == 1  # the next one, as one stands on an a already
    assert type_all("a", 1) == 5
    assert type_all("a", 5) == 0
    ahead.forget()
    assert type_all("ban", 0) == 2
    clock.now += PAUSE_S + 0.1
    assert type_all("EL", 2) == 3
    assert type_all("B", 3) == 4
    clock.now += PAUSE_S + 0.1
    assert type_all("é", 4) == 3
    clock.now += PAUSE_S + 0.1
    assert type_all("ab 1", 0) == 5
    clock.now += PAUSE_S + 0.1
    assert type_all("110", 0) == 6
    clock.now += PAUSE_S + 0.1
    assert type_all("q", 3) is None
    clock.now += PAUSE_S + 0.1
    assert ahead.typed("a", ["aardvark", "abbot", "adder"], 0) == 1
    assert ahead.typed("a", ["aardvark", "abbot", "adder"], 1) == 0  # it begins with both
    assert ahead.typed("a", ["aardvark", "abbot", "adder"], 0) == 1


@given(st.lists(NAMES, min_size=1, max_size=20), st.text(max_size=6), st.integers(0, 19))
def test_whatever_is_typed_leads_to_a_name_that_begins_so(
    given_names: list[str], typed: str, index: int
) -> None:
    known = [fold(name) for name in given_names]
    ahead, index = TypeAhead(Clock()), index % len(known)
    for letter in typed:
        found = ahead.typed(letter, known, index)
        wanted = fold(ahead.letters)
        single = wanted[:1] if wanted and wanted == wanted[0] * len(wanted) else wanted
        if found is None:
            assert not any(name.startswith(single) for name in known)
        else:
            assert known[found].startswith(single)
            index = found
