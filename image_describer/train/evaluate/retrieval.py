"""Retrieval in a joint space: captions by a picture, and pictures by a sentence."""

from collections.abc import Mapping, Sequence

import numpy as np

from image_describer.captioner.embedding import JointSpace
from image_describer.captioner.joint_words import JointWords

AT = (1, 5, 10)
DIRECTIONS = ("captions of a picture", "picture of a caption")
CHUNK = 512  # rows of scores: 512 by 5,000 captions take 10 MB


def judge(
    space: JointSpace | JointWords,
    pictures: Mapping[str, np.ndarray],
    captions: Mapping[str, Sequence[str]],
) -> dict[str, float]:
    """`recalls` of ``pictures``, an embedding (D,) by key, and of their ``captions``."""
    sentences = [space.embed_sentence(one) for key in pictures for one in captions[key]]
    owners = [row for row, key in enumerate(pictures) for _ in captions[key]]
    return recalls(np.stack(list(pictures.values())), np.stack(sentences), owners)


def recalls(
    pictures: np.ndarray, captions: np.ndarray, owners: Sequence[int] | np.ndarray
) -> dict[str, float]:
    """Recall at 1, 5 and 10 in both directions, and the median rank (1 is best).

    pictures: (N, D), captions: (M, D) embeddings, owners: (M,) each caption's picture. Captions of
    a picture are found if one of them is among the first k.
    """
    owners = np.asarray(owners)
    ranks_of_captions = [
        _ranks(captions[rows] @ pictures.T, owners[rows, np.newaxis] == np.arange(len(pictures)))
        for rows in _chunks(len(captions))
    ]
    ranks_of_pictures = [
        _ranks(pictures[rows] @ captions.T, owners == rows[:, np.newaxis])
        for rows in _chunks(len(pictures))
    ]
    figures: dict[str, float] = {}
    for direction, parts in zip(DIRECTIONS, (ranks_of_pictures, ranks_of_captions), strict=True):
        ranks = np.concatenate(parts)
        for k in AT:
            figures[f"{direction}: R@{k}"] = round(float((ranks < k).mean()), 4)
        figures[f"{direction}: median rank"] = float(np.median(ranks) + 1)
    return figures


def _chunks(count: int) -> list[np.ndarray]:
    return np.array_split(np.arange(count), -(-count // CHUNK))


def _ranks(scores: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The number of wrong columns before the best right one, for each row: (Q, N) both.

    Equal scores count as before it: a space in which all embeddings are equal finds nothing.
    """
    best = np.where(right, scores, -np.inf).max(axis=1, keepdims=True)
    return ((scores >= best) & ~right).sum(axis=1)
