"""A rounded box around one widget; it shows whether that has the focus."""

import tkinter as tk
from tkinter import ttk

from image_describer.app import theme

# What places a widget in a window; for a widget in a card, it places the card.
PLACEMENT = (
    *("grid", "grid_configure", "grid_forget", "grid_remove"),
    *("pack", "pack_configure", "pack_forget"),
)


class Card(ttk.Frame):
    """Call `hold` with the widget, whose master this is."""

    def __init__(self, master: tk.Misc) -> None:
        padding = theme.theme_of(master).card_padding
        super().__init__(master, style="Card.TFrame", padding=padding)
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)

    def hold(self, widget: tk.Widget, bar: ttk.Scrollbar | None = None) -> None:
        """Fill the card with ``widget``, and with ``bar`` at its right.

        From now on, gridding or packing ``widget`` does so with the card.
        """
        widget.grid(row=0, column=0, sticky="nsew")
        if bar is not None:
            bar.grid(row=0, column=1, sticky="ns")
            # Kept free, so that the text does not move when the bar comes and goes.
            self.columnconfigure(1, minsize=bar.winfo_reqwidth())
        widget.bind("<FocusIn>", lambda _event: self.state(["focus"]), add="+")
        widget.bind("<FocusOut>", lambda _event: self.state(["!focus"]), add="+")
        for name in PLACEMENT:
            setattr(widget, name, getattr(self, name))
