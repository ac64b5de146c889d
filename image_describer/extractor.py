"""Pixels -> features: the Xception tower, run by LiteRT."""

from dataclasses import dataclass

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Features:
    """What the tower saw: one row for each cell of the feature map, row by row from the top.

    regions: (R, C) float32. pooled: (C,) float32, their mean.
    """

    regions: np.ndarray
    pooled: np.ndarray


def squeeze(pixels: np.ndarray, size: int) -> np.ndarray:
    """The whole picture as a square: (H, W, 3) uint8 -> (size, size, 3) uint8.

    Squeezed, neither cropped nor padded, because that is how the training pictures were made.
    """
    image = Image.fromarray(pixels)
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=3.0))
