"""What a batch has done so far: an append-only file of checked lines beside its output.

Each picture adds a line. A killed process leaves at most one partial line, which is dropped, so
that ``kill -9`` loses only the pictures in progress.
"""

import base64
import contextlib
import hashlib
import json
import os
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from image_describer.errors import CheckpointError
from image_describer.files import OWNER_ONLY, reason
from image_describer.i18n import _
from image_describer.library.record import Record
from image_describer.text import visible
from image_describer.wording.record import from_record, to_record

FORMAT = 1
NAME = ".{name}.unfinished"
NAME_LIMIT = 40  # characters of the output's name; file systems allow 255 bytes
LINE_LIMIT_BYTES = 4_000_000  # a line has a few kB
SYNC_EVERY_S = 5.0  # it may take a tenth of a second


FileState = tuple[int, int]
"""A file's size in bytes and modification time in nanoseconds."""

NO_FILE: FileState = (-1, -1)


def file_state(file: str) -> FileState:
    """Return the state of a file, by which a change is noticed; `NO_FILE` if there is none."""
    try:
        status = os.stat(file)
    except (OSError, ValueError):
        return NO_FILE
    return status.st_size, status.st_mtime_ns


def checkpoint_path(output: Path) -> Path:
    """Return the path of an output's checkpoint: a hidden file beside it."""
    output = Path(os.path.realpath(output))
    name = output.name
    if len(name) > NAME_LIMIT:  # the digest tells two long names apart
        name = name[:NAME_LIMIT] + hashlib.sha256(os.fsencode(name)).hexdigest()[:12]
    return output.with_name(NAME.format(name=name))


class Checkpoint:
    """The checkpoint at ``path``, locked for this process, of a batch with ``model``.

    The lines of another model are dropped, and with ``restart`` all lines. Raises CheckpointError
    if it can't be opened or another process has locked it.
    """

    def __init__(self, path: Path, model: str, *, restart: bool = False) -> None:
        self.path = path
        self._positions: dict[bytes, int] = {}
        self._synced_at = 0.0
        self._end = 0
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), OWNER_ONLY)
            self._file: IO[bytes] = os.fdopen(handle, "r+b", buffering=0)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            if not _lock(self._file.fileno()):
                raise CheckpointError(
                    _("Another batch is writing the same output."),
                    _("Wait for it, or name another output."),
                )
            self._read(model, restart)
        except OSError as error:
            self._file.close()
            raise _unwritable(path, error) from error
        except BaseException:
            self._file.close()
            raise

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self._positions)

    def find(self, file: str, state: FileState) -> int | None:
        """Return the position of a picture's line; None if it is unknown or has changed since."""
        return None if state == NO_FILE else self._positions.get(_digest(file, state))

    def add(self, record: Record, state: FileState) -> int:
        """Append a record; returns the position of its line. Raises CheckpointError."""
        position = self._end
        line = _line(_as_object(record, state))
        try:
            self._file.seek(position)
            view = memoryview(line)
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(position)
            raise _unwritable(self.path, error) from error
        self._end = position + len(line)
        self._positions[_digest(record.file, state)] = position
        return position

    def record(self, position: int) -> Record:
        """Return the record at a position. Raises CheckpointError if it is damaged."""
        try:
            self._file.seek(position)
            line = self._read_line()
            fields = _fields(line) if line else None
            if fields is None:
                raise ValueError("damaged")
            return _record(fields)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                _('The file "{path}" was changed by another program.').format(
                    path=visible(str(self.path))
                ),
                _("Start again with --restart."),
            ) from error

    def sync_if_due(self, now: float) -> None:
        """Write through to the disk every few seconds, which limits what a power cut can lose.

        ``now`` is a monotonic time. A killed process loses nothing without it.
        """
        if now - self._synced_at < SYNC_EVERY_S:
            return
        self._synced_at = now
        with contextlib.suppress(OSError):
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file and keep it: the batch will be continued."""
        self._file.close()

    def finish(self) -> None:
        """Close the file and delete it: the output has been written."""
        if sys.platform == "win32":  # where an open file can't be deleted
            self._file.close()
        with contextlib.suppress(OSError):
            self.path.unlink()
        self._file.close()

    def _read(self, model: str, restart: bool) -> None:
        """Read the lines up to the first that is damaged, and drop the rest."""
        head = {"format": FORMAT, "model": model}
        line = self._read_line()
        if restart or not line or _fields(line) != head:
            self._file.truncate(0)
            self._file.seek(0)
            self._end = self._file.write(_line(head))
            return
        self._end = len(line)
        for line in iter(self._read_line, b""):
            fields = _fields(line)
            if fields is None:
                break
            try:
                state = (int(fields["state"][0]), int(fields["state"][1]))
                self._positions[_digest(fields["file"], state)] = self._end
            except (KeyError, TypeError, ValueError, IndexError):
                break
            self._end += len(line)
        self._file.truncate(self._end)

    def _read_line(self) -> bytes:
        """Return the next line, or what there is of it; b"" at the end."""
        head = b""
        while len(head) < _HEAD:
            piece = self._file.read(_HEAD - len(head))
            if not piece:
                return b""
            head += piece
        try:
            length = int(head[9:17], 16)
        except ValueError:
            return head
        if length > LINE_LIMIT_BYTES:
            return head
        body = b""
        while len(body) < length:
            piece = self._file.read(length - len(body))
            if not piece:
                break
            body += piece
        return head + body


_HEAD = 18  # CRC-32 and length of what follows, each 8 hex digits and a space


def _line(fields: dict[str, Any]) -> bytes:
    body = json.dumps(fields, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"
    return b"%08x %08x " % (zlib.crc32(body), len(body)) + body


def _fields(line: bytes) -> dict[str, Any] | None:
    """Return the fields of a line; None if it is damaged."""
    body = line[_HEAD:]
    if not body.endswith(b"\n") or line[:9] != b"%08x " % zlib.crc32(body):
        return None
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _as_object(record: Record, state: FileState) -> dict[str, Any]:
    vector = record.embedding
    return {
        "file": record.file,
        "state": state,
        "key": record.key,
        "error": record.error,
        "description": None
        if record.description is None
        else to_record(record.description, for_storage=True),
        "vector": None if vector is None else base64.b64encode(vector.tobytes()).decode("ascii"),
    }


def _record(fields: dict[str, Any]) -> Record:
    description, vector = None, fields["vector"]
    if fields["description"] is not None:
        description = from_record(fields["description"])
        if vector is not None:
            embedding = np.frombuffer(base64.b64decode(vector), np.float32).copy()
            description = replace(description, embedding=embedding)
    return Record(fields["file"], fields["key"], description, fields["error"])


def _digest(file: str, state: FileState) -> bytes:
    # 16 bytes instead of the path: a million pictures must fit into memory.
    text = f"{state[0]} {state[1]} ".encode() + os.fsencode(file)
    return hashlib.blake2b(text, digest_size=16).digest()


def _unwritable(path: Path, error: OSError) -> CheckpointError:
    return CheckpointError(
        _('I can\'t store the progress in "{path}": {error}.').format(
            path=visible(str(path)), error=reason(error)
        ),
        _("Name an output in a folder that you may write to, on a disk with room."),
    )


if sys.platform == "win32":
    import msvcrt

    _LOCKED_BYTE = 1 << 40  # beyond all content: other processes can't read a locked byte

    def _lock(file: int) -> bool:
        os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(file, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
