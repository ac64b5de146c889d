"""A scroll bar that is there only while there is something to scroll."""

import tkinter as tk
from tkinter import ttk

from image_describer.app import theme
from image_describer.app.widgets.card import Card


class ScrollBar(ttk.Scrollbar):
    """Scrolls ``widget`` up and down; by the mouse only."""

    def __init__(
        self, master: tk.Misc, widget: tk.Listbox | tk.Text | tk.Canvas | ttk.Treeview
    ) -> None:
        theme.theme_of(master)
        style = "Card.Vertical.TScrollbar" if isinstance(master, Card) else ""
        super().__init__(master, command=widget.yview, takefocus=0, style=style)
        widget.configure(yscrollcommand=self.set)

    def set(self, first: float | str, last: float | str) -> None:
        """Show which part is in view, from 0 to 1; hide the bar where that is everything."""
        super().set(first, last)
        if float(first) <= 0 and float(last) >= 1:
            self.grid_remove()
        else:
            self.grid()
