"""Records as lines of JSON, for programs."""

import json
from collections.abc import Iterable
from typing import IO, Any

from image_describer.library.record import Record
from image_describer.text import encodable, visible
from image_describer.wording.record import to_record

_NOT_DESCRIBED: dict[str, Any] = {
    "file": None,
    "language": None,
    "caption": None,
    "sentence": None,
    "confidence": None,
    "alternatives": [],
    "doubt": None,
    "words": [],
    "notes": [],
    "alt_text": None,
    "text": None,
    "codes": [],
    "is_page": None,
    "has_scene": None,
    "seconds": None,
    "width": None,
    "height": None,
}


def write(file: IO[bytes], records: Iterable[Record]) -> None:
    for record in records:
        line = json.dumps(as_object(record), ensure_ascii=False, allow_nan=False)
        file.write(line.encode() + b"\n")


def as_object(record: Record) -> dict[str, Any]:
    """Return the fields of a line: those of a description, ``key`` and ``error``.

    Every record has the same fields; without a description they are None or empty.
    """
    fields = _NOT_DESCRIBED if record.description is None else to_record(record.description)
    return {
        **fields,
        "file": encodable(record.file),
        "key": record.key or None,
        "error": visible(record.error) or None,
    }
