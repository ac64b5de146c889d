"""Word vectors that others learnt: GloVe's and word2vec's text files of any dimension."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from image_describer.errors import TrainingError
from image_describer.train.data.vocabulary import PAD, SPECIAL_WORDS

log = logging.getLogger(__name__)

WHERE_TO_GET_THEM = (
    "Give the path of a text file with lines 'word v1 v2 ...', such as glove.6B.50d.txt out of "
    "https://nlp.stanford.edu/data/glove.6B.zip."
)
DIMENSION_LIMIT = 4096  # published vectors have 25 to 1,024 numbers


@dataclass(frozen=True)
class Coverage:
    """Which share of a vocabulary has a vector, and which share of the words as they run."""

    covered: int
    vocabulary: int
    running: float

    @property
    def share(self) -> float:
        """Of the vocabulary, the special words apart."""
        return self.covered / self.vocabulary if self.vocabulary else 0.0

    def __str__(self) -> str:
        return (
            f"{self.covered} of {self.vocabulary} words have a vector ({self.share:.1%}); "
            f"they are {self.running:.1%} of all words in the captions."
        )


@dataclass(frozen=True)
class WordVectors:
    """``matrix`` (V, D) float32, row by row for the words asked for; ``covered`` (V,) bool.

    Words without a vector have zeros.
    """

    words: tuple[str, ...]
    matrix: np.ndarray
    covered: np.ndarray

    @property
    def dimension(self) -> int:
        return int(self.matrix.shape[1])

    def coverage(self, counts: Mapping[str, int]) -> Coverage:
        """How much is covered; ``counts`` says how often each word runs, known or not."""
        ordinary = [w not in SPECIAL_WORDS for w in self.words]
        having = {w for w, has in zip(self.words, self.covered, strict=True) if has}
        running = sum(counts.values())
        found = sum(count for word, count in counts.items() if word in having)
        return Coverage(
            int(self.covered[ordinary].sum()), sum(ordinary), found / running if running else 0.0
        )

    def filled(self, seed: int) -> np.ndarray:
        """The matrix with random vectors, as wide spread as the others, in place of zeros.

        For an embedding that goes on learning; padding stays at zero.
        """
        spread = float(self.matrix[self.covered].std())
        drawn = np.random.default_rng(seed).normal(0.0, spread, self.matrix.shape)
        filled = np.where(self.covered[:, np.newaxis], self.matrix, drawn).astype(np.float32)
        if self.words and self.words[PAD] == SPECIAL_WORDS[PAD]:
            filled[PAD] = 0.0
        return filled


def load(path: Path, words: Sequence[str]) -> WordVectors:
    """The vectors of ``words`` out of a text file, whose first line tells the dimension.

    Lines that can't be understood are counted and told; of a word that is there twice the first
    vector counts. Raises TrainingError where the file is none, or has no vector for any word.
    """
    path = Path(path)
    row = {word: number for number, word in enumerate(words) if word not in SPECIAL_WORDS}
    covered = np.zeros(len(words), bool)
    matrix = None
    malformed = 0
    for word, numbers, dimension in _lines(path):
        if matrix is None:
            matrix = np.zeros((len(words), dimension), np.float32)
        place = row.get(word)
        if len(numbers) != dimension:
            malformed += 1
        elif place is not None and not covered[place]:
            vector = _floats(numbers)
            if vector is None:
                malformed += 1
            else:
                matrix[place], covered[place] = vector, True
    if malformed:
        log.warning("%d lines of %s are no word vectors and are left out.", malformed, path.name)
    if matrix is None or not covered.any():
        raise TrainingError(f"{path} holds a vector for none of the words.", WHERE_TO_GET_THEM)
    return WordVectors(tuple(words), matrix, covered)


def _lines(path: Path) -> Iterator[tuple[str, list[str], int]]:
    """Word, numbers as text, and the file's dimension; word2vec's first line is passed over."""
    dimension = 0
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            for number, line in enumerate(file):
                parts = line.split()
                if not parts or (number == 0 and _is_header(parts)):
                    continue
                if not dimension:
                    dimension = _dimension(path, parts)
                # A few of GloVe's words hold blanks themselves.
                head = max(1, len(parts) - dimension)
                yield " ".join(parts[:head]), parts[head:], dimension
    except OSError as error:
        raise TrainingError(
            f"The word vectors {path} can't be read: {error.strerror}.", WHERE_TO_GET_THEM
        ) from error


def _is_header(parts: list[str]) -> bool:
    """word2vec begins with the number of words and the dimension."""
    return len(parts) == 2 and all(part.isascii() and part.isdigit() for part in parts)


def _dimension(path: Path, parts: list[str]) -> int:
    """From the first line with a vector: whatever follows its first word, all numbers."""
    dimension = len(parts) - 1
    if not 1 <= dimension <= DIMENSION_LIMIT or _floats(parts[1:]) is None:
        raise TrainingError(
            f"{path} holds no word vectors as text.",
            f"{WHERE_TO_GET_THEM} word2vec's binary files are to be saved as text first.",
        )
    return dimension


def _floats(parts: Sequence[str]) -> np.ndarray | None:
    """Finite numbers, or None."""
    try:
        vector = np.array([float(part) for part in parts], np.float32)
    except ValueError:
        return None
    return vector if np.isfinite(vector).all() else None
