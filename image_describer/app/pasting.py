"""Ctrl+V: asks for the clipboard on a thread, and hands over what it holds."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from image_describer.app import clipboard
from image_describer.app.worker import Job, Jobs

if TYPE_CHECKING:
    import tkinter as tk

    from image_describer.app.clipboard import Found


class Pasting:
    """Reads the clipboard, one reading at a time.

    Until it is known to hold something, what the window shows stays as it is.
    """

    def __init__(
        self,
        root: "tk.Misc",
        jobs: Jobs,
        found: "Callable[[Found], None]",
        failed: Callable[[Exception], None],
    ) -> None:
        self._root = root
        self._jobs = jobs
        self._found = found
        self._failed = failed
        self._job: Job | None = None
        self.announced = False  # whether "Working" has been said for this reading

    @property
    def running(self) -> bool:
        return self._job is not None and self._job.running

    def start(self, late_ms: int, late: Callable[[], Any]) -> None:
        """Read it; ``late()`` is called if that takes longer than ``late_ms``."""
        read = clipboard.reader(self._root)
        self.announced = False
        job = self._job = self._jobs.start(lambda _job: read(), self._found, self._failed)
        self._root.after(late_ms, self._late, job, late)

    def _late(self, job: Job, late: Callable[[], Any]) -> None:
        if job is self._job and job.running:
            self.announced = True
            late()

    def cancel(self) -> None:
        """Forget it."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
