"""Ctrl+Shift+S: the screen without the program's own windows, and the focus back where it was."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from image_describer.app import messages
from image_describer.app.voice.self_voicing import focused
from image_describer.errors import ScreenError
from image_describer.library.history import History
from tests.support.screen import Screen
from tests.support.window import CAPTION, AppDriver

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]
GREEN = (40, 160, 60)
BACKGROUND = """
import tkinter
root = tkinter.Tk()
root.geometry(f"{root.winfo_screenwidth()}x{root.winfo_screenheight()}+0+0")
root.configure(background="#28a03c")
root.bind("<Map>", lambda event: print("ready", flush=True))
root.mainloop()
"""


@pytest.fixture
def background(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another program's window, which fills the screen with green."""
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("XDG_SESSION_TYPE", raising=False)
    program = subprocess.Popen(
        [sys.executable, "-c", BACKGROUND], stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    yield
    program.kill()
    program.wait()


def test_the_screen_without_this_window(background: None, drive: Drive, tmp_path: Path) -> None:
    history = History(tmp_path / "history.db")
    driver = drive(history=history)
    driver.press("ctrl+shift+s")
    driver.until_described()
    driver.until_idle()
    picture = driver.app.describe_task.current.picture
    assert picture is not None
    assert (picture.pixels == GREEN).all()
    assert picture.pixels.shape[:2] == driver.screen.shot().size[::-1]
    assert driver.root.title() == f"{driver.shown} - {messages.FROM_SCREEN} - Image Describer"
    assert focused(driver.root) is driver.app.window.sentence
    said = [text for text in driver.heard.texts if text != messages.WORKING]
    assert said == [driver.shown]  # the focus is back without a word
    assert history.entries() == []
    driver.press("F2")
    assert driver.heard.said_last(messages.FROM_SCREEN)


def test_an_open_dialog_is_hidden_too_and_keeps_the_focus(background: None, drive: Drive) -> None:
    driver = drive()
    driver.press("F1")
    driver.until(lambda: driver.screen.windows("^Help"), "the help")
    before = focused(driver.root)
    driver.press("ctrl+shift+s")
    driver.until_described()
    driver.until_idle()
    picture = driver.app.describe_task.current.picture
    assert picture is not None
    assert (picture.pixels == GREEN).all()
    assert before is not None
    assert focused(driver.root) is before
    assert driver.screen.windows("^Help")


def test_a_refusal_leaves_the_current_picture(
    drive: Drive, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> Image.Image:
        raise ScreenError("It is not allowed.", "Allow it.")

    driver = drive()
    driver.describe(photo)
    monkeypatch.setattr("image_describer.imaging.screen.capture", refuse)
    driver.press("ctrl+shift+s")
    driver.until(lambda: driver.heard.said_last("It is not allowed. Allow it."), "the error")
    driver.settle()
    assert driver.heard.said_last("It is not allowed.")  # the focus is back without a word
    assert CAPTION in driver.shown
    assert driver.app.describe_task.current.file == photo
    assert focused(driver.root) is driver.app.window.sentence


def test_a_file_that_is_opened_meanwhile_wins(drive: Drive, photo: str) -> None:
    driver = drive()
    driver.app.screen()
    assert not driver.root.winfo_viewable()
    driver.describe(photo)
    driver.for_s(0.5)
    assert driver.root.winfo_viewable()
    assert driver.app.describe_task.current.file == photo
    assert driver.descriptions == 1
