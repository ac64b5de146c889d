"""What a picture's file says of itself, in sentences: when it was taken or saved, how large it is.

Nothing here is about what the picture shows, and nothing ever raises: these are extras.
"""

import contextlib
import os
from datetime import datetime

EXIF_IFD = 0x8769
DATE_TIME_ORIGINAL = 0x9003
EXIF_DATE = "%Y:%m:%d %H:%M:%S"
# Not by strftime, which follows the locale: the sentences are English.
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
UNITS = ((1e9, "gigabytes"), (1e6, "megabytes"), (1e3, "kilobytes"))


def facts(file: str | None) -> list[str]:
    """Sentences about ``file``; none for a picture without one, or that is gone."""
    if file is None:
        return []
    try:
        status = os.stat(file)
    except (OSError, ValueError):
        return []
    when = taken(file)
    if when is not None:
        said = f"It was taken on {in_words(when)}."
    else:
        said = f"The file was last changed on {in_words(datetime.fromtimestamp(status.st_mtime))}."
    return [said, f"The file has {size_in_words(status.st_size)}."]


def taken(file: str) -> datetime | None:
    """When the camera says that the picture was taken, in the camera's own time; None if unsaid."""
    from PIL import Image

    # Decoders and EXIF blocks of hostile files fail in many ways; none of them matters here.
    with contextlib.suppress(Exception), Image.open(file) as image:
        written = image.getexif().get_ifd(EXIF_IFD).get(DATE_TIME_ORIGINAL)
        return datetime.strptime(str(written).strip("\0 "), EXIF_DATE)
    return None


def in_words(when: datetime) -> str:
    """ "3 May 2024 at 14:05"."""
    return f"{when.day} {MONTHS[when.month - 1]} {when.year} at {when:%H:%M}"


def size_in_words(size: int) -> str:
    """ "1.2 megabytes" for a number of bytes."""
    for unit, name in UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"
