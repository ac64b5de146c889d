"""What people would write of a picture, fitted for a bundle's extractor.

    python -m image_describer.train.phrases --bundle models --data FLICKR8K

About two minutes on two cores. What it fits and what for: `image_describer.captioner.ngram_prior`.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from image_describer.captioner import ngram_prior
from image_describer.captioner.bundle import NGRAM_PRIOR, open_bundle
from image_describer.captioner.encoder import Encoder
from image_describer.errors import TrainingError
from image_describer.imaging.open import open_picture
from image_describer.train.data.dataset import Dataset, read_flickr8k
from image_describer.train.data.vocabulary import SPECIAL_WORDS, Vocabulary
from image_describer.train.heads import bundle_part

RANK = 128  # numbers between picture and n-grams; 64 lost half of what it gains on dev, 256 as 128
LEAST_PICTURES = 3  # that an n-gram is in
RIDGE = 300.0  # over features of unit variance: 100 to 1,000 do as well on dev
OVERSAMPLED = 16  # directions more than are kept, for the randomised decomposition
SEED = 1
INT8 = 127


def fit(bundle: Path, data: Dataset) -> dict[str, int]:
    """Write ``phrases.npz`` into ``bundle`` and its manifest; returns its sizes.

    Raises BundleError and TrainingError.
    """
    opened = open_bundle(bundle)
    names = data.splits["train"]
    if len(names) < LEAST_PICTURES:
        raise TrainingError("There are too few pictures to learn from what people write of them.")
    extractor = Encoder.from_bundle(opened, threads=2)
    pooled = np.stack(
        [
            extractor.encode(open_picture(data.path(name)).pixels).pooled
            for name in tqdm(names, desc="phrases", unit="picture")
        ]
    )
    vocabulary = Vocabulary.from_tokenizer(opened.tokenizer)
    captions = [_ids(data.captions[name], vocabulary) for name in names]
    arrays = learn(pooled, captions)
    bundle_part.put(opened, NGRAM_PRIOR, ngram_prior.pack_arrays(arrays))
    return {
        "n-grams": int(arrays["grams"].size),
        "bytes": (opened.folder / NGRAM_PRIOR).stat().st_size,
    }


def _ids(captions: Sequence[str], vocabulary: Vocabulary) -> list[list[int]]:
    """Each caption's words alone: no start, end or padding, and no word that can't be said."""
    return [
        [int(word) for word in row if word >= len(SPECIAL_WORDS)]
        for row in vocabulary.encode(captions)
    ]


def learn(
    pooled: np.ndarray,
    captions: Sequence[Sequence[Sequence[int]]],
    rank: int = RANK,
    least: int = LEAST_PICTURES,
) -> dict[str, np.ndarray]:
    """pooled: (N, C) float32, captions: of each picture, ids -> what `ngram_prior.ARRAYS` names.

    Raises TrainingError where no n-gram is in ``least`` pictures.
    """
    counted = [[ngram_prior.count_ngrams(caption) for caption in several] for several in captions]
    rarity = _rarities(counted, least)
    if not rarity:
        raise TrainingError("There is no word that the captions of several pictures share.")
    grams = np.array(sorted(rarity), np.uint64)
    rarest = np.float32(np.log(len(captions)))
    wanted = _targets(counted, {int(g): k for k, g in enumerate(grams)}, rarity, float(rarest))
    vectors = _main_axes(wanted, rank)
    between = wanted @ vectors.T
    seen = ngram_prior.square_roots(pooled)
    mean, centre = seen.mean(axis=0), between.mean(axis=0)
    spread = max(float(seen.std()), 1e-6)
    inputs = (seen - mean) / spread
    inner = inputs.T @ inputs
    inner[np.diag_indices_from(inner)] += RIDGE
    to = np.linalg.solve(inner, inputs.T @ (between - centre)) / spread
    small, to_scale = _int8(to)
    vectors_small, vectors_scale = _int8(vectors.T)
    return {
        "to": small,
        "to_scale": to_scale,
        "offset": (centre - mean @ to).astype(np.float32),
        "grams": grams,
        "vectors": vectors_small,
        "vectors_scale": vectors_scale,
        "rarity": np.array([rarity[int(g)] for g in grams], np.float32),
        "rarest": rarest,
    }


Counted = Sequence[Sequence[Sequence[tuple[np.ndarray, np.ndarray]]]]
"""Pictures, their captions, lengths of n-grams: keys and counts, as `count_ngrams` has them."""


def _rarities(counted: Counted, least: int) -> dict[int, float]:
    """N-gram -> the logarithm of one in how many pictures has it."""
    pictures: dict[int, int] = {}
    for several in counted:
        for key in {int(k) for caption in several for keys, _ in caption for k in keys}:
            pictures[key] = pictures.get(key, 0) + 1
    return {k: float(np.log(len(counted) / n)) for k, n in pictures.items() if n >= least}


def _targets(
    counted: Counted, place: Mapping[int, int], rarity: Mapping[int, float], rarest: float
) -> np.ndarray:
    """(N, G) float32: of each picture the mean of its captions' n-grams, weighed, of length 1."""
    targets = np.zeros((len(counted), len(place)), np.float32)
    for row, several in zip(targets, counted, strict=True):
        for caption in several:
            for keys, counts in caption:
                weight = counts * np.array([rarity.get(int(k), rarest) for k in keys])
                length = float(np.sqrt(weight @ weight))
                for key, value in zip(keys, weight, strict=True):
                    if int(key) in place and length > 0:
                        row[place[int(key)]] += value / length / len(several)
    return targets


def _main_axes(rows: np.ndarray, rank: int) -> np.ndarray:
    """(N, G) -> (rank, G): the directions that hold most of them (Halko et al. 2011, algorithm
    4.4, with one power iteration).
    """
    rank = min(rank, *rows.shape)
    wide = min(rank + OVERSAMPLED, *rows.shape)
    drawn = np.random.default_rng(SEED).normal(size=(rows.shape[1], wide)).astype(np.float32)
    span, _ = np.linalg.qr(rows @ drawn)
    span, _ = np.linalg.qr(rows @ (rows.T @ span))
    return np.linalg.svd(span.T @ rows, full_matrices=False)[2][:rank]


def _int8(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(M, K) -> the same in int8, and what each column is to be multiplied by, (K,)."""
    scale = np.maximum(np.abs(values).max(axis=0) / INT8, 1e-12).astype(np.float32)
    return np.round(values / scale).astype(np.int8), scale


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    asked = bundle_part.parser(
        "Fit what people would write of a picture, and put it into a bundle."
    ).parse_args(argv)
    return bundle_part.told(lambda: fit(asked.bundle, read_flickr8k(asked.data)))


if __name__ == "__main__":
    sys.exit(main())
