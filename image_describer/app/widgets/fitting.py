"""A window's content: as high as the window, or higher, in which case it scrolls."""

import tkinter as tk
from tkinter import font as tkfont
from tkinter import ttk
from typing import Any, cast

from image_describer.app import key_bindings, theme
from image_describer.app.widgets.check_box import CheckBox
from image_describer.app.widgets.scrolled_column import ScrolledColumn

MIN_LINES = 3  # of a list or a long text: the cursor's line and one above and below it
MIN_PICTURE_PX = 60
EDGE_PX = 16  # between the widgets and the right edge of the window


class FittingColumn(ScrolledColumn):
    """Grid the widgets into ``inside``; rows with a weight shrink first, down to a few lines.

    The widget with the focus is scrolled into view. Call `watch` when everything is in it.
    """

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master)
        # Focus and wheel scroll; most windows never need a bar.
        self._canvas.configure(yscrollcommand="")
        self._bar.grid_remove()
        self._fit_pending = False
        self.inside.columnconfigure(0, weight=1)
        self.inside.rowconfigure(0, weight=1)

    def watch(self) -> None:
        """Follow the focus, the wheel and all changes of the height that is needed."""
        super().watch()
        for widget in key_bindings.descendants(self.inside):
            widget.bind("<Configure>", self._on_change, add="+")

    def see(self, widget: tk.Misc) -> None:
        """Scroll ``widget`` into view, unless everything is in view."""
        if self.inside.winfo_height() > self._canvas.winfo_height():
            super().see(widget)

    def request_full_size(self) -> None:
        """Request as much room as everything inside asks for."""
        self.request_size(self.inside.winfo_reqwidth(), self.inside.winfo_reqheight())

    def _on_change(self, _event: object) -> None:
        if not self._fit_pending:
            self._fit_pending = True
            self.after_idle(self._fit)

    def _on_resize(self, event: "tk.Event[tk.Misc]") -> None:
        self._canvas.itemconfigure(self._item, width=event.width)
        self._fit()

    def _fit(self) -> None:
        self._fit_pending = False
        if not self.winfo_exists():
            return
        self._wrap()
        height = max(self._canvas.winfo_height(), min_height(self.inside))
        if height != int(float(self._canvas.itemcget(self._item, "height"))):
            self._canvas.itemconfigure(self._item, height=height)
            self._keep_focus_in_view()

    def _wrap(self) -> None:
        """Wrap check boxes that would be cut off at the right edge."""
        for part in self.inside.winfo_children():
            for widget in part.winfo_children():
                if isinstance(widget, CheckBox):
                    left = widget.winfo_rootx() - self.inside.winfo_rootx()
                    room = self.inside.winfo_width() - theme.px(self, EDGE_PX) - left
                    theme.theme_of(self).wrap(widget, room)


def min_height(widget: tk.Misc) -> int:
    """The pixels that ``widget`` needs when its rows with a weight have shrunk."""
    height = widget.winfo_reqheight()
    kind = widget.winfo_class()
    if kind == "Canvas":
        return min(height, theme.px(widget, MIN_PICTURE_PX))
    if kind in ("Listbox", "Text"):
        line = tkfont.Font(widget, font=cast(Any, widget).cget("font")).metrics("linespace")
        return min(height, MIN_LINES * line + 2 * int(str(widget.cget("highlightthickness"))))
    if kind == "Treeview":
        row = int(ttk.Style(widget).lookup(kind, "rowheight"))
        return min(height, (1 + MIN_LINES) * row)  # with the headings
    rows: dict[int, list[tk.Misc]] = {}
    for child in widget.grid_slaves():
        row = int(child.grid_info()["row"])
        if int(widget.grid_rowconfigure(row)["weight"]):
            rows.setdefault(row, []).append(child)
    for children in rows.values():
        height -= max(child.winfo_reqheight() for child in children)
        height += max(min_height(child) for child in children)
    return height
