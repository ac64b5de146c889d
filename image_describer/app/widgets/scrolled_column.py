"""A column of widgets that may be longer than its window: it scrolls to whatever has the focus."""

import tkinter as tk
from typing import Any, cast

from image_describer.app import key_bindings, theme
from image_describer.app.voice import self_voicing

MARGIN_PX = 12  # what is left of a neighbour shows that the column goes on
WHEEL_PX = 60
BAR_PX = 16
# What may be wider than the window at a large text size, and how much of it is no text.
WRAPPED = {"Label": 24, "Button": 32, "Checkbutton": 64}
WITH_A_WHEEL = ("Listbox", "Text")  # the mouse wheel moves what is in them


class ScrolledColumn(tk.Frame):
    """Put the widgets into ``inside``, then call `watch`. They are as wide as the window."""

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master)
        theme.dress(self, "frame")
        self._canvas = tk.Canvas(self, highlightthickness=0, borderwidth=0, takefocus=0)
        theme.dress(self._canvas, "frame")
        self._bar = tk.Scrollbar(
            self, command=self._canvas.yview, takefocus=0, width=BAR_PX, elementborderwidth=1
        )
        # Tk's scrollbars know only scrolling by units, which are pixels here.
        self._canvas.configure(yscrollcommand=self._bar.set, yscrollincrement=1)
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self._canvas.grid(row=0, column=0, sticky="nsew")
        self._bar.grid(row=0, column=1, sticky="ns")
        self.inside = tk.Frame(self._canvas)
        theme.dress(self.inside, "frame")
        self._item = self._canvas.create_window(0, 0, anchor="nw", window=self.inside)
        self._canvas.bind("<Configure>", self._resized)
        self.inside.bind("<Configure>", self._grown)

    def ask_for(self, width: int, height: int) -> None:
        """The size in pixels that it would like to have."""
        self._canvas.configure(width=width, height=height)

    def watch(self) -> None:
        """Follow the focus and the mouse wheel in all that is inside by now."""
        for widget in [self._canvas, self.inside, *key_bindings.descendants(self.inside)]:
            widget.bind("<FocusIn>", self._focused, add="+")
            if widget.winfo_class() in WITH_A_WHEEL:
                continue
            widget.bind("<MouseWheel>", self._wheel, add="+")
            if self.tk.call("tk", "windowingsystem") == "x11":
                widget.bind("<Button-4>", lambda _event: self._scroll(-WHEEL_PX), add="+")
                widget.bind("<Button-5>", lambda _event: self._scroll(WHEEL_PX), add="+")

    def see(self, widget: tk.Misc) -> None:
        """Scroll until ``widget``, and what its row says about it, is in the window.

        Of what is too large for the window, the widget itself is shown, from its upper edge.
        """
        self.update_idletasks()
        row = widget
        while row.master is not self.inside and row.master is not None:
            row = row.master
        top, bottom = self._edges(row)
        room = self._canvas.winfo_height()
        if bottom - top > room:
            top, bottom = self._edges(widget)
        self._scroll(scrolled(int(self._canvas.canvasy(0)), room, top, bottom))

    def _edges(self, widget: tk.Misc) -> tuple[int, int]:
        top = widget.winfo_rooty() - self.inside.winfo_rooty()
        return top, top + widget.winfo_height()

    def _scroll(self, pixels: int) -> None:
        self._canvas.yview_scroll(pixels, "units")

    def _focused(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is not self.inside:
            self.see(event.widget)

    def _wheel(self, event: "tk.Event[tk.Misc]") -> str:
        self._scroll(-WHEEL_PX if event.delta > 0 else WHEEL_PX)
        return "break"

    def _resized(self, event: "tk.Event[tk.Misc]") -> None:
        self._canvas.itemconfigure(self._item, width=event.width)
        for widget in key_bindings.descendants(self.inside):
            margin = WRAPPED.get(widget.winfo_class())
            if margin is not None:
                cast(Any, widget).configure(wraplength=max(1, event.width - margin))
        self._keep_in_sight()

    def _grown(self, _event: object) -> None:
        self._canvas.configure(scrollregion=self._canvas.bbox("all"))
        self._keep_in_sight()

    def _keep_in_sight(self) -> None:
        """Larger type or a smaller window must not push out what has the focus."""
        focus = self_voicing.focused(self)
        if focus is not None and str(focus).startswith(f"{self.inside}."):
            self.after_idle(self._see_again, focus)

    def _see_again(self, widget: tk.Misc) -> None:
        if widget.winfo_exists() and self.winfo_exists():
            self.see(widget)


def scrolled(shown: int, room: int, top: int, bottom: int) -> int:
    """By how many pixels to scroll so that all from ``top`` to ``bottom`` is to be seen.

    ``shown`` is the first line of pixels to be seen, ``room`` how many there are. Having scrolled,
    the answer is 0: scrolling itself is a reason for Tk to ask again.
    """
    margin = max(0, min(MARGIN_PX, (room - (bottom - top)) // 2))
    if bottom - top > room or top - margin < shown:
        return top - margin - shown
    return max(0, bottom + margin - shown - room)
