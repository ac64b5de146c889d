"""Shift+F1: while it is on, a key is not obeyed but described."""

import sys
import tkinter as tk
from collections.abc import Callable

from image_describer.app import keymap

TAG = "KeyDescriber"
ON = "Key describer on. Press a key to hear what it does. Escape ends it."
OFF = "Key describer off."
NOTHING = "does nothing here"
# What keys do that are no command of the table, by Tk's name of the key.
OTHERS = {
    "Tab": "Tab: go to the next part of the window.",
    "ISO_Left_Tab": "Shift Tab: go to the part before.",
    "Return": "Enter: press the button, or go into what is chosen.",
    "space": "Space: press the button that has the focus.",
    "BackSpace": "Backspace: delete a letter; in a list of files and while exploring, go up.",
    "Left": "Left arrow: the letter before; while exploring, the part to the left.",
    "Right": "Right arrow: the next letter; while exploring, the part to the right.",
    "Up": "Up arrow: the line before; while exploring, the part above.",
    "Down": "Down arrow: the next line; while exploring, the part below.",
    "Home": "Home: the beginning.",
    "End": "End: the end.",
    "Prior": "Page up: a page back.",
    "Next": "Page down: a page on.",
    "F10": "F10: go to the menus.",
}
MODIFIERS = ("Shift", "Alt", "Meta", "Super", "Caps_Lock", "Num_Lock", "ISO_Level3")
SHIFT, CONTROL, ALT, COMMAND = 0x1, 0x4, 0x8, 0x8
NAMES = {"comma": ",", "KP_Enter": "Return"}


class KeyDescriber:
    """Takes all keys of all windows while it is on; ``say(text)`` describes them."""

    def __init__(self, root: tk.Tk, say: Callable[[str], None]) -> None:
        self._root = root
        self._say = say
        self._tagged: list[tk.Misc] = []
        root.bind_class(TAG, "<KeyPress>", self._pressed)
        root.bind_class(TAG, "<KeyRelease>", self._released)

    @property
    def on(self) -> bool:
        return bool(self._tagged)

    def toggle(self) -> None:
        """Switch it on, or off."""
        if self.on:
            self._off()
            return
        self._tagged = _all_widgets(self._root)
        for widget in self._tagged:
            # Ahead of all other tags, so that nothing else sees the key.
            widget.bindtags((TAG, *widget.bindtags()))
        self._say(ON)

    def _off(self) -> None:
        for widget in self._tagged:
            if widget.winfo_exists():
                widget.bindtags(tuple(tag for tag in widget.bindtags() if tag != TAG))
        self._tagged = []
        self._say(OFF)

    def _pressed(self, event: "tk.Event[tk.Misc]") -> str:
        state = event.state if isinstance(event.state, int) else 0
        if event.keysym == "Escape" or (event.keysym == "F1" and state & SHIFT):
            self._off()
        elif not event.keysym.startswith((*MODIFIERS, "Control")):
            self._say(described(event.keysym, state))
        return "break"

    def _released(self, event: "tk.Event[tk.Misc]") -> str:
        return "break"


def described(keysym: str, state: int, platform: str = sys.platform) -> str:
    """What the key does: "Control O: open a picture."."""
    key = _written(keysym, state, platform)
    for command in keymap.COMMANDS:
        if key.lower() in (one.lower() for one in command.keys):
            return f"{keymap.spoken(key, platform)}: {command.does}."
    name = NAMES.get(keysym, keysym)
    if name in OTHERS and not state & (CONTROL | ALT):
        return OTHERS[name]
    return f"{keymap.spoken(key, platform)} {NOTHING}."


def _written(keysym: str, state: int, platform: str) -> str:
    """The key as the table writes it: "Ctrl+Shift+O"."""
    name = NAMES.get(keysym, keysym)
    if len(name) == 1:
        name = name.upper()
    control = state & (COMMAND if platform == "darwin" else CONTROL)
    alt = state & ALT and platform != "darwin"
    parts = ["Ctrl"] * bool(control) + ["Alt"] * bool(alt) + ["Shift"] * bool(state & SHIFT)
    return "+".join([*parts, name])


def _all_widgets(widget: tk.Misc) -> list[tk.Misc]:
    found = [] if isinstance(widget, tk.Menu) else [widget]
    for child in widget.winfo_children():
        found += _all_widgets(child)
    return found
