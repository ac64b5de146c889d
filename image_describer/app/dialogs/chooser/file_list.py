"""The list of a folder's entries, worked and searched by keys."""

import tkinter as tk
from collections.abc import Callable, Sequence
from datetime import datetime
from tkinter import font as tkfont
from tkinter import ttk

from PIL import ImageTk

from image_describer.app import theme
from image_describer.app.dialogs.chooser.entry_info import brief_info
from image_describer.app.dialogs.chooser.icons import draw_icon
from image_describer.app.jobs import BackgroundJob, JobRunner
from image_describer.app.listing import EntryKind, FolderEntry
from image_describer.app.messages import log_error
from image_describer.app.modifier_keys import event_state, types_text
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.card import Card
from image_describer.app.widgets.scroll_bar import ScrollBar
from image_describer.app.widgets.shortened import shorten_all
from image_describer.app.widgets.typeahead import TypeAhead, typed_character
from image_describer.i18n import N_, _
from image_describer.imaging.file_info import date_in_words
from image_describer.text import file_size, fold, number

CHUNK = 500  # names prepared for type-ahead at a time, within 10 ms
PATH_CHARS = "/~"  # names do not begin with these, so they begin a typed path
ROWS = 14
NAME_CHARACTERS = 30
LEAST_NAME_CHARACTERS = 18  # with fewer, date and size are left out
COLUMNS = {"changed": N_("Changed"), "size": N_("Size")}
LONG_DATE, LONG_SIZE = datetime(2026, 9, 30), 999_900_000
REST_MS = 150  # while an arrow key is held down, no dates are read
WHEEL_ROWS = 3
ICON_KINDS: tuple[EntryKind, ...] = ("folder", "picture", "document", "file")


