"""Whether a picture lies on its side or upside down, from the encoder's output.

A linear layer on the mean over the grid and on its differences, top less bottom and left less
right, all divided by the length of the mean: encoders give larger numbers for the pictures that
they were trained on, which says nothing about orientation.
"""

import math

import numpy as np

from image_describer import bundle_files
from image_describer.captioner.bundle import ORIENTATION, Bundle
from image_describer.i18n import N_

SIDE = N_("It may be lying on its side.")
UPSIDE_DOWN = N_("It may be upside down.")
NOTES: tuple[tuple[str, ...], ...] = ((), (SIDE,), (UPSIDE_DOWN,), (SIDE,))
"""The notes for each number of quarter turns."""
FILE_LIMIT_BYTES = 4_000_000
MIN_LENGTH = 1e-6  # of a mean; less is an empty picture


class OrientationHead:
    """``weights``: (3 C + 1, 4) float32, the last row is the bias.

    The four classes are quarter turns counterclockwise, starting with the upright picture. A
    picture counts as upright while the probability that it is not is at most ``threshold``.
    """

    def __init__(self, weights: np.ndarray, threshold: float) -> None:
        self._weights = weights
        self._threshold = threshold

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> "OrientationHead | None":
        """Load a bundle's head; None if it has none. Raises BundleError if it is damaged."""
        if ORIENTATION not in bundle.manifest["files"]:
            return None
        shape = (3 * bundle.manifest["regions"]["channels"] + 1, 4)
        weights = bundle_files.read_array(bundle.path(ORIENTATION), FILE_LIMIT_BYTES, shape)
        return cls(weights, bundle.manifest["orientation"]["threshold"])

    def probabilities(self, regions: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
        """The probability of each class, (4,), for regions (R, C) on a ``grid`` (rows, columns)."""
        scores = region_summary(regions, grid) @ self._weights[:-1] + self._weights[-1]
        exponentials = np.exp(scores - scores.max())
        return exponentials / exponentials.sum()

    def quarter_turns(self, regions: np.ndarray, grid: tuple[int, int]) -> int:
        """How many quarters the picture seems rotated counterclockwise; 0 if in doubt."""
        probabilities = self.probabilities(regions, grid)
        if 1 - probabilities[0] <= self._threshold:
            return 0
        return 1 + int(np.argmax(probabilities[1:]))


def region_summary(regions: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Regions (R, C), row by row -> (3 C,) float32: mean, top less bottom, left less right.

    All three are divided by the length of the mean.
    """
    rows, columns = grid
    cells = regions.reshape(rows, columns, -1).astype(np.float32)
    half_rows, half_columns = math.ceil(rows / 2), math.ceil(columns / 2)
    top, bottom = cells[:half_rows].mean(axis=(0, 1)), cells[-half_rows:].mean(axis=(0, 1))
    left = cells[:, :half_columns].mean(axis=(0, 1))
    right = cells[:, -half_columns:].mean(axis=(0, 1))
    mean = cells.mean(axis=(0, 1))
    length = max(float(np.linalg.norm(mean)), MIN_LENGTH)
    return np.concatenate([mean, top - bottom, left - right]) / length
