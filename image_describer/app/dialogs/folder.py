"""Ctrl+Shift+O: describes the pictures of a folder on all cores, into a list and the index."""

import time
import tkinter as tk
from collections.abc import Callable
from typing import TYPE_CHECKING

from image_describer.app import messages, theme
from image_describer.app.context import AppContext
from image_describer.app.dialogs.base import Dialog
from image_describer.app.jobs import BackgroundJob
from image_describer.app.tasks.folder import FolderRun, ResultLine
from image_describer.app.tasks.progress import JobProgress
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.button import RETURN_KEYS
from image_describer.app.widgets.check_box import CheckBox
from image_describer.app.widgets.item_list import ItemList
from image_describer.app.widgets.label import Label, WrappedLabel
from image_describer.app.widgets.read_only_text import ReadOnlyText
from image_describer.text import file_name, one_line, plural

if TYPE_CHECKING:
    from image_describer.library import batch
    from image_describer.library.batch import BatchResult

TITLE = "Describe a folder"
NO_PICTURES = "There are no pictures in {folder}."
NOTHING_TO_SAVE = "There is no list yet. Begin makes one."
COUNTED = "{done:,} of {count:,}"
COUNTING = "{done:,} so far, still counting"
DONE = "{count:,} described."
ALREADY_KNOWN = "{count:,} described, {known:,} of them already known."
SOME_FAILED = "{count:,} could not be opened; the end of the list says why."
STOPPING = "Stopping."
STOPPED = "Stopped after {counted}."
CONTINUES = "Begin continues from there."
NOT_INDEXED = "These descriptions can't be searched later. {reason}"
PROGRESS_EVERY_S = 10.0  # announcing it more often would disturb reading the list
POLL_MS = 100
LINES_PER_POLL = 400  # adding these to the list takes about 10 ms
ROWS = 12
FULL_TEXT_LINES = 3


