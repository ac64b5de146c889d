"""Reading a folder: which entries, in which order, and the sentences about it."""

import gc
import os
import socket
from pathlib import Path

import pytest

from image_describer.app import listing
from image_describer.app.listing import (
    CHUNK,
    ReadCancelled,
    read_folder,
    read_nearest,
)
from image_describer.errors import FolderError


def make(folder: Path, *names: str) -> None:
    """Create empty files, and a folder for each name that ends in a slash."""
    for name in names:
        if name.endswith("/"):
            (folder / name).mkdir()
        else:
            (folder / name).touch()


def names(path: Path, all_files: bool = False) -> list[str]:
    return [entry.name for entry in read_folder(str(path), all_files).entries]


@pytest.fixture(scope="module")
def large_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 5,000 files."""
    folder = tmp_path_factory.mktemp("large")
    for number in range(5_000):
        os.close(os.open(folder / f"IMG_{number}.jpg", os.O_CREAT))
    return folder


def test_folders_come_first_and_names_are_in_natural_order(tmp_path: Path) -> None:
    make(tmp_path, "img10.jpg", "img2.JPG", "b/", "A/", "notes.txt", ".hidden.jpg", "été.png")
    expected = ["A", "b", "été.png", "img2.JPG", "img10.jpg"]
    assert names(tmp_path) == expected
    assert names(tmp_path, all_files=True) == [*expected, "notes.txt"]


def test_the_greeting_counts_the_entries(tmp_path: Path) -> None:
    folder = tmp_path / "Holiday"
    folder.mkdir()
    assert read_folder(str(folder)).greeting() == "Holiday: Empty. Backspace goes to the parent."
    make(folder, "a/", "beach.jpg", "LETTER.PDF", "sea.jpg", "text.txt")
    found = read_folder(str(folder))
    assert found.greeting() == "Holiday: 1 folder, 2 pictures, 1 document."
    assert [entry.spoken for entry in found.entries] == [
        "a, folder", "beach.jpg, picture", "LETTER.PDF, document", "sea.jpg, picture",
    ]  # fmt: skip
    assert read_folder(str(folder), all_files=True).greeting() == (
        "Holiday: 1 folder, 2 pictures, 1 document, 1 other file."
    )
    assert read_folder("/").name == "Computer"


def test_names_with_undecodable_bytes_newlines_and_full_length(tmp_path: Path) -> None:
    undecodable = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    Path(os.fsdecode(undecodable)).touch()
    make(tmp_path, "two\nlines.jpg", "n" * 251 + ".jpg")
    entries = read_folder(str(tmp_path)).entries
    assert [entry.name for entry in entries] == [
        "caf\\xe9.jpg", "n" * 251 + ".jpg", "two\\nlines.jpg",
    ]  # fmt: skip
    assert all(os.path.isfile(entry.path) for entry in entries)
    assert os.fsencode(entries[0].path) == undecodable


def test_links_pipes_and_sockets_have_kinds_of_their_own(tmp_path: Path) -> None:
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
        found = {entry.name: entry.kind for entry in read_folder(str(tmp_path)).entries}
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


def test_a_link_to_a_folder_above_it_leads_there(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    found = read_folder(str(tmp_path / "a" / "loop"))
    assert found.path == str(tmp_path)
    assert found.greeting().startswith(f"That link leads back to {tmp_path.name}. {tmp_path.name}:")


def test_the_nearest_folder_that_can_be_read_is_read(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg")
    found = read_nearest([str(tmp_path / "gone" / "deeper")])
    assert found.path == str(tmp_path)
    assert found.note == "There is no folder deeper. It may have been moved or deleted."
    with pytest.raises(FolderError):
        read_nearest([])


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("file.jpg", "file.jpg is not a folder."),
        ("gone", "There is no folder gone. It may have been moved or deleted."),
        ("loop", "loop is a link that leads back to itself."),
        ("broken", "broken is a link to something that does not exist."),
        ("n" * 300, "That path is too long for this computer."),
        ("a\0b", "The folder a\\x00b can't be read: that is not a valid name."),
    ],
)
def test_an_error_says_why_a_folder_can_not_be_read(
    tmp_path: Path, name: str, sentence: str
) -> None:
    make(tmp_path, "file.jpg")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "broken").symlink_to("nowhere")
    with pytest.raises(FolderError) as error:
        read_folder(str(tmp_path / name))
    assert str(error.value) == sentence


def test_an_error_says_that_a_folder_is_not_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> object:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(listing.os, "scandir", refuse)
    with pytest.raises(FolderError) as error:
        read_folder(str(tmp_path))
    assert str(error.value) == f"You are not allowed to open the folder {tmp_path.name}."


def test_a_large_folder_is_sorted_and_counted_in_chunks(large_folder: Path) -> None:
    counts: list[int] = []
    found = read_folder(str(large_folder), on_count=counts.append)
    assert [entry.name for entry in found.entries] == [f"IMG_{n}.jpg" for n in range(5_000)]
    assert counts == list(range(CHUNK, 5_001, CHUNK))


def test_entries_are_not_tracked_by_garbage_collection(large_folder: Path) -> None:
    before = len(gc.get_objects())
    found = read_folder(str(large_folder))
    gc.collect()
    assert len(found.entries) == 5_000
    assert len(gc.get_objects()) - before < 2_000


def test_reading_is_cancelled_between_chunks(large_folder: Path) -> None:
    counts: list[int] = []
    with pytest.raises(ReadCancelled):
        read_folder(str(large_folder), False, lambda: len(counts) < 3, counts.append)
    assert len(counts) == 3


def test_other_threads_get_a_turn_after_each_chunk(
    large_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(listing.time, "sleep", pauses.append)
    read_folder(str(large_folder))
    assert pauses == [listing.YIELD_S] * (2 * 5_000 // CHUNK)  # while reading and while merging
