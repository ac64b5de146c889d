"""The history: the last thousand descriptions, in a table of the library's database.

Windows of the same user share it. Earlier versions kept it in a file of JSON lines, which is
imported once and then deleted.
"""

import contextlib
import logging
import os
import re
import sqlite3
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from image_describer.captioner.description import Description
from image_describer.errors import HistoryError, LibraryError
from image_describer.files import read_limited, reason, set_aside
from image_describer.i18n import _, ngettext
from image_describer.library import database
from image_describer.library.database import HISTORY, HISTORY_SUBJECT, Database
from image_describer.library.history_entry import HistoryEntry
from image_describer.text import number, one_line
from image_describer.wording.sentence import SpokenDescription

ENTRIES_LIMIT = 1000  # a year of three pictures a day
ENTRY_LIMIT_BYTES = 1_000_000  # three times that of a picture with 10,000 words
RESULTS_LIMIT = 100
QUERY_WORDS_LIMIT = 32
OLD_FILE = "history.jsonl"
OLD_FILE_LIMIT_BYTES = 50_000_000  # ten times what a thousand entries take
WEIGHTS = (4.0, 3.0, 3.0)  # of a word in the caption, the other captions and the file name

Stamp = tuple[str, int]

_WORD = re.compile(r"[^\W_]+")
_Rows = list[tuple[str]]

log = logging.getLogger(__name__)


class History:
    """Past descriptions, in the database at ``path`` (default: in the user's data folder).

    Threads may share a History. ``warning`` is what the user should know about the last `entries`
    or `find`, in sentences; mostly empty.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.warning = ""
        self._path = path
        self._database: Database | None = None
        self._lock = threading.Lock()
        self._notices: list[str] = []  # for the next ``warning``

    @property
    def path(self) -> Path:
        """The database. Raises OSError if there can't be a folder for it."""
        if self._path is None:
            self._path = database.default_path()
        return self._path

    def add(self, description: Description, spoken: SpokenDescription, name: str) -> HistoryEntry:
        """Keep a description, what was ``spoken``, and the ``name`` that it was shown under.

        Returns the entry. Raises HistoryError.
        """
        if description.file is not None:
            description = replace(description, file=os.path.abspath(description.file))
        now = datetime.now().astimezone().replace(microsecond=0)
        line = HistoryEntry(uuid.uuid4().hex, now, name, spoken, description).to_line()
        try:
            if len(line) > ENTRY_LIMIT_BYTES:
                raise ValueError(_("the description is too long"))
            entry = HistoryEntry.from_line(line)
            opened = self._opened()
            opened.write(lambda c: _add(c, [(line, entry)], opened.has_search))
        except (ValueError, HistoryError) as error:
            sentence = _(HISTORY_SUBJECT.written).format(reason=error)
            if isinstance(error, HistoryError):
                sentence = error.sentence
            raise HistoryError(sentence, _("New descriptions are not kept.")) from error
        return entry

    def stamp(self) -> Stamp:
        """Return a value that changes whenever a window adds an entry or clears the history.

        Never raises.
        """
        query = "SELECT (SELECT key FROM history ORDER BY id DESC LIMIT 1), count(*) FROM history"
        try:
            key, count = self._opened().read(lambda c: c.execute(query).fetchone())
        except HistoryError:
            return "", 0
        return key or "", count

    def entries(self) -> list[HistoryEntry]:
        """Return the entries, newest last. Never raises."""
        query = f"SELECT entry FROM history ORDER BY id DESC LIMIT {ENTRIES_LIMIT}"
        return self._entries(lambda c, _has_search: c.execute(query).fetchall())[::-1]

    def find(self, text: str) -> list[HistoryEntry]:
        """Return the entries that match the words of ``text``: those with all of them, then those
        with some, best first, each file once. Never raises.

        A word matches words of the captions, of the text in the picture and of the file name that
        begin with it.
        """
        words = _WORD.findall(text.casefold())[:QUERY_WORDS_LIMIT]
        if not words:
            return []
        entries = self._entries(lambda c, has_search: _search(c, words, has_search))
        by_file: dict[str, HistoryEntry] = {}
        for entry in entries:
            by_file.setdefault(entry.file or entry.key, entry)
        return list(by_file.values())[:RESULTS_LIMIT]

    def clear(self) -> None:
        """Delete all entries, and copies of damaged files. Raises HistoryError."""
        try:
            self._opened().clear(HISTORY)
            old = self._old_file()
            for file in [old, *old.parent.glob(f"{OLD_FILE}.damaged*")]:
                file.unlink(missing_ok=True)
            self._notices.clear()
        except HistoryError as error:
            raise HistoryError(error.sentence, self._delete_it_yourself()) from error
        except OSError as error:
            raise HistoryError(
                _(HISTORY_SUBJECT.cleared).format(reason=reason(error)),
                self._delete_it_yourself(),
            ) from error

    def close(self) -> None:
        with self._lock:
            if self._database is not None:
                self._database.close()
            self._database = None

    def _opened(self) -> Database:
        """Return the database. Raises HistoryError."""
        with self._lock:
            if self._database is None:
                try:
                    path = self.path
                except OSError as error:
                    raise HistoryError(
                        _("The history can't be used: {reason}.").format(reason=reason(error))
                    ) from error
                self._database = Database(path, HISTORY_SUBJECT, HistoryError)
                self._import_old_file(self._database)
            return self._database

    def _entries(self, select: Callable[[sqlite3.Connection, bool], _Rows]) -> list[HistoryEntry]:
        self.warning = ""
        try:
            opened = self._opened()
            rows = opened.read(lambda c: select(c, opened.has_search))
        except HistoryError as error:
            self.warning = str(error)
            return []
        if opened.damaged_copy is not None:
            name = opened.damaged_copy.name
            self._notices.append(
                _("The history was damaged; the old file is kept as {name}.").format(name=name)
            )
            opened.damaged_copy = None
        notices, self._notices = self._notices, []
        self.warning = " ".join(notices)
        return [entry for (line,) in rows if (entry := _parsed(line.encode())) is not None]

    def _old_file(self) -> Path:
        return self.path.parent.parent / OLD_FILE

    def _import_old_file(self, opened: Database) -> None:
        """Merge the entries of an earlier version's file into the table by time, and delete it.

        A damaged file is renamed instead. If this fails, the next start tries again; entries that
        were copied already are skipped.
        """
        old = self._old_file()
        if not old.is_file():
            return
        try:
            lines = [line for line in read_limited(old, OLD_FILE_LIMIT_BYTES).split(b"\n") if line]
            parsed = _parsed_lines(lines)
            opened.write(lambda c: _merge(c, parsed, opened.has_search))
            damaged = len(lines) - len(parsed)
            if damaged:
                copy = set_aside(old, None)
                self._notices.append(
                    ngettext(
                        "{count} entry of the history was damaged and left out; the old file is "
                        "kept as {name}.",
                        "{count} entries of the history were damaged and left out; the old file is "
                        "kept as {name}.",
                        damaged,
                    ).format(count=number(damaged), name=copy.name)
                )
            else:
                old.unlink()
        except FileNotFoundError:  # another window was faster
            return
        except OSError as error:
            self._notices.append(
                _("The old history can't be read: {reason}.").format(reason=reason(error))
            )
            with contextlib.suppress(OSError):
                name = set_aside(old, None).name
                self._notices.append(_("It is kept as {name}.").format(name=name))
        except LibraryError as error:
            self._notices.append(str(error))

    def _delete_it_yourself(self) -> str:
        return _("You can delete it yourself: {path}.").format(path=self._path or database.FILE)


