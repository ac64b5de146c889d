"""Shift+F1: keys are described and not obeyed."""

from collections.abc import Callable

import pytest

from image_describer.app import keymap
from image_describer.app.key_describer import OFF, ON, describe_key
from tests.support.window import AppDriver


@pytest.mark.gui
def test_it_describes_keys_until_escape(drive: Callable[..., AppDriver]) -> None:
    driver = drive()
    driver.press("shift+F1")
    assert driver.heard.texts[-1] == ON
    driver.press("ctrl+o")
    assert driver.heard.texts[-1] == "Control O: open a picture."
    driver.press("ctrl+shift+o")
    assert driver.heard.texts[-1] == "Control Shift O: describe a folder."
    driver.press("ctrl+comma", "F8")
    assert driver.heard.texts[-1] == "F8 does nothing here."
    driver.press("Tab")
    assert driver.heard.texts[-1].startswith("Tab: ")
    assert driver.root.focus_get() is driver.app.window.sentence
    assert driver.context.dialogs == []
    driver.press("Escape")
    assert driver.heard.texts[-1] == OFF
    driver.press("Tab")
    assert driver.heard.texts[-1] == "Open, button, 1 of 8"


def test_it_knows_every_command() -> None:
    bits = {"Shift": 0x1, "Ctrl": 0x4, "Alt": 0x8}
    for command in keymap.COMMANDS:
        for key in command.keys:
            if key == keymap.CONTROL_ALONE:
                continue
            *modifiers, last = key.split("+")
            state = sum(bits[modifier] for modifier in modifiers)
            keysym = {",": "comma"}.get(last, last.lower() if len(last) == 1 else last)
            does = keymap.does(command, "linux", keymap.spoken)
            assert describe_key(keysym, state, "linux").endswith(f": {does}.")


@pytest.mark.parametrize(
    ("platform", "state", "text"),
    [
        ("win32", 0x8, "Up arrow: "),  # NumLock
        ("win32", 0x20000, "Alt Up: show the previous description."),
        ("darwin", 0x8, "Command Up: speak faster."),
        ("linux", 0x8, "Alt Up: show the previous description."),
    ],
)
def test_modifiers_differ_by_platform(platform: str, state: int, text: str) -> None:
    assert describe_key("Up", state, platform).startswith(text)
