"""Flickr8k's official layout: Flicker8k_Dataset/ and Flickr8k_text/."""

from pathlib import Path

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import WHERE_TO_GET_IT, Dataset
from image_describer.train.data.gathering import (
    NO_TEST_SPLIT,
    Gathering,
    drawn_splits,
    files_in,
    text_of,
    told_splits,
)

PICTURE_FOLDERS = ("Flicker8k_Dataset", "Flickr8k_Dataset", "Images")
TEXT_FOLDER = "Flickr8k_text"
CAPTIONS_FILE = "Flickr8k.token.txt"
SPLIT_FILES = {"train": "Flickr_8k.trainImages.txt", "dev": "Flickr_8k.devImages.txt"}
TEST_SPLIT_FILE = "Flickr_8k.testImages.txt"
DEV_SHARE = 1 / 8  # 1,000 of 8,000, where the split files are missing


def recognises(path: Path) -> bool:
    return (_texts(path) / CAPTIONS_FILE).is_file()


def read(folder: Path, use_leftovers: bool = True) -> Dataset:
    """Read the official files below ``folder``.

    Pictures that are in no split train too, if ``use_leftovers``; those of a test split never do.
    Raises TrainingError.
    """
    pictures = next((folder / name for name in PICTURE_FOLDERS if (folder / name).is_dir()), None)
    texts = _texts(folder)
    if pictures is None or not (texts / CAPTIONS_FILE).is_file():
        raise TrainingError(f"There is no Flickr8k in {folder}.", WHERE_TO_GET_IT)
    gathered = Gathering(CAPTIONS_FILE, files_in(pictures, WHERE_TO_GET_IT))
    text, problems = text_of(texts / CAPTIONS_FILE, WHERE_TO_GET_IT)
    for line in text.split("\n"):
        identity, _, caption = line.rstrip("\r").partition("\t")
        if line.strip():
            gathered.add(identity.rpartition("#")[0], caption, identity)
    gathered.require_any(WHERE_TO_GET_IT)
    problems += gathered.problems()
    captions = gathered.captions
    held_back = _held_back(texts, problems)
    if any((texts / file).exists() for file in SPLIT_FILES.values()):
        splits = _read_splits(texts, captions, problems)
    else:
        splits = drawn_splits(captions.keys() - held_back, DEV_SHARE)
        problems.append(told_splits(splits))
    if use_leftovers:
        taken = {*splits["train"], *splits["dev"], *held_back}
        splits["train"] += [name for name in sorted(captions) if name not in taken]
    return Dataset(pictures, captions, splits, problems)


def _texts(folder: Path) -> Path:
    """The archive of texts brings no folder of its own: they may lie beside the pictures'."""
    below = folder / TEXT_FOLDER
    return below if below.is_dir() else folder


def _read_splits(
    texts: Path, captions: dict[str, list[str]], problems: list[str]
) -> dict[str, list[str]]:
    splits = {}
    for split, file in SPLIT_FILES.items():
        names = _names(texts / file)
        splits[split] = [name for name in dict.fromkeys(names) if name in captions]
        if lost := len(names) - len(splits[split]):
            problems.append(f"{lost} of the {split} split's {len(names)} names can't be used.")
    dev = set(splits["dev"])
    if both := len(dev.intersection(splits["train"])):
        splits["train"] = [name for name in splits["train"] if name not in dev]
        problems.append(f"{both} pictures are in both splits: they are kept for dev.")
    return splits


def _held_back(texts: Path, problems: list[str]) -> set[str]:
    """The pictures of a test split, which never train."""
    file = texts / TEST_SPLIT_FILE
    if file.is_file():
        return set(_names(file))
    problems.append(NO_TEST_SPLIT)
    return set()


def _names(file: Path) -> list[str]:
    try:
        lines = file.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{file} can't be read: {error}.", WHERE_TO_GET_IT) from error
    return [line.strip() for line in lines if line.strip()]
