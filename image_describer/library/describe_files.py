"""Pictures -> their `Record`s: known by content, and described."""

import hashlib
import io
import os
import stat
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from image_describer.errors import PictureError
from image_describer.library.record import Record

if TYPE_CHECKING:
    from image_describer.captioner.describer import Describer

CHUNK_BYTES = 1 << 20
KEY_LIMIT_BYTES = 1_000_000_000  # of a file that is no picture: nobody waits for its SHA-256


def content_key(file: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's content, hex. Raises OSError. A pipe would hang: look before."""
    with io.FileIO(os.fspath(file)) as opened:
        digest = hashlib.sha256()
        while chunk := opened.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def describe_one(describer: "Describer", file: str) -> Record:
    """The record of the picture at ``file``, an absolute path. Raises nothing a picture causes:
    what is wrong with it is in the record. Raises BundleError.
    """
    return describe_files(describer, [file])[0]


def describe_files(
    describer: "Describer", files: Sequence[str], on_start: Callable[[int], None] = lambda _n: None
) -> list[Record]:
    """`describe_one` for each of ``files``, sooner; ``on_start`` as of `describe_many`."""
    records = []
    for file, told in zip(files, describer.describe_many(files, on_start), strict=True):
        key = _key_or_none(file)
        if isinstance(told, PictureError):
            records.append(Record(file, key, error=str(told)))
        else:
            records.append(Record(file, key, told))
    return records


def _key_or_none(file: str) -> str:
    try:
        status = os.stat(file)
        readable = stat.S_ISREG(status.st_mode) and status.st_size <= KEY_LIMIT_BYTES
        return content_key(file) if readable else ""
    except (OSError, ValueError):
        return ""
