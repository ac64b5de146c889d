"""Which words and word pairs people would use for a picture, and how well a caption fits them.

A linear map leads from the square roots of the picture's mean features to a few numbers, and from
these to the n-grams of the captions that people would give, weighted as in CIDEr (Vedantam et al.
2015, arXiv:1411.5726). The score of a caption therefore estimates its CIDEr and helps to choose
among the beams. The map is a reduced-rank ridge regression, fitted by training.
"""

import io
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from image_describer import bundle_files
from image_describer.captioner.bundle import NGRAM_PRIOR, Bundle
from image_describer.i18n import _

LONGEST = 2  # words of an n-gram; three gained nothing on dev and cost twice as much
WORD_BITS = 32  # of a word's id in a key: two fit into uint64, whatever the vocabulary
OLD_WORD_BITS = 16  # in files with uint32 keys, which hold vocabularies of up to 65,535 words
FILE_LIMIT_BYTES = 20_000_000
UNPACKED_LIMIT_BYTES = 50_000_000

Arrays = dict[str, tuple[tuple[str, ...], np.dtype]]
ARRAYS: Arrays = {
    "to": (("C", "K"), np.dtype(np.int8)),
    "to_scale": (("K",), np.dtype(np.float32)),
    "offset": (("K",), np.dtype(np.float32)),
    "grams": (("G",), np.dtype(np.uint64)),
    "vectors": (("G", "K"), np.dtype(np.int8)),
    "vectors_scale": (("K",), np.dtype(np.float32)),
    "rarity": (("G",), np.dtype(np.float32)),
    "rarest": ((), np.dtype(np.float32)),
}
"""Axes and type of each array in the file; see `NgramPrior`. "grams" may be uint32 instead."""


@dataclass(frozen=True)
class NgramPrior:
    """The regression, for C channels, K numbers in the middle and G n-grams.

    to: (C, K), offset: (K,), the map to the middle. vectors: (G, K), of any numeric type, the map
    from there to n-grams. grams: (G,) uint64, ascending, the keys of the n-grams as
    `count_ngrams` makes them. rarity: (G,), the logarithm of how rare each n-gram is among the
    training pictures; ``rarest`` is that of any other n-gram.
    """

    to: np.ndarray
    offset: np.ndarray
    grams: np.ndarray
    vectors: np.ndarray
    rarity: np.ndarray
    rarest: float

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> "NgramPrior | None":
        """Load the prior of a bundle; None if it has none. Raises BundleError if it is damaged."""
        if NGRAM_PRIOR not in bundle.manifest["files"]:
            return None
        path = bundle.path(NGRAM_PRIOR)
        arrays = bundle_files.read_arrays(path, ARRAYS, FILE_LIMIT_BYTES, UNPACKED_LIMIT_BYTES)
        if arrays["grams"].dtype == np.uint32:
            arrays["grams"] = _widen_keys(arrays["grams"])
        if not _is_valid(arrays, bundle.manifest["regions"]["channels"]):
            raise bundle_files.damaged(path, _("its numbers are not the expected ones"))
        # The vectors stay int8, a quarter of the memory: their scale is moved into the first map.
        scale = arrays["vectors_scale"]
        return cls(
            arrays["to"] * (arrays["to_scale"] * scale),
            arrays["offset"] * scale,
            arrays["grams"],
            arrays["vectors"],
            arrays["rarity"],
            float(arrays["rarest"]),
        )

    def expected(self, pooled: np.ndarray) -> np.ndarray:
        """Map the mean of a picture's regions (C,) to the middle (K,)."""
        return np.asarray(square_roots(pooled) @ self.to + self.offset)

    def score(self, word_ids: Sequence[int], expected: np.ndarray) -> float:
        """How well a caption's n-grams fit the expected ones: a mean of cosines, about 0.1.

        ``word_ids`` is the caption, ``expected`` (K,) belongs to its picture.
        """
        total = 0.0
        for keys, counts in count_ngrams(word_ids):
            index = np.minimum(np.searchsorted(self.grams, keys), len(self.grams) - 1)
            known = self.grams[index] == keys
            weight = counts * np.where(known, self.rarity[index], self.rarest)
            length = math.sqrt(float(weight @ weight))
            if length > 0:
                total += float(weight[known] @ (self.vectors[index[known]] @ expected)) / length
        return total / LONGEST


def square_roots(pooled: np.ndarray) -> np.ndarray:
    """Square roots of mean features (..., C): a few are large and would drown out the rest."""
    return np.sqrt(np.maximum(pooled, 0.0))


def count_ngrams(word_ids: Sequence[int]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Count the n-grams of a caption: for each length, keys (N,) uint64 and counts (N,) float64.

    A key holds the words' ids, each plus one, the last word in the lowest WORD_BITS bits.
    """
    result = []
    ids = [word + 1 for word in word_ids]
    for length in range(1, LONGEST + 1):
        ngrams = zip(*(ids[start:] for start in range(length)), strict=False)
        counted = Counter(
            sum(word << (WORD_BITS * place) for place, word in enumerate(reversed(ngram)))
            for ngram in ngrams
        )
        keys = np.array(list(counted), np.uint64)
        result.append((keys, np.array(list(counted.values()), np.float64)))
    return result


def pack_arrays(arrays: dict[str, np.ndarray]) -> bytes:
    """Return the content of the file with these `ARRAYS`."""
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()


def _widen_keys(keys: np.ndarray) -> np.ndarray:
    """Convert the uint32 keys of older files, which hold 16 bits a word."""
    wide = keys.astype(np.uint64)
    first, second = wide >> np.uint64(OLD_WORD_BITS), wide & np.uint64((1 << OLD_WORD_BITS) - 1)
    return (first << np.uint64(WORD_BITS)) | second


def _is_valid(arrays: dict[str, np.ndarray], channels: int) -> bool:
    sizes = {"C": channels, "K": arrays["offset"].size, "G": arrays["grams"].size}
    if not sizes["K"] or not sizes["G"]:
        return False
    for name, (axes, dtype) in ARRAYS.items():
        array = arrays[name]
        if array.dtype != dtype or array.shape != tuple(sizes[axis] for axis in axes):
            return False
        if dtype == np.float32 and not np.isfinite(array).all():
            return False
    grams = arrays["grams"]
    return bool((grams[1:] > grams[:-1]).all())