def _add(
    connection: sqlite3.Connection, entries: Sequence[tuple[bytes, HistoryEntry]], has_search: bool
) -> None:
    """Add entries with their lines, and delete the oldest beyond the limit."""
    rows = [
        (
            entry.key,
            entry.caption,
            " / ".join(_other_texts(entry.description)),
            entry.name,
            line.decode(),
        )
        for line, entry in entries
    ]
    database.add_history(connection, rows, has_search)
    oldest = connection.execute(
        f"SELECT id FROM history ORDER BY id DESC LIMIT 1 OFFSET {ENTRIES_LIMIT}"
    ).fetchone()
    if oldest is not None:
        connection.execute("DELETE FROM history WHERE id <= ?", oldest)
        if has_search:
            connection.execute("DELETE FROM history_words WHERE rowid <= ?", oldest)


def _other_texts(description: Description) -> list[str]:
    """What is searched beside the caption: the other captions, and what is written in the picture.

    They count the same, so that they are in one column.
    """
    captions = [other.caption for other in description.alternatives]
    written = [] if description.text is None else [one_line(description.text.text)]
    return [*captions, *written]


def _merge(
    connection: sqlite3.Connection, entries: Sequence[tuple[bytes, HistoryEntry]], has_search: bool
) -> None:
    """Add entries by their time: they may be older than those in the table."""
    rows = connection.execute("SELECT entry FROM history ORDER BY id").fetchall()
    stored = _parsed_lines([line.encode() for (line,) in rows])
    if stored:
        connection.execute("DELETE FROM history")
        if has_search:
            connection.execute("DELETE FROM history_words")
    _add(connection, sorted([*stored, *entries], key=lambda item: item[1].time), has_search)


def _search(connection: sqlite3.Connection, words: Sequence[str], has_search: bool) -> _Rows:
    if not has_search:
        return _search_without_fts5(connection, words)
    prefixes = [f'"{word}" *' for word in words]
    query = (
        "SELECT entry FROM history_words JOIN history ON id = history_words.rowid "
        f"WHERE history_words MATCH ? ORDER BY bm25(history_words, {str(WEIGHTS)[1:-1]}), id DESC"
    )
    rows: _Rows = []
    for match in (" AND ".join(prefixes), " OR ".join(prefixes)):
        rows += connection.execute(query, (match,)).fetchall()
    return list(dict.fromkeys(rows))


def _search_without_fts5(connection: sqlite3.Connection, words: Sequence[str]) -> _Rows:
    """The same with LIKE: entries with the most words first, the newest of them first."""
    text = "' ' || caption || ' ' || alternatives || ' ' || name"
    text = f"replace(replace({text}, '_', ' '), '-', ' ')"
    matches = " + ".join([f"({text} LIKE ?)"] * len(words))
    query = (
        f"SELECT entry, {matches} AS matches FROM history WHERE matches > 0 "
        "ORDER BY matches DESC, id DESC"
    )
    rows = connection.execute(query, [f"% {word}%" for word in words])
    return [(entry,) for entry, _matches in rows]


def _parsed_lines(lines: Sequence[bytes]) -> list[tuple[bytes, HistoryEntry]]:
    """Return the lines that are not damaged, with their entries."""
    return [(line, entry) for line in lines if (entry := _parsed(line)) is not None]


def _parsed(line: bytes) -> HistoryEntry | None:
    """Return the entry in a line of JSON; None if it is damaged."""
    try:
        return HistoryEntry.from_line(line) if len(line) <= ENTRY_LIMIT_BYTES else None
    except ValueError as error:
        log.warning("An entry of the history is damaged: %s", error)
        return None
