"""A window with a text that can be read line by line, and closed with Escape: help, details."""

import tkinter as tk
from collections.abc import Callable, Mapping

from image_describer.app import keys, look
from image_describer.app.text import ReadOnlyText
from image_describer.app.window import make_button

BORDER_PX = 2  # black on black needs an edge


class ReadingWindow:
    """Shows one text at a time, in one window."""

    def __init__(self, root: tk.Tk, run: Mapping[str, Callable[[], None]]) -> None:
        self._root = root
        self._run = run
        self._window: tk.Toplevel | None = None
        self._text: ReadOnlyText | None = None

    @property
    def open(self) -> bool:
        return self._window is not None

    @property
    def title(self) -> str:
        """What the open window is called; empty while there is none."""
        return str(self._window.title()) if self._window is not None else ""

    def show(self, title: str, text: str) -> None:
        """Open it, or bring it back to the front, with ``text`` under ``title``."""
        if self._window is None or self._text is None:
            self._window, self._text = self._build()
        self._window.title(title)
        self._text.show(text)
        self._window.lift()
        self._text.focus_set()

    def close(self) -> None:
        """Close it and go back to where the focus was."""
        if self._window is not None:
            self._window.destroy()
        self._window = self._text = None
        before = self._root.focus_lastfor()
        (before or self._root).focus_force()

    def _build(self) -> "tuple[tk.Toplevel, ReadOnlyText]":
        window = tk.Toplevel(
            self._root,
            background=look.BACKGROUND,
            highlightthickness=BORDER_PX,
            highlightbackground=look.QUIET_TEXT,
            highlightcolor=look.QUIET_TEXT,
        )
        window.transient(self._root)
        window.minsize(480, 360)
        window.protocol("WM_DELETE_WINDOW", self.close)
        window.columnconfigure(0, weight=1)
        window.rowconfigure(0, weight=1)
        fonts = look.fonts(self._root)
        text = ReadOnlyText(window, font=fonts["help"], width=48, height=16)
        text.grid(row=0, column=0, sticky="nsew", padx=8, pady=8)
        button = make_button(window, "Close\nEscape", fonts["button"], self.close)
        button.grid(row=1, column=0, padx=8, pady=8, ipadx=24)
        keys.bind_commands(window, self._run)
        # Only a window that is on the screen can take the focus; forced, because without a window
        # manager nobody else hands it over.
        text.bind("<Map>", lambda _event: text.focus_force())
        return window, text
