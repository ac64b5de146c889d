"""Pretrained word vectors: text files of GloVe and word2vec, of any dimension."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from image_describer.errors import TrainingError
from image_describer.files import reason
from image_describer.train.data.vocabulary import PAD, SPECIAL_WORDS

log = logging.getLogger(__name__)

WHERE_TO_GET_THEM = (
    "Give the path of a text file with lines 'word v1 v2 ...', such as glove.6B.50d.txt from "
    "https://nlp.stanford.edu/data/glove.6B.zip."
)
DIMENSION_LIMIT = 4096  # published vectors have 25 to 1,024 numbers


@dataclass(frozen=True)
class WordVectors:
    """``matrix`` (V, D) float32 has a row for each of ``words``; ``covered`` (V,) bool says which
    of them have a vector. The others are zeros.
    """

    words: tuple[str, ...]
    matrix: np.ndarray
    covered: np.ndarray

    @property
    def dimension(self) -> int:
        return int(self.matrix.shape[1])

    def coverage(self, counts: Mapping[str, int]) -> tuple[float, float]:
        """The share of the vocabulary that has a vector, and of all words in the captions, whose
        ``counts`` include unknown words. Special words don't count."""
        ordinary = [word not in SPECIAL_WORDS for word in self.words]
        known = {word for word, covered in zip(self.words, self.covered, strict=True) if covered}
        found = sum(count for word, count in counts.items() if word in known)
        return float(self.covered[ordinary].mean()), found / sum(counts.values())

    def filled(self, seed: int) -> np.ndarray:
        """The matrix with random vectors of the same standard deviation instead of zeros.

        This is for an embedding that is trained; padding stays zero.
        """
        deviation = float(self.matrix[self.covered].std())
        noise = np.random.default_rng(seed).normal(0.0, deviation, self.matrix.shape)
        filled = np.where(self.covered[:, np.newaxis], self.matrix, noise).astype(np.float32)
        if self.words and self.words[PAD] == SPECIAL_WORDS[PAD]:
            filled[PAD] = 0.0
        return filled


def load(path: Path, words: Sequence[str]) -> WordVectors:
    """Load the vectors of ``words`` from a text file, whose first line determines the dimension.

    Malformed lines are counted and reported; of duplicate words, the first one counts. Raises
    TrainingError for other files, and if no word has a vector.
    """
    row = {word: number for number, word in enumerate(words) if word not in SPECIAL_WORDS}
    covered, matrix = np.zeros(len(words), bool), np.zeros((len(words), 0), np.float32)
    dimension = malformed = 0
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            for number, line in enumerate(file):
                parts = line.split()
                # word2vec begins with the number of words and the dimension.
                header = number == 0 and len(parts) == 2 and all(map(str.isdecimal, parts))
                if not parts or header:
                    continue
                if not dimension:
                    dimension = _dimension(path, parts)
                    matrix = np.zeros((len(words), dimension), np.float32)
                # A few of GloVe's words contain blanks.
                index = row.get(" ".join(parts[:-dimension]))
                vector = None if index is None else _floats(parts[-dimension:])
                if len(parts) <= dimension or (index is not None and vector is None):
                    malformed += 1
                elif index is not None and not covered[index]:
                    matrix[index], covered[index] = vector, True
    except OSError as error:
        raise TrainingError(
            f"The word vectors {path} can't be read: {reason(error)}.", WHERE_TO_GET_THEM
        ) from error
    if malformed:
        log.warning("Lines of %s that are not word vectors: %d.", path.name, malformed)
    if not covered.any():
        raise TrainingError(f"{path} has a vector for none of the words.", WHERE_TO_GET_THEM)
    return WordVectors(tuple(words), matrix, covered)


def _dimension(path: Path, parts: list[str]) -> int:
    """The dimension, from the first line with a vector: all numbers after its first word."""
    dimension = len(parts) - 1
    if not 1 <= dimension <= DIMENSION_LIMIT or _floats(parts[1:]) is None:
        raise TrainingError(
            f"{path} has no word vectors as text.",
            f"{WHERE_TO_GET_THEM} Save word2vec's binary files as text first.",
        )
    return dimension


def _floats(parts: Sequence[str]) -> np.ndarray | None:
    """Finite numbers, or None."""
    try:
        vector = np.array([float(part) for part in parts], np.float32)
    except ValueError:
        return None
    return vector if np.isfinite(vector).all() else None
