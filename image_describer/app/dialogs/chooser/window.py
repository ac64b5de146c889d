"""The chooser's window: a list of folders and pictures, places, a path field, a preview."""

import os
import tkinter as tk
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from image_describer.app import messages, theme
from image_describer.app.dialogs.base import Dialog
from image_describer.app.dialogs.chooser.entry_info import check, facts
from image_describer.app.dialogs.chooser.file_list import FileList, mark_focus
from image_describer.app.dialogs.chooser.listing import Listing
from image_describer.app.dialogs.chooser.navigation import Browsing
from image_describer.app.dialogs.chooser.path_field import PathField
from image_describer.app.dialogs.chooser.places import (
    Group,
    Place,
    beginnings,
    groups,
)
from image_describer.app.dialogs.chooser.preview import Preview
from image_describer.app.jobs import BackgroundJob
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.button import RETURN_KEYS
from image_describer.app.widgets.check_box import CheckBox
from image_describer.app.widgets.item_list import ItemList
from image_describer.app.widgets.label import Label

if TYPE_CHECKING:
    from image_describer.app.context import AppContext

TITLE = "Open a picture"
TOP = "This is the top. Tab goes to the places."
NOTHING_HERE = "There is nothing here to open. Backspace goes to the parent."
CANCELLED = "Cancelled."
NOWHERE = "Backspace goes to your home folder, Tab to the places."
HELP = (
    "The arrows, Home, End, Page Up and Page Down move in the list; letters go to a name. "
    "Return opens a folder or chooses a picture, Backspace goes to the parent folder. "
    "F4 says size and date. Tab goes to places, path, all files and buttons. "
    "Slash or tilde begins a path, in which Tab completes and Down reads what fits. "
    "Escape closes."
)
GAP_PX = 8
BAR_PX = 18  # of the scroll bar; to be found by a hand that is not steady
LIST_SIZE = (34, 14)  # characters, rows
PLACES_WIDTH = 16  # characters
LARGE_TYPE, NARROW_WIDTH = 100, 8  # percent, characters


class Chooser:
    """Lets a user choose a picture; ``chosen(path)`` is called with it.

    ``recent``: folders that were used lately, the newest first. ``native()`` opens the platform's
    own dialog instead; the chooser is closed by then.
    """

    def __init__(
        self,
        context: "AppContext",
        recent: Sequence[str],
        chosen: Callable[[str], None],
        native: Callable[[], None],
    ) -> None:
        self._context = context
        self._recent = tuple(recent)
        self._chosen = chosen
        self._native = native
        self.window: ChooserWindow | None = None

    def open(self, beside: str | None) -> None:
        """Show it in the folder of the picture ``beside``, else where the user was last."""
        if self.window is not None and self.window.winfo_exists():
            self.window.lift()
            return
        self.window = ChooserWindow(self._context, self._recent, self._chosen, self._native)
        self.window.begin(beside)


