"""What F4 says about an entry: the size and date of a picture, the contents of a folder."""

import os
import stat
import time

from image_describer import local_files
from image_describer.app.listing import KIND_NAMES, FolderEntry, ReadCancelled, read_folder
from image_describer.errors import PictureError
from image_describer.i18n import N_, _
from image_describer.imaging.file_info import (
    date_in_words,
    size_and_date_taken,
    timestamp_in_words,
)
from image_describer.text import file_name, file_size

NOT_DOWNLOADED = N_("not downloaded yet")
MAX_READ_S = 2.0  # for counting the entries of a huge folder


def describe_entry(entry: FolderEntry) -> str:
    """Return a sentence about ``entry``. May take long. Raises FolderError and PictureError."""
    try:
        status = os.stat(entry.path)
    except (OSError, ValueError) as error:
        if os.path.islink(entry.path):
            raise PictureError(
                _("{name} is a link to something that does not exist.").format(name=entry.name)
            ) from error
        raise PictureError(_("{name} no longer exists.").format(name=entry.name)) from error
    if stat.S_ISDIR(status.st_mode):
        changed = timestamp_in_words(status.st_mtime)
        return _("{name}, folder: {contents}, changed {changed}.").format(
            name=entry.name, contents=_contents(entry.path), changed=changed
        )
    parts = [file_name(entry.path), file_size(status.st_size)]
    downloaded = local_files.is_downloaded(status)
    # Reading it would download it.
    readable = stat.S_ISREG(status.st_mode) and downloaded
    size, taken = size_and_date_taken(entry.path) if readable else (None, None)
    if size is not None:
        parts.append(_("{width} by {height} pixels").format(width=size[0], height=size[1]))
    parts.append(
        _("taken {date}").format(date=date_in_words(taken))
        if taken
        else _("changed {date}").format(date=timestamp_in_words(status.st_mtime))
    )
    if not downloaded:
        parts.append(_(NOT_DOWNLOADED))
    return f"{', '.join(parts)}."


def brief_info(entry: FolderEntry) -> tuple[str, str]:
    """Return the date of ``entry`` and its size, or its kind; empty where they can't be read."""
    try:
        status = os.stat(entry.path)
    except (OSError, ValueError):
        return "", _(KIND_NAMES[entry.kind])
    is_file = stat.S_ISREG(status.st_mode)
    size = file_size(status.st_size, brief=True) if is_file else _(KIND_NAMES[entry.kind])
    return timestamp_in_words(status.st_mtime), size


def _contents(path: str) -> str:
    try:
        deadline = time.monotonic() + MAX_READ_S
        listing = read_folder(path, keep_reading=lambda: time.monotonic() < deadline)
        return listing.entries.counts or _("empty")
    except ReadCancelled:
        return _("very many files")


def check_is_folder(path: str) -> bool:
    """Return True for a folder, False for a readable file. May take long on a network.

    Raises PictureError for everything else.
    """
    from image_describer.imaging.open import NOT_A_FILE, unreadable

    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            return True
        if not stat.S_ISREG(status.st_mode):
            raise PictureError(_(NOT_A_FILE))
        with open(path, "rb"):
            return False
    except (OSError, ValueError) as error:
        raise unreadable(error) from error
