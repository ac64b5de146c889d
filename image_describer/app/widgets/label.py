"""Text that is only shown."""

import tkinter as tk
from tkinter import ttk
from typing import Any

from image_describer.app import theme


class Label(ttk.Label):
    """Text that is only shown; `self_voicing.set_name` gives the widget beside it its name."""

    def __init__(self, master: tk.Misc, text: str = "", **options: Any) -> None:
        theme.theme_of(master)
        super().__init__(master, text=text, **options)


class WrappedLabel(Label):
    """A label that wraps its text to its own width."""

    def __init__(self, master: tk.Misc, text: str = "", **options: Any) -> None:
        super().__init__(master, text, **options)
        self.bind("<Configure>", self._wrap)

    def _wrap(self, event: "tk.Event[tk.Misc]") -> None:
        theme.theme_of(self).wrap(self, event.width)
