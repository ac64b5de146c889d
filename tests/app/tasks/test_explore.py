"""Exploring with real keys on a screen, with a fake describer and speaker."""

import threading
import time
import tkinter as tk
from collections.abc import Callable, Iterator
from dataclasses import replace
from tkinter import ttk
from typing import Any

import numpy as np
import pytest
from PIL import Image

from image_describer.app import messages
from image_describer.app.context import AppContext, CurrentPicture, DescribedPicture
from image_describer.app.jobs import JobRunner
from image_describer.app.tasks.explore import (
    EDGE,
    ENDED,
    KEYS,
    PART_TOO_SMALL,
    PICTURE_TOO_SMALL,
    WHOLE_PICTURE,
    Explorer,
)
from image_describer.app.voice import self_voicing
from image_describer.app.voice.announcer import Announcer
from image_describer.app.widgets.picture_view import PictureView
from image_describer.captioner.description import Description
from image_describer.errors import BundleError
from image_describer.imaging.open import Picture
from image_describer.reading.text import PictureText, TextLine
from image_describer.wording.sentence import spoken
from tests.support.screen import LIMIT_S, Screen
from tests.support.window import CAPTION, KEPT, AppDriver, FakeDescriber, FakeSpeaker, TkLoop

FIRST = f"Exploring. Centre. Probably: something cyan. {KEYS}"

pytestmark = pytest.mark.gui

COLOURS = ("red", "lime", "blue", "yellow", "cyan", "magenta", "white", "orange", "purple")
SIDE_PX = 900
FRAME = (0xFF, 0xD5, 0x00)


def nine_colours(side: int = SIDE_PX) -> Picture:
    """A picture of 3 x 3 plain parts, with some noise so that none is blank."""
    small = Image.new("RGB", (3, 3))
    small.putdata([Image.new("RGB", (1, 1), colour).getpixel((0, 0)) for colour in COLOURS])
    pixels = np.asarray(small.resize((side, side), Image.Resampling.NEAREST)).astype(int)
    noise = np.random.default_rng(0).integers(-40, 40, (side, side, 1))
    pixels = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    return Picture(pixels, "PNG", side, side, (), "/pictures/colours.png")


class ColourDescriber:
    """Names the colour in the middle of a picture; waits ``seconds`` and for ``proceed``."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.proceed = threading.Event()
        self.proceed.set()
        self.error: Exception | None = None
        self.threads: set[threading.Thread] = set()
        self.count = 0

    def describe(self, source: Any) -> Description:
        self.threads.add(threading.current_thread())
        time.sleep(self.seconds)
        assert self.proceed.wait(LIMIT_S)
        if self.error is not None:
            raise self.error
        self.count += 1
        height, width = source.pixels.shape[:2]
        middle = source.pixels[height // 3 : -height // 3, width // 3 : -width // 3]
        seen = middle.reshape(-1, 3).mean(axis=0)
        palette = [Image.new("RGB", (1, 1), colour).getpixel((0, 0)) for colour in COLOURS]
        nearest = np.argmin(np.abs(np.asarray(palette) - seen).sum(axis=1))
        return Description(f"something {COLOURS[nearest]}", 0.8)


class ExplorerDriver(TkLoop):
    """A picture and a button below it, with everything that the app gives an Explorer."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.root = tk.Tk()
        KEPT.append(self.root)
        self.root.geometry("700x620")
        self.heard = FakeSpeaker()
        voice = Announcer(self.root, self.heard, lambda _problem: None)  # type: ignore[arg-type]
        self.context = AppContext(self.root, JobRunner(self.root.after), self.heard, voice)  # type: ignore[arg-type]
        self_voicing.SelfVoicing(self.root, voice.say_focus, lambda: None)
        self.view = PictureView(self.root, self.context.jobs)
        self.view.pack(fill="both", expand=True)
        self.text = ttk.Button(self.root, text="Below")
        self.text.pack()
        self.current = CurrentPicture()
        self.describer = ColourDescriber()
        self.shown: list[str] = []
        self.explorer = Explorer(
            self.context,
            self.view,
            lambda part: self.describer.describe(part),
            self.current,
            self.shown.append,
        )
        self.escapes = 0
        self.root.bind("<Control-e>", lambda _event: self.explorer.toggle())
        self.root.bind("<Escape>", self._escape)
        self.root.update()
        self.root.focus_force()
        self.text.focus_set()
        self.until(lambda: self.heard.texts == ["Below, button"], "the focus")

    def _escape(self, _event: object) -> None:
        self.escapes += 1
        self.context.voice.stop()

    def show(self, picture: Picture) -> None:
        self.current.picture, self.current.file = picture, picture.file
        self.view.show(picture)
        self.until_idle()

    @property
    def heard_so_far(self) -> list[str]:
        return self.heard.texts

    @property
    def said(self) -> list[str]:
        """What was said, without "Working", which a busy machine may say before a part."""
        ignored = messages.WORKING if self.current.picture is not None else None
        return [text for text in self.heard.texts if text != ignored]

    def hear(self, *pressed: str) -> str:
        """Press the keys; return all that is said after the last one."""
        before = 0
        for key in pressed:
            before = len(self.said)
            self.screen.press(key)
            self.until(lambda n=before: len(self.said) > n, f"an answer to {key}")
            self.until_idle()
        return " ".join(self.said[before:])

    def framed(self) -> tuple[int, int, int, int]:
        """The frame around the part, as it is on the screen: left, top, right, bottom in pixels."""
        self.settle()
        image = self.screen.shot()
        left, top = self.view.winfo_rootx(), self.view.winfo_rooty()
        ring = 6  # the focus ring around the view has the same colour
        seen = np.asarray(image)[
            top + ring : top + self.view.winfo_height() - ring,
            left + ring : left + self.view.winfo_width() - ring,
        ]
        rows, columns = np.nonzero((seen == FRAME).all(axis=2))
        assert rows.size, "no frame"
        return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


