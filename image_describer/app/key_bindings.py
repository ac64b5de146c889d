"""Binds the table of keys to a window."""

import sys
import tkinter as tk
from collections.abc import Callable, Mapping
from typing import Any

from image_describer.app import key_codes, keymap
from image_describer.app.modifier_keys import alt_pressed, event_state, shift_pressed

ANY_KEY_TAG = "AnyKey"
REPEAT_MS = 1500  # a key that is held down repeats within this
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
KeyPressed = Callable[[str, bool], None]


def bind_commands(
    window: AnyWindow,
    run: Mapping[str, Action],
    pressed: KeyPressed = lambda key, repeated: None,
) -> None:
    """Let every key of the table run its command while ``window`` has the focus.

    Called once its widgets exist. Bound to the window, not to "all", so that the platform's own
    dialogs, which Tk draws on Linux, keep their keys. ``pressed`` is called as KeyWatch does.
    """
    shortcuts: dict[tuple[str, bool], tuple[Action, bool]] = {}
    for command in keymap.COMMANDS:
        action = run.get(command.name)
        if action is None:
            continue
        for key in command.keys:
            for sequence in keymap.tk_sequences(key, sys.platform):
                window.bind(sequence, _handler(action, command.edits))
            shortcut = keymap.control_shortcut(key)
            if shortcut is not None:
                shortcuts[shortcut] = action, command.edits
    _bind_by_key_code(window, shortcuts)
    KeyWatch(window, pressed)


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


def watch_menus(root: tk.Tk, pressed: KeyPressed) -> None:
    """Call ``pressed`` for keys in open menus, before what they do there; not for the arrow keys,
    after which another entry is spoken."""
    ours = root.register(lambda key: pressed(key, False))
    tks = root.bind_class("Menu", "<KeyPress>")
    root.tk.call("bind", "Menu", "<KeyPress>", f"{ours} %K; {tks}")


class KeyWatch:
    """Calls ``pressed(key, repeated)`` for every key of a window, before anything else.

    ``key`` is Tk's name of it, ``repeated`` whether it is being held down.
    """

    # Of the keyboard, which all windows share: a key may be released in another window. Times are
    # Tk's, in milliseconds.
    _last_key, _pressed_at, _released_at = 0, 0, 0

    def __init__(self, window: AnyWindow, pressed: KeyPressed) -> None:
        self._on_press = pressed
        tag = f"{ANY_KEY_TAG}{window}"
        # A tag of its own, ahead of all others: within one tag, Tk runs only the most specific
        # binding, so that Ctrl+O would hide a <KeyPress> bound beside it.
        for widget in (window, *descendants(window)):
            widget.bindtags((tag, *widget.bindtags()))
        window.bind_class(tag, "<KeyPress>", self._pressed)
        window.bind_class(tag, "<KeyRelease>", self._released)

    def _pressed(self, event: "tk.Event[tk.Misc]") -> None:
        watch = KeyWatch
        # On X11, a key that is held down is released and pressed in the same millisecond.
        down = watch._released_at <= watch._pressed_at or event.time == watch._released_at
        again = event.keycode == watch._last_key and event.time - watch._pressed_at < REPEAT_MS
        watch._last_key, watch._pressed_at = event.keycode, event.time
        self._on_press(event.keysym, down and again)

    def _released(self, event: "tk.Event[tk.Misc]") -> None:
        if event.keycode == KeyWatch._last_key:
            KeyWatch._released_at = event.time


def descendants(widget: tk.Misc) -> list[tk.Misc]:
    """The widgets inside ``widget``, at any depth, without those of other windows."""
    found: list[tk.Misc] = []
    for child in widget.winfo_children():
        if not isinstance(child, tk.Toplevel | tk.Menu):
            found += [child, *descendants(child)]
    return found
