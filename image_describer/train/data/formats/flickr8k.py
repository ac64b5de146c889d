"""Flickr8k's official layout: Flicker8k_Dataset/ and Flickr8k_text/."""

from collections.abc import Set
from pathlib import Path

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import WHERE_TO_GET_IT, Dataset
from image_describer.train.data.formats.reading import (
    CaptionCollector,
    kept_for_dev,
    names_in,
    random_splits,
    read_text,
    source,
)

PICTURE_FOLDERS = ("Flicker8k_Dataset", "Flickr8k_Dataset", "Images")
TEXT_FOLDER = "Flickr8k_text"
CAPTIONS_FILE = "Flickr8k.token.txt"
CAPTIONS_FILES = {"en": CAPTIONS_FILE, "de": "Flickr8k.token.de.txt"}  # by language
SPLIT_FILES = {"train": "Flickr_8k.trainImages.txt", "dev": "Flickr_8k.devImages.txt"}
TEST_SPLIT_FILE = "Flickr_8k.testImages.txt"
DEV_SHARE = 1 / 8  # 1,000 of 8,000, if the split files are missing


def recognizes(path: Path) -> bool:
    return (_text_folder(path) / CAPTIONS_FILE).is_file()


def read(folder: Path, language: str = "en") -> Dataset:
    """Read the official files below ``folder``, with the captions in a language.

    Pictures that are in no split train, too; those of a test split never do. Raises TrainingError.
    """
    pictures = next((folder / name for name in PICTURE_FOLDERS if (folder / name).is_dir()), None)
    texts = _text_folder(folder)
    file = texts / CAPTIONS_FILES[language]
    if pictures is None or not file.is_file():
        missing = "Flickr8k" if language == "en" else f"Flickr8k with {file.name}"
        raise TrainingError(f"There is no {missing} in {folder}.", WHERE_TO_GET_IT)
    collector = CaptionCollector(file.name, names_in(pictures, WHERE_TO_GET_IT))
    text, problems = read_text(file, WHERE_TO_GET_IT)
    for line in text.split("\n"):
        identity, _, caption = line.partition("\t")
        if line.strip():
            collector.add(identity.rpartition("#")[0], caption, identity)
    captions = collector.finish(problems, WHERE_TO_GET_IT)
    test_file = texts / TEST_SPLIT_FILE
    test = set(_names(test_file)) if test_file.exists() else set()
    split_files = [texts / file for file in SPLIT_FILES.values() if (texts / file).exists()]
    if split_files:
        splits = _read_splits(texts, captions.keys() - test, problems)
    else:
        splits = random_splits(captions.keys() - test, DEV_SHARE, problems)
    used = {*splits["train"], *splits["dev"], *test}
    splits["train"] += [name for name in sorted(captions) if name not in used]
    read_files = [file, *split_files]
    return Dataset(
        files={name: pictures / name for name in captions},
        captions=captions,
        splits=splits,
        problems=problems,
        sources=[source(folder, "flickr8k", len(captions), captions, read_files)],
    )


def _text_folder(folder: Path) -> Path:
    """The archive of texts has no folder of its own: they may be beside that of the pictures."""
    below = folder / TEXT_FOLDER
    return below if below.is_dir() else folder


def _read_splits(texts: Path, usable: Set[str], problems: list[str]) -> dict[str, list[str]]:
    splits = {}
    for split, file in SPLIT_FILES.items():
        names = _names(texts / file)
        splits[split] = [name for name in dict.fromkeys(names) if name in usable]
        if lost := len(names) - len(splits[split]):
            problems.append(f"{lost} of the {split} split's {len(names)} names can't be used.")
    kept_for_dev(splits, problems)
    return splits


def _names(file: Path) -> list[str]:
    try:
        lines = file.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{file} can't be read: {error}.", WHERE_TO_GET_IT) from error
    return [line.strip() for line in lines if line.strip()]
