"""Ctrl+Shift+O: describes the pictures of a folder with all cores, into a list and the index."""

import time
import tkinter as tk
from collections.abc import Callable
from typing import TYPE_CHECKING

from image_describer.app import messages as say
from image_describer.app import theme
from image_describer.app.context import AppContext
from image_describer.app.dialogs.base import Dialog
from image_describer.app.jobs import BackgroundJob
from image_describer.app.tasks.folder import FolderRun, Line
from image_describer.app.tasks.progress import JobProgress
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.button import RETURN_KEYS
from image_describer.app.widgets.check_box import CheckBox
from image_describer.app.widgets.item_list import ItemList
from image_describer.app.widgets.label import Label
from image_describer.app.widgets.read_only_text import ReadOnlyText

if TYPE_CHECKING:
    from image_describer.library import batch
    from image_describer.library.batch import Outcome

TITLE = "Describe a folder"
NO_PICTURES = "There are no pictures in {folder}."
NOTHING_TO_SAVE = "There is no list yet. Begin makes one."
COUNTED = "{done:,} of {count:,}"
COUNTING = "{done:,} so far, still counting"
DONE = "{count:,} described."
KNOWN = "{count:,} described, {known:,} of them known already."
FAILED_TOO = "{count:,} could not be opened; the end of the list says why."
STOPPING = "Stopping."
STOPPED = "Stopped after {counted}."
GOES_ON = "Begin goes on from there."
NOT_INDEXED = "What was described can't be searched later. {trouble}"
PROGRESS_EVERY_S = 10.0  # at most; more often it keeps people from reading what is there already
LOOK_MS = 100
LINES_AT_ONCE = 400  # put into the list between two looks at the keys: 10 ms
ROWS = 12
WHOLE_LINES = 3  # of a sentence that its line in the list has no room for


