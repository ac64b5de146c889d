"""Batches of pictures with their captions, in an order that depends only on the seed."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from image_describer.train.data.augment import Views
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.vocabulary import PAD, SPECIAL_WORDS, Vocabulary

Arrays = dict[str, np.ndarray]


class Batches(Protocol):
    """Batches that depend only on the epoch and the step, so that a resumed run sees the same."""

    def __len__(self) -> int:
        """Steps in an epoch."""

    def batch(self, epoch: int, step: int) -> Arrays: ...


class PictureBatches:
    """Pictures, each with ``rows`` of its captions.

    A batch: ``picture`` (B, ...) from ``load(keys, views)``; ``words`` (B, K, T) as read and
    ``targets`` (B, K, T), the word after each; ``presence`` (B, V), which words occur in any of the
    captions; ``captioned`` (B,), 0 for a picture without captions, whose words are padding; and
    ``index`` (B,), positions in ``keys``. With soft labels in the data: ``labels`` (B, L), and
    ``labeled`` (B,). ``captions`` limits the captions of each picture (0: all).

    In training, an epoch shows each picture as often as its weight says, in random order and random
    views; the last, incomplete batch is left out, because its few pictures would weigh more.
    """

    def __init__(
        self,
        data: Dataset,
        keys: Sequence[str],
        vocabulary: Vocabulary,
        load: Callable[[Sequence[str], np.ndarray], np.ndarray],
        *,
        batch: int,
        seed: int,
        views: Views | None = None,
        training: bool = True,
        captions: int = 0,
        rows: int = 5,
    ) -> None:
        self.keys = list(keys)
        self._data, self._vocabulary, self._load = data, vocabulary, load
        self._batch, self._seed, self._views, self._training = batch, seed, views, training
        self._limit, self._rows = captions or None, rows
        weights = np.array([data.weights.get(key, 1.0) for key in self.keys])
        self._weights = weights if training else np.ones(len(self.keys))
        self._size = round(float(self._weights.sum()))
        self._orders: dict[int, np.ndarray] = {}
        self._label_count = len(next(iter(data.labels.values()))) if data.labels else 0
        self._ids: dict[str, np.ndarray] = {}

    def __len__(self) -> int:
        if self._training:
            return max(1, self._size // self._batch)
        return -(-self._size // self._batch)

    def batch(self, epoch: int, step: int) -> Arrays:
        chosen = self._order(epoch)[step * self._batch : (step + 1) * self._batch]
        keys = [self.keys[i] for i in chosen]
        rng = np.random.default_rng((self._seed, epoch, step))
        count = self._views.count if self._views is not None and self._training else 1
        arrays: Arrays = {"picture": self._load(keys, rng.integers(0, count, len(keys)))}
        ids = np.stack([self._captions(key, rng) for key in keys])
        arrays |= {
            "words": ids[:, :, :-1],
            "targets": ids[:, :, 1:],
            "presence": self._presence(ids),
            "captioned": (ids[:, 0, 0] != PAD).astype(np.float32),
            "index": chosen.astype(np.int32),
        }
        if self._label_count:
            none = np.zeros(self._label_count, np.float32)
            arrays["labels"] = np.stack([self._data.labels.get(key, none) for key in keys])
            labeled = [key in self._data.labels for key in keys]
            arrays["labeled"] = np.array(labeled, np.float32)
        return arrays

    def _order(self, epoch: int) -> np.ndarray:
        """Positions in ``keys``, as often as their weights say."""
        if not self._training:
            return np.arange(len(self.keys))
        order = self._orders.get(epoch)
        if order is None:
            rng = np.random.default_rng((self._seed, epoch))
            whole = self._weights.astype(int)
            positions = np.repeat(np.arange(len(self.keys)), whole)
            # The fractions: as many pictures at random as they add up to.
            rest = self._weights - whole
            missing = self._size - positions.size
            if missing > 0:
                lots = rng.random(rest.size) ** (1 / np.maximum(rest, 1e-9))
                positions = np.append(positions, np.argsort(-lots, kind="stable")[:missing])
            order = rng.permutation(positions)
            if order.size < self._batch:  # fewer pictures than a batch
                order = np.resize(order, self._batch)
            self._orders = {epoch: order}  # of one epoch only; another thread may replace it
        return order

    def _captions(self, key: str, rng: np.random.Generator) -> np.ndarray:
        """Ids (K, T + 1) of the captions chosen from a picture's."""
        if key not in self._ids:
            captions = self._data.captions.get(key, [])[: self._limit]
            self._ids[key] = self._vocabulary.encode(captions)
        ids = self._ids[key]
        if not len(ids):
            return np.full((self._rows, ids.shape[1]), PAD, np.int32)
        if len(ids) == self._rows:
            return ids
        return ids[rng.choice(len(ids), self._rows, replace=len(ids) < self._rows)]

    def _presence(self, ids: np.ndarray) -> np.ndarray:
        present = np.zeros((len(ids), len(self._vocabulary)), np.float32)
        np.put_along_axis(present, ids.reshape(len(ids), -1), 1.0, axis=1)
        present[:, : len(SPECIAL_WORDS)] = 0.0
        return present
