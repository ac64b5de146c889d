"""The index of one's own pictures: what each shows, in words and as a vector, and where it lies.

A picture is known by its content, so it may be moved, renamed and copied at no cost.
"""

import hashlib
import os
import sqlite3
import stat
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from image_describer.captioner.description import Description
from image_describer.errors import LibraryError
from image_describer.files import reason
from image_describer.library import tables
from image_describer.library.database import PICTURES, Database, default_path
from image_describer.library.describe_files import content_key
from image_describer.library.record import Record
from image_describer.library.tables import Folders
from image_describer.library.vectors import FILE as VECTOR_FILE
from image_describer.library.vectors import Vectors, VectorStore
from image_describer.text import visible

if TYPE_CHECKING:
    from image_describer.captioner.describer import Describer

__all__ = ["Entry", "Index", "LibraryError", "Model", "model_of"]

MODEL_FILES = ("extractor.tflite", "decoder.tflite", "joint.tflite")
SPACE_FILES = ("extractor.tflite", "joint.tflite")  # vectors of two such pairs can't be compared

LOST_KEPT_S = 30 * 86_400.0  # what lies nowhere may have been moved, or its disk unplugged
WEIGHTS = (4.0, 2.0, 6.0, 3.0)  # of a word in caption, alternatives, author's words, file name


class Model(NamedTuple):
    """Which bundle described a picture: ``name`` all of it, ``space`` the space of its vectors."""

    name: str
    space: str


NO_MODEL = Model("", "")


def model_of(describer: "Describer") -> Model:
    """The model that ``describer`` has loaded."""
    digests = describer.digests
    return Model(*(_digest(digests.get(f, "") for f in fs) for fs in (MODEL_FILES, SPACE_FILES)))


@dataclass(frozen=True)
class Entry:
    """A picture of the index. ``files`` are the absolute paths of its content, ``author`` is the
    alt text that a human wrote into it or "". ``stale``: another model described it.
    """

    id: int
    key: str
    files: tuple[str, ...]
    description: Description
    author: str
    stale: bool


