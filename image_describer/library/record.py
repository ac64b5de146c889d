"""What became of one picture of a batch: its description, or why there is none."""

from dataclasses import dataclass

import numpy as np

from image_describer.captioner.description import Description


@dataclass(frozen=True)
class Record:
    """One picture, done.

    ``file`` is its absolute path. ``key`` is the SHA-256 of its content in hex, or "" where the
    content could not be read. ``description`` is None exactly where ``error`` is a sentence.
    ``vector``: (D,) float32 of length 1, its place in the joint space, or None where there is none.
    """

    file: str
    key: str
    description: Description | None = None
    error: str = ""
    vector: np.ndarray | None = None
