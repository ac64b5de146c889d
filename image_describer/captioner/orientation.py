"""Whether a picture lies on its side or upside down, from what the extractor saw of it.

A linear layer on the mean over the grid and on its differences, top less bottom and left less
right, all by the length of the mean: an extractor puts out larger numbers for the pictures that it
learnt from, and that is no sign of how they lie.
"""

import math

import numpy as np

from image_describer.captioner import bundle_files
from image_describer.captioner.bundle import TURNED, Bundle

SIDE = "It may be lying on its side."
UPSIDE_DOWN = "It may be upside down."
NOTES: tuple[tuple[str, ...], ...] = ((), (SIDE,), (UPSIDE_DOWN,), (SIDE,))  # of each turn
FILE_LIMIT_BYTES = 4_000_000
LEAST_LENGTH = 1e-6  # of a mean: nothing was seen


class TurnedHead:
    """``weights``: (3 C + 1, 4) float32, the last row added as it is. ``doubt`` in [0, 1].

    The four classes are quarter turns against the clock, from the picture as it should be.
    """

    def __init__(self, weights: np.ndarray, doubt: float) -> None:
        self._weights = weights
        self._doubt = doubt

    def probabilities(self, regions: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
        """Regions (R, C), a ``grid`` of rows and columns -> (4,): that it is turned so far."""
        scores = summary(regions, grid) @ self._weights[:-1] + self._weights[-1]
        exact = np.exp(scores - scores.max())
        return exact / exact.sum()

    def turn(self, regions: np.ndarray, grid: tuple[int, int]) -> int:
        """By how many quarters, against the clock, the picture seems turned; 0 where in doubt."""
        probabilities = self.probabilities(regions, grid)
        if 1 - probabilities[0] <= self._doubt:
            return 0
        return 1 + int(np.argmax(probabilities[1:]))


def summary(regions: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Regions (R, C), row by row -> (3 C,) float32: mean, top less bottom, left less right.

    The mean is brought to length 1, and the differences with it.
    """
    rows, columns = grid
    cells = regions.reshape(rows, columns, -1).astype(np.float32)
    down, across = math.ceil(rows / 2), math.ceil(columns / 2)
    top, bottom = cells[:down].mean(axis=(0, 1)), cells[-down:].mean(axis=(0, 1))
    left, right = cells[:, :across].mean(axis=(0, 1)), cells[:, -across:].mean(axis=(0, 1))
    mean = cells.mean(axis=(0, 1))
    length = max(float(np.linalg.norm(mean)), LEAST_LENGTH)
    return np.concatenate([mean, top - bottom, left - right]) / length


def of_bundle(bundle: Bundle) -> TurnedHead | None:
    """A bundle's head; None where it has none. Raises BundleError where it is damaged."""
    if TURNED not in bundle.manifest["files"]:
        return None
    shape = (3 * bundle.manifest["regions"]["channels"] + 1, 4)
    weights = bundle_files.read_array(bundle.path(TURNED), FILE_LIMIT_BYTES, shape)
    return TurnedHead(weights, bundle.manifest["turned"]["doubt"])
