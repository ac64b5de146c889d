"""Fitting the n-gram prior, which expects words and word pairs from the features of a picture.

A ridge regression from the features to the main components of the n-grams in the captions; see
`image_describer.captioner.ngram_prior`.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy import sparse
from sklearn.linear_model import Ridge
from sklearn.utils.extmath import randomized_svd

from image_describer.captioner import ngram_prior
from image_describer.captioner.bundle import NGRAM_PRIOR
from image_describer.errors import TrainingError
from image_describer.train.data.vocabulary import SPECIAL_WORDS, Vocabulary
from image_describer.train.heads.context import FittedPart, HeadContext
from image_describer.train.recipe import Heads

RANK = 128  # components; 64 lost half of the gain on dev, 256 gained no more
RIDGE = 300.0  # for features of unit variance; 100 to 1,000 are equally good on dev
OVERSAMPLES = 16  # components more than RANK, for the accuracy of the randomized SVD
SEED = 1
INT8_MAX = 127


def fit(context: HeadContext) -> FittedPart:
    """Fit the prior to the training captions. Raises TrainingError if there are too few."""
    keys = context.data.splits["train"]
    vocabulary = context.vocabulary()
    captions = [_word_ids(context.data.captions[key], vocabulary) for key in keys]
    least = context.recipe.heads.ngram_pictures
    arrays = fit_arrays(context.pooled(keys), captions, min_pictures=least)
    content = ngram_prior.pack_arrays(arrays)
    return FittedPart({NGRAM_PRIOR: content}, figures={"n-grams": int(arrays["grams"].size)})


def _word_ids(captions: Sequence[str], vocabulary: Vocabulary) -> list[list[int]]:
    """The known words of each caption, without start, end and padding."""
    rows = vocabulary.encode(captions)
    return [[int(word) for word in row if word >= len(SPECIAL_WORDS)] for row in rows]


def fit_arrays(
    pooled: np.ndarray,
    captions: Sequence[Sequence[Sequence[int]]],
    rank: int = RANK,
    min_pictures: int = Heads.ngram_pictures,
) -> dict[str, np.ndarray]:
    """pooled: (N, C) float32, captions: word ids by picture -> the arrays of `ngram_prior.ARRAYS`.

    Raises TrainingError if no n-gram occurs in ``min_pictures`` pictures.
    """
    counted = [[ngram_prior.count_ngrams(caption) for caption in several] for several in captions]
    rarity = _rarities(counted, min_pictures)
    if not rarity:
        raise TrainingError("There is no word that the captions of several pictures share.")
    rarest = float(np.log(len(captions)))
    targets = _targets(counted, rarity, rarest)
    rank = min(rank, *targets.shape)
    _, _, components = randomized_svd(
        targets, rank, n_oversamples=OVERSAMPLES, n_iter=2, random_state=SEED
    )
    inputs = ngram_prior.square_roots(pooled)
    scale = max(float(inputs.std()), 1e-6)
    ridge = Ridge(alpha=RIDGE, solver="cholesky").fit(inputs / scale, targets @ components.T)
    to, to_scale = _quantize(ridge.coef_.T / scale)
    vectors, vectors_scale = _quantize(components.T)
    return {
        "to": to,
        "to_scale": to_scale,
        "offset": ridge.intercept_.astype(np.float32),
        "grams": np.array(list(rarity), np.uint64),
        "vectors": vectors,
        "vectors_scale": vectors_scale,
        "rarity": np.array(list(rarity.values()), np.float32),
        "rarest": np.float32(rarest),
    }


Counted = Sequence[Sequence[Sequence[tuple[np.ndarray, np.ndarray]]]]
"""By picture, caption and length of the n-grams: keys and counts as `count_ngrams` returns them."""


def _rarities(counted: Counted, min_pictures: int) -> dict[int, float]:
    """N-gram -> the logarithm of one in how many pictures has it, in ascending order."""
    pictures = Counter[int]()
    for several in counted:
        pictures.update({int(key) for caption in several for keys, _ in caption for key in keys})
    return {
        key: float(np.log(len(counted) / count))
        for key, count in sorted(pictures.items())
        if count >= min_pictures
    }


def _targets(counted: Counted, rarity: dict[int, float], rarest: float) -> sparse.csr_array:
    """(N, G) float32: the mean of each picture's captions, as n-grams weighted by rarity and scaled
    to length 1."""
    columns = {key: column for column, key in enumerate(rarity)}
    entries = []
    for row, several in enumerate(counted):
        for caption in several:
            for keys, counts in caption:
                weights = counts * np.array([rarity.get(int(key), rarest) for key in keys])
                length = float(np.linalg.norm(weights)) or 1.0
                entries += [
                    (row, columns[int(key)], weight / length / len(several))
                    for key, weight in zip(keys, weights, strict=True)
                    if int(key) in columns
                ]
    rows, positions, values = zip(*entries, strict=True)
    shape = (len(counted), len(columns))
    return sparse.coo_array((np.array(values, np.float32), (rows, positions)), shape).tocsr()


def _quantize(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(M, K) -> the same in int8, and the scale of each column (K,)."""
    scale = np.maximum(np.abs(values).max(axis=0) / INT8_MAX, 1e-12).astype(np.float32)
    return np.round(values / scale).astype(np.int8), scale
