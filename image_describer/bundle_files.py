"""Reading, checking and writing the files of a model bundle; every failure is a BundleError."""

import hashlib
import io
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from image_describer import files
from image_describer.errors import BundleError
from image_describer.i18n import N_, _
from image_describer.text import number, visible

FILE_LIMIT_BYTES = 500_000_000  # the whole bundle that ships has about 40 MB
WAY_OUT = N_(
    "To restore it, run: pip install --force-reinstall image-describer (in a checkout: "
    "git checkout -- models), or train it again: python -m image_describer.train."
)


def fingerprint(path: Path) -> dict[str, Any]:
    """Return {"sha256": hex digits, "bytes": size} of a file. Raises BundleError."""
    size = size_of(path)
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(1 << 20))  # 1 MiB: fits the cache and needs few calls
    try:
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(buffer):
                digest.update(buffer[:count])
    except OSError as error:
        raise unreadable(path, error) from error
    return {"sha256": digest.hexdigest(), "bytes": size}


def read(path: Path, limit_bytes: int) -> bytes:
    """Return the content of a file of at most ``limit_bytes``. Raises BundleError."""
    size = size_of(path)
    if size > limit_bytes:
        raise damaged(
            path,
            _("it has {size} bytes, more than the {limit} allowed").format(
                size=number(size), limit=number(limit_bytes)
            ),
        )
    try:
        with path.open("rb") as file:
            return file.read(limit_bytes)
    except OSError as error:
        raise unreadable(path, error) from error


def read_array(path: Path, limit_bytes: int, shape: tuple[int, ...]) -> np.ndarray:
    """Read a float32 .npy file of this shape whose numbers are all finite. Raises BundleError."""
    content = read(path, limit_bytes)
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise damaged(path, _("it is not an array")) from error
    if array.shape != shape or array.dtype != np.float32 or not np.isfinite(array).all():
        raise damaged(path, _("its numbers are not the expected ones"))
    return np.asarray(array)


def read_arrays(
    path: Path, names: Iterable[str], limit_bytes: int, unpacked_limit_bytes: int
) -> dict[str, np.ndarray]:
    """Read these arrays of an .npz file; their types and shapes are not checked.

    Raises BundleError.
    """
    content = io.BytesIO(read(path, limit_bytes))
    try:
        with zipfile.ZipFile(content) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > unpacked_limit_bytes:
                raise damaged(path, _("it is too large when unpacked"))
        content.seek(0)
        with np.load(content, allow_pickle=False) as opened:
            return {name: opened[name] for name in names}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise damaged(path, _("it is not an archive of arrays")) from error


def size_of(path: Path) -> int:
    """Size in bytes of a regular file; anything else is refused, because a pipe would hang."""
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise BundleError(
            _("The model bundle lacks {path}.").format(path=shown(path)), _(WAY_OUT)
        ) from error
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    if not stat.S_ISREG(status.st_mode):
        raise damaged(path, _("it is not a file"))
    return status.st_size


def write(path: Path, content: bytes) -> None:
    """Write a file atomically, readable by every user whatever the umask. Raises OSError."""
    files.write(path, content, files.EVERYONE_READS)


def damaged(path: Path, why: str) -> BundleError:
    return BundleError(
        _("The model file {path} is damaged: {why}.").format(path=shown(path), why=why), _(WAY_OUT)
    )


def unreadable(path: Path, error: Exception) -> BundleError:
    reason = files.reason(error) if isinstance(error, OSError) else _("its name is not valid")
    return BundleError(
        _("The model file {path} can't be read: {reason}.").format(path=shown(path), reason=reason),
        _(WAY_OUT),
    )


def shown(path: Path) -> str:
    return visible(str(path))
