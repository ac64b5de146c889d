"""Going from folder to folder: reads off the window's thread, and says so when it takes long."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from image_describer.app import messages
from image_describer.app.dialogs.chooser.listing import (
    Listing,
    read,
    read_nearest,
)
from image_describer.app.jobs import BackgroundJob
from image_describer.app.tasks.progress import JobProgress
from image_describer.errors import ImageDescriberError

if TYPE_CHECKING:
    from image_describer.app.context import AppContext

COUNT_EVERY_S = 0.3  # as often as an eye can follow
READING = "Reading"


class Browsing:
    """The folder one is in, and the one job under way: a newer one takes its place.

    ``show(listing, selected)`` is called when a folder was read, ``selected`` being the path that
    the cursor belongs on. ``show_status(text)`` shows what is going on, ``where()`` says the entry
    at the cursor. ``prefix`` is said before whatever is said next, such as the window's title.
    """

    def __init__(
        self,
        context: "AppContext",
        show: Callable[[Listing, str], None],
        show_status: Callable[[str], None],
        where: Callable[[], str],
    ) -> None:
        self._context = context
        self._show = show
        self._show_status = show_status
        self._where = where
        self._job: BackgroundJob | None = None
        self._progress = JobProgress(
            context, lambda: show_status(READING), say=lambda: self.say(READING)
        )
        self.listing: Listing | None = None
        self.all_files = False
        self.prefix = ""

    @property
    def under_way(self) -> bool:
        """Whether something is being read."""
        return self._job is not None and self._job.running

    def begin(self, paths: Callable[[], Sequence[str]], selected: str = "") -> None:
        """Go to the first of ``paths()`` that can be read, or near it."""
        self.run(
            lambda job: read_nearest(
                paths(), self.all_files, lambda: not job.cancelled, self._counter(job)
            ),
            lambda found: self._arrived(found, selected),
        )

    def go(self, path: str, selected: str = "") -> None:
        """Go to the folder ``path``; stay here when it can't be read."""
        self.run(
            lambda job: read(path, self.all_files, lambda: not job.cancelled, self._counter(job)),
            lambda found: self._arrived(found, selected),
        )

    def run(self, work: Callable[[BackgroundJob], Any], done: Callable[[Any], None]) -> None:
        """Do ``work`` in place of whatever is under way; tell what goes wrong."""
        self.drop()
        job = self._context.jobs.start(work, done, self._failed)
        self._job = job
        self._progress.watch(job)

    def drop(self) -> None:
        """Give up what is under way."""
        if self._job is not None:
            self._job.cancel()
        self._progress.forget()

    def drop_if_long(self) -> bool:
        """Give up what is under way if it has been announced. Whether it was given up."""
        if not (self.under_way and self._progress.announced):
            return False
        self.drop()
        return True

    def say(self, text: str) -> None:
        """Say ``text`` after the prefix, if that has not been said."""
        self._context.voice.answer(f"{self.prefix} {text}".strip())
        self.prefix = ""

    def refresh(self) -> None:
        """Read the folder again, in silence as long as it is still there."""
        here = self.listing
        if here is None:
            return
        self.drop()
        self._job = self._context.jobs.start(
            lambda _job: read_nearest([here.path], self.all_files),
            self._refreshed,
            messages.log_error,  # the sentence that led here has been said
        )

    def _refreshed(self, found: Listing) -> None:
        here, self.listing = self.listing, found
        self._show(found, "")
        if here is None or found.path != here.path:
            self._greet(found)

    def _arrived(self, found: Listing, selected: str) -> None:
        self.listing = found
        self._show(found, selected)
        self._greet(found)

    def _greet(self, found: Listing) -> None:
        greeting = found.greeting()
        self._show_status(greeting)
        self.say(f"{greeting} {self._where()}" if found.entries else greeting)

    def _failed(self, error: Exception) -> None:
        messages.log_error(error)
        told = messages.user_message(error)
        self._show_status(told)
        self._context.voice.error(f"{self.prefix} {told}".strip())
        self.prefix = ""
        if isinstance(error, ImageDescriberError):
            self.refresh()  # what could not be opened may be gone: the list should know

    def _counter(self, job: BackgroundJob) -> Callable[[int], None]:
        next_at = time.monotonic() + COUNT_EVERY_S

        def count_shown(count: int) -> None:
            nonlocal next_at
            if time.monotonic() >= next_at:
                next_at = time.monotonic() + COUNT_EVERY_S
                job.post(self._show_status, f"{READING}, {count:,} so far")

        return count_shown
