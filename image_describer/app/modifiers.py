"""The modifier keys in the ``state`` of a key event, whose bits differ between platforms."""

import sys

SHIFT, CONTROL = 0x1, 0x4
# 0x8 is Mod1: Alt on X11 and Command on macOS, but NumLock on Windows.
MOD1, WINDOWS_ALT = 0x8, 0x20000


def alt_pressed(state: int | str, platform: str = sys.platform) -> bool:
    """Whether Alt (Command on macOS) is pressed. ``state`` is an event's ``state``."""
    mask = WINDOWS_ALT if platform == "win32" else MOD1
    return isinstance(state, int) and bool(state & mask)


def is_shortcut(state: int | str, platform: str = sys.platform) -> bool:
    """Whether the modifiers make a key a shortcut instead of text.

    Windows reports AltGr, which types characters, as Control and Alt together.
    """
    if not isinstance(state, int):
        return False
    control, alt = bool(state & CONTROL), alt_pressed(state, platform)
    return control != alt if platform == "win32" else control or alt
