"""The list of a folder's entries, worked and searched by keys."""

import os
import tkinter as tk
from collections.abc import Callable, Sequence

from image_describer.app import theme
from image_describer.app.dialogs.chooser.listing import FolderEntry
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.card import Card
from image_describer.app.widgets.scroll_bar import ScrollBar
from image_describer.app.widgets.typeahead import TypeAhead, typed_character
from image_describer.text import fold

CHUNK = 500  # rows added to the widget at a time, within 10 ms
PATH_CHARS = "/~"  # names do not begin with these, so they begin a typed path


class FileList(tk.Listbox):
    """Shows any number of entries, with one cursor.

    ``on_move()`` is called when the cursor moves to another entry, ``say(text)`` with the answer to
    a key, ``begin_path(char)`` when the user begins to type a path.
    """

    def __init__(
        self,
        master: tk.Misc,
        on_move: Callable[[], None],
        say: Callable[[str], None],
        begin_path: Callable[[str], None],
    ) -> None:
        card = Card(master)
        super().__init__(
            card,
            font=theme.font("button"),
            activestyle="none",
            selectmode="browse",
            exportselection=False,
            borderwidth=0,
        )
        theme.apply_style(self, "list")
        card.hold(self, ScrollBar(card, self))
        dim_without_focus(self)
        self._entries: Sequence[FolderEntry] = ()
        self._names: list[str] = []
        self._on_move = on_move
        self._say = say
        self._begin_path = begin_path
        self._typeahead = TypeAhead()
        self._fill_timer: str | None = None
        self.cursor = -1
        self.bind("<KeyPress>", self._on_key)
        for key, step in (("Up", -1), ("Down", 1)):
            self.bind(f"<{key}>", lambda _event, by=step: self._step(by))  # type: ignore[misc]
        self.bind("<Prior>", lambda _event: self._step(-self._page_rows()))
        self.bind("<Next>", lambda _event: self._step(self._page_rows()))
        self.bind("<Home>", lambda _event: self._step(-len(self._entries)))
        self.bind("<End>", lambda _event: self._step(len(self._entries)))
        self.bind("<space>", self._on_space)
        self.bind("<<ListboxSelect>>", self._on_select)

    @property
    def current(self) -> FolderEntry | None:
        """The entry that the cursor is on."""
        return self._entries[self.cursor] if 0 <= self.cursor < len(self._entries) else None

    def spoken(self) -> str:
        """The current entry and its position: "beach.jpg, picture, 4 of 123"."""
        entry = self.current
        if entry is None:
            return self_voicing.EMPTY
        return f"{entry.spoken}, {self.cursor + 1:,} of {len(self._entries):,}"

    def show(self, entries: Sequence[FolderEntry], cursor: int) -> None:
        """Replace the entries silently; the rows are added in chunks."""
        self._entries = entries
        self._names = [fold(entry.name) for entry in entries[:CHUNK]]
        self._typeahead.reset()
        self.delete(0, "end")
        self.cursor = min(max(cursor, 0), len(entries) - 1)
        self._stop_filling()
        self._fill()
        self._on_move()

    def destroy(self) -> None:
        """Destroy the widget; rows that were not added yet are dropped."""
        self._stop_filling()
        super().destroy()

    def _stop_filling(self) -> None:
        if self._fill_timer is not None:
            self.after_cancel(self._fill_timer)
            self._fill_timer = None

    def _fill(self) -> None:
        self._fill_timer, entries = None, self._entries
        start = self.size()
        chunk = entries[start : start + CHUNK]
        self.insert("end", *(_row(entry) for entry in chunk))
        if start:
            self._names += [fold(entry.name) for entry in chunk]
        if start <= self.cursor < start + CHUNK:
            self._show_cursor()
        if start + CHUNK < len(entries):
            self._fill_timer = self.after(1, self._fill)

    def _show_cursor(self) -> None:
        self.selection_clear(0, "end")
        self.selection_set(self.cursor)
        self.activate(self.cursor)
        self.see(self.cursor)

    def _page_rows(self) -> int:
        """The rows that fit into the window, less one that stays in view."""
        visible_rows = self.winfo_height() // max(1, (self.bbox("@0,0") or (0, 0, 0, 20))[3])
        return max(1, visible_rows - 1)

    def _step(self, by: int) -> str:
        self._typeahead.reset()
        return self._move_to(self.cursor + by)

    def _move_to(self, index: int) -> str:
        """Move the cursor to ``index``, within the list, and say the entry."""
        if self._entries:
            before, self.cursor = self.cursor, max(0, min(len(self._entries) - 1, index))
            if self.cursor < self.size():
                self._show_cursor()
            if before != self.cursor:
                self._on_move()
        self_voicing.value_changed(self)
        return "break"

    def _on_select(self, _event: object) -> None:
        chosen = self.curselection()
        if chosen and chosen[0] != self.cursor:
            self.cursor = int(chosen[0])
            self._on_move()

    def _on_space(self, _event: object) -> str:
        """Type a space if a name is being typed; otherwise say the entry again."""
        if self._typeahead.active:
            return self._find(" ")
        self_voicing.value_changed(self)
        return "break"

    def _on_key(self, event: "tk.Event[tk.Misc]") -> str | None:
        char = typed_character(event)
        if not char:
            return None
        if char in PATH_CHARS and not self._typeahead.active:
            self._begin_path(char)
            return "break"
        return self._find(char)

    def _find(self, char: str) -> str:
        index = self._typeahead.type(char, self._names, self.cursor)
        if index is None:
            self._say(f"No name begins with {self._typeahead.prefix}.")
            return "break"
        return self._move_to(index)


def dim_without_focus(box: tk.Listbox) -> None:
    """Highlight the row at the cursor only while ``box`` has the focus."""

    def highlight(_event: object) -> None:
        palette = theme.theme_of(box).palette
        box.configure(selectbackground=palette.selection, selectforeground=palette.selection_text)

    def dim(_event: object) -> None:
        palette = theme.theme_of(box).palette
        box.configure(selectbackground=palette.quiet_text, selectforeground=palette.background)

    box.bind("<FocusIn>", highlight, add="+")
    box.bind("<FocusOut>", dim, add="+")
    dim(None)


def _row(entry: FolderEntry) -> str:
    return entry.name + os.sep if entry.kind == "folder" else entry.name
