"""What has been spoken before, kept on disk: the second time needs no network."""

import contextlib
import hashlib
import logging
import os
import time
from pathlib import Path

from image_describer import files

log = logging.getLogger(__name__)

CACHE_LIMIT_BYTES = 50_000_000  # some 2,000 sentences
LEFTOVER_AGE_S = 3600  # an unfinished file older than this belongs to a process that died


class SpeechCache:
    """MP3 files in ``folder``, the least recently used thrown out beyond ``limit_bytes``.

    A file is called ``<key>-<digest>.mp3``: what it holds can be checked against its own name, and
    players can be given the file itself. Nothing here raises: a cache that fails is an empty one.
    """

    def __init__(self, folder: Path, limit_bytes: int = CACHE_LIMIT_BYTES) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes

    @staticmethod
    def key(*parts: str) -> str:
        """The key of a spoken text: SHA-256 of the text and all that changes its sound."""
        return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()

    def get(self, key: str) -> tuple[bytes, Path] | None:
        """The sound and its file, or None. A damaged file is deleted."""
        try:
            for path in sorted(self.folder.glob(f"{key}-*.mp3")):
                data = path.read_bytes()
                if path.stem == f"{key}-{_digest(data)}":
                    os.utime(path)
                    return data, path
                log.warning("damaged sound in the cache: %s", path.name)
                path.unlink()
        except OSError as error:
            log.warning("the speech cache can't be read: %s", error)
        return None

    def put(self, key: str, data: bytes) -> Path | None:
        """Keep ``data``; its file, or None where it can't be written."""
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
        """Forget ``key``."""
        for path in self.folder.glob(f"{key}-*.mp3"):
            with contextlib.suppress(OSError):
                path.unlink()

    def _trim(self, keep: Path) -> None:
        """Delete the least recently used until the rest fits; ``keep`` stays whatever its size."""
        for leftover in self.folder.glob(".*.new"):
            with contextlib.suppress(OSError):
                if time.time() - leftover.stat().st_mtime > LEFTOVER_AGE_S:
                    leftover.unlink()
        # Another process may delete what is listed here, hence the sizes are taken one by one.
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
