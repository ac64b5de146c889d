"""The window with what is written in a picture: read by letter, word, line, block and heading."""

import string
import tkinter as tk
import webbrowser
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from image_describer import files
from image_describer.app import key_codes, keymap, messages, theme
from image_describer.app.context import AppContext
from image_describer.app.dialogs import save
from image_describer.app.dialogs.base import Dialog, spoken_title
from image_describer.app.dialogs.question import QuestionDialog, do_nothing
from image_describer.app.dialogs.text.content import Passage, Place, TextContent, WordInDoubt
from image_describer.app.dialogs.text.read_on import ReadOn
from image_describer.app.modifier_keys import (
    command_pressed,
    event_state,
    shift_pressed,
    types_text,
    word_pressed,
)
from image_describer.app.pages import PageNumber
from image_describer.app.voice import caret, self_voicing
from image_describer.app.widgets.button import RETURN_KEYS
from image_describer.app.widgets.read_only_text import ReadOnlyText
from image_describer.errors import ImageDescriberError
from image_describer.i18n import N_, _
from image_describer.reading.text import PictureText
from image_describer.text import number, percent, shorten
from image_describer.wording.codes import meaning
from image_describer.wording.details import position_of

TITLE = N_("Text")
TITLE_OF_PAGE = N_("Text, page {number} of {count}")
ROLE = N_("text, arrow keys read it")
END = N_("End of the text.")
# What is said where no further one follows, and where none is before.
HEADING = (N_("No further heading."), N_("No earlier heading."))
BLOCK = (N_("No further block."), N_("No earlier block."))
DOUBTFUL_WORD = (N_("No further word in doubt."), N_("No earlier word in doubt."))
NONE_DOUBTFUL = N_("No word is in doubt.")
DOUBTFUL = N_("{text}, {percent} sure")
WHERE_LINE = N_("Line {number} of {count}, {position}.")
NO_ADDRESS = N_("No web address in this line.")
OPEN_TITLE = N_("Open an address")
OPEN_QUESTION = N_("This is {content}. Open it in the browser? The whole address is {address}")
ADDRESS_LIMIT = 300  # characters that are said and shown, 20 s
WEB_SCHEMES = ("http://", "https://")
NO_BROWSER = (N_("No browser can be started."), N_("Copy the address, and paste it in one."))
SAVE_TITLE = N_("Save the text")
KINDS = ((".txt", N_("The text")),)
WIDTH, HEIGHT = 76, 20  # a line of a letter, as far as the screen allows
AFTER_KEY_TAG = "TextWindowAfterKey"


