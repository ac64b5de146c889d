"""The main window's widgets: focus, sentence, buttons, sizes, status line."""

import tkinter as tk
from collections.abc import Callable

import pytest

from image_describer.app import messages, theme
from tests.support.window import CAPTION, AppDriver

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]


def test_the_sentence_can_be_read_and_selected_but_not_changed(drive: Drive, photo: str) -> None:
    driven = drive()
    driven.describe(photo)
    before = driven.shown
    text = driven.app.window.sentence
    driven.press("x", "BackSpace", "Delete", "Return", "ctrl+k", "shift+Insert", "ctrl+h")
    assert driven.shown == before
    driven.press("Home", "Right", "Right")
    assert text.index("insert") == "1.2"
    driven.press("Home", "shift+Right", "shift+Right", "shift+Right")
    assert text.selected() == "Pro"
    driven.press("ctrl+c")
    assert driven.root.clipboard_get() == "Pro"
    driven.press("Right")
    driven.press("ctrl+c")
    assert driven.root.clipboard_get() == CAPTION
    assert driven.heard.texts[-1] == messages.COPIED.format(caption=CAPTION)


def test_control_a_selects_the_description(drive: Drive, photo: str) -> None:
    driven = drive()
    driven.describe(photo)
    driven.press("ctrl+a")
    assert driven.heard.texts[-1] == f"{driven.shown} selected"
    assert driven.app.window.sentence.selected() == driven.shown


def test_tab_reaches_everything_and_returns(drive: Drive) -> None:
    driven = drive()
    window = driven.app.window
    expected = [*window.buttons.values(), window.view, window.sentence]
    seen = []
    for _ in expected:
        driven.press("Tab")
        seen.append(driven.root.focus_get())
    assert seen == expected
    back = []
    for _ in expected:
        driven.press("shift+Tab")
        back.append(driven.root.focus_get())
    assert back == [*reversed(expected[:-1]), expected[-1]]


def test_the_focus_is_visible(drive: Drive) -> None:
    driven = drive()
    window = driven.app.window
    yellow = tuple(bytes.fromhex(theme.NORMAL.focus[1:]))
    driven.press("Tab", "Tab")
    shot = driven.screen.shot()

    def has_ring(widget: tk.Misc) -> bool:
        x, y = widget.winfo_rootx(), widget.winfo_rooty()
        middle = y + widget.winfo_height() // 2
        return shot.getpixel((x + 1, middle)) == yellow

    assert [name for name, button in window.buttons.items() if has_ring(button)] == ["repeat"]
    assert not has_ring(window.sentence)


def test_space_and_return_press_the_focused_button(drive: Drive, photo: str) -> None:
    driven = drive()
    driven.describe(photo)
    driven.heard.said.clear()
    driven.press("Tab", "Tab", "space", "Return")
    driven.until(lambda: driven.heard.texts.count(f"Probably: {CAPTION}.") == 2, "both keys")


def test_the_status_line_shows_why_nothing_is_heard(drive: Drive, photo: str) -> None:
    driven = drive()
    driven.describe(photo)
    driven.heard.last_error = "I can't speak."
    driven.press("F5")
    driven.until(lambda: driven.app.window.status_line == "Ready. I can't speak.", "the problem")
    driven.press("F2")
    assert driven.heard.texts[-1] == "photo.png. 300 by 200 pixels. Ready. I can't speak."
    driven.heard.last_error = ""
    driven.press("F2")
    driven.until(lambda: driven.app.window.status_line == "Ready", "the problem to disappear")


def test_the_smallest_window_shows_everything(drive: Drive, photo: str) -> None:
    driven = drive()
    driven.root.geometry("640x480")
    driven.app.window.sentence.show("Probably: " + "a brown dog runs through grass " * 6)
    driven.app.open_file(photo)
    driven.until(lambda: driven.root.winfo_width() == 640, "the smallest window")
    driven.until_idle()
    window = driven.app.window
    for widget in (window.sentence, *window.buttons.values(), window.view):
        right = widget.winfo_rootx() + widget.winfo_width() - driven.root.winfo_rootx()
        bottom = widget.winfo_rooty() + widget.winfo_height() - driven.root.winfo_rooty()
        assert right <= 640
        assert bottom <= 480
    for button in window.buttons.values():
        assert button.winfo_width() >= button.winfo_reqwidth()
    assert window.view.winfo_height() >= 80
