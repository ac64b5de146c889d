"""A CSV table of captions and its pictures: a user's own, or Kaggle's copy of Flickr8k."""

import contextlib
import csv
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.formats.reading import (
    CaptionCollector,
    decode_text,
    random_splits,
    read_text,
    source,
)

TABLE_SUFFIXES = (".csv", ".tsv")
CAPTIONS_FILES = ("captions.csv", "captions.tsv", "captions.txt")  # Kaggle's is called .txt
PICTURE_FOLDERS = ("Images", "images")
PICTURE_COLUMNS = ("file", "image", "picture", "name", "filename")
CAPTION_COLUMNS = ("caption", "description", "alt", "text")
DELIMITERS = ",;\t|"  # spreadsheets use semicolons in many countries
DELIMITER_HINT = re.compile(r'"?sep=(.)"?[,;\t|]*', re.IGNORECASE)  # Excel's
DEV_SHARE = 1 / 8  # as in Flickr8k's own splits: 1,000 of 8,000
OWN_DEV_SHARE = 0.2
OWN_MINIMUM = 5  # pictures: four to train on and one to compare by
HEADER_LIMIT_BYTES = 4000
WAY_OUT = (
    "Put the pictures into one folder with captions.csv: its first line is 'file,caption', and "
    "every other line is the name of a picture and a sentence about it."
)


class _Columns(NamedTuple):
    """The delimiter, and where pictures and captions are. The rows begin below the header, at the
    index ``start`` of the lines."""

    delimiter: str
    name: int
    caption: int
    caption_is_last: bool
    start: int


def recognizes(path: Path) -> bool:
    file = _table(path)
    if file is None:
        return False
    with contextlib.suppress(OSError), file.open("rb") as content:
        text, _ = decode_text(content.read(HEADER_LIMIT_BYTES))
        # What is wrong with a captions.csv is for `read` to say.
        return _columns(text.split("\n")) is not None or file.name.lower() == CAPTIONS_FILES[0]
    return False


def read(path: Path, dev_share: float = DEV_SHARE) -> Dataset:
    """Read the table, a file or the one in a folder, and find its pictures: in Images/ beside it,
    anywhere below its folder, or where absolute paths say. Splits are random.

    Raises TrainingError.
    """
    file = _table(path)
    if file is None:
        tables = len(_tables(path))
        raise TrainingError(f"{path} has {tables} CSV files and no captions.csv.", WAY_OUT)
    text, problems = read_text(file, WAY_OUT)
    lines = text.split("\n")
    columns = _columns(lines)
    if columns is None:
        first = next((number for number, line in enumerate(lines, 1) if line.strip()), 1)
        raise TrainingError(f"Line {first} of {file} has no columns 'file' and 'caption'.", WAY_OUT)
    folders = (file.parent / name for name in PICTURE_FOLDERS)
    pictures = next((folder for folder in folders if folder.is_dir()), file.parent)
    present = {p.relative_to(pictures).as_posix() for p in pictures.rglob("*") if p.is_file()}
    rows = list(_rows(lines[columns.start :], columns.delimiter, problems))
    written = {row[columns.name].strip() for row in rows if len(row) > columns.name}
    names = _matches(written, present)
    elsewhere = {n for n in written - names.keys() if os.path.isabs(n) and os.path.isfile(n)}
    collector = CaptionCollector(file.name, present | elsewhere)
    for row in rows:
        if len(row) <= max(columns.name, columns.caption):
            collector.malformed()
            continue
        # Commas of a caption that was not quoted split it into several cells.
        cells = row[columns.caption :]
        caption = columns.delimiter.join(cells) if columns.caption_is_last else cells[0]
        name = row[columns.name].strip()
        name = names.get(name, name)
        collector.add(name, caption, (name, caption))
    captions = collector.finish(problems, WAY_OUT)
    return Dataset(
        files={name: pictures / name for name in captions},
        captions=captions,
        splits=random_splits(captions, dev_share, problems),
        problems=problems,
        sources=[source(path, "csv", len(captions), captions, [file])],
    )


