"""A list of items, worked by keys."""

import tkinter as tk
from collections.abc import Sequence
from typing import Any

from image_describer.app import theme
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.typeahead import TypeAhead, typed_character
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
        super().__init__(master, **options)
        theme.apply_style(self, "list")
        self._items: list[str] = []
        self._folded: list[str] = []  # the items as type-ahead compares them
        self._typeahead = TypeAhead()
        if name:
            self_voicing.set_name(self, name)
        self.bind("<KeyPress>", self._on_key)
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
        self.insert("end", *self._items)
        self.move_cursor(0)

    def extend(self, items: Sequence[str]) -> None:
        """Append ``items``; the cursor stays."""
        was_empty = not self._items
        self._items += items
        self._folded += [fold(item) for item in items]
        self.insert("end", *items)
        if was_empty:
            self.move_cursor(0)

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
        text = f"Nothing begins with {self._typeahead.prefix}." if self._items else "empty"
        self_voicing.say_for(self, text)
        return "break"
