"""Pretrained word vectors: text files of GloVe and word2vec, of any dimension."""

import logging
from collections.abc import Iterator, Mapping, Sequence
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
class Coverage:
    """How much of a vocabulary, and of the words of its captions, has a vector."""

    covered: int
    vocabulary: int
    share_of_captions: float

    @property
    def share(self) -> float:
        """Of the vocabulary, without the special words."""
        return self.covered / self.vocabulary if self.vocabulary else 0.0

    def __str__(self) -> str:
        return (
            f"{self.covered} of {self.vocabulary} words have a vector ({self.share:.1%}); "
            f"they are {self.share_of_captions:.1%} of all words in the captions."
        )


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

    def coverage(self, counts: Mapping[str, int]) -> Coverage:
        """``counts`` are those of all words in the captions, also of unknown ones."""
        ordinary = [w not in SPECIAL_WORDS for w in self.words]
        known = {word for word, has in zip(self.words, self.covered, strict=True) if has}
        total = sum(counts.values())
        found = sum(count for word, count in counts.items() if word in known)
        return Coverage(
            int(self.covered[ordinary].sum()), sum(ordinary), found / total if total else 0.0
        )

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
    path = Path(path)
    row = {word: number for number, word in enumerate(words) if word not in SPECIAL_WORDS}
    covered = np.zeros(len(words), bool)
    matrix = None
    malformed = 0
    for word, numbers, dimension in _lines(path):
        if matrix is None:
            matrix = np.zeros((len(words), dimension), np.float32)
        index = row.get(word)
        if len(numbers) != dimension:
            malformed += 1
        elif index is not None and not covered[index]:
            vector = _floats(numbers)
            if vector is None:
                malformed += 1
            else:
                matrix[index], covered[index] = vector, True
    if malformed:
        log.warning("%d lines of %s are not word vectors and are left out.", malformed, path.name)
    if matrix is None or not covered.any():
        raise TrainingError(f"{path} has a vector for none of the words.", WHERE_TO_GET_THEM)
    return WordVectors(tuple(words), matrix, covered)


def _lines(path: Path) -> Iterator[tuple[str, list[str], int]]:
    """Word, numbers as text, and the file's dimension; word2vec's first line is skipped."""
    dimension = 0
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            for number, line in enumerate(file):
                parts = line.split()
                if not parts or (number == 0 and _is_header(parts)):
                    continue
                if not dimension:
                    dimension = _dimension(path, parts)
                # A few of GloVe's words contain blanks.
                head = max(1, len(parts) - dimension)
                yield " ".join(parts[:head]), parts[head:], dimension
    except OSError as error:
        raise TrainingError(
            f"The word vectors {path} can't be read: {reason(error)}.", WHERE_TO_GET_THEM
        ) from error


def _is_header(parts: list[str]) -> bool:
    """word2vec begins with the number of words and the dimension."""
    return len(parts) == 2 and all(part.isascii() and part.isdigit() for part in parts)


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
