"""Batches for the original systems' networks: captions under a mask, or prefix by prefix."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from image_describer.train.data.dataset import Dataset
from image_describer.train.data.vocabulary import PAD, Vocabulary

Arrays = dict[str, np.ndarray]
Features = Callable[[Sequence[str]], np.ndarray]
"""Names of pictures -> what is seen of them, (N, C) or (N, R, C) float16."""

# Lengths that a batch is padded to. A network that walks along the words is compiled for each, so
# they are few; they lie close where most captions end.
LENGTHS = (8, 10, 12, 14, 16, 20, 26, 34, 46, 64)
SORTED_BATCHES = 40  # drawn together and sorted by length: batches with little padding


@dataclass(frozen=True)
class Captions:
    """All captions of a split: ``owners`` (N,) is each one's place in ``names``.

    ``words``: (N, T) ids, start first, padding last; ``lengths``: (N,) how many are no padding.
    """

    names: list[str]
    owners: np.ndarray
    words: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(
        cls, data: Dataset, names: Sequence[str], vocabulary: Vocabulary, each: int = 0
    ) -> "Captions":
        """The captions of ``names``: the first ``each`` of every picture, or all (0)."""
        several = [data.captions[name][: each or None] for name in names]
        words = vocabulary.encode([caption for captions in several for caption in captions])
        owners = np.repeat(np.arange(len(several)), [len(captions) for captions in several])
        return cls(list(names), owners, words, np.count_nonzero(words != PAD, axis=1))

    def __len__(self) -> int:
        return len(self.owners)


class CaptionBatches:
    """Whole captions. A batch: picture, words (B, T) as read, and ``targets`` (B, T) after them.

    Which captions are in a batch, and what is random about them, follows from the seed, the epoch
    and the step alone: a resumed run sees what an uninterrupted one would have seen.
    """

    def __init__(
        self, captions: Captions, features: Features, batch: int, seed: int, training: bool
    ) -> None:
        self._captions, self._features = captions, features
        self._batch, self._seed, self._training = batch, seed, training
        self._plans: dict[int, list[np.ndarray]] = {}

    def __len__(self) -> int:
        """Steps an epoch. While training the last, incomplete batch is left out."""
        count = self._sizes().size
        return max(1, count // self._batch) if self._training else -(-count // self._batch)

    def batch(self, epoch: int, step: int) -> Arrays:
        chosen = self._plan(epoch)[step]
        captions = self._captions
        reads = captions.lengths[chosen] - 1
        width = _padded(int(reads.max()), captions.words.shape[1] - 1)
        words = captions.words[chosen, : width + 1]
        names = [captions.names[owner] for owner in captions.owners[chosen]]
        return {
            "picture": self._features(names),
            "words": words[:, :-1],
            "targets": words[:, 1:],
            "owners": captions.owners[chosen].astype(np.int32),
        }

    def _sizes(self) -> np.ndarray:
        """The length of each sample, by which batches are sorted."""
        return self._captions.lengths

    def _plan(self, epoch: int) -> list[np.ndarray]:
        key = epoch if self._training else 0
        if key not in self._plans:
            rng = np.random.default_rng((self._seed, key))
            self._plans = {key: plan(self._sizes(), self._batch, len(self), rng, self._training)}
        return self._plans[key]


class PrefixBatches(CaptionBatches):
    """One prefix a sample, as the original generators made them: ``targets`` (B,), one word each.

    ``last`` (B,) is the place of the prefix's last word. The LSTM reads every word again for every
    prefix that it is in: the same loss as of whole captions, at 2.2 times the work on Flickr8k.
    """

    def __init__(
        self, captions: Captions, features: Features, batch: int, seed: int, training: bool
    ) -> None:
        steps = captions.lengths - 1
        self._of = np.repeat(np.arange(len(captions)), steps)
        self._last = np.concatenate([np.arange(count) for count in steps] or [np.zeros(0, int)])
        super().__init__(captions, features, batch, seed, training)

    def batch(self, epoch: int, step: int) -> Arrays:
        chosen = self._plan(epoch)[step]
        captions, last = self._captions, self._last[chosen]
        width = _padded(int(last.max()) + 1, captions.words.shape[1] - 1)
        words = captions.words[self._of[chosen], :width].copy()
        words[np.arange(width) > last[:, None]] = PAD
        owners = captions.owners[self._of[chosen]]
        return {
            "picture": self._features([captions.names[owner] for owner in owners]),
            "words": words,
            "last": last.astype(np.int32),
            "targets": captions.words[self._of[chosen], last + 1],
            "owners": owners.astype(np.int32),
        }

    def _sizes(self) -> np.ndarray:
        return self._last + 1


class PairBatches(CaptionBatches):
    """Pictures with their captions, and with others' (``others``), shuffled anew each epoch."""

    def batch(self, epoch: int, step: int) -> Arrays:
        chosen = self._plan(epoch)[step]
        captions = self._captions
        rng = np.random.default_rng((self._seed, epoch, 1))
        others = rng.permutation(len(captions))[chosen]
        names = [captions.names[owner] for owner in captions.owners[chosen]]
        width = _padded(
            int(max(captions.lengths[chosen].max(), captions.lengths[others].max())),
            captions.words.shape[1],
        )
        return {
            "picture": self._features(names),
            "words": captions.words[chosen, :width],
            "others": captions.words[others, :width],
            "owners": captions.owners[chosen].astype(np.int32),
        }


def plan(
    sizes: np.ndarray, batch: int, steps: int, rng: np.random.Generator, shuffle: bool
) -> list[np.ndarray]:
    """Which samples are in which batch: a list of ``steps`` arrays of places in ``sizes``.

    Samples of about the same length come together; which ones, and the order, is random.
    """
    order = rng.permutation(sizes.size) if shuffle else np.argsort(sizes, kind="stable")
    if not shuffle:
        return [order[start : start + batch] for start in range(0, sizes.size, batch)]
    if sizes.size > batch:
        order = order[: steps * batch]
    pools = np.split(order, range(batch * SORTED_BATCHES, order.size, batch * SORTED_BATCHES))
    batches = []
    for pool in pools:
        pool = pool[np.argsort(sizes[pool], kind="stable")]
        batches += [pool[start : start + batch] for start in range(0, pool.size, batch)]
    return [batches[i] for i in rng.permutation(len(batches))]


def _padded(longest: int, most: int) -> int:
    return min(next((length for length in LENGTHS if length >= longest), most), most)
