"""Files dropped on the window: opens the first picture or folder, or says why it can't."""

import logging
import os
import tkinter as tk
from collections.abc import Callable, Sequence
from typing import NamedTuple

from image_describer.app.jobs import JobRunner
from image_describer.app.messages import ONLY_FIRST, log_error, user_message
from image_describer.i18n import N_, _
from image_describer.imaging import clipboard
from image_describer.text import number

log = logging.getLogger(__name__)

CLOSE_FIRST = N_("Close the open dialog first.")


class DropChoice(NamedTuple):
    """What to open of what was dropped, if anything, and a message, if necessary."""

    file: str = ""
    folder: str = ""
    message: str = ""


def accept_drops(
    root: tk.Tk,
    on_file: Callable[[str], None],
    on_folder: Callable[[str], None],
    on_message: Callable[[str], None],
) -> bool:
    """Accept what is dropped anywhere on ``root``; False if this platform can't do that.

    The functions are called on the window's thread: ``on_message`` with a sentence, also before
    ``on_file`` if the file is one of several.
    """
    jobs = JobRunner(root.after)

    def dropped(kind: str, data: str) -> str:
        if root.tk.call("grab", "current", "."):  # Tk's own dialog wants an answer first
            on_message(_(CLOSE_FIRST))
            return "refuse_drop"
        if kind == "DND_Files":
            items = list(root.tk.splitlist(data))
        else:
            items = [line.strip() for line in data.splitlines()]

        def open_it(choice: DropChoice) -> None:
            if choice.message:
                on_message(choice.message)
            if choice.file:
                on_file(choice.file)
            elif choice.folder:
                on_folder(choice.folder)

        # On a thread, because the disk may be slow, and the other program waits for an answer.
        jobs.start(lambda _job: choose(items), open_it, log_error)
        return "copy"

    try:
        _register(root, dropped)
    except (ImportError, RuntimeError, tk.TclError) as error:
        log.warning("Files can't be dropped on this window: %s", error)
        return False
    return True


def choose(items: Sequence[str]) -> DropChoice:
    """From dropped paths or URLs: the first file, or else the first folder."""
    files = [file for item in items if (file := _find(item, os.path.isfile))]
    if files:
        several = _(ONLY_FIRST).format(count=number(len(files))) if len(files) > 1 else ""
        return DropChoice(files[0], message=several)
    for item in items:
        if folder := _find(item, os.path.isdir):
            return DropChoice(folder=folder)
    return DropChoice(message=user_message(clipboard.why_not(item.strip() for item in items)))


def _register(root: tk.Tk, dropped: Callable[[str, str], str]) -> None:
    from tkinterdnd2 import DND_FILES, DND_TEXT, TkinterDnD

    TkinterDnD.require(root)
    # Files first: file managers and browsers also offer their names as text.
    root.tk.call("tkdnd::drop_target", "register", ".", (DND_FILES, DND_TEXT))
    command = root.register(dropped)
    root.tk.call("bind", ".", "<<Drop>>", f"{command} %CPT %D")


def _find(item: str, exists: Callable[[str], bool]) -> str:
    """The path in ``item`` for which ``exists(path)`` is true, else ""."""
    for text in (item, _with_raw_bytes(item)):
        for path in clipboard.possible_paths(text):
            if exists(path):
                return path
    return ""


def _with_raw_bytes(item: str) -> str:
    """Undo Tcl's reading of bytes that are not UTF-8 as Latin-1: the file's name has the bytes."""
    return os.fsdecode(
        b"".join(
            bytes([ord(char)]) if ord(char) < 256 else char.encode("utf-8", "replace")
            for char in item
        )
    )
