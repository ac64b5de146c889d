"""Captions of the sample photographs, and where the network looked for each word."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from image_describer import paths
from image_describer.captioner.bundle import open_bundle
from image_describer.captioner.captions import CaptionGenerator
from image_describer.captioner.encoder import Encoder
from image_describer.imaging.open import open_picture

ROWS, COLUMNS = ("top", "middle", "bottom"), ("left", "center", "right")


@dataclass(frozen=True)
class AttentionMaps:
    """The words of a caption of the photograph ``file``, and the attention of each: (words, rows,
    columns) float32."""

    file: Path
    words: tuple[str, ...]
    maps: np.ndarray

    @property
    def description(self) -> str:
        """The caption and its attention in words, as alternative text."""
        where = ", ".join(
            f"{word} ({_position(weights)})"
            for word, weights in zip(self.words, self.maps, strict=False)
        )
        return f'Caption: "{" ".join(self.words)}". Strongest attention: {where}.'


def of_samples(bundle: Path) -> Iterator[AttentionMaps]:
    """Attention maps of the program's sample photographs.

    Captioners without attention have none: their decoders report the same weight for each cell.
    Raises BundleError and PictureError.
    """
    opened = open_bundle(bundle)
    encoder, generator = Encoder.from_bundle(opened), CaptionGenerator(opened)
    grid = opened.manifest["regions"]
    for file in sorted((paths.assets_folder() / "samples").glob("*.jpg")):
        beam = generator.decode([encoder.encode(open_picture(file).pixels)])[0][0]
        words = tuple(generator.text((word,)) for word in beam.words)
        if np.ptp(beam.attention) > 1e-6:
            maps = beam.attention.reshape(-1, grid["rows"], grid["columns"])
            yield AttentionMaps(file, words, maps)


def _position(weights: np.ndarray) -> str:
    """Where the maximum of a map (rows, columns) is, in words."""
    row, column = np.unravel_index(int(weights.argmax()), weights.shape)
    height, width = weights.shape
    vertical, horizontal = ROWS[int(row) * 3 // height], COLUMNS[int(column) * 3 // width]
    return (
        "center" if (vertical, horizontal) == ("middle", "center") else f"{vertical} {horizontal}"
    )
