"""Whole files or none: atomic writes, private files of the user, and damaged files set aside."""

import contextlib
import errno
import os
import stat
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from image_describer.i18n import N_, _
from image_describer.text import plural

OWNER_ONLY = 0o600
EVERYONE_READS = 0o644
# What systems say in English; other reasons are told as they are.
REASONS = (
    *(N_("Permission denied"), N_("Operation not permitted"), N_("Read-only file system")),
    *(N_("No such file or directory"), N_("File exists"), N_("Not a directory")),
    *(N_("No space left on device"), N_("Disk quota exceeded"), N_("File too large")),
    *(N_("File name too long"), N_("Too many levels of symbolic links")),
    *(N_("Input/output error"), N_("Too many open files"), N_("Device or resource busy")),
    *(N_("Address already in use"), N_("Cannot assign requested address")),
    *(N_("Connection refused"), N_("Connection reset by peer"), N_("Broken pipe")),
    *(N_("Invalid argument"), N_("No such device or address"), N_("Text file busy")),
)
_NAME_LIMIT = 40  # characters of the name kept in the temporary one; file systems allow 255 bytes


class NotAFileError(OSError):
    """The path is not a regular file, or the file is far too large."""


def write(path: Path, content: bytes, mode: int | None = None) -> None:
    """Write ``content`` to ``path`` atomically: a reader sees the old file or the new one.

    ``mode`` is the permissions of the new file; None follows the umask. Raises OSError, and then
    the old file is still there.
    """
    with writing(path, mode) as file:
        file.write(content)


@contextmanager
def writing(path: Path, mode: int | None = None) -> Iterator[IO[bytes]]:
    """Like `write`, for content that comes in pieces: ``path`` is replaced when the block ends.

    After an exception the temporary file is removed and the old file is still there.
    """
    temporary = path.with_name(f".{path.name[:_NAME_LIMIT]}.{uuid.uuid4().hex[:8]}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(temporary, flags, 0o666 if mode is None else OWNER_ONLY)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def read_limited(path: Path, limit_bytes: int) -> bytes:
    """Return the content of a regular file. Raises OSError; NotAFileError above ``limit_bytes``."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would hang
        raise NotAFileError(0, _("it is not a file"))
    if status.st_size > limit_bytes:
        raise NotAFileError(
            0, plural("it has {count} byte", "it has {count} bytes", status.st_size)
        )
    with path.open("rb") as file:
        return file.read(limit_bytes)


def write_private(path: Path, content: bytes) -> None:
    """Write atomically a file that only the user may read. Raises OSError.

    Parent folders are created. A symbolic link stays, and the file behind it is replaced.
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        raise NotAFileError(0, _("it is not a file"))
    write(path, content, OWNER_ONLY)


def set_aside(path: Path, content: bytes | None) -> Path:
    """Keep a damaged file under a new name beside ``path`` and return that name.

    ``content`` is what was read from it; with None, for a file that can't be read, the file itself
    is renamed. Earlier copies are kept; an identical one is reused. Raises OSError.
    """
    number = 1
    while os.path.lexists(copy := _damaged_name(path, number)):
        if content is not None and _has_content(copy, content):
            return copy
        number += 1
    if content is None:
        path.rename(copy)
    else:
        write_private(copy, content)
    return copy


def is_hidden(entry: "os.DirEntry[str]") -> bool:
    """Return whether a name begins with a dot, or Windows or macOS marks the file as hidden."""
    if entry.name.startswith("."):
        return True
    platform: str = sys.platform  # mypy would follow sys.platform itself
    if platform not in ("win32", "darwin"):  # a stat of each file would be slow
        return False
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    attributes, flags = (getattr(status, f"st_{name}", 0) for name in ("file_attributes", "flags"))
    return bool(attributes & stat.FILE_ATTRIBUTE_HIDDEN or flags & stat.UF_HIDDEN)


def reason(error: Exception) -> str:
    """Return why the system refused: "Permission denied". A ValueError is due to the name."""
    if not isinstance(error, OSError):
        return _("that is not a valid name")
    if error.errno == errno.EISDIR:
        return _("it is not a file")
    return _(error.strerror or type(error).__name__)


def _damaged_name(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.damaged" + (f"-{number}" if number > 1 else ""))


def _has_content(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and read_limited(path, len(content)) == content
    except OSError:
        return False