class ChooserWindow(Dialog):
    """One opening of the chooser."""

    def __init__(
        self,
        context: "AppContext",
        recent: Sequence[str],
        chosen: Callable[[str], None],
        native: Callable[[], None],
    ) -> None:
        super().__init__(context, TITLE)
        self._recent = recent
        self._chosen = chosen
        self._native = native
        self._places: list[Place] = []
        self._groups: dict[int, list[Place]] = {}
        self._jobs: list[BackgroundJob] = []
        self._shown = ""  # the folder that the list shows
        self._make_widgets()
        self.browsing = Browsing(context, self._show, self._show_status, self.files.spoken)
        self._lay_out()
        self._bind_keys()
        self.add_buttons(
            ("Open", self.choose),
            ("System dialog…", self._ask_native),
            ("Cancel", self.close),
        )

    def begin(self, beside: str | None) -> None:
        """Show the window, and what lies beside the picture ``beside``."""
        # The folder is said as soon as it is read, so the focus need not be.
        self_voicing.skip_next_focus(self.files)
        self.open(self.files)
        # After opening, which binds F1 to the help of the main window.
        self.bind("<F1>", lambda _event: self._help())
        self.browsing.prefix = f"{TITLE}, dialog."
        selected = os.path.abspath(beside) if beside else ""
        recent = self._recent
        if selected:
            home = os.path.expanduser("~")
            self.browsing.begin(lambda: [os.path.dirname(selected), home], selected)
        else:
            self.browsing.begin(lambda: beginnings(recent))
        for at, find in enumerate(groups()):
            self._jobs.append(self._start_finding(at, find))

    def _start_finding(self, at: int, find: Group) -> BackgroundJob:
        recent = self._recent
        return self.context.jobs.start(
            lambda _job: find(recent),
            lambda found: self._found_places(at, found),
            messages.log_error,  # what can't be found is missing from the list, and that is all
        )

    def _found_places(self, at: int, found: list[Place]) -> None:
        cursor = self.places.cursor if self_voicing.focused(self) is self.places else -1
        before = self._places[cursor].path if cursor >= 0 else ""
        self._groups[at] = found
        every = (place for group in sorted(self._groups) for place in self._groups[group])
        unique = {place.path: place for place in reversed(list(every))}
        self._places = list(reversed(unique.values()))
        self.places.set_items([place.name for place in self._places])
        self.places.move_cursor(
            next((n for n, p in enumerate(self._places) if p.path == before), 0)
        )

    def close(self) -> None:
        """Take it away; what is under way is dropped."""
        self.browsing.drop()
        for job in self._jobs:
            job.cancel()
        self.path.close()
        self.preview.close()
        super().close()

    def choose(self) -> None:
        """Go into the folder at the cursor, or choose the picture."""
        entry = self.files.current
        if entry is None:
            self.context.voice.answer(NOTHING_HERE)
        elif entry.kind == "folder":
            self.browsing.go(entry.path)
        else:
            self._take(entry.path)

    def _take(self, path: str) -> None:
        """Go to ``path`` if it is a folder, choose it if it is a file that can be read."""

        def checked(is_folder: bool) -> None:
            if is_folder:
                self.files.focus_set()
                self_voicing.skip_next_focus(self.files)
                self.browsing.go(path)
            else:
                self.close()
                self._chosen(path)

        self.browsing.run(lambda _job: check(path), checked)

    def _up(self, _event: object = None) -> str:
        here = self.browsing.listing
        if here is None:  # what one began with was given up
            home = os.path.expanduser("~")
            self.browsing.begin(lambda: [home])
        else:
            above = os.path.dirname(here.path)
            if above == here.path:
                self.context.voice.answer(TOP)
            else:
                self.browsing.go(above, here.path)
        return "break"

    def _tell_facts(self, _event: object = None) -> str:
        entry = self.files.current
        if entry is None:
            self.context.voice.answer(NOTHING_HERE)
        else:
            self.browsing.run(lambda _job: facts(entry), self._told)
        return "break"

    def _help(self) -> str:
        self.context.voice.answer(HELP)
        return "break"

    def _told(self, text: str) -> None:
        self._show_status(text)
        self.context.voice.answer(text)

    def _escape(self, _event: object) -> str | None:
        """Give up a reading that takes long; else Escape does what it does in every dialog."""
        if not self.browsing.drop_if_long():
            return None
        self._told(CANCELLED if self.browsing.listing else f"{CANCELLED} {NOWHERE}")
        return "break"

    def _ask_native(self) -> None:
        self.close()
        self._native()

    def _switch(self, all_files: bool) -> None:
        self.browsing.all_files = all_files
        here = self.browsing.listing
        if here is not None:
            # Else the folder would cut short what the box has to say.
            self.browsing.prefix = "Checked." if all_files else "Not checked."
            entry = self.files.current
            self.browsing.go(here.path, entry.path if entry else "")

    def _go_to_place(self, _event: object = None) -> str:
        at = self.places.cursor
        if 0 <= at < len(self._places):
            self._take(self._places[at].path)
        return "break"

    def _show(self, listing: Listing, selected: str) -> None:
        entry = self.files.current
        at = listing.entries.index_of(selected or (entry.path if entry else ""))
        # A list that was read again keeps its cursor about where it was.
        fallback = 0 if selected or listing.path != self._shown else self.files.cursor
        self._shown = listing.path
        self_voicing.set_name(self.files, listing.name, state=self.files.spoken)
        self.files.show(listing.entries, at if at >= 0 else fallback)
        if self_voicing.focused(self) is not self.path:
            self.path.show_folder(listing.path)

    def _show_status(self, text: str) -> None:
        self.status.configure(text=messages.printable(text))

    def _here(self) -> str:
        return self.browsing.listing.path if self.browsing.listing else os.path.expanduser("~")

    def _make_widgets(self) -> None:
        body, answer = self.body, self.context.voice.answer
        # In the order of Tab.
        self.files: FileList = FileList(body, self._moved, answer, self._begin_path)
        self.files.configure(width=LIST_SIZE[0], height=LIST_SIZE[1])
        self_voicing.set_name(self.files, "Files", state=self.files.spoken)
        self.places: ItemList = ItemList(
            body, name="Places", width=PLACES_WIDTH, height=LIST_SIZE[1]
        )
        self_voicing.set_name(self.places, "Places", state=self._spoken_place)
        mark_focus(self.places)
        self.path: PathField = PathField(
            body, self.context.jobs, self._here, lambda: self.browsing.all_files, self._take, answer
        )
        self.check = CheckBox(body, "All files", False, self._switch)
        self.preview = Preview(body, self.context.jobs, self.context.root)
        self.status = Label(body, font=theme.font("status"))
        self.status.bind("<Configure>", self._wrap_status)
        palette = theme.theme_of(self).palette
        self._bar = tk.Scrollbar(
            body,
            command=self.files.yview,
            takefocus=0,
            background=palette.quiet_text,
            activebackground=palette.focus,
            troughcolor=palette.background,
            borderwidth=0,
            highlightthickness=0,
            width=BAR_PX,
        )
        self.files.configure(yscrollcommand=self._bar.set)

    def _spoken_place(self) -> str:
        at = self.places.cursor
        if not 0 <= at < len(self._places):
            return "empty"
        return f"{self._places[at].spoken}, {at + 1} of {len(self._places)}"

    def _wrap_status(self, event: "tk.Event[tk.Misc]") -> None:
        self.status.configure(wraplength=event.width)

    def _begin_path(self, sign: str) -> None:
        self.path.begin(sign)

    def _moved(self) -> None:
        self.preview.show(self.files.current)

    def _lay_out(self) -> None:
        body = self.body
        body.columnconfigure(1, weight=1)
        body.rowconfigure(1, weight=1)
        self.path.grid(row=0, column=0, columnspan=4, sticky="ew", pady=(0, GAP_PX))
        self.places.grid(row=1, column=0, sticky="ns")
        self.files.grid(row=1, column=1, sticky="nsew", padx=(GAP_PX, 0))
        self._bar.grid(row=1, column=2, sticky="ns")
        self.preview.grid(row=1, column=3, padx=(GAP_PX, 0))
        self.check.grid(row=2, column=0, sticky="w", pady=(GAP_PX, 0))
        self.status.grid(row=2, column=1, columnspan=3, sticky="ew", padx=GAP_PX)
        if self.context.settings.text_size > LARGE_TYPE:
            # Large type on a small screen leaves no room for three columns.
            self.update_idletasks()
            if body.winfo_reqwidth() > self.winfo_screenwidth() * 9 // 10:
                self.preview.grid_remove()
                self.places.configure(width=NARROW_WIDTH)
                self.files.configure(width=NARROW_WIDTH)
                self.path.configure(width=NARROW_WIDTH)

    def _bind_keys(self) -> None:
        self.bind("<F4>", self._tell_facts)
        for key in (*RETURN_KEYS, "<Double-Button-1>"):
            self.files.bind(key, lambda _event: self.choose())
            self.places.bind(key, self._go_to_place)
        self.files.bind("<BackSpace>", self._up)
        self.places.bind("<BackSpace>", self._up)
        # On the widgets: the window's own Escape, bound when it opens, closes it.
        for widget in (self.files, self.places, self.path, self.check):
            widget.bind("<Escape>", self._escape)
