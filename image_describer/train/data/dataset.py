"""Captioned pictures: the data set as every stage takes it, read from whatever format it has."""

from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import numpy as np
from PIL import Image

from image_describer.errors import TrainingError
from image_describer.imaging.preprocess import resize

WHERE_TO_GET_IT = (
    "Give --data (or IMAGE_DESCRIBER_DATA) a folder with Flicker8k_Dataset/ and Flickr8k_text/, "
    "as Flickr8k is published."
)
FORMATS = {
    "flickr8k": "Flickr8k's official files: Flicker8k_Dataset/ and Flickr8k_text/",
    "kaggle": "Kaggle's captions.txt (CSV: image,caption) and its folder Images",
    "coco": "COCO's captions JSON and its pictures",
    "matrix": "a text of lines 'name caption' and an .npy matrix of features, row for row",
}


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


def read(path: Path, format: str = "auto") -> Dataset:
    """The data at ``path``, a folder or a file, in one of ``FORMATS`` ("auto" finds out which).

    What doesn't fit together is left out and told in ``problems``. Raises TrainingError.
    """
    if format != "auto" and format not in FORMATS:
        raise TrainingError(
            f"No data format '{format}'.", f"There are: auto, {', '.join(FORMATS)}."
        )
    readers = {name: import_module(f"image_describer.train.data.{name}") for name in FORMATS}
    if format == "auto":
        format = next((name for name in FORMATS if readers[name].recognises(path)), "")
    if not format:
        raise TrainingError(
            f"There is no training data in {path}." if path.exists() else f"There is no {path}.",
            f"{WHERE_TO_GET_IT} Read are: {'; '.join(FORMATS.values())}.",
        )
    data: Dataset = readers[format].read(path)
    return data


def read_flickr8k(folder: Path, use_leftovers: bool = True) -> Dataset:
    """Flickr8k's official files below ``folder``; see ``formats.flickr8k.read``."""
    from image_describer.train.data import flickr8k

    return flickr8k.read(folder, use_leftovers)


def load_pixels(path: Path, size: int) -> np.ndarray:
    """One picture as the extractor sees it: (size, size, 3) uint8. Raises TrainingError."""
    try:
        with Image.open(path) as image:
            return resize(np.asarray(image.convert("RGB")), size)
    except Exception as error:  # a damaged picture can raise nearly anything
        raise TrainingError(f"The picture {path} can't be read: {error}.") from error
