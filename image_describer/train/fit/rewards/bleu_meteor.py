"""BLEU-4 and METEOR of single captions.

Both are rewards beside CIDEr-D in self-critical training: alone, CIDEr-D makes captions short.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from image_describer.train.data import german
from image_describer.train.data.vocabulary import END, Vocabulary
from image_describer.train.fit.rewards.cider import ids_of_references

LONGEST = 4  # words of an n-gram
SMOOTHING = 0.1  # added to hits and totals of longer n-grams, so that one without hits isn't 0
# METEOR 1.5's for English: weights of recall, of fragmentation (power, share), of content words.
ALPHA, BETA, GAMMA, DELTA = 0.85, 0.2, 0.6, 0.75
_FUNCTION_WORDS = """
a an the in on of is are and with at to by it its his her their as from for through up down near
over into out be that this while
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())

Ids = tuple[int, ...]


@dataclass(frozen=True)
class _Reference:
    words: Counter[int]
    pairs: Counter[Ids]
    weight: float


@dataclass(frozen=True)
class _Picture:
    """``most``: for each length, the n-grams with the largest count in any caption."""

    most: tuple[Counter[Ids], ...]
    lengths: tuple[int, ...]
    references: tuple[_Reference, ...]


class BleuMeteor:
    """Scores captions against the references of pictures that are known from the start.

    ``references``: for each picture its captions, ids without the end. ``common`` are the ids of
    function words, which count a third as much as others.
    """

    def __init__(
        self, references: Sequence[Sequence[Sequence[int]]], common: frozenset[int]
    ) -> None:
        self._common = common
        self._pictures = [self._picture([tuple(one) for one in some]) for some in references]

    @classmethod
    def of(
        cls, captions: Mapping[str, Sequence[str]], names: Sequence[str], vocabulary: Vocabulary
    ) -> "BleuMeteor":
        """Over the captions of ``names``; picture i of ``score`` is ``names[i]``."""
        known = german.FUNCTION_WORDS if vocabulary.rules == "german" else FUNCTION_WORDS
        common = {i for i, word in enumerate(vocabulary.words) if word in known}
        return cls(ids_of_references(captions, names, vocabulary), frozenset(common))

    def score(self, captions: np.ndarray, pictures: np.ndarray) -> np.ndarray:
        """captions: (M, T) ids, END and then padding after the words; pictures: (M,) positions
        in ``references``. -> (M, 2) float64 in [0, 1]: BLEU-4 (Papineni et al. 2002, smoothed for
        single captions) and METEOR of exact words (Denkowski and Lavie 2014), the best of the
        references.
        """
        found = np.zeros((len(captions), 2))
        for row, (ids, index) in enumerate(
            zip(np.asarray(captions).tolist(), np.asarray(pictures).tolist(), strict=True)
        ):
            words = tuple(ids[: ids.index(END)] if END in ids else ids)
            if words:
                picture = self._pictures[index]
                found[row] = _bleu(words, picture), self._meteor(words, picture)
        return found

    def _weight(self, word: int) -> float:
        return 1 - DELTA if word in self._common else DELTA

    def _picture(self, captions: Sequence[Ids]) -> _Picture:
        most = []
        for length in range(1, LONGEST + 1):
            top: Counter[Ids] = Counter()
            for caption in captions:
                top |= _grams(caption, length)
            most.append(top)
        references = tuple(
            _Reference(Counter(one), _grams(one, 2), sum(map(self._weight, one)))
            for one in captions
        )
        return _Picture(tuple(most), tuple(map(len, captions)), references)

    def _meteor(self, words: Ids, picture: _Picture) -> float:
        counted, pairs = Counter(words), _grams(words, 2)
        own = sum(map(self._weight, words))
        best = 0.0
        for reference in picture.references:
            shared = counted & reference.words
            matches = shared.total()
            if not matches:
                continue
            weight = sum(self._weight(word) * n for word, n in shared.items())
            precision, recall = weight / own, weight / reference.weight
            mean = precision * recall / (ALPHA * precision + (1 - ALPHA) * recall)
            # Words in the same order as in the reference are one chunk.
            chunks = max(1, matches - (pairs & reference.pairs).total())
            whole = chunks == 1 and matches == len(words)
            penalty = 0.0 if whole else GAMMA * (chunks / matches) ** BETA
            best = max(best, mean * (1 - penalty))
        return best


def _bleu(words: Ids, picture: _Picture) -> float:
    logs = 0.0
    for length, most in enumerate(picture.most, start=1):
        hits = (_grams(words, length) & most).total()
        number = max(0, len(words) - length + 1)
        added = SMOOTHING if length > 1 else 0.0
        share = (hits + added) / (number + added) if number else SMOOTHING
        logs += math.log(max(share, 1e-9)) / LONGEST
    nearest = min(picture.lengths, key=lambda length: (abs(length - len(words)), length))
    return math.exp(logs + min(0.0, 1 - nearest / len(words)))


def _grams(words: Ids, length: int) -> Counter[Ids]:
    return Counter(zip(*(words[start:] for start in range(length)), strict=False))