class FolderWindow(Dialog):
    """Asks for the folder, then fills a list while it works; Enter on a line opens its picture.

    ``indexed``: what is described goes into the index, and what that knows is not done again.
    """

    def __init__(
        self, context: AppContext, indexed: bool, folder: str, open_picture: Callable[[str], None]
    ) -> None:
        from image_describer.app.dialogs.chooser.path_field import PathField
        from image_describer.app.dialogs.save import SaveDialog

        super().__init__(context, TITLE)
        self._indexed = indexed
        self._open_picture = open_picture
        self._folder = folder
        self._lines: list[Line] = []
        self._broken: list[Line] = []  # these come at the end
        self._run: FolderRun | None = None
        self._job: BackgroundJob | None = None
        self._end: Outcome | Exception | None = None  # how it ended, until that is told
        self._timer: str | None = None
        self._ticking = JobProgress(context)
        self._saving = SaveDialog(context)
        self._told, self._told_at = 0, 0.0
        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(3, weight=1)
        Label(self.body, "Folder").grid(row=0, column=0, sticky="w")
        self.path = PathField(
            self.body, context.jobs, lambda: self._folder, lambda: False, self._start, self._answer
        )
        self_voicing.set_name(self.path, "Folder", hint="Enter begins")
        self.path.show_folder(folder)
        self.path.grid(row=1, column=0, sticky="ew")
        self.inside = CheckBox(self.body, "With the folders inside it", True)
        self.inside.grid(row=2, column=0, sticky="w", pady=4)
        self.list = ItemList(self.body, name="Descriptions", width=64, height=ROWS)
        self.list.grid(row=3, column=0, sticky="nsew", pady=4)
        for key in RETURN_KEYS:
            self.list.bind(key, lambda _event: self._open_chosen())
        self.list.bind("<Double-Button-1>", lambda _event: self._open_chosen())
        self.whole = ReadOnlyText(self.body, font=theme.font("status"), width=1, height=WHOLE_LINES)
        self_voicing.set_name(
            self.whole,
            "In full",
            role="text",
            state=lambda: self.whole.shown() or self_voicing.EMPTY,
        )
        self.whole.grid(row=4, column=0, sticky="ew")
        # Whatever moves the cursor: arrows, letters, the mouse, the focus that comes at the end.
        for event in ("<<ListboxSelect>>", "<KeyRelease>", "<FocusIn>"):
            self.list.bind(event, lambda _event: self._show_whole(), add="+")
        self._status = Label(self.body, " ", padx=0)
        self._status.bind("<Configure>", self._wrap_status)
        self._status.grid(row=5, column=0, sticky="ew")
        buttons = self.add_buttons(
            ("Begin", lambda: self._start(self.path.get())),
            ("Open", self._open_chosen),
            ("Save list", self._save),
            ("Close", self.close),
        )
        self._close_button = buttons[-1]
        self.bind("<Destroy>", self._destroyed, add="+")
        self.open(self.path)

    @property
    def running(self) -> bool:
        """Whether it is describing, or has not yet told how that ended."""
        return self._timer is not None

    def close(self) -> None:
        """While it works: stop that. Else, and when asked again: go."""
        if self.running and self._run is not None and not self._run.stopped:
            self._run.stop()
            self._answer(STOPPING)
            return
        self.path.close()
        super().close()

    def _destroyed(self, event: "tk.Event[tk.Misc]") -> None:
        """However the window goes, with the program too: nothing is begun any more."""
        if event.widget is not self:
            return
        if self._run is not None:
            self._run.stop()
        if self._job is not None:
            self._job.cancel()
        if self._timer is not None:
            self.after_cancel(self._timer)
            self._timer = None

    def _start(self, path: str) -> None:
        from image_describer.app.dialogs.chooser.typed_path import expanded

        if self.running:
            self._answer(say.WORKING)
            return
        folder = expanded(path, self._folder) or self._folder
        if self._run is not None:
            self._run.kept.close()
        run = FolderRun(folder, self.inside.on, self.context.settings, self._indexed)
        self._run, self._end = run, None
        self._lines, self._broken = [], []
        self._told, self._told_at = 0, time.monotonic()
        self.list.set_items([])
        self._show_whole()
        self._show(say.WORKING)
        self._close_button.configure(text="Stop")
        self._job = self.context.jobs.start(run.work, self._ended, self._ended)
        self._timer = self.after(LOOK_MS, self._look)
        self._answer(say.WORKING)
        self._ticking.watch(self._job, announced=True)

    def _ended(self, end: "Outcome | Exception") -> None:
        self._end = end

    def _look(self) -> None:
        """Now and then while it works: take in what has come, say and show how far it is."""
        run = self._run
        if run is None:
            return
        ended = self._end  # asked first: what came before the end is there by then
        new = run.take(LINES_AT_ONCE)
        self._add([line for line in new if line.fine])
        self._broken += [line for line in new if not line.fine]
        if ended is None or new:
            if run.progress is not None:
                self._tell_progress(run.progress)
            self._timer = self.after(LOOK_MS, self._look)
            return
        self._timer = None
        self._close_button.configure(text="Close")
        self._add(self._broken)
        if isinstance(ended, Exception):
            self._failed(ended)
        else:
            self._done(ended)

    def _add(self, lines: list[Line]) -> None:
        self._lines += lines
        self.list.extend([line.text for line in lines])

    def _tell_progress(self, progress: "batch.Progress") -> None:
        self._show(in_short(progress))
        if not progress.total or self._end is not None:
            return
        tenth = 10 * progress.done // progress.total
        now = time.monotonic()
        late = now - self._told_at >= PROGRESS_EVERY_S
        if self._told < tenth < 10 and progress.total >= 10 and late:
            self._told, self._told_at = tenth, now
            self.context.voice.say_next(f"{10 * tenth} percent, {in_short(progress)}", "notice")

    def _done(self, outcome: "Outcome") -> None:
        if outcome.notice:
            from image_describer.app.tasks.own_pictures import in_window

            self.context.voice.error(in_window(outcome.notice))
        if outcome.trouble:
            self.context.voice.error(NOT_INDEXED.format(trouble=outcome.trouble))
        fine, known = outcome.described + outcome.known, outcome.known
        if outcome.cancelled:
            progress = self._run.progress if self._run is not None else None
            done = fine + len(outcome.broken)
            total = progress.total if progress is not None else None
            counted = COUNTED.format(done=done, count=total) if total else f"{done:,}"
            words = STOPPED.format(counted=counted)
            words += f" {GOES_ON}" if self._indexed and not outcome.trouble else ""
        elif not fine and not outcome.broken:
            folder = say.name_of(self._run.folder) if self._run is not None else ""
            self._show(NO_PICTURES.format(folder=folder))
            self.context.voice.error(NO_PICTURES.format(folder=folder))
            return
        else:
            words = KNOWN.format(count=fine, known=known) if known else DONE.format(count=fine)
        if outcome.broken:
            words = f"{words} {FAILED_TOO.format(count=len(outcome.broken))}"
        self._show(words)
        self.context.voice.notify(words)
        if self._lines and self.context.dialogs[-1:] == [self]:
            self.list.focus_set()

    def _failed(self, error: Exception) -> None:
        say.log_error(error)
        self._show(say.user_message(error))
        self.context.voice.error(say.user_message(error))

    def _open_chosen(self) -> None:
        if not self._lines:
            self._start(self.path.get())
            return
        file = self._lines[max(0, self.list.cursor)].file
        if self._run is not None:
            self._run.stop()
        self.close()
        self._open_picture(file)

    def _save(self) -> None:
        from image_describer.app.dialogs.save_list import (
            KINDS,
            TITLE,
            default_place,
            write,
        )

        run = self._run
        if run is None or not len(run.kept):
            self._answer(NOTHING_TO_SAVE)
            return
        self._saving.open_for(
            KINDS,
            default_place(run.folder),
            lambda path, replace: write(path, run, replace, partial=self.running or run.stopped),
            TITLE,
        )

    def _show_whole(self) -> None:
        shown = self._lines[max(0, self.list.cursor)].text if self._lines else ""
        if shown != self.whole.shown():
            self.whole.show(shown)

    def _show(self, words: str) -> None:
        """What stands under the list, and what is said when one asks again."""
        self.question = words
        self._status.configure(text=say.printable(words))

    def _wrap_status(self, event: "tk.Event[tk.Label]") -> None:
        self._status.configure(wraplength=event.width)

    def _answer(self, text: str) -> None:
        self.context.voice.answer(text)


def in_short(progress: "batch.Progress") -> str:
    """How far it is, how fast it goes, and how long it takes: in one line."""
    from image_describer.text import plural

    if progress.total is None:
        counted = COUNTING.format(done=progress.done)
    else:
        counted = COUNTED.format(done=progress.done, count=progress.total)
    parts = [counted]
    if progress.rate >= 1.0:
        parts.append(f"{progress.rate:.0f} a second")
    elif progress.rate > 0.0:
        parts.append(f"{60 * progress.rate:.0f} a minute")
    if progress.left_s is not None:
        left_s = progress.left_s
        minutes, seconds = plural(round(left_s / 60), "minute"), plural(round(left_s), "second")
        parts.append(f"{minutes if left_s >= 90 else seconds} left")
    return ", ".join(parts) + "."
