"""How unlike the photographs that the network learnt from a picture is, from what it saw of it.

A linear layer on the mean over the grid, brought to length 1: about -1 for photographs, about 1 for
drawn pictures, and what is neither lies between. It learnt from what is certainly something else,
so that unfamiliar photographs stand out, too: outlier exposure (Hendrycks et al. 2019,
arXiv:1812.04606). Confidence asks it, and so does who takes a pale photograph for a drawing.
"""

import numpy as np

from image_describer.captioner import bundle_files
from image_describer.captioner.bundle import UNLIKE, Bundle

FILE_LIMIT_BYTES = 1_000_000
LEAST_LENGTH = 1e-6  # of a mean: nothing was seen


class Unlike:
    """``weights``: (C + 1,) float32, the last added as it is.

    ``usual``: the score below which photographs do not differ. ``doubt``: the score up to which a
    picture is a photograph, whatever its thumbnail looks like.
    """

    def __init__(self, weights: np.ndarray, usual: float, doubt: float) -> None:
        self._weights = weights
        self._usual = usual
        self._doubt = doubt

    def score(self, pooled: np.ndarray) -> float:
        """The mean of a picture's regions (C,) -> a number, most often from -2 to 2."""
        return float(directions(pooled) @ self._weights[:-1] + self._weights[-1])

    def measure(self, pooled: np.ndarray) -> float:
        """The score, the same for all pictures that are not unusual."""
        return max(self.score(pooled), self._usual)

    def is_photograph(self, pooled: np.ndarray) -> bool:
        """Whether the network saw a photograph, by the mean of a picture's regions (C,)."""
        return self.score(pooled) <= self._doubt


def directions(pooled: np.ndarray) -> np.ndarray:
    """Means of regions (..., C), brought to length 1."""
    length = np.linalg.norm(pooled, axis=-1, keepdims=True)
    return np.asarray(pooled / np.maximum(length, LEAST_LENGTH))


def of_bundle(bundle: Bundle) -> Unlike | None:
    """A bundle's; None where it has none. Raises BundleError where it is damaged."""
    if UNLIKE not in bundle.manifest["files"]:
        return None
    shape = (bundle.manifest["regions"]["channels"] + 1,)
    weights = bundle_files.read_array(bundle.path(UNLIKE), FILE_LIMIT_BYTES, shape)
    numbers = bundle.manifest["unlike"]
    return Unlike(weights, numbers["usual"], numbers["doubt"])
