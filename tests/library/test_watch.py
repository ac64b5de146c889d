"""Watching a folder: real files, the real observer; what is told, and how often."""

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from image_describer.captioner.description import Description
from image_describer.errors import ScanError
from image_describer.library import watch
from image_describer.library.record import Record
from image_describer.library.watch import FolderFound, FolderLost, FolderWatcher, PictureBurst
from tests.support.pictures import encoded, photograph

LIMIT_S = 60.0


def png(seed: int) -> bytes:
    return encoded(photograph(64, 48, seed), "PNG")


class Watch:
    """A watcher on a thread of its own. ``proceed``: descriptions wait while it isn't set."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder = folder
        self.events: list[watch.WatchEvent] = []
        self.proceed = threading.Event()
        self.proceed.set()
        self._watcher = FolderWatcher(folder, self._describe, **options)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.until(lambda: self.events)

    def _describe(self, picture: Any) -> Description:
        assert self.proceed.wait(LIMIT_S)
        return Description("a dog", 0.5, file=picture.file)

    def _run(self) -> None:
        for event in self._watcher.events():
            self.events.append(event)

    def until(self, condition: Callable[[], object]) -> None:
        limit = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < limit, self.events
            time.sleep(0.01)

    @property
    def told(self) -> list[str]:
        """The names of the pictures that were told one by one."""
        return [os.path.basename(e.file) for e in self.events if isinstance(e, Record)]

    def until_told(self, *names: str) -> None:
        """Wait for the pictures ``names``, and check that they are all that has been told."""
        self.until(lambda: len(self.told) >= len(names))
        assert self.told == list(names)

    def save(self, name: str, seed: int = 0) -> Path:
        """Save a picture as other programs do, in one go."""
        file = self.folder / name
        file.write_bytes(png(seed))
        return file

    def stop(self) -> None:
        self.proceed.set()
        self._watcher.stop()
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "pictures"
    path.mkdir()
    return path


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Watch]]:
    started: list[Watch] = []

    def start_watch(path: Path = folder, **options: Any) -> Watch:
        started.append(Watch(path, **options))
        return started[-1]

    yield start_watch
    for one in started:
        one.stop()


def test_a_new_picture_is_told_and_an_old_one_is_not(folder: Path, start) -> None:
    (folder / "old.png").write_bytes(png(1))
    watched = start()
    file = watched.save("new.png")
    (folder / "notes.txt").write_text("no picture")
    watched.until_told("new.png")
    assert watched.events[0] == FolderFound(str(folder), is_back=False)
    record = watched.events[1]
    assert isinstance(record, Record)
    assert (record.file, record.error) == (str(file), "")
    assert record.description == Description("a dog", 0.5, file=str(file))


@pytest.mark.parametrize("name", [".a.png", "a.png.part", "a.png.crdownload", "a.png~", "~a.png"])
def test_a_temporary_name_is_ignored_until_it_is_renamed(start, name: str) -> None:
    watched = start()
    temporary = watched.save(name)
    watched.save("b.png", 2)
    watched.until_told("b.png")
    temporary.replace(watched.folder / "a.png")
    watched.until_told("b.png", "a.png")


def test_a_picture_that_is_moved_into_the_folder_is_told(tmp_path: Path, start) -> None:
    watched = start()
    (tmp_path / "a.png").write_bytes(png(1))
    (tmp_path / "a.png").rename(watched.folder / "a.png")
    watched.until_told("a.png")


def test_a_growing_file_is_told_once_and_only_when_it_is_complete(start) -> None:
    watched = start()
    content = encoded(photograph(300, 200), "JPEG")
    with (watched.folder / "slow.jpg").open("wb") as file:
        for begin in range(0, len(content), len(content) // 6):
            file.write(content[begin : begin + len(content) // 6])
            file.flush()
            time.sleep(0.1)
        if watch.TELLS_CLOSING:
            watched.save("other.png")
            watched.until_told("other.png")
    watched.until(lambda: "slow.jpg" in watched.told)
    watched.save("last.png", 2)
    watched.until(lambda: "last.png" in watched.told)
    assert watched.told.count("slow.jpg") == 1
    assert all(e.error == "" for e in watched.events if isinstance(e, Record))


def test_a_file_that_is_closed_in_between_is_told_once_and_only_when_it_is_complete(start) -> None:
    watched = start()
    content = encoded(photograph(300, 200), "JPEG")
    file = watched.folder / "a.jpg"
    for part in (content[:900], content[900:]):
        with file.open("ab") as stream:
            stream.write(part)
        time.sleep(0.2)
    watched.until_told("a.jpg")
    assert watched.events[-1].error == ""


def test_an_empty_file_is_told_when_it_has_content(start) -> None:
    watched = start()
    file = watched.folder / "a.png"
    file.touch()  # as browsers do while they write to "a.png.part"
    watched.save("b.png", 2)
    watched.until_told("b.png")
    file.write_bytes(png(1))
    watched.until_told("b.png", "a.png")


def test_an_overwritten_picture_is_told_again_only_with_other_content(start) -> None:
    watched = start()
    watched.save("a.png", 1)
    watched.until_told("a.png")
    watched.save("a.png", 1)
    watched.save("b.png", 2)
    watched.until_told("a.png", "b.png")
    watched.save("a.png", 3)
    watched.until_told("a.png", "b.png", "a.png")


def test_touching_and_renaming_tell_nothing(folder: Path, start) -> None:
    old = folder / "old.png"
    old.write_bytes(png(1))
    watched = start()
    watched.save("a.png", 2)
    watched.until_told("a.png")
    (folder / "a.png").rename(folder / "b.png")
    old.rename(folder / "older.png")
    with (folder / "older.png").open("ab"):
        os.utime(folder / "older.png")
    watched.save("c.png", 3)
    watched.until_told("a.png", "c.png")


def test_fifty_pictures_are_said_as_a_number(start) -> None:
    watched = start()
    watched.proceed.clear()  # while the first is described, the others come
    for number in range(50):
        watched.save(f"{number}.png", number % 3)
    watched.proceed.set()
    watched.until(lambda: len(watched.events) > 1)
    assert watched.events[1:] == [PictureBurst(50, more=False)]
    assert watched.events[1].sentence == "50 new pictures."
    watched.save("last.png")
    watched.until_told("last.png")


def test_a_few_pictures_are_told_one_by_one_and_more_are_counted(start) -> None:
    watched = start()
    watched.proceed.clear()
    names = [f"{number}.png" for number in range(watch.FEW)]
    for name in names:
        watched.save(name)
    watched.proceed.set()
    watched.until(lambda: len(watched.told) == watch.FEW)
    assert sorted(watched.told) == names
    assert watch.PictureBurst(45, more=True).sentence == "45 more new pictures."


def test_without_counting_every_picture_is_told(start) -> None:
    watched = start(count_bursts=False)
    watched.proceed.clear()
    names = {watched.save(f"{number}.png").name for number in range(20)}
    watched.proceed.set()
    watched.until(lambda: set(watched.told) == names)


def test_an_unreadable_picture_gets_its_sentence_and_the_watch_goes_on(start) -> None:
    watched = start()
    (watched.folder / "broken.jpg").write_text("no picture at all")
    watched.until_told("broken.jpg")
    record = watched.events[-1]
    assert record.description is None
    assert record.error == "I can't open this kind of file."
    watched.save("a.png")
    watched.until_told("broken.jpg", "a.png")


def test_a_folder_that_vanishes_is_waited_for(folder: Path, start) -> None:
    watched = start()
    watched.save("a.png", 1)
    watched.until_told("a.png")
    away = folder.rename(folder.with_name("away"))
    watched.until(lambda: isinstance(watched.events[-1], FolderLost))
    assert watched.events[-1].error.sentence == 'The folder "pictures" isn\'t there.'
    (away / "b.png").write_bytes(png(2))
    away.rename(folder)
    watched.until_told("a.png", "b.png")
    assert FolderFound(str(folder), is_back=True) in watched.events
    watched.save("c.png", 3)
    watched.until_told("a.png", "b.png", "c.png")


def test_the_first_picture_may_come_with_its_folder(folder: Path, tmp_path: Path, start) -> None:
    watched = start(tmp_path / "later")
    assert isinstance(watched.events[0], FolderLost)
    (folder / "old.png").write_bytes(png(1))
    os.utime(folder / "old.png", (1e9, 1e9))
    (folder / "first.png").write_bytes(png(2))
    folder.rename(watched.folder)
    watched.until_told("first.png")


def test_without_reports_of_the_system_the_folder_is_read(start, monkeypatch) -> None:
    def no_more_watches() -> None:
        raise OSError(errno.ENOSPC, "inotify watch limit reached")

    monkeypatch.setattr(watch, "Observer", no_more_watches)
    watched = start()
    watched.save("a.png", 1)
    watched.until_told("a.png")
    watched.save("a.png", 2)
    watched.until_told("a.png", "a.png")


def test_a_share_that_reports_nothing_is_read(start, monkeypatch) -> None:
    monkeypatch.setattr(watch._ChangeHandler, "on_any_event", lambda *_: None)
    watched = start()
    watched.save("a.png", 1)
    watched.until_told("a.png")


def test_a_link_to_a_folder_is_watched(folder: Path, tmp_path: Path, start) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    watched = start(link)
    watched.save("a.png")
    watched.until_told("a.png")
    assert watched.events[-1].file == str(link / "a.png")


def test_what_cannot_be_watched_is_refused(folder: Path) -> None:
    file = folder / "a.png"
    file.write_bytes(b"")
    for path, sentence in (
        (folder / "missing", "There is no folder"),
        (file, "is not a folder"),
        ("", "its name is empty"),
    ):
        with pytest.raises(ScanError, match=sentence):
            watch.check(path)
