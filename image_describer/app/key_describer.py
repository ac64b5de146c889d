"""Shift+F1: while it is on, keys are described instead of obeyed."""

import sys
import tkinter as tk
from collections.abc import Callable

from image_describer.app import keymap
from image_describer.app.key_bindings import ANY_KEY_TAG
from image_describer.app.key_codes import latin_keysym
from image_describer.app.modifier_keys import (
    alt_pressed,
    command_pressed,
    control_pressed,
    event_state,
    is_modifier,
    shift_pressed,
)
from image_describer.i18n import N_, _

TAG = "KeyDescriber"
ON = N_("Key describer on. Press a key to hear what it does. Escape ends it.")
OFF = N_("Key describer off.")
NOTHING = N_("{key} does nothing here.")
# What keys do that are not commands of the table, by Tk's name of the key.
OTHER_KEYS = {
    "Tab": N_("Tab: go to the next part of the window."),
    "ISO_Left_Tab": N_("Shift Tab: go to the previous part of the window."),
    "Return": N_("Enter: press the button, or open what is selected."),
    "space": N_(
        "Space: press the button that has the focus; in the text of a picture, stop reading "
        "or read on."
    ),
    "BackSpace": N_("Backspace: delete a letter; in a list of files and while exploring, go up."),
    "Left": N_("Left arrow: the previous letter; while exploring, the part to the left."),
    "Right": N_("Right arrow: the next letter; while exploring, the part to the right."),
    "Up": N_("Up arrow: the previous line; while exploring, the part above."),
    "Down": N_("Down arrow: the next line; while exploring, the part below."),
    "Home": N_("Home: go to the beginning."),
    "End": N_("End: go to the end."),
    "Prior": N_("Page up: go back a page."),
    "Next": N_("Page down: go forward a page."),
    "F10": N_("F10: go to the menus."),
    "h": N_("H: in the text of a picture, the next heading."),
    "H": N_("Shift H: in the text of a picture, the previous heading."),
    "d": N_("D: in the text of a picture, the next word in doubt."),
    "D": N_("Shift D: in the text of a picture, the previous word in doubt."),
    "l": N_("L: in the text of a picture, list the words in doubt."),
    "w": N_("W: in the text of a picture, say where the line is."),
}
# What the table calls keys that have another name in Tk.
KEY_NAMES = {"comma": ",", "Prior": "Page Up", "Next": "Page Down"}  # untranslated


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
        """Switch it on or off."""
        if self.on:
            self._switch_off()
            return
        self._tagged = _all_widgets(self._root)
        for widget in self._tagged:
            # Ahead of all other tags but the one that silences, so that nothing else gets the key.
            tags = widget.bindtags()
            first = int(bool(tags) and tags[0].startswith(ANY_KEY_TAG))
            widget.bindtags((*tags[:first], TAG, *tags[first:]))
        self._say(_(ON))

    def _switch_off(self) -> None:
        for widget in self._tagged:
            if widget.winfo_exists():
                widget.bindtags(tuple(tag for tag in widget.bindtags() if tag != TAG))
        self._tagged = []
        self._say(_(OFF))

    def _pressed(self, event: "tk.Event[tk.Misc]") -> str:
        state = event_state(event)
        if event.keysym == "Escape" or (event.keysym == "F1" and shift_pressed(state)):
            self._switch_off()
        elif not is_modifier(event.keysym):
            keysym = latin_keysym(event) if command_pressed(state) else event.keysym
            if len(keysym) > 1 and event.char.isalpha():
                keysym = event.char  # "ö" rather than "odiaeresis"
            self._say(describe_key(keysym, state))
        return "break"

    def _released(self, event: "tk.Event[tk.Misc]") -> str:
        return "break"


def describe_key(keysym: str, state: int, platform: str = "") -> str:
    """What the key does: "Control O: open a picture."."""
    platform = platform or sys.platform
    key = _as_in_table(keysym, state, platform)
    for command in keymap.COMMANDS:
        if key.lower() in (item.lower() for item in command.keys):
            does = keymap.does(command, platform, keymap.spoken)
            return _("{keys}: {does}.").format(keys=keymap.spoken(key, platform), does=does)
    name = "Return" if keysym == "KP_Enter" else keysym
    if name in OTHER_KEYS and not control_pressed(state) and not alt_pressed(state, platform):
        return _(OTHER_KEYS[name])
    return _(NOTHING).format(key=keymap.spoken(key, platform))


def _as_in_table(keysym: str, state: int, platform: str) -> str:
    """The key as the table writes it: "Ctrl+Shift+O"."""
    name = KEY_NAMES.get(keysym, keysym)
    if len(name) == 1:
        name = name.upper()
    modifiers = {
        "Ctrl": command_pressed(state, platform),
        "Alt": alt_pressed(state, platform),
        "Shift": shift_pressed(state),
    }
    return "+".join([*(modifier for modifier, down in modifiers.items() if down), name])


def _all_widgets(widget: tk.Misc) -> list[tk.Misc]:
    found = [] if isinstance(widget, tk.Menu) else [widget]
    for child in widget.winfo_children():
        found += _all_widgets(child)
    return found
