"""The chooser's window: a list of folders and pictures, places, a path box, a preview."""

import os
from collections.abc import Callable, Sequence
from tkinter import font as tkfont
from tkinter import ttk
from typing import TYPE_CHECKING

from image_describer.app import keymap, messages, theme
from image_describer.app.dialogs.base import Dialog, spoken_title
from image_describer.app.dialogs.chooser.entry_info import check_is_folder, describe_entry
from image_describer.app.dialogs.chooser.file_list import FileList
from image_describer.app.dialogs.chooser.navigation import FolderBrowser
from image_describer.app.dialogs.chooser.path_field import PathField
from image_describer.app.dialogs.chooser.places import (
    ChooserPlace,
    PlaceFinder,
    merged,
    place_finders,
    start_folders,
)
from image_describer.app.dialogs.chooser.preview import PicturePreview
from image_describer.app.jobs import BackgroundJob
from image_describer.app.listing import FolderListing
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.button import RETURN_KEYS
from image_describer.app.widgets.check_box import CheckBox
from image_describer.app.widgets.item_list import ItemList
from image_describer.app.widgets.label import WrappedLabel
from image_describer.i18n import N_, _
from image_describer.text import one_line

if TYPE_CHECKING:
    from image_describer.app.context import AppContext

TITLE = N_("Open a picture")
TOP = N_("This is the top. Tab goes to the places.")
NOTHING_HERE = N_("Nothing to open here. Backspace goes to the parent.")
PLACES_WIDTH = 13  # characters
PLACES_ROWS = 7
TWO_COLUMNS = 36  # characters; where fewer fit, the places are below the files
NARROW_WIDTH = 8  # characters