@pytest.fixture
def driver(screen: Screen) -> Iterator[ExplorerDriver]:
    driver = ExplorerDriver(screen)
    yield driver
    driver.explorer.forget()
    driver.root.destroy()


def test_the_arrows_say_each_part_and_the_edges(driver: ExplorerDriver) -> None:
    driver.show(nine_colours())
    assert driver.hear("ctrl+e") == FIRST
    assert driver.root.focus_get() is driver.view
    assert driver.hear("Left") == "Left. Probably: something yellow."
    assert driver.hear("Left") == EDGE
    assert driver.hear("Up") == "Top left. Probably: something red."
    assert driver.hear("Right") == "Top. Probably: something lime."
    assert driver.hear("KP_Down") == "Centre. Probably: something cyan."
    assert driver.shown[-1] == "Centre. Probably: something cyan."
    assert threading.main_thread() not in driver.describer.threads


def test_the_next_parts_are_described_ahead(driver: ExplorerDriver) -> None:
    driver.describer.seconds = 0.1
    driver.show(nine_colours())
    driver.hear("ctrl+e")
    driver.until(lambda: driver.describer.count >= 9, "the parts ahead")
    for key in ("Left", "Up", "Right", "Right", "Down"):
        before = len(driver.heard.said)
        driver.view.event_generate(f"<{key}>")
        assert len(driver.heard.said) == before + 1


def test_parts_are_entered_and_left(driver: ExplorerDriver) -> None:
    driver.show(nine_colours())
    driver.hear("ctrl+e")
    assert driver.hear("BackSpace") == WHOLE_PICTURE
    assert driver.hear("Right", "Return") == "Middle of the right. Probably: something magenta."
    assert driver.hear("Left") == "Middle left of the right. Probably: something magenta."
    assert driver.hear("KP_Enter") == PART_TOO_SMALL
    assert driver.hear("BackSpace") == "Right. Probably: something magenta."


