"""A cache of spoken sentences on disk, so that the same sentence needs the network only once."""

import contextlib
import hashlib
import logging
import os
import time
from pathlib import Path

from image_describer import files

log = logging.getLogger(__name__)

CACHE_LIMIT_BYTES = 50_000_000  # about 2,000 sentences
TEMPORARY_MAX_AGE_S = 3600  # an older temporary file was left by a process that died


class SpeechCache:
    """MP3 files in ``folder``; beyond ``limit_bytes`` the least recently used are deleted.

    Files are named ``<key>-<digest>.mp3``, so that the content can be checked against the name and
    players can be given the file. Nothing raises: errors are logged and count as a miss.
    """

    def __init__(self, folder: Path, limit_bytes: int = CACHE_LIMIT_BYTES) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes

    @staticmethod
    def key(*parts: str) -> str:
        """The SHA-256 of the text and everything that changes its sound."""
        return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()

    def get(self, key: str) -> tuple[bytes, Path] | None:
        """Return the MP3 and its file, or None. A damaged file is deleted."""
        try:
            for path in sorted(self.folder.glob(f"{key}-*.mp3")):
                data = path.read_bytes()
                if path.stem == f"{key}-{_digest(data)}":
                    os.utime(path)
                    return data, path
                log.warning("damaged file in the speech cache: %s", path.name)
                path.unlink()
        except OSError as error:
            log.warning("the speech cache can't be read: %s", error)
        return None

    def put(self, key: str, data: bytes) -> Path | None:
        """Store ``data`` and return its file, or None if it can't be written."""
        path = self.folder / f"{key}-{_digest(data)}.mp3"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            files.write(path, data, files.OWNER_ONLY)
            self._trim(keep=path)
        except OSError as error:
            log.warning("the speech cache can't be written: %s", error)
            return None
        return path

    def drop(self, key: str) -> None:
        """Delete the entry of ``key``."""
        for path in self.folder.glob(f"{key}-*.mp3"):
            with contextlib.suppress(OSError):
                path.unlink()

    def _trim(self, keep: Path) -> None:
        """Delete the least recently used files beyond the limit, but never ``keep``."""
        for temporary in self.folder.glob(".*.new"):
            with contextlib.suppress(OSError):
                if time.time() - temporary.stat().st_mtime > TEMPORARY_MAX_AGE_S:
                    temporary.unlink()
        # Other processes may delete listed files meanwhile, so each is examined separately.
        entries = []
        for path in self.folder.glob("*.mp3"):
            with contextlib.suppress(OSError):
                status = path.stat()
                entries.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries, key=lambda entry: entry[0]):
            if total <= self.limit_bytes:
                return
            if path != keep:
                with contextlib.suppress(OSError):
                    path.unlink()
                    total -= size


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
