"""The platform's own dialog for opening a picture; on Linux Tk draws it."""

import tkinter as tk
from pathlib import Path
from tkinter import filedialog

from image_describer.app.messages import file_types
from image_describer.imaging.open import PICTURE_SUFFIXES


def ask_for_picture(root: tk.Tk, beside: str | None) -> str:
    """The chosen file, or nothing; begins in the folder of ``beside``. Returns when it is closed.

    Raises TclError when the window is closed under it.
    """
    on_x11 = root.tk.call("tk", "windowingsystem") == "x11"
    folder = Path(beside).absolute().parent if beside else None
    return str(
        filedialog.askopenfilename(
            parent=root,
            title="Open a picture",
            initialdir=folder if folder and folder.is_dir() else None,
            filetypes=file_types(PICTURE_SUFFIXES, any_case=not on_x11),
        )
        or ""
    )
