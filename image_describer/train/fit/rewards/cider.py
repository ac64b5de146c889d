"""CIDEr-D in NumPy (Vedantam et al. 2015, arXiv:1411.5726): thousands of captions a second.

The numbers are those of pycocoevalcap, on word ids, with document frequencies that are counted
once. The end of a caption counts as a word, so that a caption that breaks off is worth less than
one that ends (Rennie et al. 2017).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from image_describer.errors import TrainingError
from image_describer.train.data.cleaning import rule
from image_describer.train.data.vocabulary import END, PAD, SPECIAL_WORDS, Vocabulary

LONGEST = 4  # words of an n-gram
SIGMA = 6.0  # of the penalty for another length, in bigrams
SCALE = 10.0  # so that human captions score about 1
WORD_BITS = 16  # four words make one 64-bit key


@dataclass(frozen=True)
class _Grams:
    """N-grams, sorted by row and key. ``length`` (rows,) is the number of bigrams."""

    row: np.ndarray
    key: np.ndarray
    n: np.ndarray
    count: np.ndarray
    length: np.ndarray


def ids_of_references(
    captions: Mapping[str, Sequence[str]], names: Sequence[str], vocabulary: Vocabulary
) -> list[list[list[int]]]:
    """The words of each caption of each of ``names``, without start and end.

    A word outside the vocabulary gets an id above it: as <unk>, it would reward captions with
    <unk>.
    """
    clean = rule(vocabulary.rules)
    ids = {word: number for number, word in enumerate(vocabulary.words)}
    for special in SPECIAL_WORDS:
        ids.pop(special, None)
    beyond = len(vocabulary)
    return [
        [[ids.setdefault(w, beyond + len(ids)) for w in clean(one)] for one in captions[name]]
        for name in names
    ]


class CiderD:
    """Scores captions against the references of pictures that are known from the start.

    ``references``: for each picture its captions, each a sequence of ids below 65,535 that ends
    with END if the end should count.
    """

    def __init__(self, references: Sequence[Sequence[Sequence[int]]]) -> None:
        each = [len(several) for several in references]
        if not each or not min(each):
            raise TrainingError("CIDEr-D needs at least one reference for each picture.")
        self._first = np.concatenate([[0], np.cumsum(each)])
        rows = [reference for several in references for reference in several]
        grams = _count(_padded(rows))
        picture = np.repeat(np.arange(len(each)), each)[grams.row]
        # In how many pictures' references each n-gram occurs:
        self._known, inverse = np.unique(grams.key, return_inverse=True)
        pairs = np.unique(inverse.astype(np.int64) * len(each) + picture)
        frequency = np.bincount(pairs // len(each), minlength=self._known.size)
        self._most = np.log(float(len(each)))
        self._idf = self._most - np.log(np.maximum(1.0, frequency))
        weight = grams.count * self._idf[inverse]
        self._norm = _norms(grams.row, grams.n, weight, len(rows))
        self._length = grams.length
        # (Reference, n-gram) -> weight, for a binary search.
        joined = grams.row.astype(np.int64) * self._known.size + inverse
        order = np.argsort(joined)
        self._joined, self._weight = joined[order], weight[order]

    @classmethod
    def of(
        cls, captions: Mapping[str, Sequence[str]], names: Sequence[str], vocabulary: Vocabulary
    ) -> "CiderD":
        """Over the captions of ``names``; picture i of ``score`` is ``names[i]``."""
        references = ids_of_references(captions, names, vocabulary)
        return cls([[[*caption, END] for caption in several] for several in references])

    def score(self, captions: np.ndarray, pictures: np.ndarray) -> np.ndarray:
        """captions: (M, T) ids, END and then padding after the words; pictures: (M,) positions
        in ``references``. -> (M,) float64, from 0 to 10.
        """
        captions, pictures = np.asarray(captions), np.asarray(pictures)
        grams = _count(captions)
        position = np.searchsorted(self._known, grams.key)
        position[position == self._known.size] = 0
        known = self._known[position] == grams.key
        weight = grams.count * np.where(known, self._idf[position], self._most)
        norm = _norms(grams.row, grams.n, weight, len(captions))
        # ``similar`` has a row for each pair of a caption and a reference of its picture.
        each = np.diff(self._first)[pictures]
        start = np.concatenate([[0], np.cumsum(each)])
        caption_of = np.repeat(np.arange(len(captions)), each)
        reference_of = np.arange(start[-1]) - start[caption_of] + self._first[pictures][caption_of]
        similar = self._similarities(grams, position, weight, known, start, each, reference_of)
        norms = norm[caption_of] * self._norm[reference_of]
        np.divide(similar, norms, out=similar, where=norms > 0)
        apart = (grams.length[caption_of] - self._length[reference_of]).astype(np.float64)
        similar *= np.exp(-(apart**2) / (2 * SIGMA**2))[:, None]
        sums = np.bincount(caption_of, similar.mean(axis=1), len(captions))
        return SCALE * sums / each

    def _similarities(
        self,
        grams: _Grams,
        position: np.ndarray,
        weight: np.ndarray,
        known: np.ndarray,
        start: np.ndarray,
        each: np.ndarray,
        reference_of: np.ndarray,
    ) -> np.ndarray:
        """Clipped dot products of each pair by length of n-gram: (pairs, LONGEST)."""
        row, position, weight, n = (a[known] for a in (grams.row, position, weight, grams.n))
        times = each[row]
        gram = np.repeat(np.arange(row.size), times)
        ends = np.cumsum(times)
        pair = np.arange(gram.size) - np.repeat(ends - times, times) + start[row][gram]
        sought = reference_of[pair].astype(np.int64) * self._known.size + position[gram]
        found = np.searchsorted(self._joined, sought)
        found[found == self._joined.size] = 0
        is_found = self._joined[found] == sought
        of_reference = self._weight[found[is_found]]
        clipped = np.minimum(weight[gram[is_found]], of_reference) * of_reference
        where = pair[is_found] * LONGEST + n[gram[is_found]]
        # Without any n-gram, bincount returns integers.
        sums = np.bincount(where, clipped, start[-1] * LONGEST).astype(np.float64)
        return sums.reshape(-1, LONGEST)


def _count(words: np.ndarray) -> _Grams:
    """All n-grams of words (M, T), padding after them, with how often each row has them."""
    if words.size and words.max() >= (1 << WORD_BITS) - 1:
        raise TrainingError(
            f"CIDEr-D counts at most {(1 << WORD_BITS) - 2:,} different words.",
            "Give a larger min_count in [data], or top_words.",
        )
    rows, width = words.shape
    # One more than the ids, so that "a" and "a, id 0" have different keys.
    ids = np.where(words == PAD, 0, words.astype(np.uint64) + 1).astype(np.uint64)
    keys, of_row, of_n = [], [], []
    key = np.zeros((rows, width), np.uint64)
    for n in range(min(LONGEST, width)):
        key = (key[:, : width - n] << np.uint64(WORD_BITS)) | ids[:, n:]
        row, column = np.nonzero(words[:, n:] != PAD)
        keys.append(key[row, column])
        of_row.append(row)
        of_n.append(np.full(row.size, n))
    every, rows_of, ns = (np.concatenate(parts) for parts in (keys, of_row, of_n))
    order = np.lexsort((every, rows_of))
    every, rows_of, ns = every[order], rows_of[order], ns[order]
    first = np.ones(every.size, bool)
    first[1:] = (every[1:] != every[:-1]) | (rows_of[1:] != rows_of[:-1])
    count = np.diff(np.append(np.flatnonzero(first), every.size)).astype(np.float64)
    length = np.maximum(0, np.count_nonzero(words != PAD, axis=1) - 1)
    return _Grams(rows_of[first], every[first], ns[first], count, length)


def _norms(row: np.ndarray, n: np.ndarray, weight: np.ndarray, rows: int) -> np.ndarray:
    """Euclidean norms by row and length of n-gram: (rows, LONGEST)."""
    sums = np.bincount(row * LONGEST + n, weight**2, rows * LONGEST)
    return np.sqrt(sums).reshape(rows, LONGEST)


def _padded(rows: Sequence[Sequence[int]]) -> np.ndarray:
    width = max(1, max(len(row) for row in rows))
    padded = np.full((len(rows), width), PAD, np.int64)
    for position, row in enumerate(rows):
        padded[position, : len(row)] = row
    return padded
