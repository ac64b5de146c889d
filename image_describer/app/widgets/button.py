"""A button that Space and Return press."""

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any

from image_describer.app import theme

RETURN_KEYS = ("<Return>", "<KP_Enter>")


class Button(ttk.Button):
    """A button that Space and Return press. A second line of ``text`` shows its key."""

    def __init__(
        self, master: tk.Misc, text: str, command: Callable[[], Any], **options: Any
    ) -> None:
        theme.theme_of(master)
        super().__init__(master, text=text, command=command, **options)
        for key in ("<space>", *RETURN_KEYS):
            self.bind(key, self._press)

    def _press(self, _event: object) -> str:
        # Tk's own binding of the space bar stops the window for a tenth of a second.
        self.invoke()
        return "break"
