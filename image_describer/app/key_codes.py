"""The Latin letter on a key, for layouts whose own letters are not Latin.

Tk's bindings know a key by the symbol that the layout gives it, so Ctrl+O would do nothing on a
Russian, Greek, Arabic or Hebrew layout. There the key's code tells which letter a US keyboard has
on it.
"""

import re
import sys
import tkinter as tk
from typing import Any

from image_describer.app.modifier_keys import event_state, shift_pressed

# X11 (evdev) key codes: the three rows of a keyboard are numbered from left to right.
_X11_ROWS = {24: "qwertyuiop", 38: "asdfghjkl", 52: "zxcvbnm,"}
X11_KEYS = {
    first + offset: letter for first, row in _X11_ROWS.items() for offset, letter in enumerate(row)
}
# Windows: virtual key codes. Non-Latin layouts keep the letters of a US keyboard.
WINDOWS_KEYS = {ord(letter.upper()): letter for letter in "abcdefghijklmnopqrstuvwxyz"} | {188: ","}
# macOS: virtual key codes, which Tk puts into the top byte of its key code.
MAC_KEYS = {
    **dict(zip(range(10), "asdfhgzxcv", strict=True)),
    **{11: "b", 12: "q", 13: "w", 14: "e", 15: "r", 16: "y", 17: "t", 31: "o", 32: "u"},
    **{34: "i", 35: "p", 37: "l", 38: "j", 40: "k", 43: ",", 45: "n", 46: "m"},
}
MAC_SHIFT = 24

# What Tk's symbols of non-Latin letters begin with; "U0561" and "??" have no name in Tk.
_NON_LATIN = re.compile(
    r"Cyrillic_|Ukrainian_|Ukranian_|Byelorussian_|Macedonia_|Serbian_|Greek_|Arabic_|hebrew_|Thai_"
    r"|Armenian_|Georgian_|Hangul|kana_|U[0-9A-Fa-f]{4,6}$|\?\?$",
)


def is_non_latin(keysym: str) -> bool:
    """Whether ``keysym`` is a letter of another script than Latin."""
    if len(keysym) == 1:
        return not keysym.isascii()
    return _NON_LATIN.match(keysym) is not None


def latin_letter(keysym: str, keycode: int, *, shift: bool = False, platform: str = "") -> str:
    """The Latin letter (or comma) of a key with a non-Latin symbol; empty for any other key.

    With ``shift``, a symbol counts as non-Latin, too: on Arabic layouts, Shift and a letter's key
    give a symbol.
    ``platform``: as sys.platform, the default.
    """
    is_symbol = len(keysym) > 1 or not keysym.isalpha()
    if not (is_non_latin(keysym) or (shift and is_symbol)):
        return ""
    platform = platform or sys.platform
    if platform == "win32":
        return WINDOWS_KEYS.get(keycode, "")
    if platform == "darwin":
        return MAC_KEYS.get(keycode >> MAC_SHIFT, "")
    return X11_KEYS.get(keycode, "")


def latin_keysym(event: "tk.Event[Any]") -> str:
    """The event's key symbol, or the Latin letter of the key where that is not Latin."""
    shift = shift_pressed(event_state(event))
    return latin_letter(event.keysym, event.keycode, shift=shift) or event.keysym
