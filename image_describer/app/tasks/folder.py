"""Describes one folder at a time, also while its dialog is closed, and keeps its list."""

import bisect
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from image_describer.app import messages
from image_describer.app.context import AppContext
from image_describer.app.jobs import BackgroundJob
from image_describer.app.tasks.folder_run import FolderRun, LoadResult, ResultLine
from image_describer.app.tasks.own_pictures import OwnPictures, index_notice
from image_describer.i18n import N_, _
from image_describer.text import file_name, number, plural

if TYPE_CHECKING:
    from image_describer.library.batch import BatchResult

DESCRIBING_FOLDER = N_("Describing {folder}: {progress}")
NO_PICTURES = N_("There are no pictures in {folder}.")
ALREADY_KNOWN = N_("{count} described, {known} of them already known.")
STOPPING = N_("Stopping.")
STOPPED = N_("Stopped after {done} of {count}.")
CONTINUES = N_("Begin continues from there.")
NOT_INDEXED = N_("These descriptions can't be searched later. {reason}")
PROGRESS_EVERY_S = 20.0  # saying it more often would disturb reading the list
POLL_MS = 100
LINES_PER_POLL = 400  # adding these to the list takes about 10 ms
LEAST_MINUTE_S = 45.0  # from here on, the time left is said in minutes


class FolderView(Protocol):
    """Shows the list while the dialog is open."""

    def refresh(self) -> None:
        """Show the list of another folder."""

    def add(self, index: int, lines: Sequence[ResultLine]) -> None:
        """Show lines that were inserted at ``index``."""

    def show_status(self, text: str) -> None:
        """Show the progress or the result."""

    def ended(self) -> None:
        """Show that the pictures are described, or the user has stopped that."""


