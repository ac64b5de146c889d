"""What F4 says about an entry: size, pixels and date of a picture; what a folder holds."""

import os
import stat
import time
from collections.abc import Callable

from image_describer.app.dialogs.chooser.listing import (
    Entry,
    Unwanted,
    read,
    shown_name,
)
from image_describer.errors import PictureError
from image_describer.imaging.file_info import date_of, of_picture, spoken_date
from image_describer.text import file_size

LOOK_INSIDE_S = 2.0  # whoever asks for facts about a huge folder should not wait longer


def facts(entry: Entry) -> str:
    """One sentence about ``entry``. Slow on a network. Raises FolderError and PictureError."""
    try:
        status = os.stat(entry.path)
    except (OSError, ValueError) as trouble:
        if os.path.islink(entry.path):
            raise PictureError(
                f"{entry.name} is a link to something that is not there."
            ) from trouble
        raise PictureError(f"{entry.name} is no longer there.") from trouble
    if stat.S_ISDIR(status.st_mode):
        return f"{entry.name}, folder: {_inside(entry.path)}, changed {date_of(status.st_mtime)}."
    said = [shown_name(entry.path), file_size(status.st_size)]
    size, taken = of_picture(entry.path) if stat.S_ISREG(status.st_mode) else (None, None)
    if size is not None:
        said.append(f"{size[0]} by {size[1]} pixels")
    said.append(f"taken {spoken_date(taken)}" if taken else f"changed {date_of(status.st_mtime)}")
    return f"{', '.join(said)}."


def _inside(path: str) -> str:
    try:
        return read(path, wanted=_until(time.monotonic() + LOOK_INSIDE_S)).entries.counts or "empty"
    except Unwanted:
        return "very many files"


def _until(limit: float) -> Callable[[], bool]:
    return lambda: time.monotonic() < limit


def check(path: str) -> bool:
    """Whether ``path`` is a folder (True) or a file that can be read (False).

    Raises PictureError for all else. Slow on a network.
    """
    name = shown_name(path)
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            return True
        if not stat.S_ISREG(status.st_mode):
            raise PictureError(f"{name} is a device or a pipe, not a picture.")
        with open(path, "rb"):
            return False
    except FileNotFoundError as trouble:
        if os.path.islink(path):
            raise PictureError(f"{name} is a link to something that is not there.") from trouble
        raise PictureError(f"There is no file or folder {name}.") from trouble
    except PermissionError as trouble:
        raise PictureError(f"You are not allowed to read {name}.") from trouble
    except (OSError, ValueError) as trouble:
        reason = getattr(trouble, "strerror", None) or "that is no valid name"
        raise PictureError(f"{name} can't be read: {reason}.") from trouble
