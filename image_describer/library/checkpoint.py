"""What a batch has done so far, kept beside its output until that is written: lines, each checked.

A line is added for each picture and never changed, so that a process that is killed leaves at most
one half line behind, which is dropped. ``kill -9`` loses the pictures in flight and nothing else.
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
from image_describer.library.record import Record
from image_describer.text import visible
from image_describer.wording.record import from_record, to_record

FORMAT = 1
NAME = ".{name}.unfinished"
NAME_LIMIT = 40  # letters of the output's name: 255 bytes hold no more of any
LINE_LIMIT_BYTES = 4_000_000  # a line of ours has a few kB

SETTLE_EVERY_S = 5.0  # a disk may take a tenth of a second for it


FileState = tuple[int, int]
"""A file's size in bytes and its time of change in nanoseconds; (-1, -1) where it has none."""

NO_FILE: FileState = (-1, -1)


def file_state(file: str) -> FileState:
    """The state of a file, by which a change is noticed."""
    try:
        status = os.stat(file)
    except (OSError, ValueError):
        return NO_FILE
    return status.st_size, status.st_mtime_ns


def checkpoint_path(output: Path) -> Path:
    """Where the journal of an output lies: beside it, hidden."""
    output = Path(os.path.realpath(output))
    name = output.name
    if len(name) > NAME_LIMIT:  # the whole name's digest keeps two long ones apart
        name = name[:NAME_LIMIT] + hashlib.sha256(os.fsencode(name)).hexdigest()[:12]
    return output.with_name(NAME.format(name=name))


class Checkpoint:
    """The journal at ``path``, open for one process. ``model`` says which model describes.

    What another model did is done again. Raises CheckpointError if it can't be opened.
    """

    def __init__(self, path: Path, model: str, *, restart: bool = False) -> None:
        self.path = path
        self._places: dict[bytes, int] = {}
        self._settled = 0.0
        self._end = 0
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), OWNER_ONLY)
            self._file: IO[bytes] = os.fdopen(handle, "r+b", buffering=0)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            if not _locked(self._file.fileno()):
                raise CheckpointError(
                    "Another batch is writing the same output.", "Wait for it, or name another."
                )
            self._read(model, restart)
        except OSError as error:
            self._file.close()
            raise _unwritable(path, error) from error
        except BaseException:
            self._file.close()
            raise

    def __len__(self) -> int:
        """How many pictures it knows."""
        return len(self._places)

    def place(self, file: str, state: FileState) -> int | None:
        """Where the line of a picture lies, if it is in here and has not changed since."""
        return None if state == NO_FILE else self._places.get(_digest(file, state))

    def add(self, record: Record, state: FileState) -> int:
        """Keep a record; returns the place of its line. Raises CheckpointError."""
        where = self._end
        line = _line(_as_object(record, state))
        try:
            self._file.seek(where)
            view = memoryview(line)
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(where)
            raise _unwritable(self.path, error) from error
        self._end = where + len(line)
        self._places[_digest(record.file, state)] = where
        return where

    def record(self, place: int) -> Record:
        """The record whose line lies at ``place``. Raises CheckpointError when it was damaged."""
        try:
            self._file.seek(place)
            line = self._line_here()
            fields = _fields(line) if line else None
            if fields is None:
                raise ValueError("damaged")
            return _record(fields)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f'The file "{visible(str(self.path))}" was changed by somebody else.',
                "Begin anew with --restart.",
            ) from error

    def settle_now_and_then(self, moment: float) -> None:
        """Every few seconds, ``moment`` says: let what was added reach the disk, so that a power
        cut loses no more. A killed process loses nothing of it in any case.
        """
        if moment - self._settled < SETTLE_EVERY_S:
            return
        self._settled = moment
        with contextlib.suppress(OSError):
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close it and leave it where it is: the batch will go on another time."""
        self._file.close()

    def finish(self) -> None:
        """Close it and delete it: its output has been written."""
        if sys.platform == "win32":  # where no open file can be deleted
            self._file.close()
        with contextlib.suppress(OSError):
            self.path.unlink()
        self._file.close()

    def _read(self, model: str, restart: bool) -> None:
        """Take in what is there, up to the first line that is not whole."""
        head = {"format": FORMAT, "model": model}
        line = self._line_here()
        if restart or not line or _fields(line) != head:
            self._file.truncate(0)
            self._file.seek(0)
            self._end = self._file.write(_line(head))
            return
        self._end = len(line)
        for line in iter(self._line_here, b""):
            fields = _fields(line)
            if fields is None:
                break
            try:
                state = (int(fields["state"][0]), int(fields["state"][1]))
                self._places[_digest(fields["file"], state)] = self._end
            except (KeyError, TypeError, ValueError, IndexError):
                break
            self._end += len(line)
        self._file.truncate(self._end)

    def _line_here(self) -> bytes:
        """The line at the file's place. Its end marks how many bytes that took."""
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


_HEAD = 18  # checksum, length of what follows, both in 8 hex digits, each with a space after it


def _line(fields: dict[str, Any]) -> bytes:
    body = json.dumps(fields, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"
    return b"%08x %08x " % (zlib.crc32(body), len(body)) + body


def _fields(line: bytes) -> dict[str, Any] | None:
    """What a line says; None where it is not whole."""
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
    # 16 bytes, not the path: a million pictures shall not fill the memory.
    text = f"{state[0]} {state[1]} ".encode() + os.fsencode(file)
    return hashlib.blake2b(text, digest_size=16).digest()


def _unwritable(path: Path, error: OSError) -> CheckpointError:
    return CheckpointError(
        f'I can\'t keep what is done so far in "{visible(str(path))}": {reason(error)}.',
        "Name an output in a folder that you may write to, on a disk with room.",
    )


if sys.platform == "win32":
    import msvcrt

    _LOCKED_BYTE = 1 << 40  # far behind all content: a locked byte can't be read by others

    def _locked(file: int) -> bool:
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

    def _locked(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
