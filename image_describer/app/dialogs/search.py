"""Ctrl+F: finds one's own pictures by what they show, by words or by a picture, and opens them."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from image_describer.app import keymap, theme
from image_describer.app import messages as say
from image_describer.app.context import AppContext
from image_describer.app.dialogs.base import Dialog
from image_describer.app.jobs import BackgroundJob
from image_describer.app.tasks.progress import JobProgress
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.button import RETURN_KEYS
from image_describer.app.widgets.entry_box import EntryBox
from image_describer.app.widgets.item_list import ItemList
from image_describer.app.widgets.label import Label
from image_describer.app.widgets.read_only_text import ReadOnlyText

if TYPE_CHECKING:
    from image_describer.app.tasks.own_pictures import ListedPicture, OwnPictures, SearchOutcome

TITLE = "Search your pictures"
HINT = "Type words, then Enter"
NOTHING_TYPED = "Type a word first."
NOTHING_FOUND = (
    "Nothing is found. I search what I have described to you so far; {folder} describes a folder."
)
FOUND = "{count} found."
ALIKE = "{count} found that are like {name}."
NONE_ALIKE = "None of the pictures that I have described so far is like {name}."
WEAK = "{count} found, but nothing fits well."
NO_PICTURE = "There is no picture yet that others could be like. Search for one first."
GONE = "{name} is not there any more. I said of it: {sentence}"
ROWS = 10
WHOLE_LINES = 4  # a path, and what its line in the list has no room for


class SearchWindow(Dialog):
    """``open_picture(file)`` is called with what is chosen; the dialog is closed by then.

    ``picture`` is the file that the window shows, if it shows any: others may be like it.
    """

    def __init__(
        self,
        context: AppContext,
        own: "OwnPictures",
        open_picture: Callable[[str], None],
        picture: str | None = None,
    ) -> None:
        super().__init__(context, TITLE)
        self._own = own
        self._open_picture = open_picture
        self._picture = picture
        self._found: tuple[ListedPicture, ...] = ()
        self._job: BackgroundJob | None = None
        self._progress = JobProgress(context)
        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(2, weight=1)
        Label(self.body, "Words").grid(row=0, column=0, sticky="w")
        self.words = EntryBox(self.body)
        self_voicing.set_name(self.words, "Words", hint=HINT)
        self.words.grid(row=1, column=0, sticky="ew")
        self.results = ItemList(self.body, name="Found", width=60, height=ROWS)
        self.results.grid(row=2, column=0, sticky="nsew", pady=8)
        self.whole = ReadOnlyText(self.body, font=theme.font("status"), width=1, height=WHOLE_LINES)
        # The path, in however many lines it is shown; what is below it has been said in the list.
        self_voicing.set_name(self.whole, "Its place", role="text", state=self._its_path)
        self.whole.grid(row=3, column=0, sticky="ew")
        for key in RETURN_KEYS:
            self.words.bind(key, lambda _event: self._search())
            self.results.bind(key, lambda _event: self._open_chosen())
        self.results.bind("<Double-Button-1>", lambda _event: self._open_chosen())
        # Whatever moves the cursor: arrows, letters, the mouse.
        for event in ("<<ListboxSelect>>", "<KeyRelease>"):
            self.results.bind(event, lambda _event: self._show_whole(), add="+")
        self.add_buttons(
            ("Search", self._search),
            ("Open", self._open_chosen),
            ("More like it", self._more_like_it),
            ("Cancel", self.close),
        )
        self.open(self.words)

    def close(self) -> None:
        """Take it away; what it still waits for is dropped."""
        if self._job is not None:
            self._job.cancel()
        super().close()

    @property
    def _chosen(self) -> "ListedPicture | None":
        return self._found[max(0, self.results.cursor)] if self._found else None

    def _search(self) -> None:
        words, own, settings = self.words.get(), self._own, self.context.settings
        if not words.strip():
            self.context.voice.answer(NOTHING_TYPED)
            return
        nothing = say.with_keys(NOTHING_FOUND, keymap.spoken)
        self._start(lambda _job: own.find(words, settings), FOUND, nothing)

    def _more_like_it(self) -> None:
        """The pictures like the chosen one; before anything was found, like the window's own."""
        chosen, own, settings = self._chosen, self._own, self.context.settings
        file = chosen.file if chosen is not None else self._picture
        if file is None:
            self.context.voice.answer(NO_PICTURE)
            return
        # A name may hold braces.
        name = say.name_of(file).replace("{", "{{").replace("}", "}}")
        self._start(
            lambda _job: own.like(file, settings),
            ALIKE.replace("{name}", name),
            NONE_ALIKE.replace("{name}", name),
        )

    def _start(
        self, work: "Callable[[BackgroundJob], SearchOutcome]", some: str, none: str
    ) -> None:
        if self._job is not None:
            self._job.cancel()
        self._job = self.context.jobs.start(
            work, lambda findings: self._arrived(findings, some, none), self._failed
        )
        self._progress.watch(self._job)

    def _arrived(self, findings: "SearchOutcome", some: str, none: str) -> None:
        self._found = findings.hits
        self.results.set_items([say.printable(hit.text) for hit in self._found])
        self._show_whole()
        if findings.trouble:
            self.context.voice.error(findings.trouble)
        # After an error, which is heard to its end; else at once.
        tell = self.context.voice.say_next if findings.trouble else self.context.voice.answer
        if not self._found:
            tell(none.format())
            return
        tell((WEAK if findings.weak else some).format(count=len(self._found)))
        self.results.focus_set()  # the first is said by the focus, behind the number

    def _failed(self, error: Exception) -> None:
        say.log_error(error)
        self.context.voice.error(say.user_message(error))

    def _its_path(self) -> str:
        return self.whole.shown().partition("\n")[0] or self_voicing.EMPTY

    def _show_whole(self) -> None:
        chosen = self._chosen
        words = "" if chosen is None else f"{chosen.file or ''}\n{chosen.sentence}"
        shown = "\n".join(say.printable(line) for line in words.split("\n"))
        if shown != self.whole.shown():
            self.whole.show(shown)

    def _open_chosen(self) -> None:
        chosen = self._chosen
        if chosen is None:
            self._search()
            return
        file = chosen.file
        self._job = self.context.jobs.start(
            lambda _job: file is not None and os.path.exists(file),
            lambda there: self._open_if(there, chosen),
            self._failed,
        )

    def _open_if(self, there: bool, hit: "ListedPicture") -> None:
        """Open the file; of one that is gone, and of what was none, say what is known."""
        if there and hit.file is not None:
            self.close()
            self._open_picture(hit.file)
        elif hit.file is not None:
            self.context.voice.answer(
                GONE.format(name=say.name_of(hit.file), sentence=hit.sentence)
            )
        else:
            self.close()
            self.context.voice.answer(hit.sentence)
