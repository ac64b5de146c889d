"""Files dropped on the window: opens the first picture, or says why it can't."""

import logging
import os
import tkinter as tk
from collections.abc import Callable, Sequence

from image_describer.app.jobs import BackgroundJob, JobRunner
from image_describer.app.messages import log_error
from image_describer.imaging import clipboard

WEB_SCHEMES = ("http://", "https://", "ftp://")

SEVERAL = "{count} files were dropped. Only the first is opened."
FOLDER = "A folder was dropped. Drop a picture from it instead."
WEB_ADDRESS = "A web address was dropped. Save the picture as a file and drop that instead."
NO_FILE = "What was dropped is not an existing file. Save it as a file and drop that instead."

log = logging.getLogger(__name__)


def accept_drops(
    root: tk.Tk, on_file: Callable[[str], None], on_message: Callable[[str], None]
) -> bool:
    """Accept what is dropped anywhere on ``root``; False if this platform can't do that.

    Both functions are called on the window's thread: ``on_message`` with a sentence, also before
    ``on_file`` if the file is one of several.
    """
    jobs = JobRunner(root.after)

    def dropped(kind: str, data: str) -> str:
        if kind == "DND_Files":
            items = list(root.tk.splitlist(data))
        else:
            items = [line.strip() for line in data.splitlines()]

        def choose(_job: BackgroundJob) -> tuple[str | None, str]:
            return choose_file(items)

        def open_it(choice: tuple[str | None, str]) -> None:
            file, message = choice
            if message:
                on_message(message)
            if file is not None:
                on_file(file)

        # On a thread, because the disk may be slow, and the other program waits for an answer.
        jobs.start(choose, open_it, log_error)
        return "copy"

    try:
        _register(root, dropped)
    except (ImportError, RuntimeError, tk.TclError) as error:
        log.warning("Files can't be dropped on this window: %s", error)
        return False
    return True


def choose_file(items: Sequence[str]) -> tuple[str | None, str]:
    """From dropped paths or URLs: the file to open, if any, and a message, if necessary."""
    files = [file for item in items if (file := _file(item)) is not None]
    if files:
        return files[0], SEVERAL.format(count=len(files)) if len(files) > 1 else ""
    if any(_is_folder(item) for item in items):
        return None, FOLDER
    if any(item.strip().lower().startswith(WEB_SCHEMES) for item in items):
        return None, WEB_ADDRESS
    return None, NO_FILE


def _register(root: tk.Tk, dropped: Callable[[str, str], str]) -> None:
    from tkinterdnd2 import DND_FILES, DND_TEXT, TkinterDnD

    TkinterDnD.require(root)
    # Files first: file managers and browsers also offer their names as text.
    root.tk.call("tkdnd::drop_target", "register", ".", (DND_FILES, DND_TEXT))
    command = root.register(dropped)
    root.tk.call("bind", ".", "<<Drop>>", f"{command} %CPT %D")


def _file(item: str) -> str | None:
    for text in (item, _with_raw_bytes(item)):
        path = _path(text)
        if path is not None and os.path.isfile(path):
            return path
    return None


def _is_folder(item: str) -> bool:
    path = _path(item)
    return path is not None and os.path.isdir(path)


def _path(item: str) -> str | None:
    # A relative path would depend on the folder that the program was started in.
    path = None if "\0" in item else clipboard.parse_path(item)
    return path if path is not None and os.path.isabs(path) else None


def _with_raw_bytes(item: str) -> str:
    """Undo Tcl's reading of bytes that are not UTF-8 as Latin-1: the file's name has the bytes."""
    return os.fsdecode(
        b"".join(
            bytes([ord(char)]) if ord(char) < 256 else char.encode("utf-8", "replace")
            for char in item
        )
    )
