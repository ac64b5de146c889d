"""The output of the encoder."""

from dataclasses import dataclass

import numpy as np

from image_describer.imaging.region import Region


@dataclass(frozen=True)
class Features:
    """What the encoder computed: one row for each cell of the grid, row by row from the top.

    regions: (R, C) float32. pooled: (C,) float32, their mean. frame: the part of the picture that
    was encoded, without the bars around it. grayscale: whether the picture is black and white.
    """

    regions: np.ndarray
    pooled: np.ndarray
    frame: Region = (0.0, 0.0, 1.0, 1.0)
    grayscale: bool = False
