"""What became of one picture of a batch: its description, or why there is none."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from image_describer.captioner.description import Description

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Record:
    """One picture, done.

    ``file`` is its absolute path. ``key`` is the SHA-256 of its content in hex, or "" where the
    content could not be read. ``description`` is None exactly where ``error`` is a sentence.
    """

    file: str
    key: str
    description: Description | None = None
    error: str = ""

    @property
    def embedding(self) -> "np.ndarray | None":
        """The description's, (D,) float32; None without one."""
        return None if self.description is None else self.description.embedding