class FolderTask:
    """Keeps the ``lines`` of the last ``run``, in order, and says how it goes on.

    Everything here runs on the window's thread and returns at once. ``view`` is None while the
    dialog is closed.
    """

    def __init__(self, context: AppContext) -> None:
        self.run: FolderRun | None = None
        self.lines: list[ResultLine] = []
        self.status = ""
        self.view: FolderView | None = None
        self._context = context
        self._job: BackgroundJob | None = None
        self._result: BatchResult | LoadResult | Exception | None = None  # not reported yet
        self._timer: str | None = None
        self._loading = False
        self._spoken_at = 0.0

    @property
    def running(self) -> bool:
        """Whether pictures are being described, or their end was not reported yet."""
        return self._timer is not None and not self._loading

    @property
    def folder(self) -> str:
        """The folder whose pictures were described last in this session; "" if there is none."""
        return "" if self.run is None or self._loading else self.run.folder

    @property
    def progress(self) -> str:
        """What F2 says: which folder is being described, and how far; else ""."""
        if not self.running or self.run is None:
            return ""
        folder = file_name(self.run.folder)
        return _(DESCRIBING_FOLDER).format(folder=folder, progress=self.status)

    @property
    def job(self) -> BackgroundJob | None:
        """The job of the run, for its progress."""
        return self._job if self.running else None

    def begin(self, run: FolderRun) -> None:
        """Describe the pictures of ``run``, which are counted."""
        self._start(run, run.work)
        self._show(plural("Describing {count} picture.", "Describing {count} pictures.", run.total))
        if run.total:
            self._context.voice.announce(self.status)

    def load(self, run: FolderRun, own_pictures: OwnPictures) -> None:
        """List the pictures of ``run`` that were described before."""
        self._start(run, lambda _job: run.load(own_pictures), loading=True)
        self._show("")

    def stop(self) -> None:
        """Stop soon. Only the result is said after this."""
        if self.run is not None:
            self.run.stop()
            self._show(_(STOPPING))

    def close(self) -> None:
        """Stop, and report nothing more."""
        if self.run is not None:
            self.run.stop()
        if self._job is not None:
            self._job.cancel()
        if self._timer is not None:
            self._context.root.after_cancel(self._timer)
            self._timer = None

    def _start(
        self,
        run: FolderRun,
        work: "Callable[[BackgroundJob], BatchResult | LoadResult]",
        loading: bool = False,
    ) -> None:
        self.close()
        # A save of the previous list keeps that run and its records alive.
        self.run, self.lines, self._result, self._loading = run, [], None, loading
        self._spoken_at = time.monotonic()
        self._job = self._context.jobs.start(work, self._on_result, self._on_result)
        self._timer = self._context.root.after(POLL_MS, self._poll)
        if self.view is not None:
            self.view.refresh()

    def _on_result(self, result: "BatchResult | LoadResult | Exception") -> None:
        self._result = result

    def _poll(self) -> None:
        """Take new lines from the run, and report its progress or its end."""
        run = self.run
        if run is None:
            return
        result = self._result  # read first: lines that came before the end are there by then
        new = run.take_lines(LINES_PER_POLL)
        self._add(new)
        if result is None or new:
            if result is None and not run.stopped:
                self._report_progress(run)
            self._timer = self._context.root.after(POLL_MS, self._poll)
            return
        self._timer = None
        if isinstance(result, LoadResult):
            if result.warning:
                self._context.voice.say_next(result.warning, "error")
            if result.known:
                self._show(
                    plural("{count} described already.", "{count} described already.", result.known)
                )
                self._context.voice.say_next(self.status, "notice")
        elif isinstance(result, Exception):
            messages.log_error(result)
            if not self._loading:
                self._show(messages.user_message(result))
                self._context.voice.error(self.status)
        else:
            self._report_outcome(run, result)
        if self.view is not None and not self._loading:
            self.view.ended()

    def _add(self, lines: list[ResultLine]) -> None:
        """Insert ``lines`` in order, neighbours together."""
        start, group = 0, list[ResultLine]()
        for line in sorted(lines):
            index = bisect.bisect(self.lines, line)
            self.lines.insert(index, line)
            if index != start + len(group):
                self._show_lines(start, group)
                start, group = index, []
            group.append(line)
        self._show_lines(start, group)

    def _show_lines(self, index: int, lines: list[ResultLine]) -> None:
        if lines and self.view is not None:
            self.view.add(index, lines)

    def _report_progress(self, run: FolderRun) -> None:
        if run.progress is None:
            return
        voice, now = self._context.voice, time.monotonic()
        self._show(progress_text(run.progress.done, run.total, run.progress.left_s))
        if now - self._spoken_at >= PROGRESS_EVERY_S and not voice.speaking:
            self._spoken_at = now
            voice.say_next(self.status, "notice")

    def _report_outcome(self, run: FolderRun, outcome: "BatchResult") -> None:
        voice = self._context.voice
        if outcome.index_notice:
            voice.error(index_notice(outcome.index_notice))
        if outcome.index_error:
            voice.error(_(NOT_INDEXED).format(reason=outcome.index_error))
        count, known = outcome.described + outcome.known, outcome.known
        if outcome.cancelled:
            done = count + len(outcome.failures)
            text = _(STOPPED).format(done=number(done), count=number(run.total))
            text += f" {_(CONTINUES)}" if run.indexed and not outcome.index_error else ""
        elif not count and not outcome.failures:
            self._show(_(NO_PICTURES).format(folder=file_name(run.folder)))
            voice.error(self.status)
            return
        elif known:
            text = _(ALREADY_KNOWN).format(count=number(count), known=number(known))
        else:
            text = plural("{count} described.", "{count} described.", count)
        if outcome.failures:
            failed = plural(
                "{count} could not be opened; the end of the list says why.",
                "{count} could not be opened; the end of the list says why.",
                len(outcome.failures),
            )
            text = f"{text} {failed}"
        self._show(text)
        voice.notify(text)

    def _show(self, text: str) -> None:
        self.status = text
        if self.view is not None:
            self.view.show_status(text)


def progress_text(done: int, count: int, left_s: float | None) -> str:
    """Return the count and the time left: "79 of 500, one minute left."."""
    if left_s is None:
        return _("{done} of {count}.").format(done=number(done), count=number(count))
    if left_s < LEAST_MINUTE_S:
        left = plural("{count} second", "{count} seconds", max(1, round(left_s)))
    elif left_s < 90:
        left = _("one minute")
    else:
        left = plural("{count} minute", "{count} minutes", round(left_s / 60))
    return _("{done} of {count}, {time} left.").format(
        done=number(done), count=number(count), time=left
    )
