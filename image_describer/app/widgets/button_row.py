"""Buttons side by side, in several rows where they do not fit into one."""

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any

from image_describer.app.widgets.button import Button


class ButtonRow(ttk.Frame):
    """A row of buttons of equal width, at least that of the widest one."""

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master)
        self._buttons: list[Button] = []
        self._columns = 0
        self.bind("<Configure>", lambda event: self.arrange(event.width))

    def add(self, label: str, command: Callable[[], Any], **options: Any) -> Button:
        """Append a button."""
        button = Button(self, label, command, **options)
        self._buttons.append(button)
        self._columns = 0
        self._lay_out(len(self._buttons))
        return button

    def arrange(self, width: int = 0) -> None:
        """Use as many rows as needed for ``width`` pixels (0: the present width)."""
        width = width or self.winfo_width()
        count = len(self._buttons)
        if not count or width <= 1:
            return
        widest = max(button.winfo_reqwidth() for button in self._buttons)
        # Of six buttons 6, 3, 2 or 1 in a row, so that the rows are as equal as possible.
        candidates = (-(-count // rows) for rows in range(1, count + 1))
        self._lay_out(next((columns for columns in candidates if columns * widest <= width), 1))

    def _lay_out(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for column in range(len(self._buttons)):
            used = column < columns
            self.columnconfigure(
                # Rows of several fill the width; one row is as wide as its buttons.
                column,
                weight=int(used and columns < len(self._buttons)),
                uniform="buttons" if used else f"unused{column}",
            )
        for number, button in enumerate(self._buttons):
            button.grid(
                row=number // columns,
                column=number % columns,
                sticky="nsew",
            )
