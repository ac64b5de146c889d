"""The key by which two starts of the program recognize each other, in a private file."""

import contextlib
import os
import secrets
import stat
import sys
from pathlib import Path

from image_describer import files
from image_describer.paths import config_folder

NAME = "window.key"
LENGTH_BYTES = 32


def read() -> bytes:
    """The key of this user, created if necessary. Raises OSError."""
    file = config_folder() / NAME
    with contextlib.suppress(FileNotFoundError):
        key = _read_valid(file)
        if key is not None:
            return key
        file.unlink()  # it is damaged, or other users could have read it
    _create(file)
    key = _read_valid(file)
    if key is None:
        raise OSError(f"{file} can't be kept private")
    return key


def _read_valid(file: Path) -> bytes | None:
    """The key in ``file``; None if it is not a key, or other users may read it."""
    status = file.lstat()
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would block
        return None
    if sys.platform != "win32" and (status.st_uid != os.getuid() or status.st_mode & 0o077):
        return None
    with file.open("rb") as source:
        key = source.read(LENGTH_BYTES + 1)
    return key if len(key) == LENGTH_BYTES else None


def _create(file: Path) -> None:
    draft = file.with_name(f".{NAME}.{os.getpid()}.{secrets.token_hex(4)}")
    files.write_private(draft, secrets.token_bytes(LENGTH_BYTES))
    try:
        # A link, because it fails if another program has just created the file: both then use the
        # same key.
        os.link(draft, file)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
