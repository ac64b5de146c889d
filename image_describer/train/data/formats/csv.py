"""A CSV table of captions and its pictures: a user's own, or Kaggle's copy of Flickr8k."""

import contextlib
import csv
from collections.abc import Iterator
from pathlib import Path

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.formats.reading import (
    CaptionCollector,
    random_splits,
    read_text,
    source,
)

CAPTIONS_FILES = ("captions.csv", "captions.txt")  # Kaggle's is called .txt
PICTURE_FOLDERS = ("Images", "images")
PICTURE_COLUMNS = ("file", "image", "picture", "name", "filename")
CAPTION_COLUMNS = ("caption", "description", "alt", "text")
DEV_SHARE = 1 / 8  # as in Flickr8k's own splits: 1,000 of 8,000
OWN_DEV_SHARE = 0.2
OWN_MINIMUM = 5  # pictures: four to train on and one to compare by
HEADER_LIMIT = 1000  # characters
WAY_OUT = (
    "Put the pictures into one folder with captions.csv: its first line is 'file,caption', and "
    "every other line is the name of a picture and a sentence about it."
)


def recognizes(path: Path) -> bool:
    file = _table(path)
    if file is None:
        return False
    with contextlib.suppress(OSError), file.open(encoding="utf-8-sig", errors="replace") as lines:
        return _columns(lines.readline(HEADER_LIMIT)) is not None
    return False


def read(path: Path, dev_share: float = DEV_SHARE) -> Dataset:
    """Read the table, a file or the one in a folder, and find its pictures: in Images/ beside it,
    or anywhere below its folder. Splits are random. Raises TrainingError."""
    file = _table(path)
    if file is None:
        tables = len(list(path.glob("*.csv")))
        raise TrainingError(f"{path} has {tables} CSV files and no captions.csv.", WAY_OUT)
    text, problems = read_text(file, WAY_OUT)
    header, _, body = text.replace("\r\n", "\n").partition("\n")
    columns = _columns(header)
    if columns is None:
        raise TrainingError(f"{file} has no columns 'file' and 'caption'.", WAY_OUT)
    delimiter, name_column, caption_column, last = columns
    folders = (file.parent / name for name in PICTURE_FOLDERS)
    pictures = next((folder for folder in folders if folder.is_dir()), file.parent)
    present = {p.relative_to(pictures).as_posix() for p in pictures.rglob("*") if p.is_file()}
    collector = CaptionCollector(file.name, present)
    for row in _rows(body, delimiter, problems):
        if len(row) <= max(name_column, caption_column):
            collector.malformed()
            continue
        # Commas of a caption that was not quoted split it into several cells.
        caption = delimiter.join(row[caption_column:]) if last else row[caption_column]
        name = row[name_column].strip().replace("\\", "/").removeprefix("./")
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
    """The table in a folder: captions.csv, captions.txt, or the only CSV file."""
    if not path.is_dir():
        return path if path.is_file() else None
    named = next((path / name for name in CAPTIONS_FILES if (path / name).is_file()), None)
    tables = list(path.glob("*.csv"))
    return named or (tables[0] if len(tables) == 1 else None)


def _columns(header: str) -> tuple[str, int, int, bool] | None:
    """The delimiter, the columns of pictures and captions, and whether captions are last."""
    delimiter = ";" if ";" in header else ","  # spreadsheets use semicolons in many countries
    heads = [head.strip().strip('"').lower() for head in header.split(delimiter)]
    name = next((i for i, head in enumerate(heads) if head in PICTURE_COLUMNS), None)
    caption = next((i for i, head in enumerate(heads) if head in CAPTION_COLUMNS), None)
    if name is None or caption is None:
        return None
    return delimiter, name, caption, caption == len(heads) - 1


def _rows(body: str, delimiter: str, problems: list[str]) -> Iterator[list[str]]:
    """The rows below the header that are not blank."""
    lines = body.split("\n")
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
