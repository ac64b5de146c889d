"""Binds the table of keys to a window."""

import sys
import tkinter as tk
from collections.abc import Callable, Collection, Mapping
from typing import Any

from image_describer.app import key_codes, keymap
from image_describer.app.modifier_keys import alt_pressed, event_state, shift_pressed

CONTROL_KEYS = frozenset({"Control_L", "Control_R"})
CONTROL_ALONE_TAG = "ControlAlone"
# What Tk's texts and edit boxes do on Ctrl and a letter, by the event that they bind to it.
EDIT_EVENTS = {
    "a": "<<SelectAll>>",
    "c": "<<Copy>>",
    "v": "<<Paste>>",
    "x": "<<Cut>>",
    "z": "<<Undo>>",
    "y": "<<Redo>>",
}
AnyWindow = tk.Tk | tk.Toplevel
Action = Callable[[], None]


def bind_commands(
    window: AnyWindow,
    run: Mapping[str, Action],
    allowed: Collection[str] | None = None,
    refuse: Action | None = None,
    pressed: Action = lambda: None,
) -> None:
    """Let every key of the table run its command while ``window`` has the focus.

    Called once its widgets exist. Bound to the window, not to "all", so that the platform's own
    dialogs, which Tk draws on Linux, keep their keys. If ``allowed`` names commands, the keys of
    the others call ``refuse``. ``pressed()`` is called for every key.
    """
    shortcuts: dict[tuple[str, bool], tuple[Action, bool]] = {}
    for command in keymap.COMMANDS:
        action = run.get(command.name)
        if action is None:
            continue
        if allowed is not None and command.name not in allowed and refuse is not None:
            action = refuse
        for key in command.keys:
            if key == keymap.CONTROL_ALONE:
                ControlAlone(window, action, pressed)
            for sequence in keymap.tk_sequences(key, sys.platform):
                window.bind(sequence, _handler(action, command.edits))
            shortcut = keymap.control_shortcut(key)
            if shortcut is not None:
                shortcuts[shortcut] = action, command.edits
    _bind_by_key_code(window, shortcuts)


def _handler(action: Action, edits: bool) -> Callable[["tk.Event[Any]"], str | None]:
    def run(event: "tk.Event[Any]") -> str | None:
        # In an edit box, copy and paste are the box's own.
        if edits and isinstance(event.widget, tk.Entry):
            return None
        action()
        return "break"  # otherwise the binding of all widgets for the same key would run, too

    return run


def _bind_by_key_code(
    window: AnyWindow, shortcuts: Mapping[tuple[str, bool], tuple[Action, bool]]
) -> None:
    """Let Ctrl and Alt shortcuts work on layouts without Latin letters.

    ``shortcuts``: (letter, with Shift) to the action and whether an edit box keeps the key. On
    layouts with Latin letters, Tk prefers the more specific bindings.
    """

    def control_pressed(event: "tk.Event[Any]") -> str | None:
        state = event_state(event)
        shift = shift_pressed(state)
        letter = key_codes.latin_letter(event.keysym, event.keycode, shift=shift)
        if not letter or alt_pressed(state):
            return None
        action, edits = shortcuts.get((letter, shift), (None, False))
        handled = None if action is None else _handler(action, edits)(event)
        if handled is None and not shift:
            _edit(event, letter)
        return handled

    def alt_and_letter(event: "tk.Event[Any]") -> str | None:
        letter = key_codes.latin_letter(event.keysym, event.keycode)
        if not letter:
            return None
        window.tk.call("tk::TraverseToMenu", str(event.widget), letter)
        return "break"

    modifier = "Command" if sys.platform == "darwin" else "Control"
    window.bind(f"<{modifier}-KeyPress>", control_pressed)
    if window.tk.call("tk", "windowingsystem") == "x11":  # elsewhere the system opens the menus
        window.bind("<Alt-KeyPress>", alt_and_letter)


def _edit(event: "tk.Event[Any]", letter: str) -> None:
    """Let a text or edit box do what Ctrl and ``letter`` mean in it."""
    edit = EDIT_EVENTS.get(letter)
    if edit is not None and isinstance(event.widget, tk.Entry | tk.Text):
        event.widget.event_generate(edit)


class ControlAlone:
    """Runs ``action`` when Control is released and nothing else was pressed meanwhile.

    On release, because a press may be the beginning of Ctrl+O.
    """

    def __init__(self, window: AnyWindow, action: Action, any_key: Action) -> None:
        self._action = action
        self._any_key = any_key
        self._alone = False
        tag = f"{CONTROL_ALONE_TAG}{window}"
        # A tag of its own, ahead of all others: within one tag, Tk runs only the most specific
        # binding, so that Ctrl+O would hide a <KeyPress> bound beside it.
        for widget in (window, *descendants(window)):
            widget.bindtags((tag, *widget.bindtags()))
        window.bind_class(tag, "<KeyPress>", self._pressed)
        window.bind_class(tag, "<KeyRelease>", self._released)
        for other in ("<Button>", "<MouseWheel>", "<FocusOut>"):
            window.bind_class(tag, other, self._cancel)

    def _pressed(self, event: "tk.Event[tk.Misc]") -> None:
        self._alone = event.keysym in CONTROL_KEYS
        self._any_key()

    def _released(self, event: "tk.Event[tk.Misc]") -> None:
        if event.keysym in CONTROL_KEYS and self._alone:
            self._alone = False
            self._action()

    def _cancel(self, _event: object) -> None:
        self._alone = False


def descendants(widget: tk.Misc) -> list[tk.Misc]:
    """The widgets inside ``widget``, at any depth, without those of other windows."""
    found: list[tk.Misc] = []
    for child in widget.winfo_children():
        if not isinstance(child, tk.Toplevel | tk.Menu):
            found += [child, *descendants(child)]
    return found
