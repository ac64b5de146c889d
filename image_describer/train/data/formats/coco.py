"""COCO's captions JSON: annotations[].image_id and .caption, pictures by images[] or by number."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.formats.reading import (
    CaptionCollector,
    kept_for_dev,
    names_in,
    random_splits,
    read_text,
    source,
)

DEV_SHARE = 0.2  # of attend-and-tell
NUMBERED_2014 = "COCO_{split}_{number:012d}.jpg"
NUMBERED = "{number:012d}.jpg"  # since 2017
YEAR = re.compile(r"(?:train|val)\d{4}")
WAY_OUT = (
    "Give --data a captions JSON, such as annotations/captions_train2014.json, with its pictures "
    "in train2014/ or images/, beside it or beside its folder."
)


def recognizes(path: Path) -> bool:
    return bool(_files(path))


def read(path: Path) -> Dataset:
    """Read a captions JSON, or those of a folder: train, and dev or val of the same year.

    A single file is split at random. One whose list of annotations is empty is a set of pictures
    without captions. Raises TrainingError.
    """
    files = _files(path)
    parts = [_read_file(file) for file in files]
    data = Dataset(problems=[problem for part in parts for problem in part.problems])
    for part in parts:
        data.files |= part.files
        for name, captions in part.captions.items():
            data.captions.setdefault(name, []).extend(captions)
    if not data.captions:
        data.uncaptioned = sorted(data.files)
    elif len(parts) == 2:
        data.splits = {"train": list(parts[0].captions), "dev": list(parts[1].captions)}
        kept_for_dev(data.splits, data.problems)
    else:
        data.splits = random_splits(data.captions, DEV_SHARE, data.problems)
    data.sources = [source(path, "coco", len(data.files), data.captions, files)]
    return data


def _read_file(file: Path) -> Dataset:
    text, problems = read_text(file, WAY_OUT)
    annotations, images = _lists(file, text)
    found = YEAR.search(file.stem)
    year = found.group() if found else ""
    folder = _picture_folder(file, year)
    present = names_in(folder, WAY_OUT)
    names = _names(images, problems)
    if not annotations:
        listed = set(names.values())
        if lost := len(listed - present):
            problems.append(f"Missing pictures of {file.name}: {lost}.")
        return Dataset(files={name: folder / name for name in listed & present}, problems=problems)
    # Other files of captions may share the folder: only the pictures of this one are expected to
    # have captions in it.
    collector = CaptionCollector(file.name, present.intersection(names.values()) or present)
    for index, entry in enumerate(annotations):
        fields = entry if isinstance(entry, dict) else {}
        number, caption = fields.get("image_id"), fields.get("caption")
        if isinstance(number, int | str) and isinstance(caption, str):
            name = names.get(number) or _numbered(number, year)
            collector.add(name, caption, str(fields.get("id", f"index {index}")))
        else:
            collector.malformed()
    captions = collector.finish(problems, WAY_OUT)
    return Dataset({name: folder / name for name in captions}, captions, problems=problems)


def _files(path: Path) -> Sequence[Path]:
    """The file at ``path``, or the first pair of train and dev in a folder, or the first file."""
    if not path.is_dir():
        return [path] if path.suffix == ".json" and path.is_file() else []
    found = sorted([*path.glob("captions_*.json"), *path.glob("annotations/captions_*.json")])
    for train in found:
        for word in ("dev", "val"):
            dev = train.with_name(train.name.replace("train", word))
            if dev != train and dev in found:
                return [train, dev]
    return sorted(found, key=lambda file: "train" not in file.name)[:1]


def _lists(file: Path, text: str) -> tuple[list[Any], list[Any]]:
    """The lists of annotations and of images. Raises TrainingError for another kind of JSON."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TrainingError(f"{file} is not valid JSON: {error}.", WAY_OUT) from error
    parts = whole if isinstance(whole, dict) else {}
    annotations, images = parts.get("annotations"), parts.get("images", [])
    if not isinstance(annotations, list) or not isinstance(images, list):
        raise TrainingError(f"{file} has no list of annotations.", WAY_OUT)
    return annotations, images


def _picture_folder(file: Path, year: str) -> Path:
    """The folder of the pictures: train2014 or the like, images, or the file's own."""
    for folder in (file.parent, file.parent.parent):
        for name in filter(None, (year, f"images/{year}" if year else "", "images")):
            if (folder / name).is_dir():
                return folder / name
    return file.parent


def _names(images: list[Any], problems: list[str]) -> dict[int | str, str]:
    """File names by the pictures' numbers; the first one of a number counts."""
    names: dict[int | str, str] = {}
    duplicates = 0
    for entry in images:
        fields = entry if isinstance(entry, dict) else {}
        number, name = fields.get("id"), fields.get("file_name")
        if isinstance(number, int | str) and isinstance(name, str):
            duplicates += number in names
            names.setdefault(number, name)
    if duplicates:
        problems.append(
            f"Duplicate numbers of pictures, of which the first one counts: {duplicates}."
        )
    return names


def _numbered(number: int | str, year: str) -> str:
    """COCO's file name for a picture's number."""
    if not isinstance(number, int):
        return number
    pattern = NUMBERED_2014 if year.endswith("2014") else NUMBERED
    return pattern.format(split=year, number=number)
