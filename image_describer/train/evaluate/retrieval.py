"""Finding captions by a picture and pictures by a sentence, in a space that both share."""

from collections.abc import Sequence

import numpy as np

AT = (1, 5, 10)
ROWS_AT_A_TIME = 512  # of scores: 512 by 5,000 captions take 10 MB


def nearest(query: np.ndarray, among: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """-> the places in ``among`` of the ``count`` best, best first, and their scores.

    query: (D,), among: (N, D) representations; the score is the dot product. Ties go to the
    earlier place.
    """
    scores = among @ query
    count = min(count, scores.size)
    if not count:
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    floor = np.partition(scores, -count)[-count]
    best = np.flatnonzero(scores >= floor)
    best = best[np.argsort(-scores[best], kind="stable")][:count]
    return best, scores[best]


def recalls(
    pictures: np.ndarray, captions: np.ndarray, owners: Sequence[int] | np.ndarray
) -> dict[str, float]:
    """Recall at 1, 5 and 10 both ways, and the median rank (1 is best).

    pictures: (N, D), captions: (M, D), owners: (M,) each caption's picture. A picture's captions
    are found when one of them is among the first k.
    """
    owners = np.asarray(owners)
    of_pictures = np.concatenate(
        [
            _first_ranks(pictures[start : start + ROWS_AT_A_TIME], captions, owners, start)
            for start in range(0, len(pictures), ROWS_AT_A_TIME)
        ]
    )
    of_captions = np.concatenate(
        [
            _ranks(captions[rows] @ pictures.T, owners[rows])
            for rows in np.array_split(
                np.arange(len(captions)), -(-len(captions) // ROWS_AT_A_TIME)
            )
        ]
    )
    figures: dict[str, float] = {}
    for way, ranks in (
        ("captions of a picture", of_pictures),
        ("picture of a caption", of_captions),
    ):
        for k in AT:
            figures[f"{way}: R@{k}"] = round(float((ranks < k).mean()), 4)
        figures[f"{way}: median rank"] = float(np.median(ranks) + 1)
    return figures


def _ranks(scores: np.ndarray, right: np.ndarray) -> np.ndarray:
    """How many columns stand before the right one of each row: scores (Q, N), right (Q,).

    Equal scores count as before: a space in which all lies in one point finds nothing.
    """
    of_right = np.take_along_axis(scores, right[:, None], axis=1)
    return (scores >= of_right).sum(axis=1) - 1


def _first_ranks(
    pictures: np.ndarray, captions: np.ndarray, owners: np.ndarray, start: int
) -> np.ndarray:
    """The rank of the best of each picture's own captions; ``start`` is the first one's number."""
    scores = pictures @ captions.T
    own = owners[None, :] == np.arange(start, start + len(pictures))[:, None]
    best = np.where(own, scores, -np.inf).max(axis=1, keepdims=True)
    return ((scores >= best) & ~own).sum(axis=1)
