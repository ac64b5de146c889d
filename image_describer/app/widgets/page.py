"""All that is in a window: as high as the window, or as high as it must be, and then it scrolls."""

import tkinter as tk
from tkinter import font as tkfont
from typing import Any, cast

from image_describer.app import key_bindings
from image_describer.app.widgets.basic import Check, Choice
from image_describer.app.widgets.scrolled_column import WRAPPED, ScrolledColumn

LEAST_LINES = 3  # of a list or a long text: what is above and below the cursor
LEAST_PICTURE_PX = 60
EDGE_PX = 16  # between the widgets and the right edge of the window


class Fitting(ScrolledColumn):
    """Grid the widgets into ``inside``; rows with a weight give way first, down to a few lines.

    What gets the focus is scrolled into sight. Call `watch` when everything is in it.
    """

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master)
        self._bar.grid_remove()  # the focus and the wheel scroll, and most windows never need it
        self._waiting = False
        self.inside.columnconfigure(0, weight=1)
        self.inside.rowconfigure(0, weight=1)

    def watch(self) -> None:
        """Follow the focus, the wheel, and all that changes how high the window must be."""
        super().watch()
        for widget in key_bindings.descendants(self.inside):
            widget.bind("<Configure>", self._changed, add="+")

    def see(self, widget: tk.Misc) -> None:
        """Scroll until ``widget`` is in the window, if not everything is."""
        if self.inside.winfo_height() > self._canvas.winfo_height():
            super().see(widget)

    def ask_for_all(self) -> None:
        """Ask for as much room as everything inside would like to have."""
        self.ask_for(self.inside.winfo_reqwidth(), self.inside.winfo_reqheight())

    def _changed(self, _event: object) -> None:
        if not self._waiting:
            self._waiting = True
            self.after_idle(self._fit)

    def _resized(self, event: "tk.Event[tk.Misc]") -> None:
        self._canvas.itemconfigure(self._item, width=event.width)
        self._fit()

    def _fit(self) -> None:
        self._waiting = False
        if not self.winfo_exists():
            return
        self._wrap()
        height = max(self._canvas.winfo_height(), least_height(self.inside))
        if height != int(float(self._canvas.itemcget(self._item, "height"))):
            self._canvas.itemconfigure(self._item, height=height)
            self._keep_in_sight()

    def _wrap(self) -> None:
        """Let what is chosen or checked go on in a second line where it would be cut off."""
        for part in self.inside.winfo_children():
            for widget in part.winfo_children():
                if isinstance(widget, Check | Choice):
                    room = self.inside.winfo_width() - EDGE_PX
                    room -= widget.winfo_rootx() - self.inside.winfo_rootx()
                    widget.configure(
                        wraplength=max(1, room - WRAPPED[widget.winfo_class()]), justify="left"
                    )


def least_height(widget: tk.Misc) -> int:
    """How many pixels ``widget`` can do with, if its rows with a weight give way."""
    wanted = widget.winfo_reqheight()
    kind = widget.winfo_class()
    if kind == "Canvas":
        return min(wanted, LEAST_PICTURE_PX)
    if kind in ("Listbox", "Text"):
        line = tkfont.Font(widget, font=cast(Any, widget).cget("font")).metrics("linespace")
        return min(wanted, LEAST_LINES * line + 2 * int(str(widget.cget("highlightthickness"))))
    rows: dict[int, list[tk.Misc]] = {}
    for child in widget.grid_slaves():
        row = int(child.grid_info()["row"])
        if int(widget.grid_rowconfigure(row)["weight"]):
            rows.setdefault(row, []).append(child)
    for inside in rows.values():
        wanted -= max(child.winfo_reqheight() for child in inside)
        wanted += max(least_height(child) for child in inside)
    return wanted
