"""The files of a model bundle: read whole, measured, written; every trouble is a BundleError."""

import hashlib
import io
import stat
from pathlib import Path
from typing import Any

import numpy as np

from image_describer import files
from image_describer.errors import BundleError
from image_describer.text import visible

FOR_EVERYONE = 0o644  # to read; what was made with umask 077 would serve its maker alone
WAY_BACK = (
    "To get it back, run: pip install --force-reinstall image-describer (in a checkout: "
    "git checkout -- models), or train it again: python -m image_describer.train."
)


def fingerprint(path: Path) -> dict[str, Any]:
    """SHA-256 (hex) and size in bytes of a file."""
    size = size_of(path)
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(1 << 20))  # 1 MiB: fits the cache, and few calls
    try:
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(buffer):
                digest.update(buffer[:count])
    except OSError as trouble:
        raise unreadable(path, trouble) from trouble
    return {"sha256": digest.hexdigest(), "bytes": size}


def read(path: Path, limit_bytes: int) -> bytes:
    """The content of a file of at most ``limit_bytes``."""
    size = size_of(path)
    if size > limit_bytes:
        raise damaged(path, f"it has {size:,} bytes, more than the {limit_bytes:,} allowed")
    try:
        with path.open("rb") as file:
            return file.read(limit_bytes)
    except OSError as trouble:
        raise unreadable(path, trouble) from trouble


def read_array(path: Path, limit_bytes: int, shape: tuple[int, ...]) -> np.ndarray:
    """The float32 array of a .npy file, every number of it finite."""
    content = read(path, limit_bytes)
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, OSError, EOFError) as trouble:
        raise damaged(path, "it is no array") from trouble
    if array.shape != shape or array.dtype != np.float32 or not np.isfinite(array).all():
        raise damaged(path, "it holds other numbers than it should")
    return np.asarray(array)


def size_of(path: Path) -> int:
    """Size in bytes of a regular file; anything else (a pipe would hang) is refused."""
    try:
        status = path.stat()
    except FileNotFoundError as trouble:
        raise BundleError(f"The model bundle lacks {shown(path)}.", WAY_BACK) from trouble
    except (OSError, ValueError) as trouble:
        raise unreadable(path, trouble) from trouble
    if not stat.S_ISREG(status.st_mode):
        raise damaged(path, "it is no file")
    return status.st_size


def write(path: Path, content: bytes) -> None:
    """Write under a temporary name beside ``path``, then rename: nobody sees half a file."""
    files.write(path, content, FOR_EVERYONE)


def damaged(path: Path, why: str) -> BundleError:
    return BundleError(f"The model file {shown(path)} is damaged: {why}.", WAY_BACK)


def unreadable(path: Path, trouble: Exception) -> BundleError:
    reason = getattr(trouble, "strerror", None) or "it has no valid name"
    return BundleError(f"The model file {shown(path)} can't be read: {reason}.", WAY_BACK)


def shown(path: Path) -> str:
    return visible(str(path))
