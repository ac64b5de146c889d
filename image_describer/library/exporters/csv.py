"""Records as a table for spreadsheets (RFC 4180)."""

import csv
import io
from collections.abc import Iterable
from typing import IO

from image_describer.library.exporters import jsonl
from image_describer.library.record import Record

COLUMNS = (
    "file",
    "caption",
    "sentence",
    "confidence",
    "notes",
    "alt_text",
    "width",
    "height",
    "error",
    "language",
)
TEXT_COLUMNS = ("text", "codes")
# Spreadsheets compute a cell that begins with one of these (OWASP, "CSV Injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write(file: IO[bytes], records: Iterable[Record], *, text: bool = False) -> None:
    # Excel recognizes UTF-8 by the byte order mark.
    stream = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    columns = (*COLUMNS, *TEXT_COLUMNS) if text else COLUMNS
    try:
        writer = csv.writer(stream)
        writer.writerow(columns)
        for record in records:
            fields = jsonl.as_object(record)
            fields["notes"] = " ".join(fields["notes"])
            fields["codes"] = "\n".join(code["content"] for code in fields["codes"])
            writer.writerow([_cell(fields[column]) for column in columns])
        stream.flush()
    finally:
        stream.detach()  # closing is up to the caller


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return "" if value is None else value