def test_the_part_is_framed_where_it_is(driver: ExplorerDriver) -> None:
    driver.show(nine_colours())
    driver.hear("ctrl+e")
    left, top, right, bottom = driver.framed()
    width, height = driver.view.winfo_width() - 12, driver.view.winfo_height() - 12
    assert (left + right) / 2 == pytest.approx(width / 2, abs=4)
    assert (top + bottom) / 2 == pytest.approx(height / 2, abs=4)
    assert right - left == pytest.approx(height / 3, abs=12)
    driver.hear("Left")
    assert driver.framed()[2] < left + 12
    driver.root.geometry("500x500")
    driver.until(lambda: driver.root.winfo_width() == 500, "the smaller window")

    def fits() -> bool:
        moved = driver.framed()
        third = (driver.view.winfo_height() - 12) / 3
        return moved[2] - moved[0] == pytest.approx(third, abs=12)

    driver.until(fits, "the frame of the smaller picture")


def test_the_frame_has_a_dark_and_a_light_line(driver: ExplorerDriver) -> None:
    """On yellow, the black one shows; on black, the yellow one."""
    driver.show(nine_colours())
    driver.hear("ctrl+e", "Left")
    left, top, _right, bottom = driver.framed()
    image = driver.screen.shot()
    x = driver.view.winfo_rootx() + 6 + left
    y = driver.view.winfo_rooty() + 6 + (top + bottom) // 2
    row = [image.getpixel((x + step, y)) for step in range(-3, 10)]
    assert FRAME in row
    assert (0, 0, 0) in row[:4]
    assert (0, 0, 0) in row[7:]


@pytest.mark.parametrize("key", ["ctrl+e", "Escape"])
def test_leaving_returns_the_focus(driver: ExplorerDriver, key: str) -> None:
    driver.show(nine_colours())
    driver.hear("ctrl+e")
    driver.screen.press(key)
    driver.until(lambda: driver.root.focus_get() is driver.text, "the focus")
    driver.settle()
    assert driver.heard.texts[-2:] == [ENDED, "Below, button"]
    assert not driver.explorer.active
    assert driver.shown[-1] == ""
    with pytest.raises(AssertionError, match="no frame"):
        driver.framed()


def test_one_escape_leaves_whatever_is_said(driver: ExplorerDriver) -> None:
    driver.show(nine_colours())
    driver.hear("ctrl+e")
    driver.heard.speaking = True
    driver.screen.press("Escape")
    driver.until(lambda: driver.heard.texts[-2:] == [ENDED, "Below, button"], "the end")
    assert driver.escapes == 0


def test_tab_goes_to_the_picture_and_an_arrow_starts(driver: ExplorerDriver) -> None:
    driver.show(nine_colours())
    assert driver.hear("Tab") == "Picture, image, colours.png. Arrow keys explore."
    assert driver.hear("Up") == FIRST
    assert driver.hear("Up") == "Top. Probably: something lime."
    driver.press("Tab")
    assert driver.hear("shift+Tab") == "Picture, image, Top. Probably: something lime."
    assert driver.hear("Left") == "Top left. Probably: something red."
    driver.press("Tab")
    assert driver.hear("ctrl+e") == "Top left. Probably: something red."


def test_keys_of_commands_are_left_alone(driver: ExplorerDriver) -> None:
    driver.show(nine_colours())
    driver.hear("ctrl+e")
    before = len(driver.heard.said)
    for key in ("ctrl+Up", "alt+Up", "ctrl+Down", "shift+Left", "ctrl+Return"):
        driver.press(key)
    assert len(driver.heard.said) == before


def test_without_a_picture_it_says_why(driver: ExplorerDriver) -> None:
    assert driver.hear("ctrl+e").startswith("No picture is open.")
    assert driver.root.focus_get() is driver.text
    driver.current.file = "/pictures/colours.png"
    assert driver.hear("ctrl+e") == messages.WORKING
    driver.show(nine_colours(60))
    assert driver.hear("ctrl+e") == PICTURE_TOO_SMALL


def test_another_picture_starts_again(driver: ExplorerDriver) -> None:
    driver.show(nine_colours())
    driver.hear("ctrl+e", "Left")
    turned = nine_colours()
    driver.show(Picture(turned.pixels[::-1, ::-1].copy(), "PNG", SIDE_PX, SIDE_PX, (), "other.png"))
    assert not driver.explorer.active
    # The keys have been told.
    assert driver.hear("Left") == "Exploring. Centre. Probably: something cyan."
    assert driver.hear("Left") == "Left. Probably: something magenta."


