"""What the index's tables hold: a picture's rows made, moved, forgotten; folders as conditions."""

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from image_describer.captioner.description import Description
from image_describer.library.record import Record
from image_describer.text import visible
from image_describer.wording.record import from_record, to_record

RECENT_CHANGE_S = 60.0  # a file changed so shortly before it was added may change again unnoticed
UNKNOWN_MTIME = -1

Folders = str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None


def add_record(
    connection: sqlite3.Connection, model: int | None, record: Record, author: str | None
) -> bool:
    """Keep one record; whether there was anything to keep."""
    description = record.description
    if description is None or not record.key:
        remove_file(connection, os.fsencode(record.file))
        return False
    status = None
    with contextlib.suppress(OSError, ValueError):
        status = Path(record.file).stat()
    old = connection.execute(
        "SELECT id, model, author FROM picture WHERE key = ?", (record.key,)
    ).fetchone()
    text = json.dumps(to_record(replace(description, file=None), for_storage=True), allow_nan=False)
    values = (description.caption, description.confidence, text)
    author = author if author is not None else description.alt_text
    author = author if author is not None else old[2] if old else ""
    if old and old[1] == model:
        number = int(old[0])
        connection.execute(
            "UPDATE picture SET caption = ?, confidence = ?, description = ?, author = ? "
            "WHERE id = ?",
            (*values, author, number),
        )
    else:
        # Another model's vector is another's: under a new id it can't be taken for the old one.
        size = status.st_size if status else -1
        if old:
            connection.execute("UPDATE picture SET key = 'old' WHERE id = ?", (old[0],))
        number = _insert(connection, record.key, size, model, values, author)
        if old:
            connection.execute("UPDATE place SET picture = ? WHERE picture = ?", (number, old[0]))
            delete_picture(connection, int(old[0]))
    if record.embedding is not None:
        value = np.asarray(record.embedding, np.float16).tobytes()
        connection.execute(
            "INSERT INTO vector VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (number, model, value)
        )
    connection.execute(
        "INSERT OR REPLACE INTO words (rowid, caption, alternatives, author, names) "
        "VALUES (?, ?, ?, ?, '')",
        (
            number,
            description.caption,
            " / ".join(other.caption for other in description.alternatives),
            author,
        ),
    )
    if status:
        add_file(connection, record.file, number, status)
    _settle(connection, number)
    return True


def _insert(
    connection: sqlite3.Connection,
    key: str,
    size: int,
    model: int | None,
    values: tuple[str, float, str],
    author: str,
) -> int:
    made = connection.execute(
        "INSERT INTO picture (key, size, model, caption, confidence, description, author) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (key, size, model, *values, author),
    )
    return int(made.lastrowid or 0)


def add_file(
    connection: sqlite3.Connection, name: str, number: int, status: os.stat_result
) -> None:
    """Remember that a picture lies at ``name``, and that what lay there before doesn't."""
    path = os.fsencode(os.path.abspath(name))
    changed_s = max(status.st_mtime, status.st_ctime)
    settled = time.time() - changed_s > RECENT_CHANGE_S
    old = connection.execute("SELECT picture FROM place WHERE path = ?", (path,)).fetchone()
    connection.execute(
        "INSERT OR REPLACE INTO place VALUES (?, ?, ?, ?)",
        (path, number, status.st_size, status.st_mtime_ns if settled else UNKNOWN_MTIME),
    )
    if old and old[0] != number:
        _settle(connection, int(old[0]))
    _settle(connection, number)


def remove_file(connection: sqlite3.Connection, path: bytes) -> None:
    """Remember that no known picture lies at ``path``."""
    row = connection.execute("SELECT picture FROM place WHERE path = ?", (path,)).fetchone()
    if row:
        connection.execute("DELETE FROM place WHERE path = ?", (path,))
        _settle(connection, int(row[0]))


def _settle(connection: sqlite3.Connection, number: int) -> None:
    """Bring the names a picture is found by, and whether it is lost, in line with its places."""
    paths = connection.execute("SELECT path FROM place WHERE picture = ?", (number,)).fetchall()
    names = " / ".join(visible(Path(os.fsdecode(path)).stem) for (path,) in paths)
    connection.execute("UPDATE words SET names = ? WHERE rowid = ?", (names, number))
    lost = None if paths else time.time()
    connection.execute("UPDATE picture SET lost = ? WHERE id = ?", (lost, number))


def mark_lost(connection: sqlite3.Connection, pictures: Collection[int], now: float) -> None:
    """Note since when the folders of ``pictures`` are missing, and that those of others are not."""
    pictures = {int(number) for number in pictures}
    for number in pictures:
        connection.execute(
            "UPDATE picture SET lost = ? WHERE id = ? AND lost IS NULL", (now, number)
        )
    returned = connection.execute(
        "SELECT id FROM picture WHERE lost IS NOT NULL AND id IN (SELECT picture FROM place)"
    ).fetchall()
    for (number,) in returned:
        if number not in pictures:
            connection.execute("UPDATE picture SET lost = NULL WHERE id = ?", (number,))


def delete_picture(connection: sqlite3.Connection, number: int) -> None:
    """Delete a picture with its files, words and vector."""
    connection.execute("DELETE FROM place WHERE picture = ?", (number,))
    connection.execute("DELETE FROM picture WHERE id = ?", (number,))
    connection.execute("DELETE FROM vector WHERE picture = ?", (number,))
    connection.execute("DELETE FROM words WHERE rowid = ?", (number,))


def parse_description(text: str) -> Description | None:
    """The description that was kept; None where the disk has spoilt it."""
    try:
        return from_record(json.loads(text))
    except (ValueError, RecursionError):
        return None


def absolute_folders(folders: Folders) -> list[str]:
    if folders is None:
        return []
    if isinstance(folders, str | os.PathLike):
        folders = [folders]
    return [os.path.abspath(os.fspath(folder)) for folder in folders]


def folder_condition(folders: Sequence[str] | None) -> tuple[str, list[bytes]]:
    """A condition on ``path`` that holds for what lies below ``folders``, and its values."""
    if folders is None:
        return "1", []
    if not folders:
        return "0", []
    values = []
    for start in _starts(folders):
        values += [start, start[:-1] + bytes([start[-1] + 1])]
    return " OR ".join(["(path >= ? AND path < ?)"] * (len(values) // 2)), values


def is_below(file: str, folders: Folders) -> bool:
    """Whether a file's absolute path is below one of ``folders``; with None, always."""
    return folders is None or os.fsencode(file).startswith(
        tuple(_starts(absolute_folders(folders)))
    )


def _starts(folders: Sequence[str]) -> set[bytes]:
    """How paths below absolute folders begin: by the names of links, and by the real ones."""
    every = {name for folder in folders for name in (folder, os.path.realpath(folder))}
    return {os.fsencode(name.rstrip(os.sep)) + os.fsencode(os.sep) for name in every}


def is_missing(path: bytes) -> bool:
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False  # no permission now: it may still be there
    return False
