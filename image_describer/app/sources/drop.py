"""Files dropped on the window: the first picture is opened; for the rest there is a sentence."""

import logging
import os
import tkinter as tk
from collections.abc import Callable, Sequence

from image_describer.app.sources import clipboard
from image_describer.app.tasks.jobs import Job, Jobs

WEB = ("http://", "https://", "ftp://")

SEVERAL = "{count} files were dropped; I open the first."
FOLDER = "A folder was dropped. Drop a picture out of it instead."
WEB_ADDRESS = "A web address was dropped. Save the picture as a file and drop that instead."
NO_FILE = "What was dropped is no file that is there. Save it as a file and drop that instead."

log = logging.getLogger(__name__)


def accept_drops(
    root: tk.Tk, on_file: Callable[[str], None], on_trouble: Callable[[str], None]
) -> bool:
    """Take what is dropped anywhere on ``root``'s own window; whether that is possible here.

    Both are called on the window's thread: ``on_trouble`` with a sentence, also ahead of
    ``on_file`` when the file is one of several.
    """
    jobs = Jobs(root.after)

    def dropped(kind: str, data: str) -> str:
        if kind == "DND_Files":
            words = list(root.tk.splitlist(data))
        else:
            words = [line.strip() for line in data.splitlines()]

        def opened(found: tuple[str | None, str]) -> None:
            file, sentence = found
            if sentence:
                on_trouble(sentence)
            if file is not None:
                on_file(file)

        def work(_job: Job) -> tuple[str | None, str]:
            return judge(words)

        # On a thread: the disk may be slow, and the program it came from waits for this one.
        jobs.start(work, opened, _log_failure)
        return "copy"

    try:
        _register(root, dropped)
    except (ImportError, RuntimeError, tk.TclError) as error:
        # Nobody misses what was never there: the keys do the same.
        log.warning("Files can't be dropped on this window: %s", error)
        return False
    return True


def judge(words: Sequence[str]) -> tuple[str | None, str]:
    """Of what was dropped (paths or addresses): the file to open, if any, and what to say."""
    files = [file for one in words if (file := _file(one)) is not None]
    if files:
        return files[0], SEVERAL.format(count=len(files)) if len(files) > 1 else ""
    if any(_is_folder(one) for one in words):
        return None, FOLDER
    if any(one.strip().lower().startswith(WEB) for one in words):
        return None, WEB_ADDRESS
    return None, NO_FILE


def _register(root: tk.Tk, dropped: Callable[[str, str], str]) -> None:
    from tkinterdnd2 import DND_FILES, DND_TEXT, TkinterDnD

    TkinterDnD.require(root)
    # Files first: file managers and browsers offer their names as text, too.
    root.tk.call("tkdnd::drop_target", "register", ".", (DND_FILES, DND_TEXT))
    command = root.register(dropped)
    root.tk.call("bind", ".", "<<Drop>>", f"{command} %CPT %D")


def _file(words: str) -> str | None:
    for spelling in (words, _with_stray_bytes(words)):
        path = _path(spelling)
        if path is not None and os.path.isfile(path):
            return path
    return None


def _is_folder(words: str) -> bool:
    path = _path(words)
    return path is not None and os.path.isdir(path)


def _path(words: str) -> str | None:
    # A relative path would depend on where the program happened to be started.
    path = None if "\0" in words else clipboard.path_in(words)
    return path if path is not None and os.path.isabs(path) else None


def _with_stray_bytes(words: str) -> str:
    """Tcl reads a byte that is no UTF-8 as a letter of Latin-1; the file's name has the byte."""
    return os.fsdecode(
        b"".join(
            bytes([ord(one)]) if ord(one) < 256 else one.encode("utf-8", "replace") for one in words
        )
    )


def _log_failure(error: Exception) -> None:
    log.error("What was dropped could not be looked at", exc_info=error)
