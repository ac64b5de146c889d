"""The main window's buttons, in one row however narrow the window is."""

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any

from image_describer.app import theme
from image_describer.app.widgets.button import Button

GAP_PX = 4


class Toolbar(ttk.Frame):
    """Buttons at the left and at the right. Those that don't fit into one row are hidden: the last
    ones at the left first. The menus have the same commands."""

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master)
        self._left: list[Button] = []
        self._right: list[Button] = []
        self._shown: list[Button] = []
        self.bind("<Configure>", lambda event: self.arrange(event.width))

    def add(self, label: str, command: Callable[[], Any], *, right: bool = False) -> Button:
        """Append a button; the first one is the primary one."""
        style = "Toolbar.TButton" if self._left or right else "Primary.TButton"
        button = Button(self, label, command, style=style)
        (self._right if right else self._left).append(button)
        return button

    def arrange(self, width: int = 0) -> None:
        """Show the buttons that fit into ``width`` pixels (0: the present width)."""
        width = width or self.winfo_width()
        gap = theme.px(self, GAP_PX)
        shown: list[Button] = []
        for button in [*self._left[:1], *self._right, *self._left[1:]]:
            width -= button.winfo_reqwidth() + gap
            if width < 0 and shown:
                break
            shown.append(button)
        if shown == self._shown:
            return
        self._shown = shown
        left = [button for button in self._left if button in shown]
        self.columnconfigure(tuple(range(self.grid_size()[0] + 1)), weight=0)
        self.columnconfigure(len(left), weight=1)  # an empty column between the two groups
        for button in self._left + self._right:
            button.grid_remove()
        for column, button in enumerate(left):
            button.grid(row=0, column=column, padx=(0, gap), sticky="ns")
        for column, button in enumerate(button for button in self._right if button in shown):
            button.grid(row=0, column=len(left) + 1 + column, padx=(gap, 0), sticky="ns")
