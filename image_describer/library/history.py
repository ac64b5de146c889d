"""Past descriptions on disk: a line of JSON each, appended by any number of windows at once."""

import contextlib
import logging
import os
import stat
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from image_describer.captioner.description import Description
from image_describer.errors import HistoryError
from image_describer.files import NotAFileError, read_private, reason, set_aside, write_private
from image_describer.wording.record import Entry, entry_of, line_of

FILE_NAME = "history.jsonl"
ENTRIES_LIMIT = 1000  # a year of three pictures a day
FILE_LIMIT_BYTES = 50_000_000  # ten times what that many entries take
LINE_LIMIT_BYTES = 100_000  # twenty times a long entry
LOCK_AGE_S = 60.0  # compacting takes milliseconds: an older lock is of a process that died
CLEAR_WAITS_S = 1.0
LINE_TAKES_S = 0.02  # far longer than writing one does
APPEND_TRIES = 5  # each means that another process has just compacted the file

log = logging.getLogger(__name__)


class History:
    """The file of past descriptions. With ``enabled`` False nothing is written and nothing read.

    ``trouble``: what the user should know about the last `entries`, in one sentence; mostly empty.

    Windows of the same user share the file. A line is appended by one write, which no other
    interleaves. Compacting puts a new file in place of the old one: whoever appends looks whether
    the file is still the same and else appends again, and whoever compacts takes along what was
    appended to the old one; what came twice has the same key.
    """

    def __init__(self, path: Path | None = None, *, enabled: bool = True) -> None:
        self._path = path
        self.enabled = enabled
        self.trouble = ""

    @property
    def path(self) -> Path:
        """Where the file is, or will be. May raise OSError, where there can be no folder for it."""
        if self._path is None:
            # Loads platformdirs, which importing this module need not wait for.
            from image_describer.paths import data_folder

            self._path = data_folder() / FILE_NAME
        return self._path

    def add(self, description: Description, sentence: str, name: str) -> Entry | None:
        """Keep a description with the ``sentence`` that was said and the ``name`` it was shown by.

        Returns the entry; None when the history is switched off. Raises HistoryError.
        """
        if not self.enabled:
            return None
        file = description.file
        if file is not None:
            # Left as it was given, it would mean another file tomorrow.
            description = replace(description, file=os.path.abspath(file))
        now = datetime.now().astimezone().replace(microsecond=0)
        line = line_of(Entry(uuid.uuid4().hex, now, name, sentence, description))
        try:
            if len(line) > LINE_LIMIT_BYTES:
                raise OSError(0, "it is too long")
            self._append(line)
            return entry_of(line)
        except (OSError, ValueError) as error:
            why = reason(error) if isinstance(error, OSError) else str(error)
            raise HistoryError(
                f"The history can't be written: {why}.", "New descriptions are not kept."
            ) from error

    def stamp(self) -> tuple[int, int, int]:
        """Another one whenever the file has changed, by whichever window; never raises."""
        try:
            status = self.path.stat()
        except OSError:
            return 0, 0, 0
        return status.st_ino, status.st_size, status.st_mtime_ns

    def entries(self) -> list[Entry]:
        """The last thousand entries, newest last; never raises. Compacts the file where needed."""
        self.trouble = ""
        if not self.enabled:
            return []
        try:
            content = read_private(self.path, FILE_LIMIT_BYTES)
            if not content.endswith(b"\n"):
                time.sleep(LINE_TAKES_S)  # another window may be in the middle of a line
                content = read_private(self.path, FILE_LIMIT_BYTES)
        except FileNotFoundError:
            return []
        except OSError as error:
            self._unreadable(error)
            return []
        lines, garbage = _sorted_out(content)
        # Nothing that can't be read is dropped before there is a copy of it.
        if (not garbage or self._set_aside(garbage, content)) and (
            garbage or len(lines) > ENTRIES_LIMIT
        ):
            self._compact()
        return [entry for _line, entry in lines[-ENTRIES_LIMIT:]]

    def clear(self) -> None:
        """Forget everything, and damaged files that were set aside as well. Raises HistoryError.

        Works when the history is switched off, too.
        """
        try:
            folder = self.path.parent
            with self._lock(CLEAR_WAITS_S):
                for file in [self.path, *folder.glob(f"{FILE_NAME}.damaged*")]:
                    file.unlink(missing_ok=True)
        except OSError as error:
            raise HistoryError(
                f"The history can't be cleared: {reason(error)}.",
                f"You can delete it yourself: {self._path or FILE_NAME}.",
            ) from error

    def _append(self, line: bytes) -> None:
        for _ in range(APPEND_TRIES):
            # A pipe in its place must not hang the window: hence O_NONBLOCK.
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
            flags |= getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
            handle = os.open(self.path, flags, 0o600)
            try:
                status = os.fstat(handle)
                if not stat.S_ISREG(status.st_mode):
                    raise NotAFileError(0, "it is no file")
                start = b"" if _ends_with_newline(handle, status.st_size) else b"\n"
                data = start + line + b"\n"
                if os.write(handle, data) < len(data):
                    raise OSError(0, "the disk is full")
            finally:
                os.close(handle)
            if self._is_still(status):
                return
        raise OSError(0, "other windows keep replacing it")

    def _is_still(self, status: os.stat_result) -> bool:
        """Whether the file with this status still has the history's name."""
        try:
            return os.path.samestat(status, self.path.stat())
        except FileNotFoundError:
            return False

    def _compact(self) -> None:
        """Write the last thousand good lines to a new file in place of the old one."""
        try:
            with self._lock(0.0), self.path.open("rb") as old:
                lines, _garbage = _sorted_out(old.read())
                status = os.fstat(old.fileno())
                if os.name == "nt":
                    old.close()  # Windows replaces no file that is open
                if not self._is_still(status):
                    return
                kept = [line + b"\n" for line, _entry in lines[-ENTRIES_LIMIT:]]
                write_private(self.path, b"".join(kept))
                appended = b"" if old.closed else old.read()  # while this was written
                for line, _entry in _sorted_out(appended)[0]:
                    self._append(line)
        except BlockingIOError:
            log.info("Another window is compacting the history")
        except OSError as error:
            log.warning("The history can't be compacted: %s", error)

    @contextlib.contextmanager
    def _lock(self, wait_s: float) -> Iterator[None]:
        """Be the only one who replaces or removes the file. Raises BlockingIOError.

        A process that died holding the lock keeps nobody out for longer than LOCK_AGE_S.
        """
        lock = self.path.with_name(f".{FILE_NAME}.lock")
        limit = time.monotonic() + wait_s
        while True:
            try:
                os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                break
            except FileExistsError as error:
                with contextlib.suppress(FileNotFoundError):
                    if time.time() - lock.stat().st_mtime > LOCK_AGE_S:
                        lock.unlink(missing_ok=True)
                        continue
                if time.monotonic() >= limit:
                    raise BlockingIOError(0, "another window is writing it") from error
                time.sleep(0.01)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)

    def _set_aside(self, garbage: int, content: bytes) -> bool:
        """Keep a copy of a damaged file; whether that went well."""
        what = "1 entry" if garbage == 1 else f"{garbage} entries"
        was = "was" if garbage == 1 else "were"
        told = f"{what} of the history {was} damaged and left out"
        try:
            copy = set_aside(self.path, content)
        except OSError as error:
            self.trouble = f"{told}; the file can't be mended ({reason(error)})."
            return False
        self.trouble = f"{told}; the old file is kept as {copy.name}."
        return True

    def _unreadable(self, error: OSError) -> None:
        """A file that can't be read is renamed where that can be, so that a new one can begin."""
        why = reason(error)
        try:
            if not self.path.is_file():
                raise error
            copy = set_aside(self.path, None)
            self.trouble = f"The history can't be read ({why}); it is kept as {copy.name}."
        except OSError:
            self.trouble = f"The history can't be read ({why})."


def _sorted_out(content: bytes) -> tuple[list[tuple[bytes, Entry]], int]:
    """The good lines with their entries, each key once, and how many other lines there are."""
    found: dict[str, tuple[bytes, Entry]] = {}
    garbage = 0
    for line in content.split(b"\n"):
        if not line:
            continue
        try:
            if len(line) > LINE_LIMIT_BYTES:
                raise ValueError("too long")
            entry = entry_of(line)
        except ValueError:
            garbage += 1
        else:
            found.setdefault(entry.key, (line, entry))
    return list(found.values()), garbage


def _ends_with_newline(handle: int, size: int) -> bool:
    """Whether the file does, as an empty one: a process may have died in the middle of a line."""
    if size == 0:
        return True
    os.lseek(handle, -1, os.SEEK_END)
    return os.read(handle, 1) == b"\n"