class FileList(ttk.Treeview):
    """Shows any number of entries with date and size, and one cursor.

    Tk's widget only holds the rows in view, whose dates and sizes are read by a job. ``on_move()``
    is called when the cursor moves to another entry, ``say(text)`` with the answer to a key,
    ``begin_path(char)`` when the user begins to type a path.
    """

    def __init__(
        self,
        master: tk.Misc,
        jobs: JobRunner,
        on_move: Callable[[], None],
        say: Callable[[str], None],
        begin_path: Callable[[str], None],
    ) -> None:
        card = Card(master)
        super().__init__(card, columns=list(COLUMNS), selectmode="none", height=ROWS)
        self._bar = ScrollBar(card, self)
        self.configure(yscrollcommand="")  # Tk knows only the rows in view
        card.hold(self, self._bar)
        # Without the keys and clicks of Tk's own class.
        self.bindtags((str(self), str(self.winfo_toplevel()), "all"))
        self._jobs = jobs
        self._job: BackgroundJob | None = None
        self._details: dict[str, tuple[str, str]] = {}  # by path
        self._details_timer: str | None = None
        self._entries: Sequence[FolderEntry] = ()
        self._names: list[str] = []
        self._on_move = on_move
        self._say = say
        self._begin_path = begin_path
        self._typeahead = TypeAhead()
        self._fill_timer: str | None = None
        self._top = 0  # the first entry in view
        self._rows = ROWS
        self.cursor = -1
        for column, heading in (("#0", N_("Name")), *COLUMNS.items()):
            self.heading(column, text=_(heading), anchor="w")
        self._draw_icons()
        self._set_widths()
        self.bind("<KeyPress>", self._on_key)
        for key, step in (("Up", -1), ("Down", 1)):
            self.bind(f"<{key}>", lambda event, by=step: self._on_arrow(event, by))  # type: ignore[misc]
        self.bind("<Prior>", lambda event: self._on_arrow(event, -self._page_rows))
        self.bind("<Next>", lambda event: self._on_arrow(event, self._page_rows))
        self.bind("<Home>", lambda _event: self._step(-len(self._entries)))
        self.bind("<End>", lambda _event: self._step(len(self._entries)))
        self.bind("<space>", self._on_space)
        self.bind("<Button-1>", self._on_click)
        self.bind("<MouseWheel>", lambda event: self._scroll(-1 if event.delta > 0 else 1))
        if self.tk.call("tk", "windowingsystem") == "x11":
            self.bind("<Button-4>", lambda _event: self._scroll(-1))
            self.bind("<Button-5>", lambda _event: self._scroll(1))
        # When idle: Tk first lays out its columns.
        self.bind("<Configure>", lambda _event: self.after_idle(self._fit))
        self.bind("<<ThemeChanged>>", self._on_theme)

    @property
    def current(self) -> FolderEntry | None:
        """The entry that the cursor is on."""
        return self._entries[self.cursor] if 0 <= self.cursor < self.count else None

    @property
    def count(self) -> int:
        """How many entries there are."""
        return len(self._entries)

    def spoken(self) -> str:
        """The current entry and its position: "beach.jpg, picture, 4 of 123"."""
        entry = self.current
        if entry is None:
            return _(self_voicing.EMPTY)
        return _("{item}, {number} of {count}").format(
            item=entry.spoken, number=number(self.cursor + 1), count=number(len(self._entries))
        )

    def show(self, entries: Sequence[FolderEntry], cursor: int) -> None:
        """Replace the entries silently."""
        self._entries = entries
        self._names = []
        self._details = {}
        self._typeahead.reset()
        self.cursor = min(max(cursor, 0), len(entries) - 1)
        self._stop_filling()
        self._fill()
        self._top = self.cursor - self._rows // 2
        self._show_cursor()
        self._on_move()

    def destroy(self) -> None:
        """Destroy the widget; what was still to be prepared is dropped."""
        self._stop_filling()
        if self._details_timer is not None:
            self.after_cancel(self._details_timer)
        if self._job is not None:
            self._job.cancel()
        super().destroy()

    def yview(self, *how: str) -> None:  # type: ignore[override]
        """Scroll as a scroll bar asks: ("moveto", fraction) or ("scroll", number, unit)."""
        if how[0] == "moveto":
            self._top = round(float(how[1]) * self.count)
        else:
            self._top += int(how[1]) * (1 if how[2] == "units" else self._page_rows)
        self._draw_rows()

    def _stop_filling(self) -> None:
        if self._fill_timer is not None:
            self.after_cancel(self._fill_timer)
            self._fill_timer = None

    def _fill(self) -> None:
        """Prepare the names for type-ahead."""
        self._fill_timer, start = None, len(self._names)
        self._names += [fold(entry.name) for entry in self._entries[start : start + CHUNK]]
        if len(self._names) < len(self._entries):
            self._fill_timer = self.after(1, self._fill)

    def _show_cursor(self) -> None:
        """Scroll as little as needed to show the row at the cursor."""
        self._top = max(self.cursor - self._rows + 1, min(self._top, self.cursor))
        self._draw_rows()

    def _draw_rows(self) -> None:
        self._top = max(0, min(self._top, self.count - self._rows))
        entries = self._entries[self._top : self._top + self._rows]
        rows = self.get_children()
        self.delete(*rows[len(entries) :])
        for row in range(len(rows), len(entries)):
            self.insert("", "end", iid=str(row))
        room = int(self.column("#0", "width")) - self._icon_room
        names = shorten_all(self, [entry.name for entry in entries], room)
        for row, (entry, name) in enumerate(zip(entries, names, strict=True)):
            icon = self._icons.get(entry.kind) or self._icons["file"]
            details = self._details.get(entry.path, ("", ""))
            self.item(str(row), text=f" {name}", image=icon, values=details)
        at_cursor = self.cursor - self._top
        if 0 <= at_cursor < len(entries):
            self.selection_set(str(at_cursor))
            self.focus(str(at_cursor))
        else:
            self.selection_set(())
        count = max(1, self.count)
        self._bar.set(self._top / count, min(1.0, (self._top + self._rows) / count))
        if self._details_timer is None:
            self._details_timer = self.after(REST_MS, self._read_details)

    def _read_details(self) -> None:
        """Read the dates and sizes of the rows in view, unless a job is still reading others."""
        self._details_timer = None
        in_view = self._entries[self._top : self._top + self._rows]
        missing = [entry for entry in in_view if entry.path not in self._details]
        if missing and (self._job is None or not self._job.running):
            self._job = self._jobs.start(
                lambda _job: {entry.path: brief_info(entry) for entry in missing},
                self._on_details,
                log_error,
            )

    def _on_details(self, details: dict[str, tuple[str, str]]) -> None:
        self._details.update(details)
        self._draw_rows()

    def _fit(self) -> None:
        """Use the rows and columns that there is room for."""
        if not self.winfo_exists():
            return
        least = LEAST_NAME_CHARACTERS * self._font().measure("0") + self._icon_room
        details = sum(self._column_width(name) for name in COLUMNS)
        narrow = self.winfo_width() < least + details
        self.configure(displaycolumns=() if narrow else list(COLUMNS))
        self.column("#0", width=self.winfo_width() - (0 if narrow else details))
        box = self.bbox("0") if self.get_children() else ""
        if box:
            rows = max(1, (self.winfo_height() - box[1]) // box[3])
            shown = 0 <= self.cursor - self._top < self._rows
            self._rows = rows
            if shown:
                self._show_cursor()
        self._draw_rows()

    def _font(self) -> tkfont.Font:
        return tkfont.Font(self, name=theme.font("button"), exists=True)

    def _column_width(self, name: str) -> int:
        longest = {
            "changed": date_in_words(LONG_DATE),
            "size": file_size(LONG_SIZE, brief=True),
        }
        return self._font().measure(f"{longest[name]}0")

    def _set_widths(self) -> None:
        for name in COLUMNS:
            self.column(name, width=self._column_width(name), stretch=False)
        name_width = NAME_CHARACTERS * self._font().measure("0") + self._icon_room
        self.column("#0", width=name_width, minwidth=1)

    def _draw_icons(self) -> None:
        self._side = theme.line_height(self, "button")
        outline = theme.theme_of(self).palette.border
        self._icons = {
            kind: ImageTk.PhotoImage(draw_icon(kind, self._side, outline), master=self)
            for kind in ICON_KINDS
        }

    @property
    def _icon_room(self) -> int:
        """The width of the name's column without the name."""
        return self._side + self._font().measure("MM")

    def _on_theme(self, _event: object) -> None:
        self._draw_icons()
        self._set_widths()
        self.after_idle(self._fit)

    @property
    def _page_rows(self) -> int:
        """The rows in view, less one that stays in view."""
        return max(1, self._rows - 1)

    def _on_arrow(self, event: "tk.Event[tk.Misc]", by: int) -> str | None:
        return self._step(by) if types_text(event_state(event)) else None

    def _step(self, by: int) -> str:
        self._typeahead.reset()
        return self._move_to(self.cursor + by)

    def _move_to(self, index: int) -> str:
        """Move the cursor to ``index``, within the list, and say the entry."""
        if self._entries:
            before, self.cursor = self.cursor, max(0, min(self.count - 1, index))
            self._show_cursor()
            if before != self.cursor:
                self._on_move()
        self_voicing.value_changed(self)
        return "break"

    def _scroll(self, direction: int) -> str:
        self.yview("scroll", str(direction * WHEEL_ROWS), "units")
        return "break"

    def _on_click(self, event: "tk.Event[tk.Misc]") -> None:
        self.focus_set()
        row = self.identify_row(event.y)
        if row:
            self._typeahead.reset()
            self._move_to(self._top + int(row))

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
            self._say(_("No name begins with {prefix}.").format(prefix=self._typeahead.prefix))
            return "break"
        return self._move_to(index)
