"""The user's own files: written whole and for their eyes only, set aside when damaged."""

import errno
import os
import stat
from pathlib import Path

from image_describer import files

OWNER_ONLY = 0o600


class NoFileError(OSError):
    """Something that is no file, or far too large for what it should be, has the file's name."""


def read(path: Path, limit_bytes: int) -> bytes:
    """The content of ``path``. Raises OSError, and NoFileError beyond ``limit_bytes``."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would hang
        raise NoFileError(0, "it is no file")
    if status.st_size > limit_bytes:
        raise NoFileError(0, f"it has {status.st_size:,} bytes")
    with path.open("rb") as file:
        return file.read(limit_bytes)


def write(path: Path, content: bytes) -> None:
    """Write under a temporary name, then rename: nobody sees half a file. Raises OSError.

    The file gets the mode 0600. Behind a symbolic link, the file it leads to is replaced.
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        raise NoFileError(0, "it is no file")
    files.write(path, content, OWNER_ONLY)


def set_aside(path: Path, content: bytes | None) -> Path:
    """Keep ``content``, what was read from ``path``, beside it under a name of its own.

    With None, for a file that can't be read, the file itself is renamed. No earlier damaged file
    is replaced; one with the same content is taken for the copy. Raises OSError.
    """
    number = 1
    while os.path.lexists(goal := _damaged_name(path, number)):
        if content is not None and _holds(goal, content):
            return goal
        number += 1
    if content is None:
        path.rename(goal)
    else:
        write(goal, content)
    return goal


def reason(error: OSError) -> str:
    """Why, in the system's words: "Permission denied"."""
    if error.errno == errno.EISDIR:
        return "it is no file"
    return error.strerror or type(error).__name__


def _damaged_name(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.damaged" + (f"-{number}" if number > 1 else ""))


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and read(path, len(content)) == content
    except OSError:
        return False
