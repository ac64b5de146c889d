"""The result for one picture: its description, or why there is none."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from image_describer.captioner.description import Description
from image_describer.i18n import ENGLISH

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Record:
    """The result for the picture at the absolute path ``file``.

    ``key`` is the SHA-256 of its content in hex, or "" if it could not be read. ``error`` is a
    sentence if ``description`` is None, else empty.
    """

    file: str
    key: str
    description: Description | None = None
    error: str = ""

    @property
    def language(self) -> str:
        """The language of the description; English without one."""
        return ENGLISH if self.description is None else self.description.language

    @property
    def has_text(self) -> bool:
        """Whether text was looked for in the picture. Earlier versions did not."""
        return self.description is not None and self.description.text is not None

    @property
    def embedding(self) -> "np.ndarray | None":
        """The embedding of the description, (D,) float32; None if there is none."""
        return None if self.description is None else self.description.embedding
