"""The records of a folder run, on the disk, so that a hundred thousand do not fill the memory."""

import json
import os
import tempfile
import threading
import weakref
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING

from image_describer.files import reason
from image_describer.text import natural_key
from image_describer.wording.record import from_record, to_record

if TYPE_CHECKING:
    from image_describer.library.record import Record


class RecordStore:
    """Records without their embeddings, in a temporary file without a name.

    Any thread may add records while others read a snapshot. The file lives as long as the store or
    a snapshot of it, so that a save can finish although another run begins or the window closes.

    ``error``: why a record could not be stored, or "".
    """

    def __init__(self) -> None:
        self.error = ""
        self._lock = threading.Lock()
        self._file: IO[bytes] | None = None
        self._offsets: list[tuple[str, int]] = []  # path and position in the file
        self._complete = False

    def __len__(self) -> int:
        return len(self._offsets)

    def add(self, record: "Record") -> None:
        """Store ``record``; if that fails, ``error`` says why and all later ones are dropped."""
        description = record.description
        fields = {
            "file": record.file,
            "key": record.key,
            "error": record.error,
            "description": None
            if description is None
            else to_record(description, for_storage=True),
        }
        with self._lock:
            if self.error:
                return
            try:
                if self._file is None:
                    self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the finalizer
                    weakref.finalize(self, self._file.close)
                offset = self._file.seek(0, os.SEEK_END)
                self._file.write(json.dumps(fields).encode("ascii") + b"\n")
            except OSError as error:
                self.error = reason(error)
                return
            self._offsets.append((record.file, offset))

    def mark_complete(self) -> None:
        """Note that no more records will come."""
        with self._lock:
            self._complete = True

    def snapshot(self) -> "tuple[Iterator[Record], bool]":
        """Return the records stored so far, in the order of the folders, and whether it is all.

        Reading the records may raise OSError.
        """
        with self._lock:
            offsets, complete = list(self._offsets), self._complete
        offsets.sort(key=lambda item: walk_order(item[0]))
        return self._read([offset for _path, offset in offsets]), complete

    def _read(self, offsets: Sequence[int]) -> "Iterator[Record]":
        from image_describer.library.record import Record

        for offset in offsets:
            with self._lock:
                assert self._file is not None
                self._file.seek(offset)
                fields = json.loads(self._file.readline())
            stored = fields["description"]
            description = None if stored is None else from_record(stored)
            yield Record(fields["file"], fields["key"], description, fields["error"])


def walk_order(path: str) -> tuple[object, ...]:
    """Sort key for the order of `scan.pictures`: a folder's pictures, then its subfolders."""
    *folders, name = path.split(os.sep)
    return (*((1, natural_key(folder)) for folder in folders), (0, natural_key(name)))
