"""A list of items, worked by keys."""

import tkinter as tk
from collections.abc import Sequence
from typing import Any

from image_describer.app import theme
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.card import Card
from image_describer.app.widgets.scroll_bar import ScrollBar
from image_describer.app.widgets.shortened import shorten_all
from image_describer.app.widgets.typeahead import TypeAhead, typed_character
from image_describer.i18n import _
from image_describer.text import fold


class ItemList(tk.Listbox):
    """A list with one cursor; typing the first letters of an item moves to it."""

    def __init__(self, master: tk.Misc, *, name: str = "", **options: Any) -> None:
        options = {
            "font": theme.font("button"),
            "activestyle": "none",
            "selectmode": "browse",
            "exportselection": False,
            "borderwidth": 0,
            **options,
        }
        card = Card(master)
        super().__init__(card, **options)
        theme.apply_style(self, "list")
        card.hold(self, ScrollBar(card, self))
        self._items: list[str] = []
        self._fitted_width = 0  # in pixels, to which the items were shortened
        self._folded: list[str] = []  # the items as type-ahead compares them
        self._typeahead = TypeAhead()
        if name:
            self_voicing.set_name(self, name)
        self.bind("<KeyPress>", self._on_key)
        self.bind("<Configure>", lambda event: self._fit(event.width))
        self.bind("<<ThemeChanged>>", self._on_theme)
        for change in ("<FocusIn>", "<FocusOut>"):
            self.bind(change, lambda event: self._colour(event.type is tk.EventType.FocusIn))
        self._colour(False)
        self.bind("<Home>", lambda _event: self._move_and_say(0))
        self.bind("<End>", lambda _event: self._move_and_say(len(self._items) - 1))

    @property
    def items(self) -> list[str]:
        return list(self._items)

    def set_items(self, items: Sequence[str]) -> None:
        """Replace all items; the cursor goes to the first."""
        self._items = list(items)
        self._folded = [fold(item) for item in items]
        self._typeahead.reset()
        self.delete(0, "end")
        self.insert("end", *self._shortened(self._items))
        self.move_cursor(0)

    def add(self, index: int, items: Sequence[str], names: Sequence[str]) -> None:
        """Insert ``items`` at ``index``; the cursor stays on its item.

        Typing the first letters of one of ``names`` moves to its item.
        """
        was_empty = not self._items
        self._items[index:index] = items
        self._folded[index:index] = [fold(name) for name in names]
        self.insert(index, *self._shortened(items))
        if was_empty:
            self.move_cursor(0)

    def get(self, first: str | int, last: str | int | None = None) -> Any:
        """Return an item, or those from ``first`` to ``last``, as they were before shortening."""
        if last is None:
            return self._items[self.index(first)]
        return tuple(self._items[self.index(first) : self.index(last) + 1])

    def _shortened(self, items: Sequence[str]) -> list[str]:
        known = self._fitted_width > 1
        return shorten_all(self, items, self._fitted_width) if known else list(items)

    def _on_theme(self, _event: object) -> None:
        self._fit(0)  # the font may be another
        self._colour(self_voicing.focused(self) is self)

    def _colour(self, has_focus: bool) -> None:
        """Highlight the item at the cursor, less where another widget has the focus."""
        colours = theme.theme_of(self).palette
        back = colours.selection if has_focus else colours.quiet_text
        front = colours.selection_text if has_focus else colours.background
        self.configure(selectbackground=back, selectforeground=front)

    def _fit(self, width: int) -> None:
        """Shorten the items to ``width`` pixels (0: the present width); the cursor stays."""
        if width == self._fitted_width:
            return
        self._fitted_width = width or self.winfo_width()
        cursor, top = self.cursor, self.yview()[0]
        self.delete(0, "end")
        self.insert("end", *self._shortened(self._items))
        self.move_cursor(cursor)
        self.yview_moveto(top)

    @property
    def cursor(self) -> int:
        """The index of the current item; -1 in an empty list."""
        return int(self.index("active")) if self._items else -1

    def move_cursor(self, index: int) -> None:
        """Move the cursor to ``index`` silently."""
        if not self._items:
            return
        index = max(0, min(len(self._items) - 1, index))
        self.selection_clear(0, "end")
        self.selection_set(index)
        self.activate(index)
        self.see(index)

    def _move_and_say(self, index: int) -> str:
        self.move_cursor(index)
        self_voicing.value_changed(self)
        return "break"

    def _on_key(self, event: "tk.Event[tk.Misc]") -> str | None:
        char = typed_character(event)
        if not char or (char == " " and not self._typeahead.active):
            return None
        index = self._typeahead.type(char, self._folded, self.cursor)
        if index is not None:
            return self._move_and_say(index)
        text = (
            _("Nothing begins with {prefix}.").format(prefix=self._typeahead.prefix)
            if self._items
            else _("empty")
        )
        self_voicing.say_for(self, text)
        return "break"