def test_a_describer_that_fails_is_reported_and_tried_again(driver: ExplorerDriver) -> None:
    driver.show(nine_colours())
    driver.describer.error = BundleError("The bundle is gone.", "Put it back.")
    assert driver.hear("ctrl+e") == "Exploring. Centre. The bundle is gone. Put it back."
    assert driver.heard.said[-1][1] == "error"
    assert not driver.explorer.active
    driver.describer.error = None
    assert driver.hear("ctrl+e") == FIRST


def test_a_slow_part_is_announced_and_the_window_answers_meanwhile(driver: ExplorerDriver) -> None:
    driver.show(nine_colours())
    driver.describer.proceed.clear()
    driver.screen.press("ctrl+e")
    driver.until(lambda: driver.heard.said_last("Exploring. Centre."), "the place")
    driver.until(lambda: driver.heard.said_last(messages.WORKING), messages.WORKING)
    driver.describer.proceed.set()
    driver.until(lambda: driver.heard.texts[-2:] == ["Probably: something cyan.", KEYS], "the part")


def test_only_the_last_of_many_parts_is_described(driver: ExplorerDriver) -> None:
    driver.show(nine_colours())
    driver.hear("ctrl+e")
    driver.describer.seconds = 0.2
    driver.explorer.forget()
    driver.until_idle()
    before = len(driver.said)
    for key in ("Left", "Left", "Up"):
        driver.view.event_generate(f"<{key}>")
    driver.until_idle()
    # It starts in the centre.
    assert driver.said[before:] == [
        "Exploring. Centre.",
        "Left.",
        "Top left.",
        "Probably: something red.",
    ]


def test_hedges_can_be_switched_off(driver: ExplorerDriver) -> None:
    driver.context.settings = replace(driver.context.settings, hedging=False)
    driver.show(nine_colours())
    assert driver.hear("ctrl+e") == f"Exploring. Centre. Something cyan. {KEYS}"


def test_the_text_of_a_part_is_said(driver: ExplorerDriver) -> None:
    driver.show(nine_colours())
    line = TextLine("Fire exit", (0.1, 0.4, 0.3, 0.5), 0.9)
    description = Description("a wall", 0.8, text=PictureText((line,)))
    driver.current.described = DescribedPicture(description, spoken(description))
    assert driver.hear("ctrl+e") == FIRST
    assert driver.hear("Left") == "Left. Probably: something yellow. It says: Fire exit."


def test_what_is_copied_is_the_part_explored(drive: Callable[..., AppDriver], photo: str) -> None:
    class PartsDescriber(FakeDescriber):
        def describe(self, source: Any, *, language: str = "en") -> Description:
            whole = super().describe(source)
            return replace(whole, caption="a red kite") if source.is_part else whole

    driver = drive(describer=PartsDescriber())
    driver.describe(photo)
    driver.describer.proceed.clear()
    driver.press("ctrl+e", "ctrl+c")
    assert driver.heard.texts[-1] == messages.WORKING
    driver.describer.proceed.set()
    driver.until(lambda: driver.heard.said_last(KEYS), "the part")
    driver.press("ctrl+c")
    assert driver.heard.texts[-1] == "Copied: a red kite"
    assert driver.root.clipboard_get() == "a red kite"
    driver.press("Escape")
    driver.press("ctrl+c")
    assert f"Copied: {CAPTION}" in driver.heard.texts


def test_where_am_i_and_repeat_say_the_part(drive: Callable[..., AppDriver], photo: str) -> None:
    driver = drive()
    driver.describe(photo)
    driver.press("ctrl+e")
    driver.until(lambda: driver.heard.said_last(KEYS), "the first part")
    driver.press("Up")
    driver.until_idle()
    part = f"Top. Probably: {CAPTION}."
    driver.press("F2")
    assert ". Exploring, top. " in driver.heard.texts[-1]
    driver.press("ctrl+r")
    assert driver.heard.texts[-1] == part
