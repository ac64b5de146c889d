"""The embeddings of the user's pictures, in one file beside the index, and the nearest of them.

The search is exact: NumPy compares 100,000 memory-mapped embeddings in about 20 ms.
train/experiments/vector_search.md compares this with usearch and sqlite-vec.
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
# The file is a snapshot: later embeddings are read from the index each time, and deleted ones stay
# in the file, until there are too many of them and it is written again.
TAIL_ROWS = 2000
TAIL_SHARE, DEAD_SHARE = 0.1, 0.2
DRAFT_AGE_S = 3600.0  # the process that wrote an older draft has died
FEW_SHARE = 0.1  # of the rows: so few are selected before they are compared, not after


def _no_rows() -> np.ndarray:
    return np.zeros((0, 0), np.float32)


def _no_ids() -> np.ndarray:
    return np.zeros(0, np.int64)


@dataclass(frozen=True)
class VectorBlock:
    """``ids``: (N,) int64, ascending. ``rows``: (N, D) float32 of length 1, or (0, 0)."""

    ids: np.ndarray = field(default_factory=_no_ids)
    rows: np.ndarray = field(default_factory=_no_rows)

    def scores(self, query: np.ndarray, only: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Return ids and their cosines with ``query``; with ``only``, of those ids."""
        if self.rows.shape[1] != len(query):
            return _no_ids(), np.zeros(0, np.float32)
        if only is None:
            return self.ids, self.rows @ query
        positions = np.searchsorted(self.ids, only)
        inside = positions < len(self.ids)
        positions = positions[inside][self.ids[positions[inside]] == only[inside]]
        if len(positions) < FEW_SHARE * len(self.ids):
            return self.ids[positions], self.rows[positions] @ query
        return self.ids[positions], (self.rows @ query)[positions]


@dataclass(frozen=True)
class VectorSet:
    """The embeddings of all pictures: a block from the file, and one of later additions."""

    blocks: tuple[VectorBlock, ...]

    def __len__(self) -> int:
        return sum(len(block.ids) for block in self.blocks)

    def nearest(
        self, query: np.ndarray | None, limit: int, only: np.ndarray | None = None
    ) -> list[tuple[int, float]]:
        """Return the ids of the ``limit`` nearest pictures, nearest first, with their cosines.

        ``query``: (D,) float32 of length 1; None has no neighbours. ``only``: (M,) ids, ascending,
        to choose from. The result may contain pictures that have been deleted since.
        """
        if query is None or not self.blocks:
            return []
        query = np.ascontiguousarray(query, np.float32)
        results = [block.scores(query, only) for block in self.blocks]
        ids = np.concatenate([ids for ids, _ in results])
        scores = np.concatenate([scores for _, scores in results])
        limit = min(limit, len(ids))
        if limit <= 0:
            return []
        best = np.argpartition(-scores, limit - 1)[:limit]
        best = best[np.lexsort((ids[best], -scores[best]))]
        return [(int(ids[k]), float(np.clip(scores[k], -1.0, 1.0))) for k in best]


