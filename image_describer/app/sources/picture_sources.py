"""The ways a picture comes in: chooser, clipboard, drop, command line, another start, macOS."""

import os
import tkinter as tk
from typing import TYPE_CHECKING

from image_describer.app import messages as say
from image_describer.app.context import Desk
from image_describer.app.dialogs.base import raised, take_focus
from image_describer.app.settings_controller import Settling
from image_describer.app.sources.paste import Pasting
from image_describer.app.tasks.describe import Picturing

if TYPE_CHECKING:
    from image_describer.app.sources.clipboard import Found
    from image_describer.app.sources.single_instance import Handed


class WaysIn:
    """Each ends in ``picturing.open`` or in a sentence."""

    def __init__(self, desk: Desk, picturing: Picturing, settling: Settling) -> None:
        self._desk = desk
        self._picturing = picturing
        self._settling = settling
        self._choosing = False
        self.pasting = Pasting(desk, self._pasted, self._nothing_pasted)

    @property
    def folder(self) -> str:
        """Where the user was last: beside the picture, a recent folder, or home."""
        file = self._picturing.current.file
        if file is not None and os.path.isabs(file):
            return os.path.dirname(file)
        return next(iter(self._desk.settings.recent_folders), os.path.expanduser("~"))

    def choose(self) -> None:
        """Ask for a picture in the spoken chooser."""
        # Needs NumPy and Pillow, which the window is there without.
        from image_describer.app.dialogs.chooser.window import Chooser, ChooserWindow

        if raised(self._desk, ChooserWindow):
            return

        recent = self._desk.settings.recent_folders
        beside = self._picturing.current.file
        known = beside is not None and os.path.isabs(beside)
        Chooser(self._desk, recent, self._chosen, self.choose_natively).open(
            beside if known else None
        )

    def choose_natively(self) -> None:
        """Ask for a picture in the platform's dialog; on Linux Tk draws it."""
        if self._choosing:
            return
        from image_describer.app.dialogs.system_open import ask_for_picture

        self._choosing = True
        self._desk.voice.stop()
        try:
            file = ask_for_picture(self._desk.root, self._picturing.current.file)
        except tk.TclError:
            return  # the window was closed under the dialog
        finally:
            self._choosing = False
        if file:
            self._chosen(file)

    def _chosen(self, file: str) -> None:
        settings = self._desk.settings
        self._settling.change(settings.with_folder(os.path.dirname(os.path.abspath(file))))
        self._picturing.open(file)

    def paste(self) -> None:
        """Describe the picture, or the path, on the clipboard."""
        if self.pasting.running:
            self._desk.voice.answer(say.WORKING)
        else:
            self.pasting.start()

    def take(self, handed: "Handed") -> bool:
        """A second start hands over its files: come to the front, describe the first.

        Not where it was started offline and this window is online: what it brings must not go out.
        """
        if handed.offline and self._settling.online:
            return False
        self._desk.root.deiconify()
        self._desk.root.lift()
        take_focus(self._desk)
        if handed.files:
            self.take_files(handed.files)
        else:
            self._desk.voice.answer(say.ALREADY_OPEN)
        return True

    def take_files(self, files: list[str]) -> None:
        """Describe the first of ``files``, and say so where there are more."""
        if len(files) > 1:
            self._desk.voice.error(say.ONLY_FIRST.format(count=len(files)))
        if files:
            self._picturing.open(files[0])

    def _pasted(self, found: "Found") -> None:
        if isinstance(found, str):
            self._picturing.open(found)
        else:
            self._picturing.describe(found, say.FROM_CLIPBOARD)

    def _nothing_pasted(self, error: Exception) -> None:
        if self._picturing.current.described is None and not self._picturing.running:
            self._picturing.failed(error)
        else:
            # The picture that is there stays: it has not become wrong. The key is answered at once.
            self._desk.voice.stop()
            self._desk.trouble(error)
