"""Moves from folder to folder: reads off the window's thread, and says when that takes long."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from image_describer.app import messages
from image_describer.app.jobs import BackgroundJob
from image_describer.app.listing import FolderListing, read_folder, read_nearest
from image_describer.app.tasks.progress import JobProgress
from image_describer.errors import ImageDescriberError
from image_describer.i18n import N_, _
from image_describer.text import number

if TYPE_CHECKING:
    from image_describer.app.context import AppContext

COUNT_EVERY_S = 0.3
READING = N_("Reading")
READING_COUNT = N_("Reading, {count} so far")


class FolderBrowser:
    """The current folder and the one job in progress, which a newer one replaces.

    ``show(listing, selected)`` is called when a folder was read; ``selected`` is the path to put
    the cursor on. ``show_status(text)`` shows what is going on, ``spoken_entry()`` returns the
    entry at the cursor. ``prefix``, such as the window's title, is spoken before the next text.
    """

    def __init__(
        self,
        context: "AppContext",
        show: Callable[[FolderListing, str], None],
        show_status: Callable[[str], None],
        spoken_entry: Callable[[], str],
    ) -> None:
        self._context = context
        self._show = show
        self._show_status = show_status
        self._spoken_entry = spoken_entry
        self._job: BackgroundJob | None = None
        self._progress = JobProgress(
            context, lambda: show_status(_(READING)), say=lambda: self.say(_(READING))
        )
        self.listing: FolderListing | None = None
        self.all_files = False
        self.prefix = ""

    @property
    def busy(self) -> bool:
        """Whether a job is in progress."""
        return self._job is not None and self._job.running

    def begin(self, paths: Callable[[], Sequence[str]], selected: str = "") -> None:
        """Go to the first of ``paths()`` that can be read, or to a folder above it."""
        self.run(
            lambda job: read_nearest(
                paths(), self.all_files, lambda: not job.cancelled, self._counter(job)
            ),
            lambda listing: self._on_read(listing, selected),
        )

    def go(self, path: str, selected: str = "") -> None:
        """Go to the folder ``path``; stay in the current one if it can't be read."""
        self.run(
            lambda job: read_folder(
                path, self.all_files, lambda: not job.cancelled, self._counter(job)
            ),
            lambda listing: self._on_read(listing, selected),
        )

    def run(self, work: Callable[[BackgroundJob], Any], done: Callable[[Any], None]) -> None:
        """Start ``work`` in place of the job in progress; errors are spoken."""
        self.cancel()
        job = self._context.jobs.start(work, done, self._on_error)
        self._job = job
        self._progress.watch(job)

    def cancel(self) -> None:
        """Cancel the job in progress."""
        if self._job is not None:
            self._job.cancel()

    def say(self, text: str) -> None:
        """Say the prefix, unless it was said before, and ``text``."""
        self._context.voice.answer(f"{self.prefix} {text}".strip())
        self.prefix = ""

    def refresh(self) -> None:
        """Read the folder again, silently if it still exists."""
        listing = self.listing
        if listing is None:
            return
        self.cancel()
        self._job = self._context.jobs.start(
            lambda _job: read_nearest([listing.path], self.all_files),
            self._on_refreshed,
            messages.log_error,  # the error that led here was spoken already
        )

    def _on_refreshed(self, listing: FolderListing) -> None:
        previous, self.listing = self.listing, listing
        self._show(listing, "")
        if previous is None or listing.path != previous.path:
            self._greet(listing)

    def _on_read(self, listing: FolderListing, selected: str) -> None:
        self.listing = listing
        self._show(listing, selected)
        self._greet(listing)

    def _greet(self, listing: FolderListing) -> None:
        greeting = listing.greeting()
        self._show_status(greeting)
        self.say(f"{greeting} {self._spoken_entry()}" if listing.entries else greeting)

    def _on_error(self, error: Exception) -> None:
        messages.log_error(error)
        message = messages.user_message(error)
        self._show_status(message)
        self._context.voice.error(f"{self.prefix} {message}".strip())
        self.prefix = ""
        if isinstance(error, ImageDescriberError):
            self.refresh()  # the list may be out of date

    def _counter(self, job: BackgroundJob) -> Callable[[int], None]:
        next_at = time.monotonic() + COUNT_EVERY_S

        def show_count(count: int) -> None:
            nonlocal next_at
            if time.monotonic() >= next_at:
                next_at = time.monotonic() + COUNT_EVERY_S
                job.post(
                    self._show_status,
                    _(READING_COUNT).format(count=number(count)),
                )

        return show_count