class ChooserWindow(Dialog):
    """Lets a user choose a picture; ``chosen(path)`` is called with it.

    ``recent``: recently used folders, the newest first. ``native()`` opens the platform's own
    dialog, after the chooser has been closed.
    """

    own_command = "open"
    keys_help = N_(
        "The arrows, Home, End, Page Up and Page Down move in the list; letters go to a name. "
        "Enter opens a folder or chooses a picture, Backspace or {Alt+Up} goes to the parent "
        "folder. "
        "F4 says size and date. Tab goes to places, path, all files and buttons. "
        "Slash or tilde begins a path, in which Tab completes and Down reads the matches. "
        "Escape closes."
    )

    def __init__(
        self,
        context: "AppContext",
        recent: Sequence[str],
        chosen: Callable[[str], None],
        native: Callable[[], None],
    ) -> None:
        super().__init__(context, _(TITLE))
        self._recent = recent
        self._chosen = chosen
        self._native = native
        self._places: list[ChooserPlace] = []
        self._groups: dict[int, list[ChooserPlace]] = {}
        self._jobs: list[BackgroundJob] = []
        self._shown_folder = ""
        self._make_widgets()
        self.browser = FolderBrowser(context, self._show, self._show_status, self.files.spoken)
        self._lay_out()
        self._bind_keys()
        self.add_buttons(
            (_("Open"), self.choose),
            (_("System dialog…"), self._open_native),
            (_("Cancel"), self.close),
        )

    def begin(self, beside: str | None) -> None:
        """Show the folder of the picture ``beside``, or else the last folder used."""
        # The folder is spoken once it is read, so the focus need not be.
        self_voicing.skip_next_focus(self.files)
        self.open(self.files)
        self.browser.prefix = f"{spoken_title(_(TITLE))}."
        selected = os.path.abspath(beside) if beside else ""
        recent = self._recent
        if selected:
            home = os.path.expanduser("~")
            self.browser.begin(lambda: [os.path.dirname(selected), home], selected)
        else:
            self.browser.begin(lambda: start_folders(recent))
        for index, find in enumerate(place_finders()):
            self._jobs.append(self._start_finding(index, find))

    def _start_finding(self, index: int, find: PlaceFinder) -> BackgroundJob:
        recent = self._recent
        return self.context.jobs.start(
            lambda _job: find(recent),
            lambda places: self._on_places(index, places),
            messages.log_error,  # the list just lacks these places
        )

    def _on_places(self, index: int, places: list[ChooserPlace]) -> None:
        cursor = self.places.cursor if self_voicing.focused(self) is self.places else -1
        previous = self._places[cursor].path if cursor >= 0 else ""
        self._groups[index] = places
        self._places = merged(self._groups[group] for group in sorted(self._groups))
        self.places.set_items([place.name for place in self._places])
        paths = [place.path for place in self._places]
        self.places.move_cursor(paths.index(previous) if previous in paths else 0)

    def close(self) -> None:
        """Close it; jobs in progress are cancelled."""
        self.browser.cancel()
        for job in self._jobs:
            job.cancel()
        self.path.close()
        self.preview.close()
        super().close()

    def choose(self) -> None:
        """Open the folder at the cursor, or choose the picture."""
        entry = self.files.current
        if entry is None:
            self.context.voice.answer(_(NOTHING_HERE))
        elif entry.kind == "folder":
            self.browser.go(entry.path)
        else:
            self._open_path(entry.path)

    def _open_path(self, path: str) -> None:
        """Go to ``path`` if it is a folder; choose it if it is a readable file."""

        def checked(is_folder: bool) -> None:
            if is_folder:
                self.files.focus_set()
                self_voicing.skip_next_focus(self.files)
                self.browser.go(path)
            else:
                self.close()
                self._chosen(path)

        self.browser.run(lambda _job: check_is_folder(path), checked)

    def _go_up(self, _event: object = None) -> str:
        listing = self.browser.listing
        if listing is None:  # the first folder is still being read
            home = os.path.expanduser("~")
            self.browser.begin(lambda: [home])
        else:
            parent = os.path.dirname(listing.path)
            if parent == listing.path:
                self.context.voice.answer(_(TOP))
            else:
                self.browser.go(parent, listing.path)
        return "break"

    def _say_entry_info(self, _event: object = None) -> str:
        entry = self.files.current
        if entry is None:
            self.context.voice.answer(_(NOTHING_HERE))
        else:
            self.browser.run(lambda _job: describe_entry(entry), self._show_and_say)
        return "break"

    def _show_and_say(self, text: str) -> None:
        self._show_status(text)
        self.context.voice.answer(text)

    def _open_native(self) -> None:
        self.close()
        self._native()

    def _on_all_files(self, all_files: bool) -> None:
        self.browser.all_files = all_files
        listing = self.browser.listing
        if listing is not None:
            # Spoken with the folder, which would otherwise cut the box's own state short.
            self.browser.prefix = _("Checked.") if all_files else _("Not checked.")
            entry = self.files.current
            self.browser.go(listing.path, entry.path if entry else "")

    def _go_to_place(self, _event: object = None) -> str:
        index = self.places.cursor
        if 0 <= index < len(self._places):
            self._open_path(self._places[index].path)
        return "break"

    def _show(self, listing: FolderListing, selected: str) -> None:
        entry = self.files.current
        index = listing.entries.index_of(selected or (entry.path if entry else ""))
        # After a refresh the cursor stays about where it was.
        fallback = 0 if selected or listing.path != self._shown_folder else self.files.cursor
        self._shown_folder = listing.path
        self_voicing.set_name(self.files, listing.name, state=self.files.spoken)
        self.files.show(listing.entries, index if index >= 0 else fallback)
        if self_voicing.focused(self) is not self.path:
            self.path.show_folder(listing.path)

    def _show_status(self, text: str) -> None:
        self.status.configure(text=one_line(text))

    def _current_folder(self) -> str:
        return self.browser.listing.path if self.browser.listing else os.path.expanduser("~")

    def _make_widgets(self) -> None:
        body, answer = self.body, self.context.voice.answer
        # In Tab order.
        self.files: FileList = FileList(
            body, self.context.jobs, self._show_preview, answer, self._begin_path
        )
        self_voicing.set_name(self.files, _("Files"), state=self.files.spoken)
        self._side = ttk.Frame(body)
        self.places: ItemList = ItemList(
            self._side, name=_("Places"), width=PLACES_WIDTH, height=PLACES_ROWS
        )
        self_voicing.set_name(self.places, _("Places"), state=self._spoken_place)
        self.path: PathField = PathField(
            body,
            self.context.jobs,
            self._current_folder,
            lambda: self.browser.all_files,
            self._open_path,
            answer,
        )
        self.path.configure(width=NARROW_WIDTH)  # at least; it is as wide as the window
        self.all_files = CheckBox(body, _("All files"), False, self._on_all_files)
        self.preview = PicturePreview(self._side, self.context.jobs, self.context.root)
        self.status = WrappedLabel(body, style="Quiet.TLabel")

    def _spoken_place(self) -> str:
        index = self.places.cursor
        if not 0 <= index < len(self._places):
            return _(self_voicing.EMPTY)
        return _("{item}, {number} of {count}").format(
            item=self._places[index].spoken, number=index + 1, count=len(self._places)
        )

    def _begin_path(self, char: str) -> None:
        self.path.begin(char)

    def _show_preview(self) -> None:
        self.preview.show(self.files.current)

    def _lay_out(self) -> None:
        body, side = self.body, self._side
        side.columnconfigure(0, weight=1)
        side.rowconfigure((0, 1), weight=1)
        self.places.grid(row=0, column=0, sticky="nsew")
        self.path.grid(row=0, column=0, columnspan=2, sticky="ew")
        body.rowconfigure(1, weight=1)
        character = tkfont.Font(self, name=theme.font("button"), exists=True).measure("0")
        if TWO_COLUMNS * character <= self.winfo_screenwidth() * 9 // 10:
            body.columnconfigure(1, weight=1)
            self.preview.grid(row=1, column=0, sticky="nsew")
            side.grid(row=1, column=0, sticky="ns")
            self.files.grid(row=1, column=1, sticky="nsew")
            self.all_files.grid(row=2, column=0, sticky="w")
            self.status.grid(row=2, column=1, sticky="ew")
        else:
            body.columnconfigure(0, weight=1)
            for row, widget in enumerate((self.files, side, self.all_files, self.status), 1):
                widget.grid(row=row, column=0, sticky="nsew")

    def _bind_keys(self) -> None:
        self.bind("<F4>", self._say_entry_info)
        for key in (*RETURN_KEYS, "<Double-Button-1>"):
            self.files.bind(key, lambda _event: self.choose())
            self.places.bind(key, self._go_to_place)
        for key in ("<BackSpace>", *keymap.tk_sequences("Alt+Up")):
            self.files.bind(key, self._go_up)
            self.places.bind(key, self._go_up)
