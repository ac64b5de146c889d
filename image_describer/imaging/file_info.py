"""What a picture's file says of itself: when it was taken or saved, how large it is; in words.

Nothing here is about what the picture shows, and nothing ever raises: these are extras.
"""

import os
from datetime import datetime

from image_describer.text import file_size

# Not by strftime, which follows the locale: the sentences are English.
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DATE_TAKEN, _EXIF_FOLDER = 0x9003, 0x8769  # EXIF's tags


def facts(file: str | None) -> list[str]:
    """Sentences about ``file``; none for a picture without one, or that is gone."""
    if file is None:
        return []
    try:
        status = os.stat(file)
    except (OSError, ValueError):
        return []
    taken = of_picture(file)[1]
    if taken is not None:
        said = f"It was taken on {spoken_date(taken)} at {taken:%H:%M}."
    else:
        said = f"The file was last changed on {date_of(status.st_mtime)}."
    return [said, f"The file has {file_size(status.st_size)}."]


def of_picture(path: str) -> tuple[tuple[int, int] | None, datetime | None]:
    """Width and height in pixels, upright, and when it was taken, by the header alone."""
    from image_describer import stdio
    from image_describer.imaging import decode, formats

    stdio.silence_pillow()
    try:
        with open(path, "rb") as file:
            format_ = formats.recognise(file.read(formats.HEAD_BYTES))
            file.seek(0)
            if format_ is None or formats.overloads(format_, file):
                return None, None
            image = formats.start(format_, file)
            width, height = image.size
            sideways = decode.orientation(image) in decode.SIDEWAYS
            return ((height, width) if sideways else (width, height)), _taken(image.getexif())
    except Exception:  # Pillow raises nearly every kind of error for damaged files
        return None, None


def spoken_date(date: datetime) -> str:
    """ "3 May 2024"."""
    return f"{date.day} {MONTHS[date.month - 1]} {date.year}"


def date_of(seconds: float) -> str:
    """A file's time, as the user's clock shows it."""
    try:
        return spoken_date(datetime.fromtimestamp(seconds))
    except (OSError, OverflowError, ValueError):  # a year that calendars don't reach
        return "at an unknown date"


def _taken(exif: object) -> datetime | None:
    try:
        written = exif.get_ifd(_EXIF_FOLDER)[_DATE_TAKEN]  # type: ignore[attr-defined]
        return datetime.strptime(str(written).strip("\0 "), "%Y:%m:%d %H:%M:%S")
    except Exception:  # EXIF is a small file system of its own: any damage to it is possible
        return None
