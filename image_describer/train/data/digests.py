"""SHA-256 of whole picture files: recognizes changed pictures and copies of a picture."""

import contextlib
import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

THREADS = 4

_known: dict[tuple[str, int, int, int], str] = {}


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hex digits. Raises OSError.

    A file is read once per process, unless its size or times change.
    """
    status = path.stat()
    key = (os.path.abspath(path), status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    if key not in _known:
        _known[key] = hashlib.sha256(path.read_bytes()).hexdigest()
    return _known[key]


def digests(paths: Iterable[Path]) -> dict[Path, str]:
    """Return the digest of each file, computed in threads. Files that can't be read are missing."""
    found: dict[Path, str] = {}

    def add(path: Path) -> None:
        with contextlib.suppress(OSError, ValueError):  # ValueError: a null byte in the name
            found[path] = digest(path)

    with ThreadPoolExecutor(THREADS, "digest") as pool:
        list(pool.map(add, paths))
    return found
