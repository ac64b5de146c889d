"""The main window's widgets: focus, sentence, buttons, sizes, status line."""

import tkinter as tk
from collections.abc import Callable
from pathlib import Path

import pytest

from image_describer.app import messages, theme
from tests.support.window import CAPTION, AppDriver

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]


def test_the_sentence_can_be_read_and_selected_but_not_changed(drive: Drive, photo: str) -> None:
    driver = drive()
    driver.describe(photo)
    before = driver.shown
    text = driver.app.window.sentence
    driver.press("x", "BackSpace", "Delete", "Return", "ctrl+k", "shift+Insert", "ctrl+h")
    assert driver.shown == before
    driver.press("Home", "Right", "Right")
    assert text.index("insert") == "1.2"
    driver.press("Home", "shift+Right", "shift+Right", "shift+Right")
    assert text.selected() == "Pro"
    driver.press("ctrl+c")
    assert driver.root.clipboard_get() == "Pro"
    driver.press("Right")
    driver.press("ctrl+c")
    assert driver.root.clipboard_get() == CAPTION
    assert driver.heard.texts[-1] == messages.COPIED.format(caption=CAPTION)


def test_control_a_selects_the_description(drive: Drive, photo: str) -> None:
    driver = drive()
    driver.describe(photo)
    driver.press("ctrl+a")
    assert driver.heard.texts[-1] == f"{driver.shown} selected"
    assert driver.app.window.sentence.selected() == driver.shown


def test_tab_reaches_everything_and_returns(drive: Drive, photo: str) -> None:
    driver = drive()
    driver.describe(photo)
    window = driver.app.window
    expected = [*window.buttons.values(), window.view, window.sentence]
    seen = []
    for _ in expected:
        driver.press("Tab")
        seen.append(driver.root.focus_get())
    assert seen == expected
    back = []
    for _ in expected:
        driver.press("shift+Tab")
        back.append(driver.root.focus_get())
    assert back == [*reversed(expected[:-1]), expected[-1]]


def test_the_focus_is_visible(drive: Drive) -> None:
    driver = drive()
    window = driver.app.window
    colour = theme.theme_of(driver.root).palette.focus
    ring = tuple(bytes.fromhex(colour[1:]))
    driver.press("Tab", "Tab")
    shot = driver.screen.shot()

    def has_ring(widget: tk.Misc) -> bool:
        x, y = widget.winfo_rootx(), widget.winfo_rooty()
        middle = y + widget.winfo_height() // 2
        return shot.getpixel((x + 1, middle)) == ring

    assert [name for name, button in window.buttons.items() if has_ring(button)] == ["repeat"]
    assert not has_ring(window.sentence)


def test_space_and_return_press_the_focused_button(drive: Drive, photo: str) -> None:
    driver = drive()
    driver.describe(photo)
    driver.heard.said.clear()
    driver.press("Tab", "Tab", "space", "Return")
    driver.until(lambda: driver.heard.texts.count(f"Probably: {CAPTION}.") == 2, "both keys")


def status_line(driver: AppDriver) -> str:
    return str(driver.app.window._status_label.cget("text"))


def test_the_status_line_shows_why_nothing_is_heard(drive: Drive, photo: str) -> None:
    driver = drive()
    driver.describe(photo)
    driver.heard.last_error = "I can't speak."
    driver.press("F5")
    driver.until(lambda: status_line(driver) == "Ready. I can't speak.", "the problem")
    driver.press("F2")
    assert driver.heard.texts[-1] == "photo.png. 300 by 200 pixels. Ready. I can't speak."
    driver.heard.last_error = ""
    driver.press("F2")
    driver.until(lambda: status_line(driver) == "Ready", "the problem to disappear")


def test_the_smallest_window_shows_everything(drive: Drive, photo: str) -> None:
    driver = drive()
    driver.root.geometry("640x480")
    driver.app.window.sentence.show("Probably: " + "a brown dog runs through grass " * 6)
    driver.app.open_file(photo)
    driver.until(lambda: driver.root.winfo_width() == 640, "the smallest window")
    driver.until_idle()
    window = driver.app.window
    buttons = [button for button in window.buttons.values() if button.winfo_ismapped()]
    assert len(buttons) >= 5
    for widget in (window.sentence, *buttons, window.view):
        right = widget.winfo_rootx() + widget.winfo_width() - driver.root.winfo_rootx()
        bottom = widget.winfo_rooty() + widget.winfo_height() - driver.root.winfo_rooty()
        assert right <= 640
        assert bottom <= 480
    for button in buttons:
        assert button.winfo_width() >= button.winfo_reqwidth()
    assert window.view.winfo_height() >= 80


def test_an_empty_window_invites_to_open_a_picture(drive: Drive, photo: str) -> None:
    driver = drive()
    window = driver.app.window
    button = window._invitation.winfo_children()[0]
    driver.until(button.winfo_viewable, "the invitation")
    driver.press(*["Tab"] * (len(window.buttons) + 2))
    assert driver.root.focus_get() is button
    driver.press("space")
    driver.until(lambda: driver.context.dialogs, "the chooser")
    driver.press("Escape")
    driver.describe(photo)
    assert not button.winfo_viewable()


def test_how_sure_the_sentence_is_stands_above_it(drive: Drive, photo: str, tmp_path: Path) -> None:
    driver = drive()
    label = driver.app.window._confidence
    driver.describe(photo)
    assert label.winfo_ismapped()
    assert label.cget("text") == "80 percent sure"
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"")
    driver.app.open_file(str(broken))
    driver.until(lambda: driver.app.describe_task.current.message, "the error")
    assert not label.winfo_ismapped()


def test_nothing_moves_when_a_sentence_is_long(drive: Drive, photo: str) -> None:
    driver = drive()
    driver.describe(photo)
    window = driver.app.window
    parts = (window.view, window.sentence, window._status_label)
    before = [(part.winfo_rooty(), part.winfo_height()) for part in parts]
    driver.app.describe_task.show("a brown dog runs through the grass " * 12, "Ready")
    driver.settle()
    assert [(part.winfo_rooty(), part.winfo_height()) for part in parts] == before


def test_a_narrow_window_has_one_row_of_buttons(drive: Drive) -> None:
    driver = drive()
    driver.app.settings_controller.set(text_size=250)
    driver.root.geometry("640x480")
    driver.until(lambda: driver.root.winfo_width() == 640, "the smallest window")
    driver.settle()
    buttons = driver.app.window.buttons
    shown = [name for name, button in buttons.items() if button.winfo_ismapped()]
    assert shown[0] == "open"
    assert 1 < len(shown) < len(buttons)
    assert len({buttons[name].winfo_rooty() for name in shown}) == 1


def test_a_long_file_name_is_cut_to_its_room(drive: Drive, photo: str) -> None:
    driver = drive()
    driver.describe(photo)
    window = driver.app.window
    window.show_title("a very long name of a picture " * 10 + ".jpg")
    driver.settle()
    assert str(window._file.cget("text")).endswith("…")
    assert window._file.winfo_reqwidth() <= window._file.winfo_width()
    window.show_title("short.jpg")
    assert window._file.cget("text") == "short.jpg"
