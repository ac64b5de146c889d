"""What a picture file says about itself, in words: when it was taken or changed, and its size.

Nothing here is about what the picture shows, and nothing raises.
"""

import os
from datetime import datetime

from image_describer.i18n import N_, _
from image_describer.text import file_size

# strftime would follow the locale of the system.
MONTHS = (
    *(N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June")),
    *(N_("July"), N_("August"), N_("September"), N_("October"), N_("November"), N_("December")),
)
_EXIF_IFD, _DATE_TAKEN = 0x8769, 0x9003


def file_facts(file: str | None) -> list[str]:
    """Return sentences about ``file``; none for a picture without a file, or if it is gone."""
    if file is None:
        return []
    try:
        status = os.stat(file)
    except (OSError, ValueError):
        return []
    taken = size_and_date_taken(file)[1]
    if taken is not None:
        date = _("It was taken on {date} at {time:%H:%M}.").format(
            date=date_in_words(taken), time=taken
        )
    else:
        date = _("The file was last changed on {date}.").format(
            date=timestamp_in_words(status.st_mtime)
        )
    return [date, _("The file has {size}.").format(size=file_size(status.st_size))]


def size_and_date_taken(path: str) -> tuple[tuple[int, int] | None, datetime | None]:
    """Return upright width and height in pixels, and when a picture was taken, from its header."""
    from image_describer import stdio
    from image_describer.imaging.orientation import SIDEWAYS, exif_orientation
    from image_describer.metadata import formats

    stdio.silence_pillow()
    try:
        with open(path, "rb") as file:
            format_ = formats.recognize(file.read(formats.HEAD_BYTES))
            file.seek(0)
            if format_ is None or formats.is_excessive(format_, file):
                return None, None
            image = formats.read_header(format_, file)
            left, top, right, bottom = formats.crop_box(format_, file) or (0, 0, *image.size)
            width, height = right - left, bottom - top
            size = (height, width) if exif_orientation(image) in SIDEWAYS else (width, height)
            return size, _date_taken(image.getexif())
    except Exception:  # Pillow raises nearly every kind of error for damaged files
        return None, None


def date_in_words(date: datetime) -> str:
    """Return a date as people say it: "3 May 2024"."""
    return _("{day} {month} {year}").format(
        day=date.day, month=_(MONTHS[date.month - 1]), year=date.year
    )


def timestamp_in_words(seconds: float) -> str:
    """Return the local date of a file's time stamp."""
    try:
        return date_in_words(datetime.fromtimestamp(seconds))
    except (OSError, OverflowError, ValueError):  # outside the calendar
        return _("an unknown date")


def _date_taken(exif: object) -> datetime | None:
    try:
        text = exif.get_ifd(_EXIF_IFD)[_DATE_TAKEN]  # type: ignore[attr-defined]
        return datetime.strptime(str(text).strip("\0 "), "%Y:%m:%d %H:%M:%S")
    except Exception:  # damaged EXIF raises nearly every kind of error
        return None