class TextWindow(Dialog):
    """Shows ``text``, says how much there is, and reads it aloud until a key is pressed.

    ``file``: the picture's path, or what stands for its name; ``saved_beside`` its path, None for a
    picture that isn't in a file; ``page``: that of a document, or None.
    """

    own_command = "text"
    keys_help = N_(
        "The arrow keys read by line and letter, {next_word} by word, {Ctrl+Down} by block. H goes "
        "to the next heading, D to the next word in doubt, with Shift to the previous one. L lists "
        "the words in doubt, W says where the line is. Space stops and reads on. Enter opens the "
        "web address of a code. {copy} copies the line. Escape closes."
    )

    def __init__(
        self,
        context: AppContext,
        text: PictureText,
        file: str,
        saved_beside: str | None,
        page: PageNumber | None = None,
    ) -> None:
        title = _(TITLE)
        if page is not None:
            title = _(TITLE_OF_PAGE).format(number=number(page.index + 1), count=number(page.count))
        super().__init__(context, title, all_keys=True)
        self.content = TextContent(text)
        self._file, self._saved_beside = file, saved_beside
        self._save_dialog = save.SaveDialog(context)
        self._read_on = ReadOn(context, self._reached, self._ended)
        self._was_reading = False  # when the current key was pressed
        self._caret_place: Place = (1, 0)  # of the caret after the last key
        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(0, weight=1)
        self.view = ReadOnlyText(self.body, font=theme.font("help"), width=WIDTH, height=HEIGHT)
        self.view.grid(row=0, column=0, sticky="nsew")
        self._bind_keys()
        self.add_buttons((_("Close"), self.close))
        self._fill()
        self_voicing.skip_next_focus(self.view)
        self.open(self.view)
        context.voice.answer(f"{spoken_title(title)}. {self.content.summary}".strip())
        self._read_on.start(self.content.passages())

    @property
    def commands(self) -> Mapping[str, Callable[[], None]]:
        return {
            **self.context.run,
            "copy": self._copy,
            "save": self._save,
        }

    def key_pressed(self, key: str, repeated: bool) -> None:
        super().key_pressed(key, repeated)
        self._was_reading = self._read_on.active
        self._read_on.stop()

    def close(self) -> None:
        self._read_on.stop()
        super().close()

    def _fill(self) -> None:
        view, content = self.view, self.content
        view.show(content.text)
        self_voicing.set_name(view, _(TITLE), role=ROLE, language=content.language)
        view.tag_configure("heading", font=theme.font("heading"))
        view.tag_configure("doubtful", underline=True)
        for row, _column in content.headings:
            view.tag_add("heading", f"{row}.0", f"{row}.end")
        for word in content.doubtful:
            view.tag_add("doubtful", f"{word.row}.{word.start}", f"{word.row}.{word.end}")

    def _bind_keys(self) -> None:
        view = self.view
        for key, step in (("Ctrl+Down", 1), ("Ctrl+Up", -1)):
            for sequence in keymap.tk_sequences(key):
                self._bind_key(sequence, lambda step=step: self._go_to_block(step))  # type: ignore[misc]
        for sequence in RETURN_KEYS:
            self._bind_key(sequence, self._ask_to_open)
        self._bind_key("<space>", self._pause)
        view.bind("<KeyPress>", self._letter)
        # Between Tk's own bindings, which move the caret, and those of all widgets.
        tags = view.bindtags()
        view.bindtags((*tags[:-1], AFTER_KEY_TAG, tags[-1]))
        view.bind_class(AFTER_KEY_TAG, "<KeyPress>", self._after_key)

    def _bind_key(self, sequence: str, action: Callable[[], None]) -> None:
        def pressed(_event: object) -> str:
            action()
            return "break"

        self.view.bind(sequence, pressed)

    def _letter(self, event: "tk.Event[tk.Misc]") -> None:
        state = event_state(event)
        if not types_text(state) or command_pressed(state):
            return
        step = -1 if shift_pressed(state) else 1
        actions: dict[str, Callable[[], None]] = {
            "h": lambda: self._go_to_heading(step),
            "d": lambda: self._go_to_doubtful(step),
            "l": self._list_doubtful,
            "w": self._say_where,
        }
        action = actions.get(key_codes.latin_keysym(event).lower())
        if action is not None:
            action()

    def _caret(self) -> Place:
        return self._index("insert")

    def _index(self, index: str) -> Place:
        row, column = self.view.index(index).split(".")
        return int(row), int(column)

    def _move(self, place: Place) -> None:
        self.view.tag_remove("sel", "1.0", "end")
        self.view.mark_set("insert", f"{place[0]}.{place[1]}")
        self.view.see("insert")
        self._caret_place = place

    def _after_key(self, event: "tk.Event[tk.Misc]") -> None:
        """Mark doubtful words, where the caret has gone to another line or word."""
        place = self._caret()
        if place == self._caret_place:
            return
        self._caret_place = place
        if event.keysym in caret.LINE_KEYS:
            self._mark_line()
        elif word_pressed(event_state(event)) and event.keysym in ("Left", "Right"):
            self._mark(place[0], place[1], place[1])

    def _mark_line(self) -> None:
        """Play the sound for doubt, if the line that was said deserves it."""
        row, start = self._index("insert display linestart")  # untranslated
        _row, end = self._index("insert display lineend")  # untranslated
        self._mark(row, start, end)

    def _mark(self, row: int, start: int, end: int) -> None:
        if self.content.doubtful_between(row, start, end):
            self.context.voice.earcon("doubt")

    def _go_to_block(self, step: int) -> None:
        self._go_to_line(self.content.blocks, step, BLOCK)

    def _go_to_heading(self, step: int) -> None:
        self._go_to_line(self.content.headings, step, HEADING)

    def _go_to_line(self, places: Sequence[Place], step: int, none: tuple[str, str]) -> None:
        if self._go(places, step, none):
            self_voicing.say_for(self.view, caret.line(self.view))
            self._mark_line()

    def _go_to_doubtful(self, step: int) -> None:
        words = {(word.row, word.start): word for word in self.content.doubtful}
        if self._go(list(words), step, DOUBTFUL_WORD):
            self_voicing.say_for(self.view, _doubt(words[self._caret_place]))

    def _go(self, places: Sequence[Place], step: int, none: tuple[str, str]) -> bool:
        """Move the caret to the next one of ``places`` (the previous one for a step of -1).

        ``none``: what to say if there is no next one, or no previous one.
        """
        here = self._caret()
        index = bisect_right(places, here) if step > 0 else bisect_left(places, here) - 1
        if not 0 <= index < len(places):
            self.context.voice.earcon("edge")
            self.context.voice.answer(_(none[0] if step > 0 else none[1]))
            return False
        self._move(places[index])
        return True

    def _list_doubtful(self) -> None:
        words = [
            _("{word}, line {number}").format(
                word=_doubt(word), number=self.content.line_number(word.row)
            )
            for word in self.content.doubtful
        ]
        self.context.voice.answer(f"{'; '.join(words)}." if words else _(NONE_DOUBTFUL))

    def _say_where(self) -> None:
        number = self._caret()[0]
        row = self.content.row(number)
        if row.line is not None:
            text = _(WHERE_LINE).format(
                number=self.content.line_number(number),
                count=self.content.line_count,
                position=position_of(row.line.box),
            )
        elif row.code is not None:
            text = f"{position_of(row.code.box)}."
        else:
            text = _("blank")
        self.context.voice.answer(text[0].upper() + text[1:])

    def _pause(self) -> None:
        """Stop reading aloud, or read on from the caret."""
        self.context.voice.stop()
        if not self._was_reading:
            self._read_on.start(self.content.passages(self._caret()))

    def _reached(self, passage: Passage) -> None:
        self._move(passage.start)
        self_voicing.caret_moved(self.view)
        if passage.doubtful:
            self.context.voice.earcon("doubt")

    def _ended(self) -> None:
        self.context.voice.say_next(_(END))

    def _copy(self) -> None:
        """Copy what is selected, else the caret's line."""
        line = self.content.row(self._caret()[0])
        copied = line.text if line.code is None else line.code.content
        if self.view.selected() or not copied:
            self.context.run["copy"]()
            return
        self.context.root.clipboard_clear()
        self.context.root.clipboard_append(copied)
        self.context.voice.answer(_(messages.COPIED).format(caption=line.text))

    def _save(self) -> None:
        picture, text = self._saved_beside, self.content.text

        def write(path: Path, replace: bool) -> Path:
            with save.os_errors_as_save_error(path):
                save.check_target(path, picture, replace)
                files.write(path, f"{text}\n".encode("utf-8", "replace"))
            return path

        folder, name = save.default_location(picture, self._file)
        location = folder, _("{name} text").format(name=name)
        self._save_dialog.open_for(self, KINDS, location, write, _(SAVE_TITLE))

    def _ask_to_open(self) -> None:
        """Ask whether to open the web address of the code in the caret's line."""
        code = self.content.row(self._caret()[0]).code
        meant = meaning(code) if code is not None else None
        address = meant.address if meant is not None else None
        if meant is None or address is None or not address.startswith(WEB_SCHEMES):
            self.context.voice.answer(_(NO_ADDRESS))
            return
        shown = shorten(address, ADDRESS_LIMIT)
        question = _(OPEN_QUESTION).format(content=meant.said, address=shown)
        dialog = QuestionDialog(
            self.context,
            _(OPEN_TITLE),
            question,
            (_("Cancel"), do_nothing),
            (_("Open"), lambda: self._open_address(address)),
        )
        self.context.voice.answer(
            f"{spoken_title(_(OPEN_TITLE))}. {question} "
            f"{self_voicing.spoken_text(dialog.first_button)}"
        )

    def _open_address(self, address: str) -> None:
        self.context.jobs.start(
            lambda _job: _open_in_browser(address), lambda _none: None, self.context.report_error
        )


def _open_in_browser(address: str) -> None:
    """May take long. Raises ImageDescriberError."""
    if not webbrowser.open(address):
        raise ImageDescriberError(*map(_, NO_BROWSER))


def _doubt(word: WordInDoubt) -> str:
    text = word.text.strip(string.punctuation) or word.text
    return _(DOUBTFUL).format(text=text, percent=percent(word.confidence))
