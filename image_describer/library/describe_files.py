"""Describe files: from paths to records."""

import hashlib
import io
import os
import stat
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from image_describer.errors import PictureError
from image_describer.i18n import ENGLISH
from image_describer.library.record import Record

if TYPE_CHECKING:
    from image_describer.captioner.describer import Describer

FileTask = tuple[int, str]
"""A number that the batch knows a picture by, and its absolute path."""

CHUNK_BYTES = 1 << 20
KEY_LIMIT_BYTES = 1_000_000_000  # hashing more takes too long, and it is hardly a picture


def content_key(file: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file's content in hex. Raises OSError. A pipe would block."""
    with io.FileIO(os.fspath(file)) as stream:
        digest = hashlib.sha256()
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def describe_files(
    describer: "Describer",
    files: Sequence[str],
    on_start: Callable[[int], None] = lambda _n: None,
    *,
    language: str = ENGLISH,
) -> list[Record]:
    """Describe the pictures at absolute paths; returns their records, errors included.

    ``on_start`` and ``language`` are those of `Describer.describe_many`. Raises BundleError and
    DescriptionLanguageError.
    """
    records = []
    results = describer.describe_many(files, on_start, language=language)
    for file, result in zip(files, results, strict=True):
        key = content_key_or_empty(file)
        if isinstance(result, PictureError):
            records.append(Record(file, key, error=str(result)))
        else:
            records.append(Record(file, key, result))
    return records


def content_key_or_empty(file: str) -> str:
    """Like `content_key`, but "" for a file that can't be read, or is none."""
    try:
        status = os.stat(file)
        readable = stat.S_ISREG(status.st_mode) and status.st_size <= KEY_LIMIT_BYTES
        return content_key(file) if readable else ""
    except (OSError, ValueError):
        return ""
