"""How far a picture is from the photographs that the network was trained on.

A linear layer on the mean over the grid, scaled to length 1: about -1 for photographs, about 1 for
drawings, with unfamiliar photographs in between, because it was trained against pictures that are
certainly something else: outlier exposure (Hendrycks et al. 2019, arXiv:1812.04606). Confidence
uses it, and so does the check whether a pale photograph was mistaken for a drawing.
"""

import numpy as np

from image_describer import bundle_files
from image_describer.captioner.bundle import NOVELTY, Bundle

FILE_LIMIT_BYTES = 1_000_000
MIN_LENGTH = 1e-6  # of a mean; less is an empty picture


class NoveltyHead:
    """``weights``: (C + 1,) float32, the last is the bias.

    Scores below ``usual`` all count the same. A picture whose score is at most
    ``photograph_limit`` is a photograph, whatever its thumbnail looks like.
    """

    def __init__(self, weights: np.ndarray, usual: float, photograph_limit: float) -> None:
        self._weights = weights
        self._usual = usual
        self._photograph_limit = photograph_limit

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> "NoveltyHead | None":
        """Load a bundle's head; None if it has none. Raises BundleError if it is damaged."""
        if NOVELTY not in bundle.manifest["files"]:
            return None
        shape = (bundle.manifest["regions"]["channels"] + 1,)
        weights = bundle_files.read_array(bundle.path(NOVELTY), FILE_LIMIT_BYTES, shape)
        numbers = bundle.manifest["novelty"]
        return cls(weights, numbers["usual"], numbers["photograph_limit"])

    def score(self, pooled: np.ndarray) -> float:
        """Score the mean of a picture's regions (C,); usually between -2 and 2."""
        return float(normalize(pooled) @ self._weights[:-1] + self._weights[-1])

    def novelty(self, pooled: np.ndarray) -> float:
        """The score, or ``usual`` if it is lower."""
        return max(self.score(pooled), self._usual)

    def is_photograph(self, pooled: np.ndarray) -> bool:
        """Whether the network saw a photograph, from the mean of a picture's regions (C,)."""
        return self.score(pooled) <= self._photograph_limit


def normalize(pooled: np.ndarray) -> np.ndarray:
    """Scale means of regions (..., C) to length 1."""
    length = np.linalg.norm(pooled, axis=-1, keepdims=True)
    return np.asarray(pooled / np.maximum(length, MIN_LENGTH))