class FolderWindow(Dialog):
    """Asks for a folder, then fills a list while it works; Return on a line opens its picture.

    ``indexed``: descriptions go into the index, and pictures that it knows are not described again.
    """

    def __init__(
        self, context: AppContext, indexed: bool, folder: str, open_picture: Callable[[str], None]
    ) -> None:
        from image_describer.app.dialogs.save import SaveDialog

        super().__init__(context, TITLE)
        self._indexed = indexed
        self._open_picture = open_picture
        self._folder = folder
        self._lines: list[ResultLine] = []
        self._failed_lines: list[ResultLine] = []  # listed at the end
        self._run: FolderRun | None = None
        self._job: BackgroundJob | None = None
        # Of a run whose end was not reported yet.
        self._result: BatchResult | Exception | None = None
        self._timer: str | None = None
        self._progress = JobProgress(context)
        self._save_dialog = SaveDialog(context)
        self._announced_tenth, self._announced_at = 0, 0.0
        self._make_widgets()
        buttons = self.add_buttons(
            ("Begin", lambda: self._begin(self.path.get())),
            ("Open", self._open_chosen),
            ("Save list", self._save),
            ("Close", self.close),
        )
        self._close_button = buttons[-1]
        self.bind("<Destroy>", self._on_destroy, add="+")
        self.open(self.path)

    @property
    def running(self) -> bool:
        """Whether a run is in progress, or its end was not reported yet."""
        return self._timer is not None

    def close(self) -> None:
        """Stop the run that is in progress; otherwise, or when called again, close the window."""
        if self.running and self._run is not None and not self._run.stopped:
            self._run.stop()
            self._answer(STOPPING)
            return
        self.path.close()
        super().close()

    def _make_widgets(self) -> None:
        from image_describer.app.dialogs.chooser.path_field import PathField

        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(3, weight=1)
        Label(self.body, "Folder").grid(row=0, column=0, sticky="w")
        self.path = PathField(
            self.body,
            self.context.jobs,
            current_folder=lambda: self._folder,
            all_files=lambda: False,
            go=self._begin,
            say=self._answer,
        )
        self_voicing.set_name(self.path, "Folder", hint="Enter begins")
        self.path.show_folder(self._folder)
        self.path.grid(row=1, column=0, sticky="ew")
        self.subfolders = CheckBox(self.body, "With the folders inside it", True)
        self.subfolders.grid(row=2, column=0, sticky="w", pady=4)
        self.list = ItemList(self.body, name="Descriptions", width=64, height=ROWS)
        self.list.grid(row=3, column=0, sticky="nsew", pady=4)
        for key in (*RETURN_KEYS, "<Double-Button-1>"):
            self.list.bind(key, lambda _event: self._open_chosen())
        self.full_text = ReadOnlyText(
            self.body, font=theme.font("status"), width=1, height=FULL_TEXT_LINES
        )
        self_voicing.set_name(
            self.full_text,
            "In full",
            role="text",
            state=lambda: self.full_text.shown() or self_voicing.EMPTY,
        )
        self.full_text.grid(row=4, column=0, sticky="ew")
        # Everything that moves the cursor: arrows, letters, the mouse, the focus at the end.
        for event in ("<<ListboxSelect>>", "<KeyRelease>", "<FocusIn>"):
            self.list.bind(event, lambda _event: self._show_full_text(), add="+")
        self._status = WrappedLabel(self.body, " ", padx=0)
        self._status.grid(row=5, column=0, sticky="ew")

    def _on_destroy(self, event: "tk.Event[tk.Misc]") -> None:
        """Stop the run, also when the whole program quits."""
        if event.widget is not self:
            return
        if self._run is not None:
            self._run.stop()
        if self._job is not None:
            self._job.cancel()
        if self._timer is not None:
            self.after_cancel(self._timer)
            self._timer = None

    def _begin(self, path: str) -> None:
        from image_describer.app.dialogs.chooser.typed_path import expand

        if self.running:
            self._answer(messages.WORKING)
            return
        folder = expand(path, self._folder) or self._folder
        # A save of the previous run's list keeps that run and its records alive.
        run = FolderRun(folder, self.subfolders.on, self.context.settings, self._indexed)
        self._run, self._result = run, None
        self._lines, self._failed_lines = [], []
        self._announced_tenth, self._announced_at = 0, time.monotonic()
        self.list.set_items([])
        self._show_full_text()
        self._show(messages.WORKING)
        self._close_button.configure(text="Stop")
        self._job = self.context.jobs.start(run.work, self._on_result, self._on_result)
        self._timer = self.after(POLL_MS, self._poll)
        self._answer(messages.WORKING)
        self._progress.watch(self._job, announced=True)

    def _on_result(self, result: "BatchResult | Exception") -> None:
        self._result = result

    def _poll(self) -> None:
        """Take new lines from the run, and report its progress or its end."""
        run = self._run
        if run is None:
            return
        result = self._result  # read first: lines that came before the end are there by then
        new = run.take_lines(LINES_PER_POLL)
        self._append([line for line in new if line.described])
        self._failed_lines += [line for line in new if not line.described]
        if result is None or new:
            if run.progress is not None:
                self._report_progress(run.progress)
            self._timer = self.after(POLL_MS, self._poll)
            return
        self._timer = None
        self._close_button.configure(text="Close")
        self._append(self._failed_lines)
        if isinstance(result, Exception):
            self._report_error(result)
        else:
            self._report_outcome(run, result)

    def _append(self, lines: list[ResultLine]) -> None:
        self._lines += lines
        self.list.extend([line.text for line in lines])

    def _report_progress(self, progress: "batch.BatchProgress") -> None:
        text = progress_text(progress)
        self._show(text)
        if not progress.total or self._result is not None:
            return
        tenth = 10 * progress.done // progress.total
        now = time.monotonic()
        due = now - self._announced_at >= PROGRESS_EVERY_S
        if self._announced_tenth < tenth < 10 and progress.total >= 10 and due:
            self._announced_tenth, self._announced_at = tenth, now
            self.context.voice.say_next(f"{10 * tenth} percent, {text}", "notice")

    def _report_outcome(self, run: FolderRun, outcome: "BatchResult") -> None:
        if outcome.index_notice:
            from image_describer.app.tasks.own_pictures import index_notice

            self.context.voice.error(index_notice(outcome.index_notice))
        if outcome.index_error:
            self.context.voice.error(NOT_INDEXED.format(reason=outcome.index_error))
        count, known = outcome.described + outcome.known, outcome.known
        if outcome.cancelled:
            done = count + len(outcome.failures)
            total = run.progress.total if run.progress is not None else None
            counted = COUNTED.format(done=done, count=total) if total else f"{done:,}"
            text = STOPPED.format(counted=counted)
            text += f" {CONTINUES}" if self._indexed and not outcome.index_error else ""
        elif not count and not outcome.failures:
            text = NO_PICTURES.format(folder=file_name(run.folder))
            self._show(text)
            self.context.voice.error(text)
            return
        elif known:
            text = ALREADY_KNOWN.format(count=count, known=known)
        else:
            text = DONE.format(count=count)
        if outcome.failures:
            text = f"{text} {SOME_FAILED.format(count=len(outcome.failures))}"
        self._show(text)
        self.context.voice.notify(text)
        if self._lines and self.context.dialogs[-1:] == [self]:
            self.list.focus_set()

    def _report_error(self, error: Exception) -> None:
        messages.log_error(error)
        self._show(messages.user_message(error))
        self.context.voice.error(messages.user_message(error))

    def _open_chosen(self) -> None:
        if not self._lines:
            self._begin(self.path.get())
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
            default_location,
            write_list,
        )

        run = self._run
        if run is None or not len(run.records):
            self._answer(NOTHING_TO_SAVE)
            return
        self._save_dialog.open_for(
            run,
            KINDS,
            default_location(run.folder),
            lambda path, replace: write_list(path, run, replace),
            TITLE,
        )

    def _show_full_text(self) -> None:
        text = self._lines[max(0, self.list.cursor)].text if self._lines else ""
        if text != self.full_text.shown():
            self.full_text.show(text)

    def _show(self, text: str) -> None:
        """Show ``text`` under the list; Ctrl+R says it."""
        self.question = text
        self._status.configure(text=one_line(text))

    def _answer(self, text: str) -> None:
        self.context.voice.answer(text)


def progress_text(progress: "batch.BatchProgress") -> str:
    """Return the count, the speed and the time left on one line."""
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
