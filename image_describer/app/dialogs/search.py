"""Ctrl+F: searches the described pictures by words or by a picture, and opens them."""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from image_describer.app import keymap, messages, theme
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
from image_describer.i18n import N_, _
from image_describer.text import file_name, number, one_line, visible

if TYPE_CHECKING:
    from image_describer.app.tasks.own_pictures import ListedPicture, OwnPictures, SearchOutcome

TITLE = N_("Search your pictures")
HINT = N_("Type words, then Enter")
NOTHING_TYPED = N_("Type a word first.")
NOTHING_FOUND = N_("Nothing found. {folder} describes more pictures.")
FOUND = N_("{count} found.")
SIMILAR = N_("{count} found that are like {name}.")
NONE_SIMILAR = N_("No described picture is like {name}.")
WEAK = N_("{count} found, but none is a good match.")
NO_PICTURE = N_("Search for a picture first.")
GONE = N_("{name} no longer exists. Its description was: {sentence}")
GAP_PX = 8
ROWS = 10
FULL_TEXT_LINES = 4


class SearchWindow(Dialog):
    """Searches by words, or for pictures like another one.

    ``open_picture(file, files)`` is called with the chosen file and all that were found, after
    closing. ``picture`` is the file that the main window shows, if any: "More like it" starts from
    it before anything was found.
    """

    own_command = "search"
    keys_help = N_(
        "Type words, then Enter searches and goes to what was found. There the arrow keys and the "
        "first letters go to a picture, Enter opens it. Tab goes on to where the picture is and to "
        "the buttons. Escape closes."
    )

    def __init__(
        self,
        context: AppContext,
        own_pictures: "OwnPictures",
        open_picture: Callable[[str, Sequence[str]], None],
        picture: str | None = None,
    ) -> None:
        super().__init__(context, _(TITLE))
        self._own_pictures = own_pictures
        self._open_picture = open_picture
        self._picture = picture
        self._found: tuple[ListedPicture, ...] = ()
        self._job: BackgroundJob | None = None
        self._progress = JobProgress(context)
        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(2, weight=1)
        Label(self.body, _("Words")).grid(row=0, column=0, sticky="w")
        self.words = EntryBox(self.body)
        self_voicing.set_name(self.words, _("Words"), hint=_(HINT))
        self.words.grid(row=1, column=0, sticky="ew")
        self.results = ItemList(self.body, name=_("Found"), width=60, height=ROWS)
        self.results.grid(row=2, column=0, sticky="nsew", pady=theme.px(self, GAP_PX))
        self.full_text = ReadOnlyText(
            self.body, font=theme.font("status"), width=1, height=FULL_TEXT_LINES
        )
        # Its name is followed by the path; the list has spoken what is below that.
        self_voicing.set_name(
            self.full_text, _("Its place"), role=N_("text"), state=self._shown_path
        )
        self.full_text.grid(row=3, column=0, sticky="ew")
        for key in RETURN_KEYS:
            self.words.bind(key, lambda _event: self._search())
            self.results.bind(key, lambda _event: self._open_chosen())
        self.results.bind("<Double-Button-1>", lambda _event: self._open_chosen())
        # Everything that moves the cursor: arrows, letters, the mouse.
        for event in ("<<ListboxSelect>>", "<KeyRelease>"):
            self.results.bind(event, lambda _event: self._show_full_text(), add="+")
        self.add_buttons(
            (_("Search"), self._search),
            (_("Open"), self._open_chosen),
            (_("More like it"), self._more_like_it),
            (_("Cancel"), self.close),
        )
        self.open(self.words)

    def close(self) -> None:
        """Close it and cancel its job."""
        if self._job is not None:
            self._job.cancel()
        super().close()

    @property
    def _chosen(self) -> "ListedPicture | None":
        return self._found[max(0, self.results.cursor)] if self._found else None

    def _search(self) -> None:
        words, own_pictures, settings = self.words.get(), self._own_pictures, self.context.settings
        if not words.strip():
            self.context.voice.answer(_(NOTHING_TYPED))
            return
        nothing = keymap.with_keys(_(NOTHING_FOUND), keymap.spoken)
        self._start(lambda _job: own_pictures.find(words, settings), _(FOUND), nothing)

    def _more_like_it(self) -> None:
        """Find pictures like the chosen one; before a search, like the main window's."""
        chosen, own_pictures, settings = self._chosen, self._own_pictures, self.context.settings
        file = chosen.file if chosen is not None else self._picture
        if file is None:
            self.context.voice.answer(_(NO_PICTURE))
            return
        # The texts are formatted later, and a name may contain braces.
        name = file_name(file).replace("{", "{{").replace("}", "}}")
        self._start(
            lambda _job: own_pictures.similar(file, settings),
            _(SIMILAR).replace("{name}", name),
            _(NONE_SIMILAR).replace("{name}", name),
        )

    def _start(
        self, work: "Callable[[BackgroundJob], SearchOutcome]", found: str, none: str
    ) -> None:
        if self._job is not None:
            self._job.cancel()
        self._job = self.context.jobs.start(
            work, lambda outcome: self._on_found(outcome, found, none), self._on_error
        )
        self._progress.watch(self._job)

    def _on_found(self, outcome: "SearchOutcome", found: str, none: str) -> None:
        self._found = outcome.pictures
        self.results.set_items([one_line(picture.text) for picture in self._found])
        self._show_full_text()
        if outcome.warning:
            self.context.voice.error(outcome.warning)
        # Without cutting the error short.
        say = self.context.voice.say_next if outcome.warning else self.context.voice.answer
        if not self._found:
            say(none.format())
            return
        say((_(WEAK) if outcome.weak else found).format(count=number(len(self._found))))
        self.results.focus_set()  # speaks the first result

    def _on_error(self, error: Exception) -> None:
        messages.log_error(error)
        self.context.voice.error(messages.user_message(error))

    def _shown_path(self) -> str:
        chosen = self._chosen
        return visible(chosen.file or "") if chosen is not None else _(self_voicing.EMPTY)

    def _show_full_text(self) -> None:
        chosen = self._chosen
        text = ""
        if chosen is not None:
            text = f"{visible(chosen.file or '')}\n{one_line(chosen.sentence)}"
        if text != self.full_text.shown():
            self.full_text.show(text)

    def _open_chosen(self) -> None:
        chosen = self._chosen
        if chosen is None:
            self._search()
            return
        file = chosen.file
        self._job = self.context.jobs.start(
            lambda _job: file is not None and os.path.exists(file),
            lambda exists: self._open_if(exists, chosen),
            self._on_error,
        )

    def _open_if(self, exists: bool, picture: "ListedPicture") -> None:
        """Open the file; if it is gone or never was a file, say its description."""
        file, sentence = picture.file, picture.sentence
        if file is None:
            self.close()
            self.context.voice.answer(sentence)
        elif exists:
            self.close()
            self._open_picture(file, [each.file for each in self._found if each.file is not None])
        else:
            self.context.voice.answer(_(GONE).format(name=file_name(file), sentence=sentence))
