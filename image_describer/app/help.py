"""F1: a window with the keys, which can be read line by line, and closed with Escape."""

import tkinter as tk
from collections.abc import Callable, Mapping

from image_describer.app import keymap, keys, look
from image_describer.app.text import ReadOnlyText
from image_describer.app.window import make_button

TITLE = "Help - Image Describer"
BORDER_PX = 2  # black on black needs an edge
INTRODUCTION = (
    "Image Describer says what a photograph shows. It can be wrong, and says how sure it is. "
    "Tab goes from the sentence to the buttons; the arrow keys read the sentence."
)


class HelpWindow:
    """The help, of which there is one at a time."""

    def __init__(self, root: tk.Tk, run: Mapping[str, Callable[[], None]]) -> None:
        self._root = root
        self._run = run
        self._window: tk.Toplevel | None = None
        self._text: ReadOnlyText | None = None

    @property
    def open(self) -> bool:
        return self._window is not None

    def show(self) -> None:
        """Open it, or bring it back to the front."""
        if self._window is None or self._text is None:
            self._build()
        if self._window is not None and self._text is not None:
            self._window.lift()
            self._text.focus_set()

    def close(self) -> None:
        """Close it and go back to where the focus was."""
        if self._window is not None:
            self._window.destroy()
        self._window = self._text = None
        before = self._root.focus_lastfor()
        (before or self._root).focus_force()

    def _build(self) -> None:
        window = tk.Toplevel(
            self._root,
            background=look.BACKGROUND,
            highlightthickness=BORDER_PX,
            highlightbackground=look.QUIET_TEXT,
            highlightcolor=look.QUIET_TEXT,
        )
        window.title(TITLE)
        window.transient(self._root)
        window.minsize(480, 360)
        window.protocol("WM_DELETE_WINDOW", self.close)
        window.columnconfigure(0, weight=1)
        window.rowconfigure(0, weight=1)
        fonts = look.fonts(self._root)
        text = ReadOnlyText(window, font=fonts["help"], width=48, height=16)
        text.show("\n".join([INTRODUCTION, "", *keymap.help_lines()]))
        text.grid(row=0, column=0, sticky="nsew", padx=8, pady=8)
        button = make_button(window, "Close\nEscape", fonts["button"], self.close)
        button.grid(row=1, column=0, padx=8, pady=8, ipadx=24)
        keys.bind_commands(window, self._run)
        # Only a window that is on the screen can take the focus; forced, because without a window
        # manager nobody else hands it over.
        text.bind("<Map>", lambda _event: text.focus_force())
        self._window, self._text = window, text


def spoken() -> str:
    """What F1 says."""
    return f"{INTRODUCTION} {keymap.spoken_help()}"
