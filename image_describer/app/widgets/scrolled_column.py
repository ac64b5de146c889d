"""A column of widgets that may be longer than its window: it scrolls to the focused widget."""

import tkinter as tk
from tkinter import ttk

from image_describer.app import key_bindings, theme
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.scroll_bar import ScrollBar

MARGIN_PX = 12  # part of the neighbouring widget stays visible, to show that the column goes on
WHEEL_PX = 60
WRAPPING_CLASSES = ("TLabel", "TButton", "TCheckbutton")
SCROLLING_CLASSES = ("Listbox", "Text", "Treeview")  # the mouse wheel scrolls their own content


class ScrolledColumn(ttk.Frame):
    """Put the widgets into ``inside``, then call `watch`. They are as wide as the window."""

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master)
        self._canvas = tk.Canvas(self, highlightthickness=0, borderwidth=0, takefocus=0)
        theme.apply_style(self._canvas, "frame")
        self._bar = ScrollBar(self, self._canvas)
        # Tk's scroll bars only scroll by units, which are pixels here.
        self._canvas.configure(yscrollincrement=1)
        self._wheel = theme.px(self, WHEEL_PX)
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self._canvas.grid(row=0, column=0, sticky="nsew")
        self._bar.grid(row=0, column=1, sticky="ns")
        self.inside = ttk.Frame(self._canvas)
        self._item = self._canvas.create_window(0, 0, anchor="nw", window=self.inside)
        self._canvas.bind("<Configure>", self._on_resize)
        self.inside.bind("<Configure>", self._on_content_resize)

    def request_size(self, width: int, height: int) -> None:
        """Request this size in pixels from the window."""
        self._canvas.configure(width=width, height=height)

    def watch(self) -> None:
        """Follow the focus and the mouse wheel in all widgets that are inside now."""
        for widget in [self._canvas, self.inside, *key_bindings.descendants(self.inside)]:
            widget.bind("<FocusIn>", self._on_focus, add="+")
            if widget.winfo_class() in SCROLLING_CLASSES:
                continue
            widget.bind("<MouseWheel>", self._on_wheel, add="+")
            if self.tk.call("tk", "windowingsystem") == "x11":
                widget.bind("<Button-4>", lambda _event: self._scroll(-self._wheel), add="+")
                widget.bind("<Button-5>", lambda _event: self._scroll(self._wheel), add="+")

    def see(self, widget: tk.Misc) -> None:
        """Scroll until ``widget`` and the labels in its row are in view.

        If the row is too high for the window, the widget's upper edge is shown.
        """
        self.update_idletasks()
        row = widget
        while row.master is not self.inside and row.master is not None:
            row = row.master
        top, bottom = self._edges(row)
        view_height = self._canvas.winfo_height()
        if bottom - top > view_height:
            top, bottom = self._edges(widget)
        margin, view_top = theme.px(self, MARGIN_PX), int(self._canvas.canvasy(0))
        self._scroll(scroll_distance(view_top, view_height, top, bottom, margin))

    def _edges(self, widget: tk.Misc) -> tuple[int, int]:
        top = widget.winfo_rooty() - self.inside.winfo_rooty()
        return top, top + widget.winfo_height()

    def _scroll(self, pixels: int) -> None:
        self._canvas.yview_scroll(pixels, "units")

    def _on_focus(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is not self.inside:
            self.see(event.widget)

    def _on_wheel(self, event: "tk.Event[tk.Misc]") -> str:
        self._scroll(-self._wheel if event.delta > 0 else self._wheel)
        return "break"

    def _on_resize(self, event: "tk.Event[tk.Misc]") -> None:
        self._canvas.itemconfigure(self._item, width=event.width)
        for widget in key_bindings.descendants(self.inside):
            if widget.winfo_class() in WRAPPING_CLASSES:
                theme.theme_of(self).wrap(widget, event.width)
        self._keep_focus_in_view()

    def _on_content_resize(self, _event: object) -> None:
        self._canvas.configure(scrollregion=self._canvas.bbox("all"))
        self._keep_focus_in_view()

    def _keep_focus_in_view(self) -> None:
        """Scroll back to the focused widget after the font or the window changed its size."""
        focus = self_voicing.focused(self)
        if focus is not None and str(focus).startswith(f"{self.inside}."):
            self.after_idle(self._see_if_alive, focus)

    def _see_if_alive(self, widget: tk.Misc) -> None:
        if widget.winfo_exists() and self.winfo_exists():
            self.see(widget)


def scroll_distance(
    view_top: int, view_height: int, top: int, bottom: int, margin: int = MARGIN_PX
) -> int:
    """Return by how many pixels to scroll to bring ``top`` to ``bottom`` into view.

    ``view_top`` is the first visible pixel line, ``margin`` what is shown beside, where there is
    room. After scrolling by the result, the result is 0:
    otherwise scrolling, which makes Tk ask again, would not come to rest.
    """
    margin = max(0, min(margin, (view_height - (bottom - top)) // 2))
    if bottom - top > view_height or top - margin < view_top:
        return top - margin - view_top
    return max(0, bottom + margin - view_top - view_height)
