"""The index of the user's pictures: descriptions, embeddings and file paths.

A picture is identified by its content, so that it may be moved, renamed and copied.
"""

import hashlib
import os
import sqlite3
import stat
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from image_describer.captioner.bundle import DECODER, ENCODER, JOINT_SPACE, language_of_file
from image_describer.captioner.description import Description
from image_describer.errors import LibraryError
from image_describer.files import reason
from image_describer.i18n import ENGLISH, _
from image_describer.library import tables
from image_describer.library.database import PICTURES, Database, default_path
from image_describer.library.describe_files import content_key
from image_describer.library.record import Record
from image_describer.library.tables import Folders
from image_describer.library.vectors import FILE as VECTOR_FILE
from image_describer.library.vectors import VectorSet, VectorStore
from image_describer.text import visible

if TYPE_CHECKING:
    from image_describer.captioner.describer import Describer

MODEL_FILES = (ENCODER, DECODER, JOINT_SPACE)
SPACE_FILES = (ENCODER, JOINT_SPACE)  # only vectors of the same two are comparable

LOST_KEPT_S = 30 * 86_400.0  # a missing file may have been moved, or its disk unplugged
WEIGHTS = (4.0, 2.0, 6.0, 3.0)  # of a word in caption, alternatives, words by people, file name


class ModelId(NamedTuple):
    """The model that describes pictures.

    ``name`` is a digest of all its files, ``space`` of those that its embeddings depend on.
    ``further`` are the names under which it describes in languages other than English.
    """

    name: str
    space: str
    further: Mapping[str, str] = MappingProxyType({})

    def name_in(self, language: str) -> str:
        """Its name when it describes in a language."""
        return self.further.get(language, self.name)


UNKNOWN_MODEL = ModelId("", "")


def model_id(describer: "Describer") -> ModelId:
    """Return the id of the model that ``describer`` has loaded."""
    return model_id_of(describer.digests)


def model_id_of(digests: Mapping[str, str]) -> ModelId:
    """Return the id of a model by the SHA-256 ``digests`` of its files."""
    name, space = (
        _digest(digests.get(f, "") for f in files) for files in (MODEL_FILES, SPACE_FILES)
    )
    further = {
        language: _digest([space, digests[file], language])
        for file in digests
        if (language := language_of_file(file, DECODER)) is not None
    }
    return ModelId(name, space, further)


@dataclass(frozen=True)
class IndexedPicture:
    """A picture of the index.

    ``files`` are the absolute paths of its content, ``author`` is the alt text that its author
    wrote into it, or "". ``stale``: another model described it.
    """

    id: int
    key: str
    files: tuple[str, ...]
    description: Description
    author: str
    stale: bool


