"""The Latin letters of the keys on layouts without Latin letters."""

import pytest

from image_describer.app.key_codes import is_non_latin, latin_letter
from image_describer.app.keymap import COMMANDS, control_shortcut

KEY_O = {"linux": 32, "win32": 0x4F, "darwin": 31 << 24 | 0x43B}
KEY_COMMA = {"linux": 59, "win32": 0xBC, "darwin": 43 << 24}


@pytest.mark.parametrize(
    "keysym", ["Cyrillic_shcha", "Greek_omicron", "Arabic_khah", "hebrew_samech"]
)
@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
def test_a_key_of_another_script_has_the_letter_of_a_us_keyboard(
    keysym: str, platform: str
) -> None:
    assert latin_letter(keysym, KEY_O[platform], platform=platform) == "o"
    assert latin_letter(keysym, KEY_COMMA[platform], platform=platform) == ","
    assert latin_letter(keysym, 200 << 24 if platform == "darwin" else 200, platform=platform) == ""


@pytest.mark.parametrize("keysym", ["o", "O", "odiaeresis", "semicolon", "F1", "Return", "Up"])
def test_other_keys_keep_their_symbol(keysym: str) -> None:
    assert latin_letter(keysym, KEY_O["linux"], platform="linux") == ""


def test_signs_above_arabic_letters() -> None:
    assert latin_letter("multiply", KEY_O["linux"], shift=True, platform="linux") == "o"
    assert latin_letter("multiply", KEY_O["linux"], platform="linux") == ""
    assert latin_letter("R", KEY_O["linux"], shift=True, platform="linux") == ""


@pytest.mark.parametrize(("keysym", "non_latin"), [("щ", True), ("U0561", True), ("Up", False)])
def test_letters_without_a_name_in_tk(keysym: str, non_latin: bool) -> None:
    assert is_non_latin(keysym) is non_latin


@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
def test_every_shortcut_with_a_letter_has_a_key_code(platform: str) -> None:
    codes = range(256) if platform != "darwin" else [code << 24 for code in range(256)]
    letters = {latin_letter("Greek_alpha", code, platform=platform) for code in codes}
    keys = [key for command in COMMANDS for key in command.keys]
    shortcuts = [shortcut for key in keys if (shortcut := control_shortcut(key)) is not None]
    assert shortcuts
    assert {letter for letter, _shift in shortcuts} <= letters


def test_control_shortcut() -> None:
    assert control_shortcut("Ctrl+Shift+O") == ("o", True)
    assert control_shortcut("Ctrl+,") == (",", False)
    for key in ("F1", "Ctrl+Up", "Alt+Up", "Control alone"):
        assert control_shortcut(key) is None
