"""Rows of the index's tables: add, move and delete pictures, and select those below folders.

A ``picture`` row stands for one content and has an id; a ``place`` row for a file with it.
"""

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

# A file changed this shortly before it was added may change again within the same timestamp.
RECENT_CHANGE_S = 60.0
UNKNOWN_MTIME = -1

Folders = str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None


def add_record(connection: sqlite3.Connection, model: int | None, record: Record) -> bool:
    """Add or update a picture. Returns False for a record without description, whose file is
    removed from the index.
    """
    description = record.description
    if description is None or not record.key:
        remove_file(connection, os.fsencode(record.file))
        return False
    status = None
    with contextlib.suppress(OSError, ValueError):
        status = Path(record.file).stat()
    size = status.st_size if status else -1
    picture_id = _add_picture(connection, record.key, size, model, description)
    if description.embedding is not None:
        value = np.asarray(description.embedding, np.float16).tobytes()
        connection.execute(
            "INSERT INTO vector VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (picture_id, model, value)
        )
    connection.execute(
        "INSERT OR REPLACE INTO words (rowid, caption, alternatives, author, names) "
        "VALUES (?, ?, ?, ?, '')",
        (
            picture_id,
            description.caption,
            " / ".join(other.caption for other in description.alternatives),
            _human_words(description),
        ),
    )
    if status:
        add_file(connection, record.file, picture_id, status)
    _update_files(connection, picture_id)
    return True


def _human_words(description: Description) -> str:
    """What people wrote: the author about the picture, and anybody in it.

    One column of the search table, so that both count the same.
    """
    written = [] if description.text is None else [description.text.text]
    return "\n".join([description.alt_text or "", *written]).strip()


def _add_picture(
    connection: sqlite3.Connection,
    key: str,
    size: int,
    model: int | None,
    description: Description,
) -> int:
    """Add or replace the picture with the content ``key``; returns its id."""
    text = json.dumps(to_record(replace(description, file=None), for_storage=True), allow_nan=False)
    values = (description.caption, description.confidence, text, description.alt_text or "")
    old = connection.execute("SELECT id, model FROM picture WHERE key = ?", (key,)).fetchone()
    if old and old[1] == model:
        connection.execute(
            "UPDATE picture SET caption = ?, confidence = ?, description = ?, author = ? "
            "WHERE id = ?",
            (*values, old[0]),
        )
        return int(old[0])
    # Another model needs a new id, so that the old model's vector is never taken for its own.
    if old:
        connection.execute("UPDATE picture SET key = 'old' WHERE id = ?", (old[0],))
    cursor = connection.execute(
        "INSERT INTO picture (key, size, model, caption, confidence, description, author) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (key, size, model, *values),
    )
    picture_id = int(cursor.lastrowid or 0)
    if old:
        connection.execute("UPDATE place SET picture = ? WHERE picture = ?", (picture_id, old[0]))
        delete_picture(connection, int(old[0]))
    return picture_id


def add_file(
    connection: sqlite3.Connection, file: str, picture_id: int, status: os.stat_result
) -> None:
    """Note that ``file`` has the content of a picture, and no longer that of another one."""
    path = os.fsencode(os.path.abspath(file))
    age_s = time.time() - max(status.st_mtime, status.st_ctime)
    mtime_ns = status.st_mtime_ns if age_s > RECENT_CHANGE_S else UNKNOWN_MTIME
    old = connection.execute("SELECT picture FROM place WHERE path = ?", (path,)).fetchone()
    connection.execute(
        "INSERT OR REPLACE INTO place VALUES (?, ?, ?, ?)",
        (path, picture_id, status.st_size, mtime_ns),
    )
    if old and old[0] != picture_id:
        _update_files(connection, int(old[0]))
    _update_files(connection, picture_id)


def remove_file(connection: sqlite3.Connection, path: bytes) -> None:
    """Note that the file at ``path`` is no longer a known picture."""
    row = connection.execute("SELECT picture FROM place WHERE path = ?", (path,)).fetchone()
    if row:
        connection.execute("DELETE FROM place WHERE path = ?", (path,))
        _update_files(connection, int(row[0]))


def _update_files(connection: sqlite3.Connection, picture_id: int) -> None:
    """Update what depends on a picture's files: its searchable names, and whether it is lost."""
    paths = connection.execute("SELECT path FROM place WHERE picture = ?", (picture_id,)).fetchall()
    names = " / ".join(visible(Path(os.fsdecode(path)).stem) for (path,) in paths)
    connection.execute("UPDATE words SET names = ? WHERE rowid = ?", (names, picture_id))
    lost = None if paths else time.time()
    connection.execute("UPDATE picture SET lost = ? WHERE id = ?", (lost, picture_id))


def mark_lost(
    connection: sqlite3.Connection, missing: Collection[int], present: Collection[int]
) -> None:
    """Note since when pictures are ``missing``, and that those that are ``present`` are not lost.

    Both are ids; the files of the missing ones stay in the index.
    """
    now = time.time()
    for picture_id in missing:
        connection.execute(
            "UPDATE picture SET lost = ? WHERE id = ? AND lost IS NULL", (now, picture_id)
        )
    lost = connection.execute("SELECT id FROM picture WHERE lost IS NOT NULL").fetchall()
    for (picture_id,) in lost:
        if picture_id in present:
            connection.execute("UPDATE picture SET lost = NULL WHERE id = ?", (picture_id,))


def delete_picture(connection: sqlite3.Connection, picture_id: int) -> None:
    """Delete a picture with its files, words and vector."""
    connection.execute("DELETE FROM place WHERE picture = ?", (picture_id,))
    connection.execute("DELETE FROM picture WHERE id = ?", (picture_id,))
    connection.execute("DELETE FROM vector WHERE picture = ?", (picture_id,))
    connection.execute("DELETE FROM words WHERE rowid = ?", (picture_id,))


def parse_description(text: str) -> Description | None:
    """Return the stored description; None if it is damaged."""
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
    """Return an SQL condition for paths below absolute ``folders``, and its parameters.

    With None every path meets it.
    """
    if folders is None:
        return "1", []
    if not folders:
        return "0", []
    values = []
    for prefix in _path_prefixes(folders):
        values += [prefix, prefix[:-1] + bytes([prefix[-1] + 1])]
    condition = "(path >= ? AND path < ?)"  # untranslated
    return " OR ".join([condition] * (len(values) // 2)), values


def is_below(file: str, folders: Folders) -> bool:
    """Whether an absolute path is below one of ``folders``; with None always True."""
    if folders is None:
        return True
    return os.fsencode(file).startswith(tuple(_path_prefixes(absolute_folders(folders))))


def _path_prefixes(folders: Sequence[str]) -> set[bytes]:
    """Return how paths below ``folders`` begin, with links and with links resolved."""
    names = {name for folder in folders for name in (folder, os.path.realpath(folder))}
    return {os.fsencode(name.rstrip(os.sep)) + os.fsencode(os.sep) for name in names}


def is_missing(path: bytes) -> bool:
    """Whether there is certainly no file at ``path``; without permission to look, False."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
