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
)
# Spreadsheets compute a cell that begins with one of these (OWASP, "CSV Injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write(file: IO[bytes], records: Iterable[Record]) -> None:
    # Excel recognizes UTF-8 by the byte order mark.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    try:
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        for record in records:
            fields = jsonl.as_object(record)
            fields["notes"] = " ".join(fields["notes"])
            writer.writerow([_cell(fields[column]) for column in COLUMNS])
        text.flush()
    finally:
        text.detach()  # closing is up to the caller


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return "" if value is None else value
