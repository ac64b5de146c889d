"""Thumbnails: the last one requested, loaded off the window's thread."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from image_describer import local_files
from image_describer.app.dialogs.chooser import thumbnails
from image_describer.app.dialogs.chooser.thumbnails import (
    CACHE_SIZE,
    REST_MS,
    ThumbnailLoader,
    load_thumbnail,
)
from image_describer.app.jobs import JobRunner
from image_describer.errors import PictureError
from image_describer.imaging import open as image_open
from tests.support import pictures
from tests.support.screen import LIMIT_S

SIZE = (100, 100)


def record(calls: list[str], function: Callable[[str], Any]) -> Callable[[str], Any]:
    """``function``, whose calls are recorded."""

    def call(path: str) -> Any:
        calls.append(path)
        return function(path)

    return call


class TimerLoop:
    """A stand-in for Tk's timers, with a clock of its own."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.timers: list[tuple[int, Callable[[], None]]] = []

    def after(self, ms: int, function: Callable[[], None]) -> None:
        self.timers.append((self.now_ms + ms, function))

    def advance(self, ms: int) -> None:
        """Let ``ms`` pass and run the timers that are due."""
        self.now_ms += ms
        due = [function for at, function in self.timers if at <= self.now_ms]
        self.timers = [timer for timer in self.timers if timer[0] > self.now_ms]
        for function in due:
            function()

    def until(self, condition: Callable[[], Any]) -> None:
        limit = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < limit, "timed out waiting for the thumbnail"
            self.advance(10)
            time.sleep(0.001)


class Viewer:
    """A loader, and all images that it showed."""

    def __init__(self) -> None:
        self.loop = TimerLoop()
        self.images: list[Image.Image | None] = []
        self.jobs = JobRunner(self.loop.after)
        self.loader = ThumbnailLoader(self.jobs, self.loop.after, self.images.append)

    def rest_on(self, path: str) -> None:
        """Request ``path`` and wait until loading begins."""
        self.loader.request(path, SIZE)
        self.loop.advance(REST_MS)

    def until_shown(self) -> None:
        self.loop.until(lambda: self.images[-1] is not None)

    def until_idle(self) -> None:
        self.loop.until(lambda: self.jobs.idle)


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    files = [tmp_path / f"{number}.jpg" for number in range(3)]
    for file in files:
        file.write_bytes(pictures.encoded(pictures.photograph(200, 100), "JPEG"))
    return [str(file) for file in files]


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that were loaded so far."""
    paths: list[str] = []

    def record(path: str, size: tuple[int, int]) -> Image.Image:
        assert threading.current_thread() is not threading.main_thread()
        paths.append(path)
        return load_thumbnail(path, size)

    monkeypatch.setattr(thumbnails, "load_thumbnail", record)
    return paths


def test_only_pictures_that_the_cursor_rests_on_are_loaded(
    photos: list[str], loaded: list[str]
) -> None:
    viewer = Viewer()
    for photo in photos:
        viewer.loader.request(photo, SIZE)
    viewer.until_shown()
    assert loaded == photos[-1:]
    assert viewer.images[-1] is not None
    assert viewer.images[-1].size == (100, 50)


def test_a_loaded_picture_is_shown_at_once_the_next_time(
    photos: list[str], loaded: list[str]
) -> None:
    viewer = Viewer()
    for photo in photos[:2]:
        viewer.loader.request(photo, SIZE)
        assert viewer.images[-1] is None  # the previous picture is removed
        viewer.until_shown()
    viewer.loader.request(photos[0], SIZE)
    assert viewer.images[-1] is not None
    viewer.loader.request(None, SIZE)
    assert viewer.images[-1] is None
    assert loaded == photos[:2]


def test_one_is_loaded_at_a_time_and_then_the_last(
    photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    release, started = threading.Event(), []

    def slow(path: str, size: tuple[int, int]) -> Image.Image:
        started.append(path)
        assert release.wait(LIMIT_S)
        return load_thumbnail(path, size)

    monkeypatch.setattr(thumbnails, "load_thumbnail", slow)
    viewer = Viewer()
    viewer.rest_on(photos[0])
    viewer.loop.until(lambda: started)
    for photo in photos[1:]:
        viewer.rest_on(photo)
    assert started == photos[:1]
    release.set()
    viewer.until_shown()
    assert started == [photos[0], photos[-1]]


def test_a_picture_that_hangs_is_abandoned(
    photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def hanging(path: str, size: tuple[int, int]) -> Image.Image:
        if path == photos[0]:
            assert release.wait(LIMIT_S)
        return load_thumbnail(path, size)

    monkeypatch.setattr(thumbnails, "load_thumbnail", hanging)
    monkeypatch.setattr(thumbnails, "GIVE_UP_S", 0.0)
    viewer = Viewer()
    viewer.rest_on(photos[0])
    viewer.rest_on(photos[1])
    viewer.until_shown()
    release.set()
    viewer.until_idle()
    assert sum(image is not None for image in viewer.images) == 1


def test_files_that_are_not_pictures_show_nothing(photos: list[str], tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(b"not a picture")
    viewer = Viewer()
    for path in (damaged, tmp_path / "gone.jpg", tmp_path):
        with pytest.raises(PictureError):
            load_thumbnail(str(path), SIZE)
        viewer.rest_on(str(path))
        viewer.until_idle()
    assert not any(viewer.images)
    viewer.loader.request(photos[0], SIZE)
    viewer.until_shown()


def test_nothing_is_shown_after_closing(photos: list[str]) -> None:
    viewer = Viewer()
    viewer.rest_on(photos[0])
    viewer.loader.close()
    viewer.until_idle()
    assert viewer.images == [None]


def test_the_cache_is_limited() -> None:
    viewer = Viewer()
    for number in range(CACHE_SIZE + 5):
        viewer.loader._on_loaded((f"{number}", SIZE), Image.new("RGB", (1, 1)))
    assert len(viewer.loader._cache) == CACHE_SIZE


def test_a_thumbnail_is_upright(tmp_path: Path) -> None:
    file = tmp_path / "turned.jpg"
    file.write_bytes(pictures.with_orientation(6, "JPEG"))
    assert load_thumbnail(str(file), (40, 40)).size == (40, 30)


def test_a_picture_in_a_cloud_is_not_downloaded(
    photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_cloud = True
    monkeypatch.setattr(local_files, "is_downloaded", lambda _status: not in_cloud)
    opened: list[str] = []
    monkeypatch.setattr(image_open, "open_picture", record(opened, image_open.open_picture))
    viewer = Viewer()
    viewer.rest_on(photos[0])
    viewer.until_idle()
    assert viewer.images == [None]
    assert opened == []
    in_cloud = False  # it was opened meanwhile
    viewer.loader.request(None, SIZE)
    viewer.rest_on(photos[0])
    viewer.until_shown()
    assert opened == [photos[0]]
