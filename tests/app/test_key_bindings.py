"""Real keys run the commands of the table, on Latin and other layouts."""

import os
import shutil
import subprocess
import tkinter as tk
from collections.abc import Callable, Iterator

import pytest

from image_describer.app import keymap
from image_describer.app.dialogs.settings import SettingsWindow
from tests.support.screen import Screen
from tests.support.window import CAPTION, AppDriver

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]
# X11 key codes, because xdotool would type a Latin letter on another layout by remapping a key.
KEY_A, KEY_C, KEY_O, KEY_R, KEY_V, KEY_COMMA, KEY_S = "38", "54", "32", "27", "55", "59", "39"


@pytest.fixture(params=["ru", "gr", "ara", "il"])
def layout(screen: Screen, request: pytest.FixtureRequest) -> Iterator[str]:
    """A keyboard layout without Latin letters."""
    set_layout(screen, request.param)
    yield request.param
    set_layout(screen, "us")


def set_layout(screen: Screen, layout: str) -> None:
    if shutil.which("setxkbmap") is None:
        if os.environ.get("CI"):
            pytest.fail("setxkbmap is not installed")
        pytest.skip("setxkbmap is not installed (apt-get install x11-xkb-utils)")
    subprocess.run(["setxkbmap", "-display", screen.display, layout], check=True)


def test_shortcuts_work_on_layouts_without_latin_letters(
    layout: str, drive: Drive, photo: str
) -> None:
    driver = drive()
    driver.describe(photo)
    driver.press(f"ctrl+{KEY_C}")
    assert driver.root.clipboard_get() == CAPTION
    driver.press("shift+F1")
    driver.press(f"ctrl+{KEY_O}")
    assert driver.heard.texts[-1] == "Control O: open a picture."
    driver.press(f"ctrl+shift+{KEY_O}")
    assert driver.heard.texts[-1] == "Control Shift O: describe a folder."
    driver.press("Escape")
    driver.heard.said.clear()
    driver.press(f"ctrl+{KEY_R}")
    assert driver.heard.texts == [f"Probably: {CAPTION}."]
    driver.press(f"ctrl+shift+{KEY_O}")
    driver.until(lambda: driver.context.dialogs, "the folder's dialog")
    assert driver.context.dialogs[0].heading == "Describe a folder"
    driver.press(f"ctrl+{KEY_R}")
    assert driver.heard.texts[-1] == f"Probably: {CAPTION}."
    driver.press_and_wait(f"ctrl+{KEY_O}")
    assert [dialog.heading for dialog in driver.context.dialogs] == ["Open a picture"]


def test_edit_boxes_and_menus_work_on_a_russian_layout(screen: Screen, drive: Drive) -> None:
    driver = drive()
    driver.press("ctrl+shift+o")
    driver.until(lambda: driver.context.dialogs, "the folder's dialog")
    box = driver.root.focus_get()
    assert isinstance(box, tk.Entry)
    driver.screen.type("tea")
    driver.until(lambda: box.get().endswith("tea"), "the text")
    set_layout(screen, "ru")
    try:
        driver.press(f"ctrl+{KEY_A}", f"ctrl+{KEY_C}", "End", f"ctrl+{KEY_V}")
        assert box.get().endswith("teatea")
        driver.press("Escape")
        driver.press(f"alt+{KEY_S}", "Down")
        driver.until(
            lambda: any(text.startswith("Repeat, Control R") for text in driver.heard.texts),
            "the entry of the Speech menu",
        )
        driver.press("Escape", "Escape")
    finally:
        set_layout(screen, "us")


def test_the_comma_of_a_russian_layout_opens_the_settings(screen: Screen, drive: Drive) -> None:
    driver = drive()
    set_layout(screen, "ru")
    try:
        driver.press(f"ctrl+{KEY_COMMA}")
        driver.until(lambda: driver.context.dialogs, "the settings")
        assert isinstance(driver.context.dialogs[0], SettingsWindow)
    finally:
        set_layout(screen, "us")


@pytest.mark.parametrize("dialog", [False, True])
def test_any_key_silences_when_it_goes_down(drive: Drive, dialog: bool) -> None:
    driver = drive()
    if dialog:
        driver.press_and_wait("ctrl+f")
    for key in (
        *("Control_L", "Shift_R", "Alt_L", "Insert", "Delete", "space", "F9", "Left", "x"),
        "Escape",
    ):
        driver.heard.speaking = True
        driver.screen.xdotool("keydown", key)
        driver.until(lambda: not driver.heard.speaking, f"silence after {key}")
        driver.screen.xdotool("keyup", key)
        driver.settle()


def test_a_key_that_is_held_down_silences_once(drive: Drive) -> None:
    driver = drive()
    for _ in range(2):
        before = driver.heard.stops
        driver.screen.xdotool("keydown", "Left")
        driver.for_s(1.0)
        driver.screen.xdotool("keyup", "Left")
        driver.settle()
        assert driver.heard.stops == before + 1


def test_a_key_released_in_another_window_is_not_held_down(drive: Drive) -> None:
    driver = drive()
    for _ in range(2):
        driver.screen.xdotool("keydown", "F1")
        driver.until(lambda: driver.context.dialogs, "the help")
        driver.until(lambda: driver.screen.focused().startswith("Help"), "its focus")
        driver.screen.xdotool("keyup", "F1")
        driver.settle()
        driver.context.dialogs[-1].close()
        driver.settle()
    assert driver.heard.stops == 2


def test_keys_work_with_caps_lock(drive: Drive, photo: str) -> None:
    driver = drive()
    driver.describe(photo)
    driver.heard.said.clear()
    driver.press("Caps_Lock")
    try:
        driver.press("ctrl+r")
    finally:
        driver.press("Caps_Lock")
    assert driver.heard.texts == [f"Probably: {CAPTION}."]


def test_key_clicks(drive: Drive) -> None:
    driver = drive()
    driver.press("F2")
    assert driver.heard.earcons == []
    driver.app.settings_controller.set(key_sounds=True)
    driver.press("F2", "Tab", "Shift_L", "Control_L", "Alt_L", "ctrl+r")
    assert driver.heard.earcons == ["key"] * 3


def test_the_menus_contain_the_table(drive: Drive) -> None:
    driver = drive()
    bar = driver.root.nametowidget(driver.root.cget("menu"))
    entries = {}
    for number in range(bar.index("end") + 1):
        menu = driver.root.nametowidget(bar.entrycget(number, "menu"))
        for entry in range(menu.index("end") + 1):
            label = menu.entrycget(entry, "label")
            letter = label[int(menu.entrycget(entry, "underline"))].upper()
            entries[label] = (bar.entrycget(number, "label"), letter)
    assert entries == {command.label: (command.menu, command.letter) for command in keymap.COMMANDS}
    driver.press("alt+h", "w")
    driver.until(lambda: driver.heard.said_last("No picture is open."), "the command")
