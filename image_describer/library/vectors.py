"""The vectors of one's own pictures in one file beside the index, and those nearest to another.

All of them are compared: at 100,000 pictures NumPy does that in some 20 ms over a memory map, and
is exact. benchmarks/search_speed.py compares it with usearch and sqlite-vec.
"""

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np

from image_describer.files import writing
from image_describer.library.database import FILE_MODE, Database

FILE = "vectors.f32"
MAGIC = b"image-describer vectors 1\n"
HEADER_BYTES = 4096  # a page, so that the matrix after it is aligned
CHUNK_ROWS = 4096
# The file is a picture of the past: what came later is read from the index each time, until it is
# more than this and a tenth of the file; what was deleted stays until it is a fifth.
TAIL_ROWS = 2000
TAIL_SHARE, DEAD_SHARE = 0.1, 0.2
DRAFT_AGE_S = 3600.0  # an older draft is of a process that died
FEW_SHARE = 0.1  # of the rows: so few are picked out before they are compared, not after


def _no_rows() -> np.ndarray:
    return np.zeros((0, 0), np.float32)


def _no_ids() -> np.ndarray:
    return np.zeros(0, np.int64)


@dataclass(frozen=True)
class Part:
    """``ids``: (N,) int64, rising. ``rows``: (N, D) float32 of length 1, or (0, 0)."""

    ids: np.ndarray = field(default_factory=_no_ids)
    rows: np.ndarray = field(default_factory=_no_rows)

    def scores(self, query: np.ndarray, only: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Ids and their cosines with ``query``, of all rows or of those whose ids are ``only``."""
        if self.rows.shape[1] != len(query):
            return _no_ids(), np.zeros(0, np.float32)
        if only is None:
            return self.ids, self.rows @ query
        places = np.searchsorted(self.ids, only)
        inside = places < len(self.ids)
        places = places[inside][self.ids[places[inside]] == only[inside]]
        if len(places) < FEW_SHARE * len(self.ids):
            return self.ids[places], self.rows[places] @ query
        return self.ids[places], (self.rows @ query)[places]


@dataclass(frozen=True)
class Vectors:
    """The vectors of all pictures: those in the file, and those that came later."""

    parts: tuple[Part, ...]

    def __len__(self) -> int:
        return sum(len(part.ids) for part in self.parts)

    def nearest(
        self, query: np.ndarray | None, limit: int, only: np.ndarray | None = None
    ) -> list[tuple[int, float]]:
        """Ids of the ``limit`` nearest pictures, the nearest first, with their cosines.

        ``query``: (D,) float32 of length 1; to None nothing is near. ``only``: (M,) ids, rising, of
        those that count. Among them may be pictures that the index has forgotten since.
        """
        if query is None or not self.parts:
            return []
        query = np.ascontiguousarray(query, np.float32)
        found = [part.scores(query, only) for part in self.parts]
        ids = np.concatenate([ids for ids, _ in found])
        scores = np.concatenate([scores for _, scores in found])
        limit = min(limit, len(ids))
        if limit <= 0:
            return []
        best = np.argpartition(-scores, limit - 1)[:limit]
        best = best[np.lexsort((ids[best], -scores[best]))]
        return [(int(ids[k]), float(np.clip(scores[k], -1.0, 1.0))) for k in best]


class VectorStore:
    """The vectors of one space in ``database``, through the file beside it, which stays mapped."""

    def __init__(self, database: Database, space: str) -> None:
        self._database = database
        self._space = space
        self._path = database.path.with_name(FILE)
        self._kept: tuple[object, Part] = (None, Part())

    def all(self) -> Vectors:
        """The vectors as they are now.

        The file is made anew where it is stale, damaged or of another space; where it can't be
        written, all are held in memory. Raises LibraryError.
        """
        read = self._database.read
        vectors = read(self._current)
        if vectors is not None:
            return vectors
        with contextlib.suppress(OSError):  # no room, no permission, or mapped elsewhere (Windows)
            read(lambda connection: _write(connection, self._space, self._path))
            vectors = read(self._current)
        return vectors or read(
            lambda connection: Vectors((_gathered(_rows(connection, self._space, after=0)),))
        )

    def _current(self, connection: sqlite3.Connection) -> Vectors | None:
        """The vectors, if the file holds nearly all of them; None where it doesn't."""
        kept = self._mapped(_name(connection))
        if not _is_of(connection, kept):
            kept = Part()
        last = int(kept.ids[-1]) if len(kept.ids) else 0
        count = f"SELECT count(*) FROM vector WHERE {_SPACE}"
        alive = connection.execute(count, (self._space,)).fetchone()[0]
        later = connection.execute(f"{count} AND picture > ?", (self._space, last)).fetchone()[0]
        if later > max(TAIL_ROWS, TAIL_SHARE * len(kept.ids)):
            return None
        if len(kept.ids) - (alive - later) > max(TAIL_ROWS, DEAD_SHARE * len(kept.ids)):
            return None
        return Vectors((kept, _gathered(_rows(connection, self._space, after=last))))

    def _mapped(self, name: str) -> Part:
        """What lies in the file. Mapping it anew each time would cost as much as searching it."""
        try:
            status = self._path.stat()
        except OSError:
            return Part()
        now = (name, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if now != self._kept[0]:
            self._kept = (now, _opened(self._path, name, self._space) or Part())
        return self._kept[1]


_SPACE = "model IN (SELECT id FROM model WHERE space = ?)"


def _rows(
    connection: sqlite3.Connection, space: str, after: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Ids and vectors after an id, some thousand at a time."""
    found = connection.execute(
        f"SELECT picture, value FROM vector WHERE {_SPACE} AND picture > ? ORDER BY picture",
        (space, after),
    )
    size = 0
    while chunk := found.fetchmany(CHUNK_ROWS):
        size = size or len(chunk[0][1])
        sound = [(number, value) for number, value in chunk if len(value) == size]
        values = np.frombuffer(b"".join(value for _, value in sound), np.float16)
        ids = np.fromiter((number for number, _ in sound), np.int64, len(sound))
        yield ids, values.reshape(len(sound), -1).astype(np.float32)


def _gathered(chunks: Iterator[tuple[np.ndarray, np.ndarray]]) -> Part:
    all_chunks = list(chunks)
    if not all_chunks:
        return Part()
    ids, rows = zip(*all_chunks, strict=True)
    return Part(np.concatenate(ids), np.concatenate(rows))


def _name(connection: sqlite3.Connection) -> str:
    """The name of this very index: one begun anew has another, and may give the same ids again."""
    row = connection.execute("SELECT value FROM state WHERE name = 'name'").fetchone()
    return str(row[0]) if row else ""


def _opened(path: Path, name: str, space: str) -> Part | None:
    """What lies in the file, if it is whole and of this index and space."""
    try:
        with path.open("rb") as file:
            head = file.read(HEADER_BYTES)
            size = os.fstat(file.fileno()).st_size
            if not head.startswith(MAGIC):
                return None
            told = json.loads(head[len(MAGIC) :].rstrip(b"\0").decode())
            rows, columns = int(told["rows"]), int(told["columns"])
            if (told["name"], told["space"]) != (name, space) or rows < 1 or columns < 1:
                return None
            if size != HEADER_BYTES + rows * columns * 4 + rows * 8:
                return None
            mapped = np.memmap(file, np.uint8, "r", HEADER_BYTES, (size - HEADER_BYTES,))
    except (OSError, ArithmeticError, ValueError, LookupError, TypeError, RecursionError):
        return None
    content = np.asarray(mapped)
    matrix = content[: rows * columns * 4].view(np.float32).reshape(rows, columns)
    ids = np.frombuffer(content[rows * columns * 4 :].tobytes(), np.int64)
    return Part(ids, matrix) if np.all(np.diff(ids) > 0) else None


def _is_of(connection: sqlite3.Connection, part: Part) -> bool:
    """Whether the first and last row are still what the index holds, where it holds them."""
    for k in (0, -1) if len(part.ids) else ():
        row = connection.execute(
            "SELECT value FROM vector WHERE picture = ?", (int(part.ids[k]),)
        ).fetchone()
        if row and row[0] != part.rows[k].astype(np.float16).tobytes():
            return False
    return True


def _write(connection: sqlite3.Connection, space: str, path: Path) -> None:
    """Write the file under a temporary name, then rename it. Raises OSError."""
    _clear_drafts(path)
    with writing(path, FILE_MODE) as file:
        _fill(connection, space, file)


def _fill(connection: sqlite3.Connection, space: str, file: IO[bytes]) -> None:
    file.write(bytes(HEADER_BYTES))
    ids, columns = [], 0
    for numbers, rows in _rows(connection, space, after=0):
        columns = rows.shape[1]
        ids.append(numbers)
        file.write(rows.data)
    numbers = np.concatenate(ids) if ids else _no_ids()
    file.write(numbers.data)
    told = {
        "name": _name(connection),
        "space": space,
        "rows": len(numbers),
        "columns": columns,
    }
    file.seek(0)
    file.write(MAGIC + json.dumps(told).encode())


def _clear_drafts(path: Path) -> None:
    """Delete what a process that was killed while writing has left behind."""
    for draft in path.parent.glob(f".{path.name}.*.new"):
        with contextlib.suppress(OSError):
            if time.time() - draft.stat().st_mtime > DRAFT_AGE_S:
                draft.unlink()