class VectorStore:
    """The embeddings of one ``space`` in ``database``, with the file beside it memory-mapped."""

    def __init__(self, database: Database, space: str) -> None:
        self._database = database
        self._space = space
        self._path = database.path.with_name(FILE)
        self._mapped: tuple[object, VectorBlock] = (None, VectorBlock())

    def all(self) -> VectorSet:
        """Return the embeddings as they are now.

        The file is written again if it is out of date, damaged or of another space; if it can't be
        written, all embeddings are read into memory. Raises LibraryError.
        """
        read = self._database.read
        vectors = read(self._current)
        if vectors is not None:
            return vectors
        with contextlib.suppress(OSError):  # disk full, no permission, or mapped (Windows)
            read(lambda connection: _write(connection, self._space, self._path))
            vectors = read(self._current)
        return vectors or read(
            lambda connection: VectorSet((_join(_chunks(connection, self._space, after=0)),))
        )

    def _current(self, connection: sqlite3.Connection) -> VectorSet | None:
        """Return the embeddings if the file has nearly all of them, else None."""
        block = self._block(_index_name(connection))
        if not _matches_index(connection, block):
            block = VectorBlock()
        last = int(block.ids[-1]) if len(block.ids) else 0
        count = f"SELECT count(*) FROM vector WHERE {_SPACE}"
        alive = connection.execute(count, (self._space,)).fetchone()[0]
        later = connection.execute(f"{count} AND picture > ?", (self._space, last)).fetchone()[0]
        if later > max(TAIL_ROWS, TAIL_SHARE * len(block.ids)):
            return None
        if len(block.ids) - (alive - later) > max(TAIL_ROWS, DEAD_SHARE * len(block.ids)):
            return None
        return VectorSet((block, _join(_chunks(connection, self._space, after=last))))

    def _block(self, index_name: str) -> VectorBlock:
        """Return the file's content. Mapping it for each search would take as long as searching."""
        try:
            status = self._path.stat()
        except OSError:
            return VectorBlock()
        key = (index_name, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if key != self._mapped[0]:
            block = _map_file(self._path, index_name, self._space) or VectorBlock()
            self._mapped = (key, block)
        return self._mapped[1]


_SPACE = "model IN (SELECT id FROM model WHERE space = ?)"  # untranslated


def _chunks(
    connection: sqlite3.Connection, space: str, after: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield ids and embeddings after an id, some thousand at a time."""
    cursor = connection.execute(
        f"SELECT picture, value FROM vector WHERE {_SPACE} AND picture > ? ORDER BY picture",
        (space, after),
    )
    size = 0
    while chunk := cursor.fetchmany(CHUNK_ROWS):
        size = size or len(chunk[0][1])
        valid = [(picture_id, value) for picture_id, value in chunk if len(value) == size]
        values = np.frombuffer(b"".join(value for _, value in valid), np.float16)
        ids = np.fromiter((picture_id for picture_id, _ in valid), np.int64, len(valid))
        yield ids, values.reshape(len(valid), -1).astype(np.float32)


def _join(chunks: Iterator[tuple[np.ndarray, np.ndarray]]) -> VectorBlock:
    all_chunks = list(chunks)
    if not all_chunks:
        return VectorBlock()
    ids, rows = zip(*all_chunks, strict=True)
    return VectorBlock(np.concatenate(ids), np.concatenate(rows))


def _index_name(connection: sqlite3.Connection) -> str:
    """Return the unique name of this index: a new one may use the same ids again."""
    row = connection.execute("SELECT value FROM state WHERE name = 'name'").fetchone()
    return str(row[0]) if row else ""


def _map_file(path: Path, index_name: str, space: str) -> VectorBlock | None:
    """Return the content of the file, if it is complete and of this index and space."""
    try:
        with path.open("rb") as file:
            head = file.read(HEADER_BYTES)
            size = os.fstat(file.fileno()).st_size
            if not head.startswith(MAGIC):
                return None
            header = json.loads(head[len(MAGIC) :].rstrip(b"\0").decode())
            rows, columns = int(header["rows"]), int(header["columns"])
            if (header["name"], header["space"]) != (index_name, space) or rows < 1 or columns < 1:
                return None
            if size != HEADER_BYTES + rows * columns * 4 + rows * 8:
                return None
            mapped = np.memmap(file, np.uint8, "r", HEADER_BYTES, (size - HEADER_BYTES,))
    except (OSError, ArithmeticError, ValueError, LookupError, TypeError, RecursionError):
        return None
    content = np.asarray(mapped)
    matrix = content[: rows * columns * 4].view(np.float32).reshape(rows, columns)
    ids = np.frombuffer(content[rows * columns * 4 :].tobytes(), np.int64)
    return VectorBlock(ids, matrix) if np.all(np.diff(ids) > 0) else None


def _matches_index(connection: sqlite3.Connection, block: VectorBlock) -> bool:
    """Whether the first and last row equal those of the index, if it still has them."""
    for k in (0, -1) if len(block.ids) else ():
        row = connection.execute(
            "SELECT value FROM vector WHERE picture = ?", (int(block.ids[k]),)
        ).fetchone()
        if row and row[0] != block.rows[k].astype(np.float16).tobytes():
            return False
    return True


def _write(connection: sqlite3.Connection, space: str, path: Path) -> None:
    """Write the file. Raises OSError."""
    _delete_drafts(path)
    with writing(path, FILE_MODE) as file:
        _fill(connection, space, file)


def _fill(connection: sqlite3.Connection, space: str, file: IO[bytes]) -> None:
    file.write(bytes(HEADER_BYTES))
    all_ids, columns = [], 0
    for chunk_ids, rows in _chunks(connection, space, after=0):
        columns = rows.shape[1]
        all_ids.append(chunk_ids)
        file.write(rows.data)
    ids = np.concatenate(all_ids) if all_ids else _no_ids()
    file.write(ids.data)
    header = {
        "name": _index_name(connection),
        "space": space,
        "rows": len(ids),
        "columns": columns,
    }
    file.seek(0)
    file.write(MAGIC + json.dumps(header).encode())


def _delete_drafts(path: Path) -> None:
    """Delete the temporary files of processes that were killed while writing."""
    for draft in path.parent.glob(f".{path.name}.*.new"):
        with contextlib.suppress(OSError):
            if time.time() - draft.stat().st_mtime > DRAFT_AGE_S:
                draft.unlink()
