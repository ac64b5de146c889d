"""Buttons side by side, in several rows where they do not fit into one."""

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any

from image_describer.app.widgets.button import Button


class ButtonRow(ttk.Frame):
    """A row of buttons: of equal width, else of their own widths, else several rows."""

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master)
        self._buttons: list[Button] = []
        self._layout: tuple[int, bool] | None = None
        self.bind("<Configure>", lambda event: self.arrange(event.width))

    def add(self, label: str, command: Callable[[], Any], **options: Any) -> Button:
        """Append a button."""
        button = Button(self, label, command, **options)
        self._buttons.append(button)
        self._lay_out(len(self._buttons), equal=True)
        return button

    def arrange(self, width: int = 0) -> None:
        """Use as many rows as needed for ``width`` pixels (0: the present width)."""
        width = width or self.winfo_width()
        count = len(self._buttons)
        if not count or width <= 1:
            return
        widths = [button.winfo_reqwidth() for button in self._buttons]
        if sum(widths) <= width < count * max(widths):
            self._lay_out(count, equal=False)
            return
        # Of six buttons 6, 3, 2 or 1 in a row, so that the rows are as equal as possible.
        candidates = (-(-count // rows) for rows in range(1, count + 1))
        fitting = (columns for columns in candidates if columns * max(widths) <= width)
        self._lay_out(next(fitting, 1), equal=True)

    def _lay_out(self, columns: int, *, equal: bool) -> None:
        if (columns, equal) == self._layout and len(self.grid_slaves()) == len(self._buttons):
            return
        self._layout = columns, equal
        for column in range(len(self._buttons)):
            group = "buttons" if equal and column < columns else f"column{column}"
            # Several rows fill the width; one row is as wide as its buttons.
            several = column < columns < len(self._buttons)
            self.columnconfigure(column, weight=int(several), uniform=group)
        for number, button in enumerate(self._buttons):
            button.grid(row=number // columns, column=number % columns, sticky="nsew")