class Index:
    """The index in the database at ``path``, for one model.

    Threads may share an Index, and processes the file. ``warning`` is a sentence for the user once
    a damaged file had to be replaced, else empty. Every method raises LibraryError if the file
    can't be used.
    """

    def __init__(self, path: Path, model: ModelId = UNKNOWN_MODEL) -> None:
        self.path = Path(path)
        self.model = model
        self._database = Database(self.path)
        self._store: VectorStore | None = None
        if not self._database.has_search:
            self._database.close()
            raise LibraryError(
                _("The index of your pictures can't be used: SQLite has no FTS5."),
                _("Use a Python whose SQLite has FTS5, such as the one from python.org."),
            )

    @classmethod
    def open(cls, path: Path | None = None, model: ModelId = UNKNOWN_MODEL) -> "Index":
        """Open the index, by default in the user's data folder; create it if there is none."""
        if path is None:
            try:
                path = default_path()
            except OSError as error:
                raise LibraryError(
                    _("There is no folder for your data: {reason}.").format(reason=reason(error))
                ) from error
        return cls(path, model)

    @property
    def warning(self) -> str:
        copy = self._database.damaged_copy
        if copy is None:
            return ""
        return _(
            "The index of your pictures was damaged; it is kept as {name}, and a new one was begun."
        ).format(name=visible(copy.name))

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> "Index":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """Return the number of pictures with files."""
        query = "SELECT count(*) FROM picture WHERE lost IS NULL"
        return int(self._database.read(lambda c: c.execute(query).fetchone()[0]))

    def count_stale(self) -> int:
        """Return how many of them another model has described."""
        query = "SELECT model, count(*) FROM picture WHERE lost IS NULL GROUP BY model"

        def work(connection: sqlite3.Connection) -> int:
            own = self._model_rows(connection)
            return sum(n for model, n in connection.execute(query) if model not in own)

        return self._database.read(work)

    def lookup(self, file: str | os.PathLike[str], language: str = ENGLISH) -> Record | None:
        """Return this model's record, in a language, of the picture at ``file``; None if there is
        none.

        The file is read only if its size or time has changed and a picture of its size is known.
        Then its content decides, and its path is added to the index.
        """
        name = os.path.abspath(os.fspath(file))
        try:
            status = Path(name).stat()
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        model = self.model.name_in(language)
        record = self._database.read(lambda c: self._lookup_unchanged(c, name, model, status))
        if record is not None:
            return record
        query = "SELECT 1 FROM picture WHERE size = ? LIMIT 1"
        if not self._database.read(lambda c: c.execute(query, (status.st_size,)).fetchone()):
            return None
        try:
            key = content_key(name)
        except OSError:
            return None
        return self._database.write(lambda c: self._lookup_content(c, name, model, key, status))

    def add(self, records: Iterable[Record]) -> int:
        """Add the records of pictures in one transaction; many at once are fast.

        Returns how many have a description; files of the others are removed from the index.
        """
        batch = list(records)

        def work(connection: sqlite3.Connection) -> int:
            languages = {record.language for record in batch}
            rows = {code: self._made_model_row(connection, code) for code in languages}
            return sum(
                tables.add_record(connection, rows[record.language], record) for record in batch
            )

        return self._database.write(work) if batch else 0

    def forget_missing(self, folders: Folders = None) -> int:
        """Forget files that no longer exist; returns how many were found missing.

        With ``folders``: the files below them; a folder that is itself missing is skipped, because
        its disk may be unplugged. Without: all files, but where the folder is missing too, the
        file is kept for a month. A picture without files is not found any more, and after a month
        its words are deleted.
        """
        existing = None
        if folders is not None:
            existing = [f for f in tables.absolute_folders(folders) if os.path.isdir(f)]
        clause, values = tables.folder_condition(existing)
        query = f"SELECT path, picture FROM place WHERE {clause}"
        places = self._database.read(lambda c: c.execute(query, values).fetchall())
        missing = {path for path, _ in places if tables.is_missing(path)}
        unplugged = set()
        if folders is None:
            unplugged = {path for path in missing if not os.path.isdir(os.path.dirname(path))}
        present = {picture for path, picture in places if path not in missing}
        away = {picture for path, picture in places if path in unplugged} - present

        def work(connection: sqlite3.Connection) -> int:
            for path in missing - unplugged:
                tables.remove_file(connection, path)
            tables.mark_lost(connection, away, present)
            old = connection.execute(
                "SELECT id FROM picture WHERE lost < ?", (time.time() - LOST_KEPT_S,)
            ).fetchall()
            for (picture_id,) in old:
                tables.delete_picture(connection, picture_id)
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
                _("Not all of the index of your pictures could be deleted: {reason}.").format(
                    reason=reason(error)
                ),
                _("You can delete it yourself: {path}.").format(path=visible(str(file))),
            ) from error

    def match_words(
        self, query: str, folders: Folders = None, limit: int = 100
    ) -> list[tuple[int, float]]:
        """Return the ids of pictures that match an FTS5 ``query``, best first, with BM25 scores.

        A higher score is better. `search.fts_query` builds queries.
        """
        sql = (
            f"SELECT rowid, -bm25(words, {', '.join(map(str, WEIGHTS))}) AS score FROM words "
            "WHERE words MATCH ?{} ORDER BY score DESC LIMIT ?"
        )
        clause = ""
        values: list[bytes] = []
        if folders is not None:
            clause, values = tables.folder_condition(tables.absolute_folders(folders))
            clause = f" AND +rowid IN (SELECT picture FROM place WHERE {clause})"
        rows = self._database.read(
            lambda c: c.execute(sql.format(clause), (query, *values, limit)).fetchall()
        )
        return [(int(picture_id), float(score)) for picture_id, score in rows]

    def vectors(self) -> VectorSet:
        """Return the embeddings of all pictures in this model's space."""
        if self._store is None:
            self._store = VectorStore(self._database, self.model.space)
        return self._store.all()

    def ids_below(self, folders: Folders) -> np.ndarray:
        """Return the ids of the pictures below ``folders``: (N,) int64, ascending."""
        clause, values = tables.folder_condition(tables.absolute_folders(folders))
        query = f"SELECT picture FROM place WHERE {clause}"
        rows = self._database.read(lambda c: c.execute(query, values).fetchall())
        return np.unique(np.fromiter((row[0] for row in rows), np.int64, len(rows)))

    def share_below(self, folders: Folders) -> float:
        """Return approximately the share of all pictures that are below ``folders``."""
        clause, values = tables.folder_condition(tables.absolute_folders(folders))
        query = f"SELECT count(*) FROM place WHERE {clause}"
        count = self._database.read(lambda c: c.execute(query, values).fetchone()[0])
        return float(count) / max(1, len(self))

    def picture(self, picture_id: int) -> IndexedPicture | None:
        """Return the picture with an id; None if it was forgotten."""
        return self._database.read(lambda c: self._picture(c, picture_id))

    def is_changed(self, file: str) -> bool:
        """Whether the file's size or time differs from when it was described."""
        query = "SELECT size, mtime_ns FROM place WHERE path = ?"
        row = self._database.read(lambda c: c.execute(query, (os.fsencode(file),)).fetchone())
        try:
            status = Path(file).stat()
        except (OSError, ValueError):
            return True
        return row is None or (
            row[0] != status.st_size or row[1] not in (tables.UNKNOWN_MTIME, status.st_mtime_ns)
        )

    def _made_model_row(self, connection: sqlite3.Connection, language: str) -> int | None:
        """Return the row id of this index's model in a language; created if it is new."""
        name = self.model.name_in(language)
        connection.execute(
            "INSERT INTO model (name, space) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (name, self.model.space),
        )
        return self._model_row(connection, name)

    def _model_row(self, connection: sqlite3.Connection, name: str) -> int | None:
        """Return the row id of a model; None if it has described nothing yet."""
        row = connection.execute("SELECT id FROM model WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else None

    def _model_rows(self, connection: sqlite3.Connection) -> set[int | None]:
        """Return the row ids of this index's model in all its languages."""
        names = [self.model.name, *self.model.further.values()]
        return {self._model_row(connection, name) for name in names}

    def _lookup_unchanged(
        self, connection: sqlite3.Connection, file: str, model: str, status: os.stat_result
    ) -> Record | None:
        row = connection.execute(
            "SELECT picture FROM place WHERE path = ? AND size = ? AND mtime_ns = ?",
            (os.fsencode(file), status.st_size, status.st_mtime_ns),
        ).fetchone()
        return self._record(connection, int(row[0]), model, file) if row else None

    def _lookup_content(
        self,
        connection: sqlite3.Connection,
        file: str,
        model: str,
        key: str,
        status: os.stat_result,
    ) -> Record | None:
        row = connection.execute("SELECT id FROM picture WHERE key = ?", (key,)).fetchone()
        record = self._record(connection, int(row[0]), model, file) if row else None
        if record is not None:
            tables.add_file(connection, file, int(row[0]), status)
        return record

    def _record(
        self, connection: sqlite3.Connection, picture_id: int, model: str, file: str
    ) -> Record | None:
        """Return the record of a picture by the ``model`` of that name, as that of ``file``."""
        row = connection.execute(
            "SELECT key, description, value FROM picture LEFT JOIN vector ON picture = id "
            "WHERE id = ? AND picture.model = ?",
            (picture_id, self._model_row(connection, model)),
        ).fetchone()
        if row is None:
            return None
        key, text, value = row
        description = tables.parse_description(text)
        if description is None:
            return None
        embedding = None
        if value is not None:
            embedding = np.frombuffer(value, np.float16).astype(np.float32)
        return Record(file, key, replace(description, file=file, embedding=embedding))

    def _picture(self, connection: sqlite3.Connection, picture_id: int) -> IndexedPicture | None:
        row = connection.execute(
            "SELECT key, model, caption, confidence, author, description FROM picture WHERE id = ?",
            (picture_id,),
        ).fetchone()
        if row is None:
            return None
        key, model, caption, confidence, author, text = row
        files = tuple(
            os.fsdecode(path)
            for (path,) in connection.execute(
                "SELECT path FROM place WHERE picture = ? ORDER BY path", (picture_id,)
            )
        )
        description = tables.parse_description(text) or Description(caption, confidence)
        description = replace(description, alt_text=author or None)
        stale = model not in self._model_rows(connection)
        return IndexedPicture(picture_id, key, files, description, author, stale)


def _digest(digests: Iterable[str]) -> str:
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()[:32]
