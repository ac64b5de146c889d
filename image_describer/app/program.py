"""What the commands do: joins the window, the describer, the jobs and the voice."""

import logging
import tkinter as tk
from types import TracebackType
from typing import TYPE_CHECKING

from image_describer import details
from image_describer.app import help as help_text
from image_describer.app import keymap, keys
from image_describer.app import messages as say
from image_describer.app.describing import Described, LateDescriber
from image_describer.app.pasting import Pasting
from image_describer.app.reading import ReadingWindow
from image_describer.app.talk import Talk
from image_describer.app.telling import Telling
from image_describer.app.text import ReadOnlyText
from image_describer.app.window import Window
from image_describer.app.worker import Job, Jobs

if TYPE_CHECKING:
    from image_describer.app.clipboard import Found
    from image_describer.picture import Picture, Source

SAY_WORKING_AFTER_MS = 500  # silence longer than this feels broken

log = logging.getLogger(__name__)


class Program:
    """The running app. Everything here happens on the window's thread and returns at once.

    It has a method for each command of the table of keys, by the command's name.
    """

    def __init__(self, root: tk.Tk, describer: LateDescriber, talk: Talk) -> None:
        self._root = root
        self._describer = describer
        self._voice = Telling(root, talk, self._show_silence)
        self._jobs = Jobs(root.after)
        run = {command.name: getattr(self, command.name) for command in keymap.COMMANDS}
        self.window = Window(root, self._jobs, run)
        self._reading = ReadingWindow(root, run)
        self._pasting = Pasting(root, self._jobs, self._pasted, self._nothing_pasted)
        keys.bind_commands(root, run)
        root.protocol("WM_DELETE_WINDOW", self.quit)
        root.report_callback_exception = self._trouble
        self._file: str | None = None
        self._described: Described | None = None
        self._message = ""  # the last thing told that is no description
        self._job: Job | None = None
        self._announced = False  # whether "Working" has been said for this job
        self._choosing = False
        self._ended = False
        self.window.sentence.focus_set()

    def start(self, file: str | None, note: str = "") -> None:
        """Greet, or go straight to ``file``; ``note`` is said before anything else, in full."""
        welcome = say.with_keys(say.WELCOME, keymap.written)
        self.window.sentence.show(f"{welcome} {note}".strip())
        self.window.show_status(say.LOADING)
        if note:
            self._voice.note(note)
        if file is not None:
            self.open_file(file)
            return
        self._voice.tell(say.with_keys(say.WELCOME, keymap.spoken))
        self._jobs.start(
            lambda _job: self._describer.load(),
            lambda _describer: self.window.show_status(say.READY),
            self._failed,
        )

    def open_file(self, file: str) -> None:
        """Describe ``file``; what was being described before is dropped."""
        if self._describing and file == self._file:
            self._voice.answer(say.WORKING)
        else:
            self._describe(file, file)

    def _describe(self, source: "Source", file: str) -> None:
        """Describe ``source``, which is called ``file``."""
        self._drop_job()
        if self._reading.title == say.MORE_TITLE:
            self._reading.close()  # it is about another picture
        self._file, self._described, self._message = file, None, ""
        self._announced = False
        self.window.show_title(say.name_of(file))
        job = self._jobs.start(
            lambda job: self._describer.describe(
                source, lambda picture: job.post(self._seen, picture)
            ),
            self._done,
            self._failed,
        )
        self._job = job
        self._root.after(SAY_WORKING_AFTER_MS, self._still_working, job)

    def open(self) -> None:
        """Ask for a picture, in the platform's dialog; on Linux Tk draws it."""
        if self._choosing:
            return
        # Needs NumPy and Pillow, which the window is there without.
        from image_describer.app.dialog import ask_for_picture

        self._choosing = True
        self._voice.stop()
        try:
            file = ask_for_picture(self._root, self._file)
        except tk.TclError:
            if self._ended:
                return  # the window was closed under the dialog
            raise
        finally:
            self._choosing = False
        if file:
            self.open_file(file)

    def paste(self) -> None:
        """Describe the picture, or the path, on the clipboard."""
        if self._pasting.running:
            self._voice.answer(say.WORKING)
            return
        self._announced = self._announced and self._describing
        self._pasting.start(SAY_WORKING_AFTER_MS, self._still_pasting)

    def repeat(self) -> None:
        """Say the description, or else the last message, again."""
        if self._working:
            self._voice.answer(say.WORKING)
        elif self._described is not None:
            self._voice.answer(self._described.sentence, "description")
        else:
            self._voice.answer(self._message or say.with_keys(say.NOTHING_YET, keymap.spoken))

    def stop(self) -> None:
        """Be silent."""
        self._voice.stop()

    def escape(self) -> None:
        """Stop speaking; then cancel the job; then close the dialog; never quit.

        "Working" is no news to whoever cancels the work, so it does not cost a press of its own.
        """
        if self._voice.speaking and not (self._working and self._announced):
            self.stop()
        elif self._working:
            if self._describing:
                self.window.sentence.show(say.CANCELLED)
                self.window.show_status(say.FAILED)
                self._message = say.CANCELLED
            self._drop_job()
            self._voice.answer(say.CANCELLED)
        elif self._reading.open:
            self._reading.close()

    def copy(self) -> None:
        """Put the selected text, or else the bare caption, on the clipboard."""
        selected = self._selected()
        if selected:
            self._to_clipboard(selected)
            self._voice.answer(say.COPIED_SELECTION)
        elif self._described is not None:
            caption = self._described.description.caption
            self._to_clipboard(caption)
            self._voice.answer(say.COPIED.format(caption=caption))
        elif self._working:
            self._voice.answer(say.WORKING)
        else:
            self._voice.answer(say.with_keys(say.NOTHING_YET, keymap.spoken))

    def more(self) -> None:
        """Show and say the details of the description."""
        if self._described is not None:
            lines = details.sentences(self._described.description)
            self._reading.show(say.MORE_TITLE, "\n".join(lines))
            self._voice.answer(" ".join(lines))
        elif self._working:
            self._voice.answer(say.WORKING)
        else:
            self._voice.answer(say.with_keys(say.NOTHING_YET, keymap.spoken))

    def help(self) -> None:
        """Show and say the keys."""
        self._reading.show(help_text.TITLE, help_text.shown())
        self._voice.answer(help_text.spoken())

    def where(self) -> None:
        """Say which file this is, and what is being done with it."""
        if self._file is None:
            self._voice.answer(say.with_keys(say.NO_PICTURE, keymap.spoken))
            return
        parts = [say.name_of(self._file)]
        if self._described is not None:
            description = self._described.description
            parts.append(f"{description.width} by {description.height} pixels")
        parts.append(say.WORKING if self._working else self.window.status)
        self._voice.answer(". ".join(parts) + ".")

    def quit(self) -> None:
        """End the program."""
        self._ended = True
        self._drop_job()
        self._voice.stop()
        self._root.destroy()

    @property
    def _describing(self) -> bool:
        return self._job is not None and self._job.running

    @property
    def _working(self) -> bool:
        return self._describing or self._pasting.running

    def _drop_job(self) -> None:
        self._pasting.cancel()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _seen(self, picture: "Picture") -> None:
        self.window.view.show(picture)

    def _still_working(self, job: Job) -> None:
        if job is not self._job or not job.running:
            return
        self._announced = True
        self.window.sentence.show(f"{say.WORKING}…")
        self.window.show_status(f"{say.WORKING}…")
        # While the note is being heard there is no silence to fill.
        if not self._voice.noting:
            self._voice.tell(say.WORKING)

    def _still_pasting(self) -> None:
        self._announced = True
        self._voice.tell(say.WORKING)

    def _pasted(self, found: "Found") -> None:
        if isinstance(found, str):
            self.open_file(found)
        else:
            self._describe(found, say.FROM_CLIPBOARD)

    def _nothing_pasted(self, error: Exception) -> None:
        if self._described is None and not self._describing:
            self._failed(error)
            return
        # The picture that is there stays: it has not become wrong.
        say.log_it(error)
        self.window.show_status(say.as_told(error))
        self._voice.tell(say.as_told(error))

    def _done(self, described: Described) -> None:
        self._described = described
        log.info("Described a picture in %.3f s", described.description.seconds.total)
        self._show(described.sentence, say.READY)
        self._voice.tell(described.sentence, "description")

    def _failed(self, error: Exception) -> None:
        say.log_it(error)
        self._message = say.as_told(error)
        self.window.view.show(None)
        self._show(self._message, say.FAILED)
        self._voice.tell(self._message)

    def _trouble(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """A key, a button or a timer failed: Tk would print a traceback that no user looks for."""
        if isinstance(error, Exception) and not self._ended:
            log.error("The window failed", exc_info=(kind, error, trace))
            self._message = say.as_told(error)
            self._show(self._message, say.FAILED)
            self._voice.tell(self._message)

    def _show(self, text: str, status: str) -> None:
        self.window.sentence.show(text)
        self.window.show_status(status)
        self.window.show_title(say.name_of(self._file) if self._file else None, text)

    def _show_silence(self, trouble: str) -> None:
        """Whoever can see should learn why nothing is heard."""
        if trouble not in self.window.status:
            self.window.show_status(f"{self.window.status}. {trouble}")

    def _selected(self) -> str:
        try:
            focused = self._root.focus_get()
        except KeyError:  # the focus is on a menu that Tk has made for itself
            focused = None
        if isinstance(focused, ReadOnlyText) and focused.selected():
            return focused.selected()
        return self.window.sentence.selected()

    def _to_clipboard(self, text: str) -> None:
        self._root.clipboard_clear()
        self._root.clipboard_append(text)
