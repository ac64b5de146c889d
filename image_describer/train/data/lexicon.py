"""Translations of words, from captions of the same pictures in two languages.

The captions are not translations of each other, but name the same things. As in IBM's first model
(Brown et al. 1993), each word of a picture in one language is explained by those in the other.
"""

from collections.abc import Sequence

import numpy as np

from image_describer.train.data.vocabulary import SPECIAL_WORDS

ROUNDS = 12
LEAST = 0.05  # probability of a translation that counts
FEWEST = 3  # pictures that a word must occur in


def translations(
    captions: Sequence[np.ndarray], others: Sequence[np.ndarray], sizes: tuple[int, int]
) -> np.ndarray:
    """Word ids of each picture's captions in two languages, with V and W words (``sizes``) ->
    (V, W) float32: for each word of the first how probably each of the second translates it. Rows
    sum to 1, or are 0 for a word without translations."""
    firsts, seconds, pictures = [], [], []
    for number, (one, other) in enumerate(zip(captions, others, strict=True)):
        ids, known = (np.unique(side[side >= len(SPECIAL_WORDS)]) for side in (one, other))
        firsts.append(np.repeat(ids, len(known)))
        seconds.append(np.tile(known, len(ids)))
        pictures.append(np.full(len(ids) * len(known), number))
    first, second, picture = (np.concatenate(parts) for parts in (firsts, seconds, pictures))
    pairs, pair = np.unique(first * sizes[1] + second, return_inverse=True)
    _, explained = np.unique(picture * sizes[1] + second, return_inverse=True)
    word = pairs // sizes[1]
    probability = np.ones(len(pairs))
    for _ in range(ROUNDS):
        likely = probability[pair]
        likely /= np.bincount(explained, likely)[explained]
        count = np.bincount(pair, likely)
        probability = count / np.maximum(np.bincount(word, count, sizes[0])[word], 1e-9)
    table = np.zeros(sizes, np.float32)
    table.ravel()[pairs] = np.where(probability < LEAST, 0.0, probability)
    seen = np.bincount(np.concatenate([np.unique(ids) for ids in captions]), minlength=sizes[0])
    table[seen < FEWEST] = 0.0
    return table / np.maximum(table.sum(axis=1, keepdims=True), 1e-9)
