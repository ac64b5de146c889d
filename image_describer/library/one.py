"""One picture -> its `Record`: known by its content, described, placed in the joint space."""

import hashlib
import io
import os
from typing import TYPE_CHECKING

from image_describer.errors import PictureError
from image_describer.library.record import Record

if TYPE_CHECKING:
    from image_describer.describer import Describer

CHUNK_BYTES = 1 << 20


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
    try:
        description, place = describer.describe_and_place(file)
    except PictureError as error:
        return Record(file, _key_or_none(file), error=str(error))
    return Record(file, _key_or_none(file), description, vector=place)


def _key_or_none(file: str) -> str:
    try:
        return content_key(file) if os.path.isfile(file) else ""
    except OSError:
        return ""
