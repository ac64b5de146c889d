"""Which words and pairs of words people would write of a picture, and how well a caption agrees.

A linear map leads from the roots of the regions' mean to a few numbers, and from these to the
n-grams of the captions that people would give, weighed as CIDEr weighs them (Vedantam et al. 2015,
arXiv:1411.5726): so the agreement estimates a caption's CIDEr, and chooses among the beams. The
map is a ridge regression of reduced rank; `image_describer.train.phrases` fits it.
"""

import io
import math
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from image_describer.captioner import bundle_files
from image_describer.captioner.bundle import PHRASES, Bundle

LONGEST = 2  # words of an n-gram; three gained nothing on dev and cost twice as much
WORD_BITS = 16
FILE_LIMIT_BYTES = 20_000_000
ALL_BYTES = 50_000_000  # of the arrays, unpacked

Arrays = dict[str, tuple[tuple[str, ...], np.dtype]]
ARRAYS: Arrays = {
    "to": (("C", "K"), np.dtype(np.int8)),
    "to_scale": (("K",), np.dtype(np.float32)),
    "offset": (("K",), np.dtype(np.float32)),
    "grams": (("G",), np.dtype(np.uint32)),
    "vectors": (("G", "K"), np.dtype(np.int8)),
    "vectors_scale": (("K",), np.dtype(np.float32)),
    "rarity": (("G",), np.dtype(np.float32)),
    "rarest": ((), np.dtype(np.float32)),
}
"""What the file holds: each array's axes and type. See `Phrases`."""


@dataclass(frozen=True)
class Phrases:
    """C channels, K numbers between, G n-grams.

    to: (C, K), offset: (K,). vectors: (G, K), of any kind of number. grams: (G,) uint32, rising:
    the id of a word, or that of the first word of a pair times 2**16 plus that of the second, each
    id one more than the vocabulary's. rarity: (G,), the logarithm of how rare an n-gram is among
    training pictures; ``rarest`` is that of any other.
    """

    to: np.ndarray
    offset: np.ndarray
    grams: np.ndarray
    vectors: np.ndarray
    rarity: np.ndarray
    rarest: float

    def expected(self, pooled: np.ndarray) -> np.ndarray:
        """The mean of a picture's regions (C,) -> (K,)."""
        return np.asarray(roots(pooled) @ self.to + self.offset)

    def agreement(self, words: Sequence[int], expected: np.ndarray) -> float:
        """How far a caption's words and pairs are the expected ones: a mean of cosines, near 0.1.

        words: ids of the caption. expected: (K,) of its picture.
        """
        total = 0.0
        for keys, counts in keys_of(words):
            place = np.minimum(np.searchsorted(self.grams, keys), len(self.grams) - 1)
            known = self.grams[place] == keys
            weight = counts * np.where(known, self.rarity[place], self.rarest)
            length = math.sqrt(float(weight @ weight))
            if length > 0:
                total += float(weight[known] @ (self.vectors[place[known]] @ expected)) / length
        return total / LONGEST


def roots(pooled: np.ndarray) -> np.ndarray:
    """Means of regions (..., C) -> their square roots: a few are large and would drown the rest."""
    return np.sqrt(np.maximum(pooled, 0.0))


def keys_of(words: Sequence[int]) -> list[tuple[np.ndarray, np.ndarray]]:
    """The n-grams of a caption, for each length: keys (N,) as in `Phrases.grams`, counts (N,)."""
    found = []
    ids = [word + 1 for word in words]
    for length in range(1, LONGEST + 1):
        pairs = zip(*(ids[start:] for start in range(length)), strict=False)
        counted = Counter(
            sum(i << (WORD_BITS * place) for place, i in enumerate(reversed(g))) for g in pairs
        )
        found.append(
            (np.array(list(counted), np.uint32), np.array(list(counted.values()), np.float64))
        )
    return found


def packed(arrays: dict[str, np.ndarray]) -> bytes:
    """The file of these `ARRAYS`."""
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()


def of_bundle(bundle: Bundle) -> Phrases | None:
    """A bundle's; None where it has none. Raises BundleError where it is damaged."""
    if PHRASES not in bundle.manifest["files"]:
        return None
    path = bundle.path(PHRASES)
    content = io.BytesIO(bundle_files.read(path, FILE_LIMIT_BYTES))
    try:
        with zipfile.ZipFile(content) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > ALL_BYTES:
                raise bundle_files.damaged(path, "it is larger than it should be when unpacked")
        content.seek(0)
        with np.load(content, allow_pickle=False) as opened:
            arrays = {name: opened[name] for name in ARRAYS}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as trouble:
        raise bundle_files.damaged(path, "it is no archive of arrays") from trouble
    if not _sensible(arrays, bundle.manifest["regions"]["channels"]):
        raise bundle_files.damaged(path, "it holds other numbers than it should")
    # The vectors stay in int8, seven times the rest as floats: what they are met with is scaled.
    scale = arrays["vectors_scale"]
    return Phrases(
        arrays["to"] * (arrays["to_scale"] * scale),
        arrays["offset"] * scale,
        arrays["grams"],
        arrays["vectors"],
        arrays["rarity"],
        float(arrays["rarest"]),
    )


def _sensible(arrays: dict[str, np.ndarray], channels: int) -> bool:
    sizes = {"C": channels, "K": arrays["offset"].size, "G": arrays["grams"].size}
    if not sizes["K"] or not sizes["G"]:
        return False
    for name, (axes, kind) in ARRAYS.items():
        array = arrays[name]
        if array.dtype != kind or array.shape != tuple(sizes[axis] for axis in axes):
            return False
        if kind == np.float32 and not np.isfinite(array).all():
            return False
    return bool((np.diff(arrays["grams"].astype(np.int64)) > 0).all())
