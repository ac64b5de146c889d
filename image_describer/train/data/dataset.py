"""The data of a training run: pictures, captions and splits, from sets in several formats."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from image_describer.errors import TrainingError
from image_describer.imaging.preprocess import resize

WHERE_TO_GET_IT = (
    "Give --data (or IMAGE_DESCRIBER_DATA) a folder with Flicker8k_Dataset/ and Flickr8k_text/, "
    "as Flickr8k is published, or a folder that contains the data sets of the recipe."
)
FORMATS = {
    "flickr8k": "Flickr8k's official files: Flicker8k_Dataset/ and Flickr8k_text/",
    "csv": "a CSV table with the columns 'image' and 'caption' (captions.csv, or Kaggle's "
    "captions.txt), and its pictures",
    "coco": "COCO's captions JSON, and its pictures",
    "matrix": "a text of lines 'name caption', and an .npy matrix of features, row for row",
    "labels": "soft labels of pictures (.npz with 'names' and 'labels')",
    "sentences": "captions without pictures, one a line (.tsv, .txt, also as .gz)",
}


@dataclass
class Dataset:
    """Pictures, captions and splits. Pictures are identified by keys: their file names, preceded
    by the name of the set if there are several.

    ``files`` maps keys to files, ``captions`` keys to captions as written, and ``splits`` "train"
    and "dev" to the keys of captioned pictures in a fixed order. ``uncaptioned`` are the keys of
    training pictures without captions, ``sentences`` captions without pictures.

    ``weights`` says how many times an epoch shows a picture (missing: 1.0). ``labels`` are the soft
    labels of a teacher, (L,) float32 each. For data that has features instead of pictures,
    ``features`` is their matrix (N, C) and ``rows`` maps keys to rows.

    ``problems`` are sentences about what was left out. ``sources`` has a record for each set:
    {"set", "format", "pictures", "captions", "sha256"}.
    """

    files: dict[str, Path] = field(default_factory=dict)
    captions: dict[str, list[str]] = field(default_factory=dict)
    splits: dict[str, list[str]] = field(default_factory=lambda: {"train": [], "dev": []})
    uncaptioned: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    weights: dict[str, float] = field(default_factory=dict)
    labels: dict[str, np.ndarray] = field(default_factory=dict)
    features: np.ndarray | None = None
    rows: dict[str, int] | None = None
    problems: list[str] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)

    def path(self, key: str) -> Path:
        return self.files[key]


def read(path: Path, format: str = "auto") -> Dataset:
    """Read the set at ``path``, a folder or a file in one of ``FORMATS`` ("auto" detects which).

    Raises TrainingError.
    """
    if format != "auto" and format not in FORMATS:
        raise TrainingError(
            f"There is no data format '{format}'.", f"There are: auto, {', '.join(FORMATS)}."
        )
    found = _format_of(path) if format == "auto" else format
    if found is None:
        raise TrainingError(
            f"There is no training data in {path}." if path.exists() else f"There is no {path}.",
            f"{WHERE_TO_GET_IT} The formats are: {'; '.join(FORMATS.values())}.",
        )
    data: Dataset = _reader(found).read(path)
    return data


def read_sets(root: Path, sets: Sequence[str], weights: Sequence[float] = ()) -> Dataset:
    """Read and combine ``sets``, paths below ``root``. Raises TrainingError.

    With a single set, ``root`` can also be that set itself. ``weights`` has one number for each
    set. A picture of dev, or of no split, never trains, even if it occurs in several sets: copies
    are recognized by their content.
    """
    from image_describer.train.data import combine

    if len(sets) == 1 and not (root / sets[0]).exists() and _format_of(root):
        parts = {sets[0]: read(root)}
    else:
        parts = {name: read(root / name) for name in sets}
    data = combine.combined(parts, dict(zip(sets, weights, strict=True)) if weights else {})
    if not data.captions:
        raise TrainingError(f"No picture in {', '.join(sets)} has a caption.", WHERE_TO_GET_IT)
    return data


def load_pixels(path: Path, size: int) -> np.ndarray:
    """Decode a picture and resize it: (size, size, 3) uint8. Raises TrainingError."""
    try:
        with Image.open(path) as image:
            return resize(np.asarray(image.convert("RGB")), size)
    except Exception as error:  # a damaged picture can raise nearly anything
        raise TrainingError(f"The picture {path} can't be read: {error}.") from error


def _format_of(path: Path) -> str | None:
    return next((name for name in FORMATS if _reader(name).recognizes(path)), None)


def _reader(format: str) -> Any:
    """The reader's module, imported here because readers import this one."""
    return import_module(f"image_describer.train.data.formats.{format}")
