"""The list of a folder's entries: any number of them, worked and searched by keys."""

import os
import tkinter as tk
from collections.abc import Callable, Sequence

from image_describer.app import theme
from image_describer.app.dialogs.chooser.listing import Entry
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.typeahead import TypeAhead, typed_character
from image_describer.text import fold

CHUNK = 500  # rows put into the widget at a time, within 10 ms
PATH_SIGNS = "/~"  # nobody's name begins with these: whoever types one means a path


class FileList(tk.Listbox):
    """Shows entries, has a cursor, and knows the keys of lists.

    ``moved()`` is called when the cursor came to another entry, ``say(text)`` with what a key has
    to answer, ``path_typed(sign)`` when somebody begins to type a path.
    """

    def __init__(
        self,
        master: tk.Misc,
        moved: Callable[[], None],
        say: Callable[[str], None],
        path_typed: Callable[[str], None],
    ) -> None:
        super().__init__(
            master,
            font=theme.font("button"),
            activestyle="none",
            selectmode="browse",
            exportselection=False,
            borderwidth=0,
        )
        theme.apply_style(self, "list")
        mark_focus(self)
        self._entries: Sequence[Entry] = ()
        self._names: list[str] = []
        self._moved = moved
        self._say = say
        self._path_typed = path_typed
        self._ahead = TypeAhead()
        self._filling: str | None = None
        self.cursor = -1
        self.bind("<KeyPress>", self._typed)
        for key, step in (("Up", -1), ("Down", 1)):
            self.bind(f"<{key}>", lambda _event, by=step: self._step(by))  # type: ignore[misc]
        self.bind("<Prior>", lambda _event: self._step(-self._page()))
        self.bind("<Next>", lambda _event: self._step(self._page()))
        self.bind("<Home>", lambda _event: self._step(-len(self._entries)))
        self.bind("<End>", lambda _event: self._step(len(self._entries)))
        self.bind("<space>", self._space)
        self.bind("<<ListboxSelect>>", self._clicked)

    @property
    def current(self) -> Entry | None:
        """The entry that the cursor is on."""
        return self._entries[self.cursor] if 0 <= self.cursor < len(self._entries) else None

    def spoken(self) -> str:
        """ "beach.jpg, picture, 4 of 123"."""
        entry = self.current
        if entry is None:
            return "empty"
        return f"{entry.spoken}, {self.cursor + 1:,} of {len(self._entries):,}"

    def show(self, entries: Sequence[Entry], cursor: int) -> None:
        """Replace what is shown, without a word; the rows appear in chunks."""
        self._entries = entries
        self._names = [fold(entry.name) for entry in entries[:CHUNK]]
        self._ahead.reset()
        self.delete(0, "end")
        self.cursor = min(max(cursor, 0), len(entries) - 1)
        self._stop_filling()
        self._fill()
        self._moved()

    def destroy(self) -> None:
        """Take it away, with the rows that are still to come."""
        self._stop_filling()
        super().destroy()

    def _stop_filling(self) -> None:
        if self._filling is not None:
            self.after_cancel(self._filling)
            self._filling = None

    def _fill(self) -> None:
        self._filling, entries = None, self._entries
        start = self.size()
        chunk = entries[start : start + CHUNK]
        self.insert("end", *(_row(entry) for entry in chunk))
        if start:
            self._names += [fold(entry.name) for entry in chunk]
        if start <= self.cursor < start + CHUNK:
            self._mark()
        if start + CHUNK < len(entries):
            self._filling = self.after(1, self._fill)

    def _mark(self) -> None:
        self.selection_clear(0, "end")
        self.selection_set(self.cursor)
        self.activate(self.cursor)
        self.see(self.cursor)

    def _page(self) -> int:
        """Rows of a page, one of them kept in sight."""
        shown = self.winfo_height() // max(1, (self.bbox("@0,0") or (0, 0, 0, 20))[3])
        return max(1, shown - 1)

    def _step(self, by: int) -> str:
        self._ahead.reset()
        return self._to(self.cursor + by)

    def _to(self, index: int) -> str:
        """Move to ``index`` or the end before it, and say where that is."""
        if self._entries:
            before, self.cursor = self.cursor, max(0, min(len(self._entries) - 1, index))
            if self.cursor < self.size():
                self._mark()
            if before != self.cursor:
                self._moved()
        self_voicing.item_changed(self)
        return "break"

    def _clicked(self, _event: object) -> None:
        chosen = self.curselection()
        if chosen and chosen[0] != self.cursor:
            self.cursor = int(chosen[0])
            self._moved()

    def _space(self, _event: object) -> str:
        """Part of a name that is being typed; else it says the entry again."""
        if self._ahead.active:
            return self._find(" ")
        self_voicing.item_changed(self)
        return "break"

    def _typed(self, event: "tk.Event[tk.Misc]") -> str | None:
        letter = typed_character(event)
        if not letter:
            return None
        if letter in PATH_SIGNS and not self._ahead.active:
            self._path_typed(letter)
            return "break"
        return self._find(letter)

    def _find(self, sign: str) -> str:
        found = self._ahead.type(sign, self._names, self.cursor)
        if found is None:
            self._say(f"No name begins with {self._ahead.prefix}.")
            return "break"
        return self._to(found)


def mark_focus(box: tk.Listbox) -> None:
    """Let the row at the cursor shine only while ``box`` has the focus: one of two may have it."""

    def focused(_event: object) -> None:
        palette = theme.theme_of(box).palette
        box.configure(selectbackground=palette.selection, selectforeground=palette.selection_text)

    def left(_event: object) -> None:
        palette = theme.theme_of(box).palette
        box.configure(selectbackground=palette.quiet_text, selectforeground=palette.background)

    box.bind("<FocusIn>", focused, add="+")
    box.bind("<FocusOut>", left, add="+")
    left(None)


def _row(entry: Entry) -> str:
    return entry.name + os.sep if entry.kind == "folder" else entry.name
