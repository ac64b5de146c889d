"""Text that is only shown."""

import tkinter as tk
from typing import Any

from image_describer.app import theme


class Label(tk.Label):
    """Text that is only shown; `self_voicing.set_name` gives the widget beside it its name."""

    def __init__(self, master: tk.Misc, text: str = "", **options: Any) -> None:
        options = {"font": theme.font("button"), "anchor": "w", "justify": "left", **options}
        super().__init__(master, text=text, **options)
        theme.apply_style(self, "label")


class WrappedLabel(Label):
    """A label that wraps its text to its own width, less ``margin`` pixels."""

    def __init__(self, master: tk.Misc, text: str = "", margin: int = 0, **options: Any) -> None:
        super().__init__(master, text, **options)
        self._margin = margin
        self.bind("<Configure>", self._wrap)

    def _wrap(self, event: "tk.Event[tk.Misc]") -> None:
        self.configure(wraplength=max(1, event.width - self._margin))
