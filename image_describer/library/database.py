"""The SQLite file of the user's library: shared by processes, and recreated when it is damaged.

It holds the index of the user's pictures and the history of descriptions. A damaged file is kept
under another name. The index can be filled again from the pictures; the history is copied from the
damaged file as far as it can be read.
"""

import contextlib
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar
from urllib.parse import quote

from image_describer.errors import LibraryError
from image_describer.files import NotAFileError, reason, set_aside
from image_describer.i18n import N_, _
from image_describer.text import visible

FOLDER, FILE = "library", "index.sqlite3"
VERSION = 2  # 1 had no history
APPLICATION_ID = 0x1D5C1B00  # tells our files from other programs' databases
BUSY_S = 15.0  # writing a thousand records takes a tenth of a second
CACHE_KIB = 16_384
FOLDER_MODE, FILE_MODE = 0o700, 0o600  # what a user's pictures show is private

_DAMAGE_CODES = (11, 26)  # SQLITE_CORRUPT, SQLITE_NOTADB
_DAMAGE_MESSAGES = (
    "malformed",
    "not a database",  # untranslated
    "no such table",  # untranslated
    "no such column",  # untranslated
    "vtable",
)
_COMPANIONS = ("-wal", "-shm")


class TableGroup(NamedTuple):
    """Tables that are created and cleared together. ``search_sql`` needs FTS5."""

    names: tuple[str, ...]
    sql: str
    search_name: str
    search_sql: str


PICTURES = TableGroup(
    ("state", "model", "picture", "place", "vector"),
    """
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE model (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, space TEXT NOT NULL);
-- What is known about one content, whatever files it is in. An id is never used twice.
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
-- Paths are bytes: not every file name is UTF-8.
CREATE TABLE place (
    path BLOB PRIMARY KEY,
    picture INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX place_picture ON place (picture);
-- Not a column of picture, so that scanning that table is fast.
CREATE TABLE vector (picture INTEGER PRIMARY KEY, model INTEGER NOT NULL, value BLOB NOT NULL);
CREATE INDEX vector_model ON vector (model);
INSERT INTO state VALUES ('name', lower(hex(randomblob(16))));
""",
    "words",
    """
CREATE VIRTUAL TABLE words USING fts5 (
    caption, alternatives, author, names, tokenize = 'porter unicode61 remove_diacritics 2'
);
""",
)
HISTORY = TableGroup(
    ("history",),
    """
CREATE TABLE history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    caption TEXT NOT NULL,
    alternatives TEXT NOT NULL,
    name TEXT NOT NULL,
    entry TEXT NOT NULL
);
""",
    "history_words",
    """
CREATE VIRTUAL TABLE history_words USING fts5 (
    caption, alternatives, name, tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO history_words (rowid, caption, alternatives, name)
    SELECT id, caption, alternatives, name FROM history;
""",
)
HISTORY_COLUMNS = "key, caption, alternatives, name, entry"  # untranslated

Action = Literal["read", "written", "cleared"]


class Subject(NamedTuple):
    """Sentences about what can't be used: why an action failed, and that its format is newer."""

    read: str
    written: str
    cleared: str
    newer: str


INDEX_SUBJECT = Subject(
    N_("The index of your pictures can't be read: {reason}."),
    N_("The index of your pictures can't be written: {reason}."),
    N_("The index of your pictures can't be cleared: {reason}."),
    N_(
        "The index of your pictures has format {version}, which a newer Image Describer made; this "
        "one reads up to format {known}."
    ),
)
HISTORY_SUBJECT = Subject(
    N_("The history can't be read: {reason}."),
    N_("The history can't be written: {reason}."),
    N_("The history can't be cleared: {reason}."),
    N_(
        "The history has format {version}, which a newer Image Describer made; this one reads up "
        "to format {known}."
    ),
)

T = TypeVar("T")


