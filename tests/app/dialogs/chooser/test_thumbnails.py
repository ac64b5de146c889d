"""Thumbnails beside the list: the last one asked for, off the window's thread, safely."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from image_describer.app.dialogs.chooser import thumbnails as module
from image_describer.app.dialogs.chooser.thumbnails import (
    KEPT,
    Thumbnails,
    thumbnail,
)
from image_describer.app.tasks.jobs import Jobs
from image_describer.errors import PictureError
from tests.support import pictures
from tests.support.screen import LIMIT_S

SIZE = (100, 100)


class Loop:
    """Stands for Tk's loop: ``after``, and turning it until something is so."""

    def __init__(self) -> None:
        self.due: list[tuple[float, Callable[[], None]]] = []

    def after(self, ms: int, function: Callable[[], None]) -> None:
        self.due.append((time.monotonic() + ms / 1000, function))

    def until(self, what: Callable[[], Any], limit_s: float = LIMIT_S) -> None:
        limit = time.monotonic() + limit_s
        while not what():
            assert time.monotonic() < limit
            self.turn()
            time.sleep(0.002)

    def turn(self) -> None:
        now = time.monotonic()
        ready = [pair for pair in self.due if pair[0] <= now]
        self.due = [pair for pair in self.due if pair[0] > now]
        for _at, function in ready:
            function()

    def for_s(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end)


class Shown:
    """Thumbnails on a loop, with all that they showed."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.images: list[Image.Image | None] = []
        self.thumbnails = Thumbnails(Jobs(self.loop.after), self.loop.after, self.images.append)


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    files = [tmp_path / f"{number}.jpg" for number in range(5)]
    for file in files:
        file.write_bytes(pictures.encoded(pictures.photograph(200, 100), "JPEG"))
    return [str(file) for file in files]


def test_only_what_one_rests_on_is_made(photos: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def noted(path: str, size: tuple[int, int]) -> Image.Image:
        assert threading.current_thread() is not threading.main_thread()
        made.append(path)
        return thumbnail(path, size)

    monkeypatch.setattr(module, "thumbnail", noted)
    shown = Shown()
    for photo in photos:
        shown.thumbnails.want(photo, SIZE)
    shown.loop.until(lambda: shown.images[-1] is not None)
    shown.loop.for_s(0.3)
    assert made == photos[-1:]
    assert shown.images[-1].size == (100, 50)
    shown.thumbnails.want(photos[0], SIZE)
    assert shown.images[-1] is None  # not the one before, under another name
    shown.loop.until(lambda: shown.images[-1] is not None)
    shown.thumbnails.want(photos[-1], SIZE)
    assert shown.images[-1] is not None  # kept, hence at once
    shown.thumbnails.want(None, SIZE)
    assert shown.images[-1] is None
    shown.loop.for_s(0.3)
    assert made == [photos[-1], photos[0]]


def test_one_at_a_time_and_then_the_last(
    photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    let, under_way, most = threading.Event(), [0], [0]
    made: list[str] = []

    def slow(path: str, size: tuple[int, int]) -> Image.Image:
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        assert let.wait(LIMIT_S)
        under_way[0] -= 1
        made.append(path)
        return thumbnail(path, size)

    monkeypatch.setattr(module, "thumbnail", slow)
    shown = Shown()
    for photo in photos:
        shown.thumbnails.want(photo, SIZE)
        shown.loop.until(lambda: under_way[0] == 1)
        shown.loop.for_s(0.2)
    let.set()
    shown.loop.until(lambda: shown.images[-1] is not None)
    assert made == [photos[0], photos[-1]]
    assert most[0] == 1


def test_one_that_hangs_is_given_up(photos: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    let = threading.Event()

    def hanging(path: str, size: tuple[int, int]) -> Image.Image:
        if path == photos[0]:
            let.wait(LIMIT_S)
        return thumbnail(path, size)

    monkeypatch.setattr(module, "thumbnail", hanging)
    monkeypatch.setattr(module, "GIVE_UP_S", 0.1)
    shown = Shown()
    shown.thumbnails.want(photos[0], SIZE)
    shown.loop.for_s(0.4)
    shown.thumbnails.want(photos[1], SIZE)
    shown.loop.until(lambda: shown.images[-1] is not None)
    let.set()
    shown.loop.for_s(0.2)
    assert len([image for image in shown.images if image is not None]) == 1


def test_what_is_no_picture_shows_nothing_and_stops_nothing(
    photos: list[str], tmp_path: Path
) -> None:
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(pictures.png_bomb())
    shown = Shown()
    for bad in (bomb, tmp_path / "gone.jpg", tmp_path):
        with pytest.raises(PictureError):
            thumbnail(str(bad), SIZE)
        shown.thumbnails.want(str(bad), SIZE)
        shown.loop.for_s(0.3)
    assert not any(shown.images)
    shown.thumbnails.want(photos[0], SIZE)
    shown.loop.until(lambda: shown.images[-1] is not None)


def test_after_closing_nothing_is_shown(photos: list[str]) -> None:
    shown = Shown()
    shown.thumbnails.want(photos[0], SIZE)
    shown.loop.for_s(0.16)
    shown.thumbnails.close()
    shown.loop.for_s(0.4)
    assert shown.images == [None]


def test_only_so_many_are_kept(photos: list[str]) -> None:
    shown = Shown()
    for number in range(KEPT + 5):
        shown.thumbnails._made((f"{number}", SIZE), Image.new("RGB", (1, 1)))
    assert len(shown.thumbnails._kept) == KEPT


def test_an_upright_thumbnail(tmp_path: Path) -> None:
    file = tmp_path / "turned.jpg"
    file.write_bytes(pictures.turned(6, "JPEG"))
    assert thumbnail(str(file), (40, 40)).size == (40, 30)
