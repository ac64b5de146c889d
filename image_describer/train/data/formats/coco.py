"""COCO's captions JSON: annotations[].image_id and .caption, pictures by images[] or by number."""

import json
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

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

DEV_SHARE = 0.2  # 80/20, as attend-and-tell has it
NUMBERED_2014 = "COCO_{split}_{number:012d}.jpg"
NUMBERED = "{number:012d}.jpg"  # since 2017
_SPLIT = re.compile(r"(?:train|val)\d{4}")
WAY_OUT = (
    "Give --data a captions JSON, such as annotations/captions_train2014.json, with its pictures "
    "in train2014/ beside it or beside its folder."
)


def recognises(path: Path) -> bool:
    return _file(path) is not None


def read(path: Path) -> Dataset:
    """Read one captions JSON, or that of a folder (train before val). Raises TrainingError."""
    file = _file(path)
    if file is None:
        raise TrainingError(f"There is no captions JSON in {path}.", WAY_OUT)
    text, problems = text_of(file, WAY_OUT)
    annotations, images = _parts(file, text)
    split = _SPLIT.search(file.stem)
    pictures = _pictures(file, split.group() if split else "")
    gathered = Gathering(file.name, files_in(pictures, WAY_OUT))
    names = _names(images, problems)
    for place, entry in enumerate(annotations):
        number, caption, identity = _entry(entry, place)
        if number is None or caption is None:
            gathered.malformed()
        else:
            name = names.get(number) or _numbered(number, split.group() if split else "")
            gathered.add(name, caption, identity)
    gathered.require_any(WAY_OUT)
    splits = drawn_splits(gathered.captions, DEV_SHARE)
    problems += [*gathered.problems(), NO_TEST_SPLIT, told_splits(splits)]
    return Dataset(pictures, gathered.captions, splits, problems)


def _file(path: Path) -> Path | None:
    if not path.is_dir():
        return path if path.suffix == ".json" and path.is_file() else None
    found = [*path.glob("captions_*.json"), *path.glob("annotations/captions_*.json")]
    return min(found, key=lambda file: ("train" not in file.name, file.name), default=None)


def _parts(file: Path, text: str) -> tuple[list[Any], list[Any]]:
    """The lists of annotations and of images. Raises TrainingError for another JSON."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TrainingError(f"{file} is no JSON: {error}.", WAY_OUT) from error
    parts = whole if isinstance(whole, dict) else {}
    annotations, images = parts.get("annotations"), parts.get("images", [])
    if not isinstance(annotations, list) or not isinstance(images, list):
        raise TrainingError(f"{file} holds no list of annotations.", WAY_OUT)
    return annotations, images


def _pictures(file: Path, split: str) -> Path:
    """The folder of the pictures: named after the split, "images", or the file's own."""
    for folder in (file.parent, file.parent.parent):
        for name in filter(None, (split, f"images/{split}" if split else "", "images")):
            if (folder / name).is_dir():
                return folder / name
    return file.parent


def _names(images: list[Any], problems: list[str]) -> dict[Hashable, str]:
    """File names by the pictures' numbers; of a number that is there twice the first counts."""
    names: dict[Hashable, str] = {}
    twice = 0
    for entry in images:
        if not isinstance(entry, dict):
            continue
        number, name = entry.get("id"), entry.get("file_name")
        if isinstance(number, int | str) and isinstance(name, str):
            twice += number in names
            names.setdefault(number, name)
    if twice:
        problems.append(f"{twice} pictures' numbers are there twice: the first one counts.")
    return names


def _entry(entry: Any, place: int) -> tuple[int | str | None, str | None, Hashable]:
    """Picture's number, caption and identity of one annotation; None for what is missing."""
    if not isinstance(entry, dict):
        return None, None, None
    number, caption, own = entry.get("image_id"), entry.get("caption"), entry.get("id")
    return (
        number if isinstance(number, int | str) else None,
        caption if isinstance(caption, str) else None,
        own if isinstance(own, int | str) else f"at place {place}",
    )


def _numbered(number: int | str, split: str) -> str:
    """The file that COCO gives a picture's number."""
    if not isinstance(number, int):
        return number
    pattern = NUMBERED_2014 if split.endswith("2014") else NUMBERED
    return pattern.format(split=split, number=number)
