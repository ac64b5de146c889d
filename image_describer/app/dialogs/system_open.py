"""The platform's own dialog for opening a picture; on Linux it is Tk's."""

import tkinter as tk
from pathlib import Path
from tkinter import filedialog

from image_describer.i18n import _
from image_describer.metadata.formats import DOCUMENT_SUFFIXES, PICTURE_SUFFIXES


def ask_for_picture(root: tk.Tk, beside: str | None) -> str:
    """Ask for a file, starting in the folder of ``beside``. Blocks. Returns "" if cancelled.

    Raises TclError if the main window is closed meanwhile.
    """
    on_x11 = root.tk.call("tk", "windowingsystem") == "x11"
    folder = Path(beside).absolute().parent if beside else None
    return str(
        filedialog.askopenfilename(
            parent=root,
            title=_("Open a picture"),
            initialdir=folder if folder and folder.is_dir() else None,
            filetypes=file_types(PICTURE_SUFFIXES + DOCUMENT_SUFFIXES, any_case=not on_x11),
        )
        or ""
    )


def file_types(suffixes: tuple[str, ...], any_case: bool) -> list[tuple[str, tuple[str, ...]]]:
    """The types of files to choose from, as (label, patterns).

    ``any_case``: the patterns match ``.JPG`` as well as ``.jpg``, which they don't on Linux.
    """
    patterns = [f"*{suffix.lower()}" for suffix in suffixes]
    if not any_case:
        patterns += [pattern.upper() for pattern in patterns]
    return [(_("Pictures and documents"), tuple(patterns)), (_("All files"), ("*",))]
