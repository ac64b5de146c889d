"""What F4 says about an entry: size, pixels and date of a picture; what a folder holds."""

import os
import stat
import time
from collections.abc import Callable
from datetime import datetime

from image_describer.app.chooser.listing import Entry, Unwanted, read, shown_name
from image_describer.errors import PictureError

# Not by strftime, which follows the locale: the sentences are English.
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DATE_TAKEN, _EXIF_FOLDER = 0x9003, 0x8769  # EXIF's tags
LOOK_INSIDE_S = 2.0  # whoever asks for facts about a huge folder should not wait longer


def facts(entry: Entry) -> str:
    """One sentence about ``entry``. Slow on a network. Raises FolderError and PictureError."""
    try:
        status = os.stat(entry.path)
    except (OSError, ValueError) as trouble:
        raise PictureError(f"{entry.name} is no longer there.") from trouble
    if stat.S_ISDIR(status.st_mode):
        return f"{entry.name}, folder: {_inside(entry.path)}, changed {date_of(status.st_mtime)}."
    said = [shown_name(entry.path), spoken_size(status.st_size)]
    size, taken = _of_picture(entry.path) if stat.S_ISREG(status.st_mode) else (None, None)
    if size is not None:
        said.append(f"{size[0]} by {size[1]} pixels")
    said.append(f"taken {spoken_date(taken)}" if taken else f"changed {date_of(status.st_mtime)}")
    return f"{', '.join(said)}."


def spoken_size(size: int) -> str:
    """A size in bytes as it is said: "1.2 megabytes"."""
    for unit, name in ((1e12, "terabyte"), (1e9, "gigabyte"), (1e6, "megabyte"), (1e3, "kilobyte")):
        if size >= unit:
            number = f"{size / unit:.1f}".removesuffix(".0")
            return f"{number} {name}" + ("s" if number != "1" else "")
    return f"{size} bytes" if size != 1 else "1 byte"


def spoken_date(date: datetime) -> str:
    """ "3 May 2024"."""
    return f"{date.day} {MONTHS[date.month - 1]} {date.year}"


def date_of(seconds: float) -> str:
    """A file's time, as the user's clock shows it."""
    try:
        return spoken_date(datetime.fromtimestamp(seconds))
    except (OSError, OverflowError, ValueError):  # a year that calendars don't reach
        return "at an unknown date"


def _inside(path: str) -> str:
    try:
        return read(path, wanted=_until(time.monotonic() + LOOK_INSIDE_S)).entries.counts or "empty"
    except Unwanted:
        return "very many files"


def _until(limit: float) -> Callable[[], bool]:
    return lambda: time.monotonic() < limit


def _of_picture(path: str) -> tuple[tuple[int, int] | None, datetime | None]:
    """Width and height in pixels, upright, and when it was taken, by the header alone."""
    from image_describer import formats, pixels, quiet

    quiet.hush_pillow()
    try:
        with open(path, "rb") as file:
            format_ = formats.recognise(file.read(formats.HEAD_BYTES))
            file.seek(0)
            if format_ is None or formats.overloads(format_, file):
                return None, None
            image = formats.start(format_, file)
            width, height = image.size
            sideways = pixels.orientation(image) in pixels.SIDEWAYS
            return ((height, width) if sideways else (width, height)), _taken(image.getexif())
    except Exception:  # Pillow raises nearly every kind of error for damaged files
        return None, None


def _taken(exif: object) -> datetime | None:
    try:
        written = exif.get_ifd(_EXIF_FOLDER)[_DATE_TAKEN]  # type: ignore[attr-defined]
        return datetime.strptime(str(written).strip("\0 "), "%Y:%m:%d %H:%M:%S")
    except Exception:  # EXIF is a small file system of its own: any damage to it is possible
        return None


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
