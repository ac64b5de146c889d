"""Ctrl+V: asks for the clipboard on a thread, and hands over what it holds."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from image_describer.app.context import Desk
from image_describer.app.sources import clipboard
from image_describer.app.tasks.jobs import Job
from image_describer.app.tasks.progress import Progress

if TYPE_CHECKING:
    from image_describer.app.sources.clipboard import Found


class Pasting:
    """Reads the clipboard, one reading at a time.

    Until it is known to hold something, what the window shows stays as it is.
    """

    def __init__(
        self,
        desk: Desk,
        found: "Callable[[Found], None]",
        failed: Callable[[Exception], None],
    ) -> None:
        self._desk = desk
        self._found = found
        self._failed = failed
        self._progress = Progress(desk)
        self._job: Job | None = None

    @property
    def announced(self) -> bool:
        """Whether "Working" has been said for this reading."""
        return self._progress.announced

    @property
    def running(self) -> bool:
        return self._job is not None and self._job.running

    def start(self) -> None:
        """Read it."""
        read = clipboard.reader(self._desk.root)
        self._job = self._desk.jobs.start(lambda _job: read(), self._found, self._failed)
        self._progress.watch(self._job)

    def cancel(self) -> None:
        """Forget it."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
