"""The sources of a picture: chooser, clipboard, screen, drop, command line, later start, macOS."""

import os
import tkinter as tk
from typing import TYPE_CHECKING

from image_describer.app import messages
from image_describer.app.context import AppContext
from image_describer.app.dialogs.base import raise_dialog, take_focus
from image_describer.app.settings_controller import SettingsController
from image_describer.app.sources.paste import PasteTask
from image_describer.app.sources.screen import ScreenTask
from image_describer.app.tasks.describe import DescribeTask
from image_describer.i18n import _
from image_describer.text import number

if TYPE_CHECKING:
    from PIL import Image

    from image_describer.app.sources.single_instance import StartRequest
    from image_describer.imaging.clipboard import ClipboardContent


class PictureSources:
    """Each source ends in ``describe_task`` or in a spoken message."""

    def __init__(
        self,
        context: AppContext,
        describe_task: DescribeTask,
        settings_controller: SettingsController,
    ) -> None:
        self._context = context
        self._describe_task = describe_task
        self._settings_controller = settings_controller
        self._choosing = False
        self._paste_task = PasteTask(context, self._pasted, self._not_taken)
        self._screen_task = ScreenTask(context, self._captured, self._not_taken)

    @property
    def running(self) -> bool:
        """Whether the clipboard is being read, or the screen captured."""
        return self._paste_task.running or self._screen_task.running

    def cancel(self) -> None:
        """Ignore what is being read or captured."""
        self._paste_task.cancel()
        self._screen_task.cancel()

    @property
    def folder(self) -> str:
        """The folder of the current picture, a recent folder, or the home folder."""
        file = self._current_path()
        if file is not None:
            return os.path.dirname(file)
        return next(iter(self._context.settings.recent_folders), os.path.expanduser("~"))

    def choose(self) -> None:
        """Ask for a picture in the spoken chooser."""
        # Imported here because it needs NumPy and Pillow, without which the window opens faster.
        from image_describer.app.dialogs.chooser.window import ChooserWindow

        if raise_dialog(self._context, ChooserWindow):
            return
        recent = self._context.settings.recent_folders
        chooser = ChooserWindow(self._context, recent, self._chosen, self.choose_natively)
        chooser.begin(self._current_path())

    def choose_natively(self) -> None:
        """Ask for a picture in the platform's dialog; on Linux, Tk draws it."""
        if self._choosing:
            return
        from image_describer.app.dialogs.system_open import ask_for_picture

        self._choosing = True
        self._context.voice.stop()
        try:
            file = ask_for_picture(self._context.root, self._describe_task.current.file)
        except tk.TclError:
            return  # the window was closed while the dialog was open
        finally:
            self._choosing = False
        if file:
            self._chosen(file)

    def paste(self) -> None:
        """Describe the picture, or the file, on the clipboard."""
        self._start(self._paste_task)

    def capture_screen(self) -> None:
        """Describe the screen as it is without this window."""
        self._start(self._screen_task)

    def take_start(self, request: "StartRequest") -> bool:
        """Take over the files of a later start: come to the front, describe the first file.

        False if that start was to be offline and this window is online.
        """
        if request.offline and self._settings_controller.online:
            return False
        self._context.root.deiconify()
        self._context.root.lift()
        take_focus(self._context)
        if request.files:
            self.take_files(request.files)
        else:
            self._context.voice.answer(_(messages.ALREADY_OPEN))
        return True

    def take_files(self, files: list[str]) -> None:
        """Describe the first of ``files``; if there are more, say so."""
        if len(files) > 1:
            self._context.voice.error(_(messages.ONLY_FIRST).format(count=number(len(files))))
        if files:
            self._describe_task.open(files[0])

    def _start(self, task: PasteTask | ScreenTask) -> None:
        if self.running:
            self._context.voice.announce(_(messages.WORKING))
        else:
            task.start()

    def _current_path(self) -> str | None:
        """The current picture's path, if it is a file."""
        file = self._describe_task.current.file
        return file if file is not None and os.path.isabs(file) else None

    def _chosen(self, file: str) -> None:
        settings = self._context.settings
        self._settings_controller.change(
            settings.with_folder(os.path.dirname(os.path.abspath(file)))
        )
        self._describe_task.open(file)

    def _pasted(self, content: "ClipboardContent") -> None:
        if isinstance(content, str):
            self._describe_task.open(content)
        else:
            self._describe_task.describe(content, _(messages.FROM_CLIPBOARD))

    def _captured(self, image: "Image.Image") -> None:
        # Private things may be on the screen, so its description stays out of the history.
        self._describe_task.describe(image, _(messages.FROM_SCREEN), kept=False)

    def _not_taken(self, error: Exception) -> None:
        if self._describe_task.current.described is None and not self._describe_task.running:
            self._describe_task.failed(error)
        else:
            # The current picture stays. The error answers a key, so it interrupts.
            self._context.voice.stop()
            self._context.report_error(error)
