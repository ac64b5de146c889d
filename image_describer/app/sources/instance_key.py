"""The key by which two starts of the program know each other, in a file for its user alone."""

import contextlib
import os
import secrets
import stat
import sys
from pathlib import Path

from image_describer.paths import config_folder

NAME = "window.key"
LENGTH_BYTES = 32


def read() -> bytes:
    """The key of this user, made if need be. Raises OSError."""
    file = config_folder() / NAME
    with contextlib.suppress(FileNotFoundError):
        key = _kept(file)
        if key is not None:
            return key
        file.unlink()  # damaged, or somebody else may have read it
    _make(file)
    key = _kept(file)
    if key is None:
        raise OSError(f"{file} can't be kept private")
    return key


def _kept(file: Path) -> bytes | None:
    """What is in ``file``; None if that is no key, or one that others may read."""
    status = file.lstat()
    if not stat.S_ISREG(status.st_mode):  # a pipe, say, which would be waited for
        return None
    if sys.platform != "win32" and (status.st_uid != os.getuid() or status.st_mode & 0o077):
        return None
    with file.open("rb") as source:
        key = source.read(LENGTH_BYTES + 1)
    return key if len(key) == LENGTH_BYTES else None


def _make(file: Path) -> None:
    draft = file.with_name(f".{NAME}.{os.getpid()}.{secrets.token_hex(4)}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as target:
            target.write(secrets.token_bytes(LENGTH_BYTES))
        # A link, not a rename: of two programs that start at once, both then use the first one's.
        try:
            os.link(draft, file)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
