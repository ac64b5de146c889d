"""Ctrl+F: finds pictures by words in what was said of them, and opens them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from image_describer.app import voicing
from image_describer.app.desk import Desk
from image_describer.app.dialogs import Dialog
from image_describer.app.widgets import RETURN_KEYS, Entry, ItemList, Label

if TYPE_CHECKING:
    from image_describer.history import Entry as Past
    from image_describer.history import History

TITLE = "Search your pictures"
HINT = "Type words, then Enter"
NOTHING_TYPED = "Type a word first."
NOTHING_FOUND = "Nothing is found. I search what I have described to you so far."
FOUND = "{count} found."
ROWS = 10


class SearchWindow(Dialog):
    """``open_picture(file)`` is called with what is chosen; the dialog is closed by then."""

    def __init__(self, desk: Desk, history: "History", open_picture: Callable[[str], None]) -> None:
        super().__init__(desk, TITLE)
        self._history = history
        self._open_picture = open_picture
        self._found: list[Past] = []
        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(2, weight=1)
        Label(self.body, "Words").grid(row=0, column=0, sticky="w")
        self.words = Entry(self.body)
        voicing.name(self.words, "Words", hint=HINT)
        self.words.grid(row=1, column=0, sticky="ew")
        self.results = ItemList(self.body, name="Found", width=60, height=ROWS)
        self.results.grid(row=2, column=0, sticky="nsew", pady=8)
        for key in RETURN_KEYS:
            self.words.bind(key, lambda _event: self._search())
            self.results.bind(key, lambda _event: self._open_chosen())
        self.results.bind("<Double-Button-1>", lambda _event: self._open_chosen())
        self.add_buttons(
            ("Search", self._search), ("Open", self._open_chosen), ("Cancel", self.close)
        )
        self.open(self.words)

    def _search(self) -> None:
        words = self.words.get()
        if not words.strip():
            self.desk.voice.answer(NOTHING_TYPED)
            return
        from image_describer.find import find

        self.desk.jobs.start(
            lambda _job: find(self._history.entries(), words), self._arrived, self.desk.trouble
        )

    def _arrived(self, found: "list[Past]") -> None:
        if not self.winfo_exists():
            return
        self._found = found
        self.results.set_items([f"{past.caption}: {past.name}" for past in found])
        if not found:
            self.desk.voice.answer(NOTHING_FOUND)
            return
        self.desk.voice.answer(FOUND.format(count=len(found)))
        self.results.focus_set()  # the first is said by the focus, behind the number

    def _open_chosen(self) -> None:
        if not self._found:
            self._search()
            return
        past = self._found[self.results.cursor]
        self.close()
        if past.file is not None:
            self._open_picture(past.file)
        else:
            self.desk.voice.answer(past.sentence)