class Index:
    """The index in ``path``, a file (default: in the user's data folder), for one model.

    Threads may share it, and processes the file. ``trouble`` is a sentence for the user once a
    damaged file had to be set aside, else empty. Every method raises LibraryError where the file
    can't be used.
    """

    def __init__(self, path: Path, model: Model = NO_MODEL) -> None:
        self.path = Path(path)
        self.model = model
        self._database = Database(self.path)
        self._store: VectorStore | None = None
        if not self._database.has_search:
            self._database.close()
            raise LibraryError(
                "The index of your pictures can't be used: SQLite has no FTS5.",
                "Use a Python whose SQLite has FTS5, such as the one from python.org.",
            )

    @classmethod
    def open(cls, path: Path | None = None, model: Model = NO_MODEL) -> "Index":
        """The index, made where there is none. ``model`` as of `model_of`."""
        if path is None:
            try:
                path = default_path()
            except OSError as error:
                raise LibraryError(f"There is no folder for your data: {reason(error)}.") from error
        return cls(path, model)

    @property
    def trouble(self) -> str:
        copy = self._database.damaged_copy
        if copy is None:
            return ""
        return (
            f"The index of your pictures was damaged; it is kept as {visible(copy.name)}, and a "
            "new one was begun."
        )

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> "Index":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """How many pictures lie somewhere."""
        query = "SELECT count(*) FROM picture WHERE lost IS NULL"
        return int(self._database.read(lambda c: c.execute(query).fetchone()[0]))

    def stale(self) -> int:
        """How many of them another model has described."""
        query = "SELECT count(*) FROM picture WHERE lost IS NULL AND model IS NOT ?"
        return int(self._database.read(lambda c: c.execute(query, (self._model(c),)).fetchone()[0]))

    def known(self, file: str | os.PathLike[str]) -> Record | None:
        """What this index's model said of the picture at ``file``; None where it has said nothing.

        The file is not read where its size and time are those of last time, nor where no picture
        of its size is known. Else its content decides, and its new place is remembered.
        """
        name = os.path.abspath(os.fspath(file))
        try:
            status = Path(name).stat()
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        found = self._database.read(lambda c: self._at(c, name, status))
        if found is not None:
            return found
        query = "SELECT 1 FROM picture WHERE size = ? LIMIT 1"
        if not self._database.read(lambda c: c.execute(query, (status.st_size,)).fetchone()):
            return None
        try:
            key = content_key(name)
        except OSError:
            return None
        return self._database.write(lambda c: self._with_key(c, name, key, status))

    def add(self, records: Iterable[Record], author_says: Mapping[str, str] | None = None) -> int:
        """Keep what was found out about pictures, all of it or, at a crash, nothing; many at once
        are fast. Returns how many were kept: a picture without description is forgotten instead.

        ``author_says``: for some of the files, the alt text that a human wrote into them, where it
        is not the descriptions' own.
        """
        taken = list(records)
        says = author_says or {}

        def work(connection: sqlite3.Connection) -> int:
            model = self._model(connection, make=True)
            return sum(
                tables.add(connection, model, record, says.get(record.file)) for record in taken
            )

        return self._database.write(work) if taken else 0

    def forget_missing(self, folders: Folders = None) -> int:
        """Forget files that no longer exist; returns how many were found missing.

        With ``folders``: the files below them; a folder that is itself missing is skipped, because
        its disk may be unplugged. Without: all files, but where the folder is missing too, the
        file is kept for a month. A picture without files is not found any more, and after a month
        its words are deleted.
        """
        existing = None
        if folders is not None:
            existing = [folder for folder in tables.listed(folders) if os.path.isdir(folder)]
        clause, values = tables.below(existing)
        query = f"SELECT path, picture FROM place WHERE {clause}"
        places = self._database.read(lambda c: c.execute(query, values).fetchall())
        missing = {path for path, _ in places if tables.is_gone(path)}
        unplugged = set()
        if folders is None:
            unplugged = {path for path in missing if not os.path.isdir(os.path.dirname(path))}
        present = {picture for path, picture in places if path not in missing}
        away = {picture for path, picture in places if path in unplugged} - present

        def work(connection: sqlite3.Connection) -> int:
            for path in missing - unplugged:
                tables.leave(connection, path)
            tables.mark_lost(connection, away, time.time())
            old = connection.execute(
                "SELECT id FROM picture WHERE lost < ?", (time.time() - LOST_KEPT_S,)
            ).fetchall()
            for (number,) in old:
                tables.delete(connection, number)
            return len(missing)

        return self._database.write(work)

    def clear(self) -> None:
        """Forget all pictures, on the disk too, and delete copies of damaged files."""
        self._database.clear(PICTURES)
        file = self.path.with_name(VECTOR_FILE)
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise LibraryError(
                f"Not all of the index of your pictures could be deleted: {reason(error)}.",
                f"You can delete it yourself: {visible(str(file))}.",
            ) from error

    def words(self, text: str, within: Folders = None, limit: int = 100) -> list[tuple[int, float]]:
        """Ids of pictures whose words match, best first, with their BM25 scores (higher is better).

        ``text`` is a query in the syntax of FTS5, as `search.query` makes one.
        """
        clause, values = tables.below(tables.listed(within) if within is not None else None)
        query = (
            f"SELECT rowid, -bm25(words, {', '.join(map(str, WEIGHTS))}) AS score FROM words "
            f"WHERE words MATCH ? AND +rowid IN (SELECT picture FROM place WHERE {clause}) "
            "ORDER BY score DESC LIMIT ?"
        )
        if within is None:
            query = query.replace(f" AND +rowid IN (SELECT picture FROM place WHERE {clause})", "")
        return self._database.read(
            lambda c: [(int(i), float(s)) for i, s in c.execute(query, (text, *values, limit))]
        )

    def vectors(self) -> Vectors:
        """The vectors of this index's model, of all its pictures."""
        if self._store is None:
            self._store = VectorStore(self._database, self.model.space)
        return self._store.all()

    def within(self, folders: Folders) -> np.ndarray:
        """Ids of the pictures below ``folders``: (N,) int64, rising."""
        clause, values = tables.below(tables.listed(folders))
        query = f"SELECT picture FROM place WHERE {clause}"
        found = self._database.read(lambda c: c.execute(query, values).fetchall())
        return np.unique(np.fromiter((row[0] for row in found), np.int64, len(found)))

    def share(self, folders: Folders) -> float:
        """About which share of all pictures lies below ``folders``."""
        clause, values = tables.below(tables.listed(folders))
        query = f"SELECT count(*) FROM place WHERE {clause}"
        count = self._database.read(lambda c: c.execute(query, values).fetchone()[0])
        return float(count) / max(1, len(self))

    def entry(self, number: int) -> Entry | None:
        """The picture with an id; None where it was forgotten."""
        return self._database.read(lambda c: self._entry(c, number))

    def is_changed(self, file: str) -> bool:
        """Whether the file has another size or time than when it was looked at."""
        query = "SELECT size, mtime_ns FROM place WHERE path = ?"
        row = self._database.read(lambda c: c.execute(query, (os.fsencode(file),)).fetchone())
        try:
            status = Path(file).stat()
        except (OSError, ValueError):
            return True
        return row is None or (
            row[0] != status.st_size or row[1] not in (tables.UNKNOWN_MTIME, status.st_mtime_ns)
        )

    def _model(self, connection: sqlite3.Connection, make: bool = False) -> int | None:
        """The number of this index's model; None where it has described nothing yet."""
        if make:
            connection.execute(
                "INSERT INTO model (name, space) VALUES (?, ?) ON CONFLICT DO NOTHING", self.model
            )
        row = connection.execute(
            "SELECT id FROM model WHERE name = ?", (self.model.name,)
        ).fetchone()
        return int(row[0]) if row else None

    def _at(
        self, connection: sqlite3.Connection, name: str, status: os.stat_result
    ) -> Record | None:
        row = connection.execute(
            "SELECT picture FROM place WHERE path = ? AND size = ? AND mtime_ns = ?",
            (os.fsencode(name), status.st_size, status.st_mtime_ns),
        ).fetchone()
        return self._record(connection, int(row[0]), name) if row else None

    def _with_key(
        self, connection: sqlite3.Connection, name: str, key: str, status: os.stat_result
    ) -> Record | None:
        row = connection.execute("SELECT id FROM picture WHERE key = ?", (key,)).fetchone()
        found = self._record(connection, int(row[0]), name) if row else None
        if found is not None:
            tables.put(connection, name, int(row[0]), status)
        return found

    def _record(self, connection: sqlite3.Connection, number: int, name: str) -> Record | None:
        """What this model said of a picture, as if it had been said of ``name`` just now."""
        row = connection.execute(
            "SELECT key, description, value FROM picture LEFT JOIN vector ON picture = id "
            "WHERE id = ? AND picture.model = ?",
            (number, self._model(connection)),
        ).fetchone()
        if row is None:
            return None
        description = tables.described(row[1])
        if description is None:
            return None
        place = None if row[2] is None else np.frombuffer(row[2], np.float16).astype(np.float32)
        return Record(name, row[0], replace(description, file=name, embedding=place))

    def _entry(self, connection: sqlite3.Connection, number: int) -> Entry | None:
        row = connection.execute(
            "SELECT key, model, caption, confidence, author, description FROM picture WHERE id = ?",
            (number,),
        ).fetchone()
        if row is None:
            return None
        key, model, caption, confidence, author, text = row
        files = tuple(
            os.fsdecode(path)
            for (path,) in connection.execute(
                "SELECT path FROM place WHERE picture = ? ORDER BY path", (number,)
            )
        )
        description = tables.described(text) or Description(caption, confidence)
        description = replace(description, alt_text=author or None)
        return Entry(number, key, files, description, author, model != self._model(connection))


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:32]
