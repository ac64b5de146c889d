"""The index's file: an SQLite database that several processes use at once, and that heals itself.

A damaged file is set aside and a new one begun: what it held can be made again from the pictures.
"""

import contextlib
import os
import sqlite3
import stat
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from image_describer.errors import LibraryError
from image_describer.files import NotAFileError, reason, set_aside
from image_describer.text import visible

VERSION = 1
APPLICATION = 0x1D5C1B00  # tells our files from other programs' databases
BUSY_S = 15.0  # a thousand records are written in a tenth of a second
CACHE_KIB = 16_384
WAY_OUT = "Fill it with: image-describer batch FOLDER."
FOLDER_MODE, FILE_MODE = 0o700, 0o600  # whose pictures show what is nobody else's business

_DAMAGE_CODES = (11, 26)  # SQLITE_CORRUPT, SQLITE_NOTADB
_DAMAGE_SIGNS = ("malformed", "not a database", "no such table", "no such column", "vtable")
_COMPANIONS = ("-wal", "-shm")

SCHEMA = """
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE model (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, space TEXT NOT NULL);
-- What is known of a content, wherever it lies. An id is never given twice.
CREATE TABLE picture (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    model INTEGER NOT NULL,
    caption TEXT NOT NULL,
    confidence REAL NOT NULL,
    author TEXT NOT NULL,
    description TEXT NOT NULL,
    lost REAL
);
CREATE INDEX picture_size ON picture (size);
CREATE INDEX picture_there ON picture (model) WHERE lost IS NULL;
-- Paths are bytes: not every name is UTF-8.
CREATE TABLE place (
    path BLOB PRIMARY KEY,
    picture INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX place_picture ON place (picture);
-- Apart from the pictures, so that looking through those is quick.
CREATE TABLE vector (picture INTEGER PRIMARY KEY, model INTEGER NOT NULL, value BLOB NOT NULL);
CREATE INDEX vector_model ON vector (model);
CREATE VIRTUAL TABLE words USING fts5 (
    caption, alternatives, author, names, tokenize = 'porter unicode61 remove_diacritics 2'
);
"""

T = TypeVar("T")


class Database:
    """One connection to the file at ``path``, safe to share between threads.

    ``trouble`` is a sentence once a damaged file was set aside, else empty. Raises LibraryError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trouble = ""
        self._lock = threading.RLock()
        self._opened: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self.read(lambda connection: None)

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What ``work`` makes of the database as it is at one moment. Raises LibraryError."""
        return self._run(work, "BEGIN")

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The same, with changes: all of them are kept, or none. Raises LibraryError."""
        return self._run(work, "BEGIN IMMEDIATE")

    def close(self) -> None:
        with self._lock, contextlib.suppress(sqlite3.Error):
            opened, self._opened = self._opened, None
            if opened:
                opened.close()

    def _run(self, work: Callable[[sqlite3.Connection], T], begin: str) -> T:
        with self._lock:
            for again in (True, False):
                try:
                    return _whole(self._connection(), work, begin)
                except sqlite3.Error as error:
                    if not (again and _is_damage(error)):
                        raise self._unusable(error) from error
                    self._set_aside()
        raise AssertionError("the second time returns or raises")

    def _connection(self) -> sqlite3.Connection:
        """The connection, made anew where another process has put a new file in place of ours."""
        if self._opened is not None and self._file == _identity(self.path):
            return self._opened
        self.close()
        try:
            self.path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            # SQLite would give it the permissions of the umask; its companions follow the file's.
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)
            handle = os.open(self.path, flags, FILE_MODE)
            regular = stat.S_ISREG(os.fstat(handle).st_mode)
            os.close(handle)
        except OSError as error:
            raise self._unusable(error) from error
        if not regular:
            raise self._unusable(NotAFileError(0, "it is no file"))
        self._file = _identity(self.path)
        opened = sqlite3.connect(
            self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(opened, self.path)
        except BaseException:
            opened.close()
            raise
        self._opened = opened
        return opened

    def _set_aside(self) -> None:
        """Rename the damaged file with its companions, unless another process already has."""
        meant = self._file
        self.close()
        if _identity(self.path) != meant:
            return
        try:
            copy = set_aside(self.path, None)
            for end in _COMPANIONS:
                companion = Path(f"{self.path}{end}")
                if companion.exists():
                    companion.replace(f"{copy}{end}")
        except OSError as error:
            raise self._unusable(error) from error
        self.trouble = (
            f"The index of your pictures was damaged; it is kept as {visible(copy.name)}, and a "
            f"new one was begun. {WAY_OUT}"
        )

    def _unusable(self, error: Exception) -> LibraryError:
        why = reason(error) if isinstance(error, OSError) else str(error)
        way_out = f"See to {visible(str(self.path))}."
        if "locked" in why or "busy" in why:
            why, way_out = "another program has kept it busy for too long", "Try again later."
        elif "full" in why:
            way_out = "Make room on the disk."
        elif "fts5" in why:
            way_out = "Use a Python whose SQLite has FTS5, such as the one from python.org."
        return LibraryError(f"The index of your pictures can't be used: {why}.", way_out)


def _whole(
    connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T], begin: str
) -> T:
    """Do ``work`` in one transaction."""
    connection.execute(begin)
    try:
        made = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    return made


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Set the connection up, and make the tables where there are none."""
    connection.text_factory = _text
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    empty = _version(connection) is None  # asked first: another program's file is left as it is
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = NORMAL")  # with WAL: a power cut costs no soundness
    if empty:
        _whole(connection, _make_tables, "BEGIN IMMEDIATE")
    version = _version(connection) or 0
    if version > VERSION:
        raise LibraryError(
            f"The index of your pictures is of format {version}, made by a newer Image Describer; "
            f"this one reads format {VERSION}.",
            f"Update with: pip install --upgrade image-describer. Or delete {visible(str(path))}.",
        )


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Readers and a writer at once. Two processes that ask for it at once don't wait by themselves.

    Where the file system can't do it, SQLite stays with its journal, and all is slower.
    """
    limit = time.monotonic() + BUSY_S
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > limit:
                raise
            time.sleep(0.01)


def _version(connection: sqlite3.Connection) -> int | None:
    """The format of our tables, None in an empty file. Raises DatabaseError for another's."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application == APPLICATION:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    if application or connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise sqlite3.DatabaseError("it is not a database of ours")
    return None


def _make_tables(connection: sqlite3.Connection) -> None:
    if _version(connection) is not None:  # another process was quicker
        return
    for statement in SCHEMA.split(";"):
        connection.execute(statement)
    connection.execute("INSERT INTO state VALUES ('name', ?)", (uuid.uuid4().hex,))
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _is_damage(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", None)  # Python 3.10 does not tell
    if code is not None and code & 0xFF in _DAMAGE_CODES:
        return True
    return any(sign in str(error) for sign in _DAMAGE_SIGNS)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")
