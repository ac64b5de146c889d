"""What does not learn, computed once: maps of each picture in a memory map, resumable."""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Literal, Protocol

import keras
import numpy as np
from tqdm import tqdm

from image_describer.captioner.bundle import Bundle
from image_describer.errors import TrainingError
from image_describer.train.data.augment import AND_MIRRORED, Views, other_view, rng_of
from image_describer.train.data.dataset import Dataset, load_pixels

log = logging.getLogger(__name__)

BATCH = 16
VIEWS = 2  # which way of making other views the cache holds: see `augment`
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
        from image_describer.captioner.encoder import Encoder

        self._file = bundle.path("extractor.tflite")
        self._extractor = Encoder(self._file, threads=os.cpu_count() or 1)
        self.size = self._extractor.size
        grid = bundle.manifest["regions"]
        self.shape = (grid["rows"] * grid["columns"], grid["channels"])

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        return np.stack([self._extractor.encode(one).regions for one in pixels])

    def digest(self) -> bytes:
        return hashlib.sha256(self._file.read_bytes()).digest()


class FeatureCache:
    """Maps (N, V, *shape) float16: for each name, the picture's map, its mirror image's, and those
    of other views (`augment.other_view`), each followed by its mirror image's; or whichever of
    these ``views`` asks for. Of the names in ``plain`` only the picture itself is looked at, and
    the rest of their rows is zeros. The file's name carries a digest of
    the source, the input's size and the names, so that a stale cache is never read.
    """

    def __init__(
        self,
        folder: Path,
        source: Source,
        names: Sequence[str],
        views: Views = AND_MIRRORED,
        plain: Collection[str] = (),
    ) -> None:
        self._each, self._grey = MIRRORED if views.mirror else 1, views.grey
        self.names, self.views = list(names), self._each * (1 + views.crops)
        self.size, self._source, self._plain = source.size, source, frozenset(plain)
        self._row = {name: row for row, name in enumerate(self.names)}
        facts = f"{self.size} {self.views} {self._each} {self._grey} {VIEWS}"
        digest = hashlib.sha256(facts.encode() + source.digest())
        digest.update("\n".join(f"{n} {n in self._plain}" for n in self.names).encode())
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
            for place in range(0, self.views, self._each):
                self._look(start, names, pixels, place)
            self._mark(start + len(names))

    def _look(self, start: int, names: Sequence[str], pixels: np.ndarray, place: int) -> None:
        """Fill ``place``, and that of the mirror images, in the rows from ``start`` on."""
        wanted = [i for i, name in enumerate(names) if place == 0 or name not in self._plain]
        if not wanted:
            return
        rows, seen = [start + i for i in wanted], pixels[wanted]
        if place:
            view = MIRRORED * place // self._each
            seen = _other_views(seen, [names[i] for i in wanted], view, self._grey)
        if self._each == MIRRORED:
            seen = np.concatenate([seen, seen[:, :, ::-1]])
        maps = self._source(seen).astype(np.float16)
        for i, found in enumerate(np.split(maps, self._each)):
            self._map[rows, place + i] = found

    def take(self, names: Sequence[str], views: np.ndarray) -> np.ndarray:
        """Maps (len(names), *shape) float16 of the given view of each: 0 plain, 1 mirrored, 2 the
        first crop, 3 that mirrored, ...; the odd ones are there with ``mirror`` only.
        """
        places = views * self._each // MIRRORED
        return np.stack([self._map[self._row[n], v] for n, v in zip(names, places, strict=True)])

    def _done(self) -> int:
        if not self._progress.exists():
            return 0
        return int(json.loads(self._progress.read_text("utf-8"))["rows"])

    def _mark(self, rows: int) -> None:
        self._map.flush()
        temporary = self._progress.with_suffix(".tmp")
        temporary.write_text(json.dumps({"rows": rows}), "utf-8")
        os.replace(temporary, self._progress)


def filled(
    folder: Path, source: Source, data: Dataset, views: Views = AND_MIRRORED
) -> FeatureCache:
    """The cache of train and dev, whole: what is missing is computed, a broken picture is told.

    Dev is judged by the pictures as they are.
    """
    train, dev = data.splits["train"], data.splits["dev"]
    cache = FeatureCache(folder, source, train + dev, views, plain=dev)
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


def _other_views(pixels: np.ndarray, names: Sequence[str], view: int, grey: float) -> np.ndarray:
    """Pixels (N, S, S, 3) in other views, which the names and ``view`` alone decide."""
    several = zip(pixels, names, strict=True)
    return np.stack([other_view(one, rng_of(name, view), grey) for one, name in several])
