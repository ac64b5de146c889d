"""Kaggle's copy of Flickr8k: captions.txt, a CSV headed "image,caption", and the folder Images."""

import csv
from collections.abc import Iterator
from pathlib import Path

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.gathering import (
    NO_TEST_SPLIT,
    Gathering,
    drawn_splits,
    files_in,
    text_of,
    told_splits,
)

CAPTIONS_FILE = "captions.txt"
PICTURE_FOLDERS = ("Images", "images")
HEADER = ("image", "caption")
DEV_SHARE = 1 / 8  # as in Flickr8k's own splits: 1,000 of 8,000
WAY_OUT = "Give --data the folder that holds captions.txt, headed 'image,caption', and Images/."


def recognises(path: Path) -> bool:
    file = _file(path)
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as lines:
            return _is_header(lines.readline(200))
    except (OSError, ValueError):
        return False


def read(path: Path) -> Dataset:
    """Read captions.txt (or a CSV of another name) and the pictures beside it. No splits come
    with it, so they are drawn. Raises TrainingError."""
    file = _file(path)
    folders = (file.parent / name for name in PICTURE_FOLDERS)
    pictures = next((folder for folder in folders if folder.is_dir()), None)
    if pictures is None:
        raise TrainingError(f"There is no folder of pictures beside {file}.", WAY_OUT)
    gathered = Gathering(file.name, files_in(pictures, WAY_OUT))
    text, problems = text_of(file, WAY_OUT)
    for row in _rows(text, problems):
        if len(row) < 2:
            gathered.malformed()
        else:
            # A comma that was not quoted parted the caption.
            name, caption = row[0], ",".join(row[1:])
            gathered.add(name, caption, (name, caption))
    gathered.require_any(WAY_OUT)
    splits = drawn_splits(gathered.captions, DEV_SHARE)
    problems += [*gathered.problems(), NO_TEST_SPLIT, told_splits(splits)]
    return Dataset(pictures, gathered.captions, splits, problems)


def _file(path: Path) -> Path:
    return path / CAPTIONS_FILE if path.is_dir() else path


def _is_header(line: str) -> bool:
    return tuple(cell.strip().lower() for cell in line.split(",")) == HEADER


def _rows(text: str, problems: list[str]) -> Iterator[list[str]]:
    """The rows below the header, blank ones apart."""
    _, _, body = text.replace("\r\n", "\n").partition("\n")
    lines = body.split("\n")
    try:
        rows = list(csv.reader((line + "\n" for line in lines), strict=True))
    except csv.Error:
        # A quote that nobody closed: it spoils no more than its own line.
        rows = [_row(line) for line in lines]
        problems.append("Quotes in the captions don't match: lines are read one by one.")
    return (row for row in rows if any(cell.strip() for cell in row))


def _row(line: str) -> list[str]:
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error:
        name, _, caption = line.partition(",")
        return [name, caption.strip('"')]
