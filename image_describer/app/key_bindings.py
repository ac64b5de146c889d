"""Binds the table of keys to a window."""

import sys
import tkinter as tk
from collections.abc import Callable, Collection, Mapping
from typing import Any

from image_describer.app import keymap

CONTROL_KEYS = frozenset({"Control_L", "Control_R"})
ALONE_TAG = "ControlAlone"
Window = tk.Tk | tk.Toplevel


def bind_commands(
    window: Window,
    run: Mapping[str, Callable[[], None]],
    allowed: Collection[str] | None = None,
    refuse: Callable[[], None] | None = None,
    pressed: Callable[[], None] = lambda: None,
) -> None:
    """Let every key of the table run its command while ``window`` has the focus.

    Called once its widgets are there. Bound to the window, not to "all": the platform's own
    dialogs, which Tk draws on Linux, keep their keys to themselves. Where ``allowed`` names
    commands, the keys of all others call ``refuse``. ``pressed()`` is called for every key.
    """
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
                window.bind(sequence, _and_no_more(action, command.edits))


def _and_no_more(
    action: Callable[[], None], edits: bool
) -> Callable[["tk.Event[Any]"], str | None]:
    def run(event: "tk.Event[Any]") -> str | None:
        # Who types into an edit box copies and pastes there.
        if edits and isinstance(event.widget, tk.Entry):
            return None
        action()
        return "break"  # else the text's own binding for the same key would run too

    return run


class ControlAlone:
    """Runs ``action`` when Control is let go and nothing else was pressed in between.

    On release, because a press may be the beginning of Ctrl+O.
    """

    def __init__(
        self, window: Window, action: Callable[[], None], any_key: Callable[[], None]
    ) -> None:
        self._action = action
        self._any_key = any_key
        self._alone = False
        tag = f"{ALONE_TAG}{window}"
        # A tag of its own, ahead of all others: of the bindings of one tag Tk runs only the most
        # specific, so that Ctrl+O would be hidden from a <KeyPress> that is bound beside it.
        for widget in (window, *descendants(window)):
            widget.bindtags((tag, *widget.bindtags()))
        window.bind_class(tag, "<KeyPress>", self._pressed)
        window.bind_class(tag, "<KeyRelease>", self._released)
        for other in ("<Button>", "<MouseWheel>", "<FocusOut>"):
            window.bind_class(tag, other, self._spoiled)

    def _pressed(self, event: "tk.Event[tk.Misc]") -> None:
        self._alone = event.keysym in CONTROL_KEYS
        self._any_key()

    def _released(self, event: "tk.Event[tk.Misc]") -> None:
        if event.keysym in CONTROL_KEYS and self._alone:
            self._alone = False
            self._action()

    def _spoiled(self, _event: object) -> None:
        self._alone = False


def descendants(widget: tk.Misc) -> list[tk.Misc]:
    """The widgets inside ``widget``, at any depth, but not what is in other windows."""
    found: list[tk.Misc] = []
    for child in widget.winfo_children():
        if not isinstance(child, tk.Toplevel | tk.Menu):
            found += [child, *descendants(child)]
    return found
