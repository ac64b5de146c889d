"""SHA-256 of whole picture files: recognizes changed pictures and copies of a picture."""

import contextlib
import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

THREADS = 4

_known: dict[tuple[str, int, int, int], str] = {}


def digests(paths: Iterable[Path]) -> dict[Path, str]:
    """Return the SHA-256 of each file in hex digits; files that can't be read are missing.

    A file is read once per process, unless its size or times change.
    """
    found: dict[Path, str] = {}

    def add(path: Path) -> None:
        with contextlib.suppress(OSError):
            status = path.stat()
            key = (os.path.abspath(path), status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            if key not in _known:
                _known[key] = hashlib.sha256(path.read_bytes()).hexdigest()
            found[path] = _known[key]

    with ThreadPoolExecutor(THREADS, "digest") as pool:
        list(pool.map(add, paths))
    return found
