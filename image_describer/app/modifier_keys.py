"""Which modifier keys a Tk event reports as pressed; the bits differ by platform."""

import sys
import tkinter as tk
from typing import Any

SHIFT = 0x1
CONTROL = 0x4
# Mod1 (0x8) is Alt on X11, NumLock on Windows and Command on a Mac.
ALT = {"win32": 0x20000, "darwin": 0x10}
ALT_ELSEWHERE = 0x8
COMMAND_ON_MAC = 0x8
# What Tk's names of the keys that only change others begin with.
NAMES = ("Shift", "Alt", "Meta", "Super", "Caps_Lock", "Num_Lock", "ISO_Level3", "Control")


def is_modifier(keysym: str) -> bool:
    """Whether the key only changes what other keys do."""
    return keysym.startswith(NAMES)


def event_state(event: "tk.Event[Any]") -> int:
    """The event's modifier bits; 0 for the events whose state Tk gives as a word."""
    return event.state if isinstance(event.state, int) else 0


def shift_pressed(state: int) -> bool:
    """Whether Shift is held down."""
    return bool(state & SHIFT)


def control_pressed(state: int) -> bool:
    """Whether Control is held down."""
    return bool(state & CONTROL)


def alt_pressed(state: int, platform: str = "") -> bool:
    """Whether Alt (Option on a Mac) is held down. ``platform``: as sys.platform, the default."""
    return bool(state & ALT.get(platform or sys.platform, ALT_ELSEWHERE))


def command_pressed(state: int, platform: str = "") -> bool:
    """Whether the key for commands is held down: Command on a Mac, Control elsewhere."""
    on_mac = (platform or sys.platform) == "darwin"
    return bool(state & (COMMAND_ON_MAC if on_mac else CONTROL))


def word_pressed(state: int, platform: str = "") -> bool:
    """Whether the key is held down that moves by words in texts: Option on a Mac, else Control."""
    platform = platform or sys.platform
    return alt_pressed(state, platform) if platform == "darwin" else control_pressed(state)


def types_text(state: int, platform: str = "") -> bool:
    """Whether a key with these modifiers types its letter, rather than being a shortcut.

    AltGr types, too: Windows reports it as Control and Alt together, X11 and a Mac as neither.
    """
    platform = platform or sys.platform
    alt, control = alt_pressed(state, platform), control_pressed(state)
    if platform == "win32":
        return alt == control
    if platform == "darwin":
        return not control and not command_pressed(state, platform)
    return not alt and not control
