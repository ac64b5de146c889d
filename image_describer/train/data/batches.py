"""Batches of pictures with all their captions, in an order that only the seed decides."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np

from image_describer.train.data.augment import other_view, rng_of
from image_describer.train.data.dataset import Dataset, load_pixels
from image_describer.train.data.vocabulary import SPECIAL_WORDS, Vocabulary
from image_describer.train.features.cache import FeatureCache

CAPTIONS_A_PICTURE = 5

Loader = Callable[[Sequence[str], np.ndarray], np.ndarray]
"""Names and views -> what the tower takes, one row a name.

View 0 is the plain picture, 2, 4, ... are crops of it, and each odd one mirrors the one before.
"""


def from_cache(cache: FeatureCache) -> Loader:
    """Loads what was computed once: (N, *shape) float16."""
    return cache.take


def from_files(data: Dataset, size: int, threads: int = 2, grey: float = 0.0) -> Loader:
    """Loads pixels in [-1, 1]: (N, size, size, 3) float32; the share ``grey`` of crops has no
    colours."""
    pool = ThreadPoolExecutor(threads, "pictures")

    def one(name: str, view: int) -> np.ndarray:
        pixels = load_pixels(data.path(name), size)
        plain = view // 2 * 2
        return other_view(pixels, rng_of(name, plain), grey) if plain else pixels

    def load(names: Sequence[str], views: np.ndarray) -> np.ndarray:
        pixels = np.stack(list(pool.map(one, names, views)))
        mirrored = views % 2 == 1
        pixels[mirrored] = pixels[mirrored, :, ::-1]
        return pixels.astype(np.float32) / 127.5 - 1.0

    return load


class Batches(keras.utils.PyDataset):
    """``count`` batches from the run's step ``start`` on; each epoch is a new permutation.

    Batch: ({"picture": ..., "words": (B, K, T)}, {"words": (B, K, T), "presence": (B, V)}),
    K = 5 captions a picture. Built from the seed and the step alone, so that a resumed run sees
    what an uninterrupted one would have seen.
    """

    def __init__(
        self,
        data: Dataset,
        names: Sequence[str],
        vocabulary: Vocabulary,
        loader: Loader,
        *,
        batch: int,
        seed: int,
        start: int = 0,
        count: int | None = None,
        training: bool = True,
        mirror: bool = True,
        crops: int = 0,
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=4)
        self._data, self._names, self._vocabulary = data, list(names), vocabulary
        self._loader, self._batch, self._seed, self._start = loader, batch, seed, start
        self._training, self._mirror = training, mirror and training
        self._seen = 1 + (crops if training else 0)
        self.steps_an_epoch = steps_an_epoch(len(self._names), batch, training)
        self._count = self.steps_an_epoch if count is None else count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> tuple[dict[str, Any], dict[str, Any]]:
        names, views, rng = self.pictures(index)
        ids = np.stack([self._captions(name, rng) for name in names])
        inputs = {"picture": self._loader(names, views), "words": ids[:, :, :-1]}
        return inputs, {"words": ids[:, :, 1:], "presence": self._presence(ids)}

    def maps(self, index: int) -> np.ndarray:
        """Only what the tower takes of a batch."""
        names, views, _ = self.pictures(index)
        return self._loader(names, views)

    def pictures(self, index: int) -> tuple[list[str], np.ndarray, np.random.Generator]:
        """Names and views of a batch, and the generator that goes on to choose its captions."""
        epoch, step = divmod(self._start + index, self.steps_an_epoch)
        rng = np.random.default_rng((self._seed, epoch, step))
        order = np.arange(len(self._names))
        if self._training:
            order = np.random.default_rng((self._seed, epoch)).permutation(order)
        names = [self._names[i] for i in order[step * self._batch : (step + 1) * self._batch]]
        if self._mirror:
            return names, rng.integers(0, 2 * self._seen, len(names)), rng
        return names, 2 * rng.integers(0, self._seen, len(names)), rng

    def _captions(self, name: str, rng: np.random.Generator) -> np.ndarray:
        captions = self._data.captions[name]
        if len(captions) != CAPTIONS_A_PICTURE:
            few = len(captions) < CAPTIONS_A_PICTURE
            captions = [captions[i] for i in rng.choice(len(captions), CAPTIONS_A_PICTURE, few)]
        return self._vocabulary.encode(captions)

    def _presence(self, ids: np.ndarray) -> np.ndarray:
        present = np.zeros((len(ids), len(self._vocabulary)), np.float32)
        np.put_along_axis(present, ids.reshape(len(ids), -1), 1.0, axis=1)
        present[:, : len(SPECIAL_WORDS)] = 0.0
        return present


def steps_an_epoch(pictures: int, batch: int, training: bool) -> int:
    """While training the last, incomplete batch is left out: its few pictures would weigh more."""
    return max(1, pictures // batch) if training else -(-pictures // batch)
