"""Everything in the index forgotten, on the disk as well."""

import sqlite3
import uuid
from pathlib import Path

from image_describer.errors import LibraryError
from image_describer.files import reason
from image_describer.library import vectors
from image_describer.library.database import SCHEMA
from image_describer.text import visible

_TABLES = ("state", "model", "picture", "place", "vector", "words")


def all_rows(connection: sqlite3.Connection) -> None:
    """Begin the tables anew, under a new name, and overwrite what they held."""
    connection.execute("PRAGMA secure_delete = ON")
    for table in _TABLES:
        connection.execute(f"DROP TABLE {table}")
    for statement in SCHEMA.split(";"):
        connection.execute(statement)
    connection.execute("INSERT INTO state VALUES ('name', ?)", (uuid.uuid4().hex,))


def files_beside(path: Path) -> None:
    """Delete the vectors beside the index in ``path``, and damaged files that were set aside.

    Raises LibraryError.
    """
    try:
        for file in [path.with_name(vectors.FILE), *path.parent.glob(f"{path.name}.damaged*")]:
            file.unlink(missing_ok=True)
    except OSError as error:
        raise LibraryError(
            f"Not all of the index of your pictures could be deleted: {reason(error)}.",
            f"You can delete it yourself: {visible(str(path.parent))}.",
        ) from error