def read_own(folder: Path) -> Dataset:
    """Read a user's own pictures, a fifth of which is dev. Raises TrainingError, also for fewer
    than ``OWN_MINIMUM`` pictures."""
    if not folder.is_dir():
        raise TrainingError(f"There is no folder {folder}.", WAY_OUT)
    data = read(folder, OWN_DEV_SHARE)
    if len(data.captions) < OWN_MINIMUM:
        raise TrainingError(
            f"{folder} has captions for {len(data.captions)} pictures; the minimum is "
            f"{OWN_MINIMUM}.",
            "Fifty or more make a difference that can be measured.",
        )
    return data


def _table(path: Path) -> Path | None:
    """The table in a folder: captions.csv or the like, or the only CSV file."""
    if not path.is_dir():
        return path if path.is_file() else None
    tables = _tables(path)
    by_name = {file.name.lower(): file for file in tables}
    named = next((by_name[name] for name in CAPTIONS_FILES if name in by_name), None)
    return named or (tables[0] if len(tables) == 1 else None)


def _tables(folder: Path) -> list[Path]:
    return [
        file
        for file in sorted(folder.glob("*"))
        if (file.suffix.lower() in TABLE_SUFFIXES or file.name.lower() in CAPTIONS_FILES)
        and not file.name.startswith(".")
        and file.is_file()
    ]


def _columns(lines: list[str]) -> _Columns | None:
    """The columns that the first line names which isn't blank and isn't Excel's hint."""
    delimiters = DELIMITERS
    for start, line in enumerate(lines, start=1):
        hint = DELIMITER_HINT.fullmatch(line.strip(" "))
        if hint:
            delimiters = hint[1]
        elif line.strip():
            found = (_columns_of(line, delimiter, start) for delimiter in delimiters)
            return next(filter(None, found), None)
    return None


def _columns_of(header: str, delimiter: str, start: int) -> _Columns | None:
    heads = [head.strip(' "').lower() for head in _row(header, delimiter)]
    name = next((i for i, head in enumerate(heads) if head in PICTURE_COLUMNS), None)
    caption = next((i for i, head in enumerate(heads) if head in CAPTION_COLUMNS), None)
    if name is None or caption is None:
        return None
    return _Columns(delimiter, name, caption, caption == len(heads) - 1, start)


def _rows(lines: list[str], delimiter: str, problems: list[str]) -> Iterator[list[str]]:
    """The rows below the header that are not blank."""
    try:
        rows = list(csv.reader((line + "\n" for line in lines), delimiter=delimiter, strict=True))
    except csv.Error:
        # An unclosed quote: it should damage no more than its own line.
        rows = [_row(line, delimiter) for line in lines]
        problems.append("Quotes in the captions are unbalanced: lines are read one by one.")
    return (row for row in rows if any(cell.strip() for cell in row))


def _row(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return [cell.strip('"') for cell in line.split(delimiter)]


def _matches(written: Iterable[str], present: Iterable[str]) -> dict[str, str]:
    """The pictures in ``present`` by their names in the table.

    These may be paths from another folder, such as the absolute ones of `batch`: one folder counts
    for the whole table, the one that most of its pictures are in. Case and Unicode normalization
    are ignored where they make no difference between two pictures.
    """
    by_key = defaultdict(list)
    for picture in present:
        by_key[_key(picture)].append(picture)
    found: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for name in sorted(written):
        path = name.replace("\\", "/").removeprefix("./")
        parts = path.split("/")
        for depth in range(len(parts)):
            rest = "/".join(parts[depth:])
            pictures = by_key.get(_key(rest), [])
            if rest in pictures or len(pictures) == 1:
                picture = rest if rest in pictures else pictures[0]
                found[tuple(map(_key, parts[:depth]))][name] = picture
    best = max(found, key=lambda folder: (len(found[folder]), -len(folder)), default=())
    return found.get(best, {})


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
