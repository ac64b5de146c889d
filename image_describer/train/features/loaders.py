"""How batches get their pictures: from a cache of features, or from the files."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from image_describer.errors import TrainingError
from image_describer.train.data.augment import Views, view_of
from image_describer.train.data.dataset import Dataset, load_pixels

Loader = Callable[[Sequence[str], np.ndarray], np.ndarray]
"""Keys and views (positions as in `Views`) -> the encoder's input, one row for each key."""


class PixelLoader:
    """Loads pixels (N, size, size, 3) uint8 in threads; a picture that can't be read is zeros."""

    def __init__(self, data: Dataset, size: int, views: Views, threads: int = 0) -> None:
        self._data, self._size, self._views = data, size, views
        self._pool = ThreadPoolExecutor(threads or os.cpu_count() or 1, "pictures")

    def __call__(self, keys: Sequence[str], views: np.ndarray) -> np.ndarray:
        return np.stack(list(self._pool.map(self._load, keys, views)))

    def _load(self, key: str, view: int) -> np.ndarray:
        try:
            pixels = load_pixels(self._data.path(key), self._size)
        except TrainingError:  # reported when the data was read
            return np.zeros((self._size, self._size, 3), np.uint8)
        return view_of(pixels, key, int(view), self._views)


class MatrixLoader:
    """Takes the features that came with the data: (N, 1, C) float16."""

    def __init__(self, data: Dataset) -> None:
        if data.features is None or data.rows is None:
            raise TrainingError("This data has no features of its own.")
        self._features, self._rows = data.features, data.rows

    def __call__(self, keys: Sequence[str], views: np.ndarray) -> np.ndarray:
        rows = [self._rows[key] for key in keys]
        return np.asarray(self._features[rows], np.float16)[:, np.newaxis]
