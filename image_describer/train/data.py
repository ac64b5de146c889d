"""Flickr8k's official layout -> pictures with their captions and splits."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from image_describer.errors import TrainingError
from image_describer.extractor import squeeze

WHERE_TO_GET_IT = (
    "Give --data (or IMAGE_DESCRIBER_DATA) a folder with Flicker8k_Dataset/ and Flickr8k_text/, "
    "as Flickr8k is published."
)
PICTURE_FOLDERS = ("Flicker8k_Dataset", "Flickr8k_Dataset", "Images")
SPLIT_FILES = {"train": "Flickr_8k.trainImages.txt", "dev": "Flickr_8k.devImages.txt"}
TEST_SPLIT_FILE = "Flickr_8k.testImages.txt"


@dataclass
class Dataset:
    """Captioned pictures.

    ``captions`` maps a picture's file name to its captions as they were written, ``splits`` the
    names "train" and "dev" to file names in a fixed order, ``problems`` says what was left out.
    Where the data brings features of its own, ``features`` is their matrix (N, C) and ``rows``
    gives each name's row in it.
    """

    pictures: Path
    captions: dict[str, list[str]]
    splits: dict[str, list[str]]
    problems: list[str] = field(default_factory=list)
    features: np.ndarray | None = None
    rows: dict[str, int] | None = None

    def path(self, name: str) -> Path:
        return self.pictures / name


def read_flickr8k(folder: Path, use_leftovers: bool = True) -> Dataset:
    """Read the official files below ``folder``.

    Pictures that are in no split train too, if ``use_leftovers``; those of a test split never do.
    What doesn't fit together is left out and told in ``problems``. Raises TrainingError.
    """
    pictures = next((folder / name for name in PICTURE_FOLDERS if (folder / name).is_dir()), None)
    texts = folder / "Flickr8k_text"
    if pictures is None or not (texts / "Flickr8k.token.txt").is_file():
        raise TrainingError(f"There is no Flickr8k in {folder}.", WHERE_TO_GET_IT)
    present = {path.name for path in pictures.iterdir()}
    captions, problems = _read_captions(texts / "Flickr8k.token.txt", present)
    splits = {}
    for split, file in SPLIT_FILES.items():
        names = _lines(texts / file)
        splits[split] = [name for name in dict.fromkeys(names) if name in captions]
        if lost := len(names) - len(splits[split]):
            problems.append(f"{lost} of the {split} split's {len(names)} names can't be used.")
    test_file = texts / TEST_SPLIT_FILE
    if test_file.is_file():
        held_back = set(_lines(test_file))
    else:
        held_back = set()
        problems.append("There is no test split: figures are on dev only.")
    if use_leftovers:
        taken = {*splits["train"], *splits["dev"], *held_back}
        splits["train"] += [name for name in sorted(captions) if name not in taken]
    return Dataset(pictures, captions, splits, problems)


def load_pixels(path: Path, size: int) -> np.ndarray:
    """One picture as the extractor sees it: (size, size, 3) uint8. Raises TrainingError."""
    try:
        with Image.open(path) as image:
            return squeeze(np.asarray(image.convert("RGB")), size)
    except (OSError, ValueError, SyntaxError) as error:
        raise TrainingError(f"The picture {path} can't be read: {error}.") from error


def _read_captions(file: Path, present: Iterable[str]) -> tuple[dict[str, list[str]], list[str]]:
    present = set(present)
    captions: dict[str, list[str]] = {}
    absent: set[str] = set()
    malformed = 0
    for line in _lines(file):
        name, _, caption = line.partition("\t")
        name = name.rpartition("#")[0]
        if not name or not caption.strip():
            malformed += 1
        elif name not in present:
            absent.add(name)
        else:
            captions.setdefault(name, []).append(caption.strip())
    problems = []
    if absent:
        problems.append(f"{len(absent)} captioned names have no picture: {sorted(absent)[0]} ...")
    if malformed:
        problems.append(f"{malformed} lines of {file.name} hold no caption.")
    return captions, problems


def _lines(file: Path) -> list[str]:
    try:
        return [line for line in file.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{file} can't be read: {error}.", WHERE_TO_GET_IT) from error