class Database:
    """One connection to the file at ``path``, which threads may share.

    ``subject`` has the sentences of messages, and ``error`` is the LibraryError raised.
    ``damaged_copy`` is the new name of a damaged file, once one had to be replaced, and
    ``has_search`` says whether this SQLite has FTS5. Raises LibraryError.
    """

    def __init__(
        self,
        path: Path,
        subject: Subject = INDEX_SUBJECT,
        error: type[LibraryError] = LibraryError,
    ) -> None:
        self.path = path
        self.damaged_copy: Path | None = None
        self.has_search = False
        self._subject = subject
        self._error = error
        self._lock = threading.RLock()
        self._open_connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._rescued: list[tuple[str, ...]] = []
        self.read(lambda connection: None)

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` on the database as it is at one moment. Raises LibraryError."""
        return self._run(work, "BEGIN", "read")

    def write(self, work: Callable[[sqlite3.Connection], T], action: Action = "written") -> T:
        """Run ``work`` in one transaction. Raises LibraryError."""
        return self._run(work, "BEGIN IMMEDIATE", action)

    def clear(self, group: TableGroup) -> None:
        """Empty the tables of ``group`` and overwrite what they held, on the disk too.

        Copies of damaged files are deleted as well. Raises LibraryError.
        """

        def recreate(connection: sqlite3.Connection) -> None:
            connection.execute("PRAGMA secure_delete = ON")
            for name in group.names:
                connection.execute(f"DROP TABLE {name}")
            connection.execute(f"DROP TABLE IF EXISTS {group.search_name}")
            _execute_all(connection, group.sql)
            if self.has_search:
                _execute_all(connection, group.search_sql)

        self.write(recreate, "cleared")
        with self._lock, contextlib.suppress(sqlite3.Error):  # another process is reading
            self._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        try:
            for copy in self.path.parent.glob(f"{self.path.name}.damaged*"):
                copy.unlink(missing_ok=True)
        except OSError as error:
            raise self._unusable(error, "cleared") from error

    def close(self) -> None:
        with self._lock, contextlib.suppress(sqlite3.Error):
            connection, self._open_connection = self._open_connection, None
            if connection:
                connection.close()

    def _run(self, work: Callable[[sqlite3.Connection], T], begin: str, action: Action) -> T:
        with self._lock:
            for is_first_try in (True, False):
                try:
                    connection = self._connection()
                except OSError as error:
                    raise self._unusable(error, action) from error
                except sqlite3.Error as error:
                    self._replace_damaged(error, action, is_first_try)
                    continue
                try:
                    return _in_transaction(connection, work, begin)
                except sqlite3.Error as error:
                    self._replace_damaged(error, action, is_first_try)
        raise AssertionError("the second try returns or raises")

    def _connection(self) -> sqlite3.Connection:
        """Return the connection; a new one if another process has replaced the file.

        Raises OSError, sqlite3.Error and LibraryError.
        """
        if self._open_connection is not None and self._identity == _file_identity(self.path):
            return self._open_connection
        self.close()
        self.path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        # SQLite would follow the umask. Its companion files get the mode of the database.
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)
        handle = os.open(self.path, flags, FILE_MODE)
        is_regular = stat.S_ISREG(os.fstat(handle).st_mode)
        os.close(handle)
        if not is_regular:
            raise NotAFileError(0, _("it is not a file"))
        self._identity = _file_identity(self.path)
        connection = sqlite3.connect(
            self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        try:
            self.has_search = has_fts5(connection)
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        self._open_connection = connection
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Configure the connection, and create the tables that are missing."""
        connection.text_factory = _decode
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        version = _version(connection)  # raises before another program's file is changed
        if version is not None and version > VERSION:
            raise self._error(
                _(self._subject.newer).format(version=version, known=VERSION),
                _("Update with: pip install --upgrade image-describer. Or delete {path}.").format(
                    path=visible(str(self.path))
                ),
            )
        _use_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous = NORMAL")  # safe with WAL, even in a power cut
        if _lacks_tables(connection, self.has_search):
            _in_transaction(
                connection, lambda c: _create_tables(c, self.has_search), "BEGIN IMMEDIATE"
            )
        if self._rescued:
            rows, self._rescued = self._rescued, []
            _in_transaction(
                connection, lambda c: add_history(c, rows, self.has_search), "BEGIN IMMEDIATE"
            )

    def _replace_damaged(self, error: sqlite3.Error, action: Action, is_first_try: bool) -> None:
        """Set a damaged file aside. Raises LibraryError for other errors, and on the second try."""
        if not (is_first_try and _is_damage(error)):
            raise self._unusable(error, action) from error
        try:
            self._set_aside()
        except OSError as refusal:
            raise self._unusable(refusal, action) from refusal

    def _set_aside(self) -> None:
        """Rename the damaged file and its companions, unless another process already has.

        Raises OSError.
        """
        identity = self._identity
        self.close()
        if _file_identity(self.path) != identity:
            return
        copy = set_aside(self.path, None)
        for suffix in _COMPANIONS:
            companion = Path(f"{self.path}{suffix}")
            if companion.exists():
                companion.replace(f"{copy}{suffix}")
        self.damaged_copy = copy
        self._rescued = _readable_history(copy)

    def _unusable(self, error: Exception, action: Action) -> LibraryError:
        why = reason(error) if isinstance(error, OSError) else str(error)
        way_out = _("Check {path}.").format(path=visible(str(self.path)))
        if "locked" in why or "busy" in why:
            why, way_out = _("another program has kept it busy for too long"), _("Try again later.")
        elif "full" in why:
            why, way_out = _("the disk is full"), _("Make room on it.")
        return self._error(_(getattr(self._subject, action)).format(reason=why), way_out)


def default_path() -> Path:
    """Return the path in the user's data folder. Raises OSError if there can't be one."""
    from image_describer.paths import data_folder

    return data_folder() / FOLDER / FILE


def has_fts5(connection: sqlite3.Connection) -> bool:
    """Whether this SQLite was built with full-text search."""
    try:
        connection.execute("SELECT fts5_source_id()")
    except sqlite3.OperationalError:
        return False
    return True


def add_history(
    connection: sqlite3.Connection, rows: Sequence[tuple[str, ...]], has_search: bool
) -> None:
    """Add rows of `HISTORY_COLUMNS`; keys that are already there are skipped."""
    for row in rows:
        cursor = connection.execute(
            f"INSERT OR IGNORE INTO history ({HISTORY_COLUMNS}) VALUES (?, ?, ?, ?, ?)", row
        )
        if has_search and cursor.rowcount:
            connection.execute(
                "INSERT INTO history_words (rowid, caption, alternatives, name) "
                "VALUES (?, ?, ?, ?)",
                (cursor.lastrowid, *row[1:4]),
            )


def _in_transaction(
    connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T], begin: str
) -> T:
    connection.execute(begin)
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    return result


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Let readers and a writer work at once, where the file system supports it.

    SQLite's busy timeout does not cover two processes that switch at the same time.
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
    """Return the format, None for an empty file. Raises DatabaseError for another program's."""
    # Counted first: another process may create the tables, together with the id, at any moment.
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    if application_id == APPLICATION_ID:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    if application_id or tables:
        raise sqlite3.DatabaseError(_("it is not a database of this program"))
    return None


def _lacks_tables(connection: sqlite3.Connection, has_search: bool) -> bool:
    if _version(connection) != VERSION:
        return True
    return has_search and not _table_names(connection) >= {
        PICTURES.search_name,
        HISTORY.search_name,
    }


def _create_tables(connection: sqlite3.Connection, has_search: bool) -> None:
    """Create what is missing: another process, or one without FTS5, may have been here before."""
    version = _version(connection)
    if version is None:
        _execute_all(connection, PICTURES.sql)
    if version is None or version < VERSION:
        _execute_all(connection, HISTORY.sql)
    if has_search:
        names = _table_names(connection)
        for group in (PICTURES, HISTORY):
            if group.search_name not in names:
                _execute_all(connection, group.search_sql)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _execute_all(connection: sqlite3.Connection, sql: str) -> None:
    for statement in sql.split(";"):  # executescript would commit
        connection.execute(statement)


def _table_names(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


def _readable_history(path: Path) -> list[tuple[str, ...]]:
    """Return the history rows of a damaged file, up to the first that can't be read."""
    rows: list[tuple[str, ...]] = []
    # Without a log, SQLite would create an empty one beside the copy unless told not to.
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "immutable=1"
    uri = f"file:{quote(os.fsencode(path))}?{mode}"
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(uri, uri=True)) as connection,
    ):
        connection.text_factory = _decode
        for row in connection.execute(f"SELECT {HISTORY_COLUMNS} FROM history ORDER BY id"):
            if all(isinstance(value, str) for value in row):
                rows.append(row)
    return rows


def _is_damage(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", None)  # since Python 3.11
    if code is not None and code & 0xFF in _DAMAGE_CODES:
        return True
    return any(message in str(error) for message in _DAMAGE_MESSAGES)


def _file_identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _decode(content: bytes) -> str:
    return content.decode("utf-8", "replace")
