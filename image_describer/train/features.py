"""What does not learn, computed once: maps of each picture in a memory map, resumable."""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, Protocol

import keras
import numpy as np
from tqdm import tqdm

from image_describer.bundle import Bundle
from image_describer.errors import TrainingError
from image_describer.train.augment import other_view, rng_of
from image_describer.train.data import Dataset, load_pixels

log = logging.getLogger(__name__)

BATCH = 16
MIRRORED = 2  # each view is there as it is, and as its mirror image


class Source(Protocol):
    """What is computed once a picture: pixels (N, size, size, 3) uint8 -> maps (N, *shape)."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __call__(self, pixels: np.ndarray) -> np.ndarray: ...

    def digest(self) -> bytes:
        """Of everything that its maps depend on."""


class LowerBlocks:
    """The frozen lower blocks of a tower: maps (N, G, G, C)."""

    name = "lower"

    def __init__(self, lower: keras.Model) -> None:
        self.size, self.shape = int(lower.input_shape[1]), tuple(lower.output_shape[1:])
        self._lower = lower

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        return np.asarray(self._lower.predict_on_batch(pixels.astype(np.float32) / 127.5 - 1.0))

    def digest(self) -> bytes:
        digest = hashlib.sha256()
        for weight in self._lower.weights:
            digest.update(np.ascontiguousarray(weight).tobytes())
        return digest.digest()


class ShippedExtractor:
    """The extractor of a bundle, in the very numbers that its users get: regions (N, R, C)."""

    name = "shipped"

    shape: tuple[int, int]

    def __init__(self, bundle: Bundle) -> None:
        from image_describer.extractor import Extractor

        self._file = bundle.path("extractor.tflite")
        self._extractor = Extractor(self._file, threads=os.cpu_count() or 1)
        self.size = self._extractor.size
        grid = bundle.manifest["regions"]
        self.shape = (grid["rows"] * grid["columns"], grid["channels"])

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        return np.stack([self._extractor.extract(one).regions for one in pixels])

    def digest(self) -> bytes:
        return hashlib.sha256(self._file.read_bytes()).digest()


class FeatureCache:
    """Maps (N, V, *shape) float16: for each name, the picture's map, its mirror image's, and those
    of ``crops`` other views (`augment.other_view`), each followed by its mirror image's.

    The file's name carries a digest of the source, the input's size and the names, so that a
    stale cache is never read.
    """

    def __init__(self, folder: Path, source: Source, names: Sequence[str], crops: int = 0) -> None:
        self.names, self.views = list(names), MIRRORED * (1 + crops)
        self.size, self._source = source.size, source
        self._row = {name: row for row, name in enumerate(self.names)}
        digest = hashlib.sha256(f"{self.size} {self.views}".encode() + source.digest())
        digest.update("\n".join(self.names).encode())
        stem = f"{source.name}-{digest.hexdigest()[:16]}"
        self._file = folder / f"{stem}.f16"
        self._progress = folder / f"{stem}.json"
        shape = (len(self.names), self.views, *source.shape)
        folder.mkdir(parents=True, exist_ok=True)
        mode: Literal["r+", "w+"] = "r+" if self._file.exists() else "w+"
        try:
            self._map = np.memmap(self._file, np.float16, mode, shape=shape)
        except OSError as error:
            need = int(np.prod(shape)) * 2 / 1e9
            raise TrainingError(
                f"The feature cache {self._file} can't be made: {error}.",
                f"It needs {need:.1f} GB of disk.",
            ) from error

    def fill(self, data: Dataset, on_problem: Callable[[str], None]) -> None:
        """Compute the rows that are missing. A broken picture is told and leaves zeros."""
        done = self._done()
        todo = range(done, len(self.names), BATCH)
        for start in tqdm(todo, desc="features", unit="batch", disable=not todo):
            names = self.names[start : start + BATCH]
            pixels = np.stack(
                [_pixels_or_zeros(data, name, self.size, on_problem) for name in names]
            )
            for view in range(0, self.views, MIRRORED):
                seen = pixels if view == 0 else _other_views(pixels, names, view)
                both = self._source(np.concatenate([seen, seen[:, :, ::-1]])).astype(np.float16)
                rows = slice(start, start + len(names))
                self._map[rows, view], self._map[rows, view + 1] = np.split(both, 2)
            self._mark(start + len(names))

    def take(self, names: Sequence[str], views: np.ndarray) -> np.ndarray:
        """Maps (len(names), *shape) float16 of the given view of each: 0 plain, 1 mirrored, ..."""
        return np.stack([self._map[self._row[n], v] for n, v in zip(names, views, strict=True)])

    def _done(self) -> int:
        if not self._progress.exists():
            return 0
        return int(json.loads(self._progress.read_text("utf-8"))["rows"])

    def _mark(self, rows: int) -> None:
        self._map.flush()
        temporary = self._progress.with_suffix(".tmp")
        temporary.write_text(json.dumps({"rows": rows}), "utf-8")
        os.replace(temporary, self._progress)


def filled(folder: Path, source: Source, data: Dataset, crops: int = 0) -> FeatureCache:
    """The cache of train and dev, whole: what is missing is computed, a broken picture is told."""
    cache = FeatureCache(folder, source, data.splits["train"] + data.splits["dev"], crops)
    cache.fill(data, lambda sentence: log.warning("%s", sentence))
    return cache


def _pixels_or_zeros(
    data: Dataset, name: str, size: int, on_problem: Callable[[str], None]
) -> np.ndarray:
    try:
        return load_pixels(data.path(name), size)
    except TrainingError as error:
        on_problem(error.sentence)
        return np.zeros((size, size, 3), np.uint8)


def _other_views(pixels: np.ndarray, names: Sequence[str], view: int) -> np.ndarray:
    """Pixels (N, S, S, 3) in other views, which the names and ``view`` alone decide."""
    several = zip(pixels, names, strict=True)
    return np.stack([other_view(one, rng_of(name, view)) for one, name in several])
