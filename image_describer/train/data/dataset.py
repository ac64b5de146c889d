"""The data of a training run: pictures, captions and splits."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from image_describer.errors import TrainingError
from image_describer.imaging.decode import to_rgb
from image_describer.imaging.orientation import exif_orientation
from image_describer.imaging.preprocess import resize

WHERE_TO_GET_IT = (
    "Give --data (or IMAGE_DESCRIBER_DATA) a folder with Flicker8k_Dataset/ and Flickr8k_text/, "
    "as Flickr8k is published, or another data set, or a folder that contains those of the recipe; "
    "--help names the formats."
)


@dataclass
class Dataset:
    """Pictures, captions and splits. Pictures are identified by keys: their file names, preceded
    by the name of the set if there are several.

    ``files`` maps keys to files, ``captions`` keys to captions as written, and ``splits`` "train"
    and "dev" to the keys of captioned pictures in a fixed order. ``uncaptioned`` are the keys of
    training pictures without captions, ``sentences`` captions without pictures. The captions of
    the pictures ``pseudo_captioned`` were chosen from the sentences by `pseudo_captions`.

    ``weights`` says how many times an epoch shows a picture (missing: 1.0), ``set_of`` which of
    several sets it is from. ``labels`` are the soft
    labels of a teacher, (L,) float32 each. For data that has features instead of pictures,
    ``features`` is their matrix (N, C) and ``rows`` maps keys to rows.

    ``english`` are English captions of the same pictures, if ``captions`` are in another language.

    ``problems`` are sentences about what was left out. ``sources`` has a record for each set:
    {"set", "format", "pictures", "captions", "sha256"}.
    """

    files: dict[str, Path] = field(default_factory=dict)
    captions: dict[str, list[str]] = field(default_factory=dict)
    splits: dict[str, list[str]] = field(default_factory=lambda: {"train": [], "dev": []})
    uncaptioned: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    pseudo_captioned: set[str] = field(default_factory=set)
    weights: dict[str, float] = field(default_factory=dict)
    set_of: dict[str, str] = field(default_factory=dict)
    labels: dict[str, np.ndarray] = field(default_factory=dict)
    features: np.ndarray | None = None
    rows: dict[str, int] | None = None
    english: dict[str, list[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)

    def reweighted(self, factors: Mapping[str, float]) -> "Dataset":
        """The same data with the weights of each set's pictures multiplied by its factor."""
        weights = {
            key: self.weights.get(key, 1.0) * factors.get(self.set_of.get(key, ""), 1.0)
            for key in self.files
        }
        return replace(self, weights=weights)

    def path(self, key: str) -> Path:
        """The file of a picture. Raises TrainingError for data that has only features."""
        if key not in self.files:
            raise TrainingError(f"The data has no picture '{key}'.")
        return self.files[key]


def load_pixels(path: Path, size: int) -> np.ndarray:
    """Decode a picture, upright and on white as the program sees it, and resize it:
    (size, size, 3) uint8. Raises TrainingError."""
    try:
        with Image.open(path) as image:
            image.load()
            return resize(to_rgb(image, exif_orientation(image)), size)
    except Exception as error:  # a damaged picture can raise nearly anything
        raise TrainingError(f"The picture {path} can't be read: {error}.") from error
