"""One past description, and the line of JSON that keeps it."""

import json
import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from image_describer.captioner.description import Alternative, Description, Seconds, Word
from image_describer.imaging.region import Region
from image_describer.text import visible
from image_describer.wording.sentence import as_record

# Within these years every moment can be told in every time zone, on all three systems.
YEARS = range(1971, 9999)


@dataclass(frozen=True)
class HistoryEntry:
    """A description as it was given.

    ``time`` knows its zone. ``file`` is absolute, or None for what came from the clipboard;
    ``name`` is what it was called on the screen. ``key`` is unique.
    """

    key: str
    time: datetime
    name: str
    sentence: str
    description: Description

    @property
    def file(self) -> str | None:
        return self.description.file

    @property
    def caption(self) -> str:
        return self.description.caption


def line_of(entry: HistoryEntry) -> bytes:
    """The entry as one line of ASCII, without its end. Numbers are rounded as `as_record` does."""
    record = {
        "key": entry.key,
        "time": entry.time.isoformat(timespec="seconds"),
        "name": visible(entry.name),
        **record_of(entry.description),
        "sentence": visible(entry.sentence),
    }
    # ASCII, because escapes bring even names of files through that are no Unicode.
    return json.dumps(record, ensure_ascii=True, allow_nan=False).encode("ascii")


def entry_of(line: bytes) -> HistoryEntry:
    """The entry in a line. Raises ValueError for whatever is not one."""
    try:
        record = json.loads(line.decode("utf-8"), parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    record = _table(record)
    time = datetime.fromisoformat(_text(record, "time"))
    if time.tzinfo is None or time.year not in YEARS:
        raise ValueError("the time is none")
    return HistoryEntry(
        key=_text(record, "key"),
        time=time,
        name=_text(record, "name"),
        sentence=_text(record, "sentence"),
        description=description_of(record),
    )


def record_of(description: Description) -> dict[str, Any]:
    """What `description_of` needs: `as_record`, with the words' probabilities and the true path."""
    record = as_record(description)
    for word, source in zip(record["words"], description.words, strict=True):
        probability = float(source.probability)
        word["probability"] = round(probability, 4) if 0.0 <= probability <= 1.0 else 0.0
    record["file"] = description.file
    return record


def description_of(record: dict[str, Any]) -> Description:
    """The description in a record. Raises ValueError where something is missing or wrong."""
    seconds = _table(record.get("seconds"))
    file = record.get("file")
    if file is not None and not _is_path(file):
        raise ValueError("the file is no absolute path")
    return Description(
        caption=_text(record, "caption"),
        confidence=_fraction(record.get("confidence")),
        alternatives=tuple(
            Alternative(_text(one, "caption"), _fraction(one.get("confidence")))
            for one in map(_table, _list(record, "alternatives"))
        ),
        words=tuple(
            Word(_text(one, "word"), _fraction(one.get("probability")), _region(one))
            for one in map(_table, _list(record, "words"))
        ),
        notes=tuple(_line(note) for note in _list(record, "notes")),
        seconds=Seconds(*(_number(seconds.get(step)) for step in ("read", "extract", "decode"))),
        file=file,
        width=_pixels(record.get("width")),
        height=_pixels(record.get("height")),
        alt_text=_text(record, "alt_text") if record.get("alt_text") is not None else None,
    )


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("not a table")
    return value


def _list(record: dict[str, Any], name: str) -> list[Any]:
    value = record.get(name)
    if not isinstance(value, list):
        raise ValueError(f"{name} is no list")
    return value


def _text(record: dict[str, Any], name: str) -> str:
    return _line(record.get(name))


def _line(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return visible(value)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("no number")
    if not 0.0 <= value < math.inf:
        raise ValueError("out of range")
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError("out of range") from error


def _fraction(value: object) -> float:
    number = _number(value)
    if number > 1.0:
        raise ValueError("no fraction")
    return number


def _pixels(value: object) -> int:
    number = _number(value)
    if number != int(number):
        raise ValueError("no whole number")
    return int(number)


def _region(record: dict[str, Any]) -> Region:
    edges = [_fraction(edge) for edge in _list(record, "region")]
    if len(edges) != 4:
        raise ValueError("no region")
    return cast(Region, tuple(edges))


def _is_path(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value and Path(value).is_absolute()
