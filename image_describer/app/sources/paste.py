"""Ctrl+V: reads the clipboard on another thread, and passes on its content."""

import tkinter as tk
from collections.abc import Callable
from typing import TYPE_CHECKING

from image_describer.app.context import AppContext
from image_describer.app.tasks.progress import JobTask
from image_describer.imaging import clipboard

if TYPE_CHECKING:
    from image_describer.imaging.clipboard import ClipboardContent


class PasteTask(JobTask):
    """Reads the clipboard once at a time.

    What the window shows stays until the clipboard is known to hold a picture or a file.
    """

    def __init__(
        self,
        context: AppContext,
        done: "Callable[[ClipboardContent], None]",
        failed: Callable[[Exception], None],
    ) -> None:
        super().__init__(context)
        self._done = done
        self._failed = failed

    def start(self) -> None:
        """Begin to read the clipboard."""
        text = _system_text(self._context.root)
        self._job = self._context.jobs.start(
            lambda _job: clipboard.read(text), self._done, self._failed
        )
        self._progress.watch(self._job)


def _system_text(root: tk.Misc) -> str:
    """The text on the clipboard, where reading it doesn't block because the system has it."""
    if root.tk.call("tk", "windowingsystem") == "x11":
        return ""
    try:
        return root.clipboard_get()
    except tk.TclError:
        return ""
