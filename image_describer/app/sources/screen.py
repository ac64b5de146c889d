"""Ctrl+Shift+S: hides the window, captures the screen on another thread, and comes back."""

import tkinter as tk
from collections.abc import Callable
from typing import TYPE_CHECKING

from image_describer.app.context import AppContext
from image_describer.app.dialogs.base import take_focus
from image_describer.app.tasks.progress import JobTask
from image_describer.app.voice import self_voicing

if TYPE_CHECKING:
    from PIL import Image

HIDE_MS = 300  # until the window has faded out, and what was below it is drawn


class ScreenTask(JobTask):
    """Captures the screen once at a time, without the windows of this program.

    They are back, with the focus where it was, before ``done`` or ``failed`` is called.
    """

    def __init__(
        self,
        context: AppContext,
        done: "Callable[[Image.Image], None]",
        failed: Callable[[Exception], None],
    ) -> None:
        super().__init__(context)
        self._done = done
        self._failed = failed
        self._focus: tk.Misc | None = None  # before the window was hidden
        self._hiding: str | None = None  # Tk's id of the timer

    @property
    def running(self) -> bool:
        """Whether the window is being hidden, or the screen captured."""
        return self._hiding is not None or super().running

    def start(self) -> None:
        """Hide the window; then capture the screen."""
        self._focus = self_voicing.focused(self._context.root)
        self._context.root.withdraw()  # open dialogs go and come with it
        self._hiding = self._context.root.after(HIDE_MS, self._capture)

    def cancel(self) -> None:
        """Show the window again, and ignore what is being captured."""
        if not self.running:
            return
        if self._hiding is not None:
            self._context.root.after_cancel(self._hiding)
            self._hiding = None
        self.drop()
        self._show()

    def _capture(self) -> None:
        from image_describer.imaging.screen import capture

        self._hiding = None
        self._job = self._context.jobs.start(
            lambda _job: capture(), self._captured, self._not_captured
        )
        self._progress.watch(self._job)

    def _captured(self, image: "Image.Image") -> None:
        self._show()
        self._done(image)

    def _not_captured(self, error: Exception) -> None:
        self._show()
        self._failed(error)

    def _show(self) -> None:
        self._context.root.deiconify()
        if self._focus is not None:  # what is said next answers the key
            self_voicing.skip_next_focus(self._focus)
        take_focus(self._context)
