"""A user's own pictures: a folder with a CSV of captions, headed "file,caption"."""

import csv
import io
from pathlib import Path

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.gathering import (
    Gathering,
    drawn_splits,
    text_of,
)

CAPTIONS_FILE = "captions.csv"
FILE_HEADS = ("file", "image", "picture", "name", "filename")
CAPTION_HEADS = ("caption", "description", "alt", "text")
HELD_OUT_SHARE = 0.2  # to compare the old model and the new one by
LEAST = 5  # pictures: four to learn from, one to look at
WAY_OUT = (
    f"Put the pictures into one folder with {CAPTIONS_FILE}, whose first line is 'file,caption' "
    "and every other one a file's name and a sentence about it."
)


def read(folder: Path) -> Dataset:
    """Splits: "train", and "dev" for what is held out. Raises TrainingError."""
    if not folder.is_dir():
        raise TrainingError(f"There is no folder {folder}.", WAY_OUT)
    file = _captions_file(folder)
    present = {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    } - {file.name}
    gathered = Gathering(file.name, present)
    text, problems = text_of(file, WAY_OUT)
    # Office programs of half the world part columns by semicolons.
    first = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text), delimiter=";" if first.count(";") else ",")
    heads = [head.strip().lower() for head in next(rows, [])]
    name_at = next((i for i, head in enumerate(heads) if head in FILE_HEADS), -1)
    caption_at = next((i for i, head in enumerate(heads) if head in CAPTION_HEADS), -1)
    if name_at < 0 or caption_at < 0:
        raise TrainingError(f"{file} has no columns 'file' and 'caption'.", WAY_OUT)
    try:
        for row in rows:
            if len(row) <= max(name_at, caption_at):
                if row:
                    gathered.malformed()
                continue
            # What stands after the last column's comma was not quoted: it is the caption's rest.
            rest = row[caption_at:] if caption_at == len(heads) - 1 else [row[caption_at]]
            name = row[name_at].strip().replace("\\", "/").removeprefix("./")
            gathered.add(name, ",".join(rest), (name, ",".join(rest)))
    except csv.Error as error:
        problems.append(f"{file.name} breaks off at line {rows.line_num}: {error}.")
    gathered.require_any(WAY_OUT)
    if len(gathered.captions) < LEAST:
        raise TrainingError(
            f"{file} has captions for {len(gathered.captions)} pictures; {LEAST} is the least.",
            "Fifty or more make a difference that can be measured.",
        )
    splits = drawn_splits(gathered.captions, HELD_OUT_SHARE)
    return Dataset(folder, gathered.captions, splits, problems + gathered.problems())


def _captions_file(folder: Path) -> Path:
    """captions.csv, or the only CSV there is."""
    named = folder / CAPTIONS_FILE
    every = sorted(folder.glob("*.csv"))
    if named.is_file():
        return named
    if len(every) != 1:
        found = f"{len(every)} CSV files" if every else "no CSV file"
        raise TrainingError(f"There is {found} in {folder}.", WAY_OUT)
    return every[0]
