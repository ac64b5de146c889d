"""What an extractor sees of each picture, kept on disk: a memory map, one row a picture."""

import hashlib
import json
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset, load_pixels
from image_describer.train.features.extractors import Extractor
from image_describer.train.features.locks import only_one

log = logging.getLogger(__name__)

BATCH = 32  # pictures; train/experiments/features.md compares it with others
READERS = 2  # threads that decode pictures while the extractor computes
READ_AHEAD = 3  # batches
MARK_EVERY_S = 15.0  # at most that much work is lost by a power cut
TAIL_BYTES = 4096  # of a picture's file; with its size they tell an edited picture


@dataclass
class _Progress:
    """How far a store is: rows computed, of which pictures, and which of them were broken."""

    rows: int = 0
    pictures: str = ""
    broken: dict[str, str] = field(default_factory=dict)


class FeatureStore:
    """Features of ``names`` by one extractor, float16: pooled (N, C), or regions (N, R, C).

    The file's name carries a digest of the extractor, its weights and the names; a digest of the
    pictures stands beside it, and `fill` starts anew when they have changed. Rows are kept in the
    names' alphabetical order, so that the order of ``names`` makes no difference.
    """

    def __init__(
        self, folder: Path, extractor: Extractor, names: Iterable[str], pooled: bool
    ) -> None:
        self.extractor, self.pooled = extractor, pooled
        self.names = sorted(set(names))
        self.folder = folder
        self._row = {name: row for row, name in enumerate(self.names)}
        cells = () if pooled else (extractor.grid**2,)
        self.shape = (len(self.names), *cells, extractor.channels)
        digest = hashlib.sha256("\n".join([extractor.digest, *self.names]).encode())
        kind = "pooled" if pooled else "grid"
        self._file = folder / f"{extractor.name}-{kind}-{digest.hexdigest()[:16]}.f16"
        self._mark_file = self._file.with_suffix(".json")
        self._progress = self._read_mark()
        self._map: np.ndarray | None = None

    @property
    def complete(self) -> bool:
        return self._progress.rows == len(self.names)

    @property
    def broken(self) -> dict[str, str]:
        """The pictures that can't be read, with the reason; their rows are zeros."""
        return dict(self._progress.broken)

    def fill(self, data: Dataset, on_problem: Callable[[str], None]) -> None:
        """Compute the rows that are missing. A broken picture is told and leaves zeros.

        Raises TrainingError where there is no room on the disk.
        """
        fill_together([self], data, on_problem)

    def take(self, names: Sequence[str]) -> np.ndarray:
        """Features of ``names``, in their order: (len(names), C) or (len(names), R, C) float16."""
        if not self.complete:
            raise TrainingError(
                f"Of {len(self.names)} pictures {self._progress.rows} have features.",
                "Compute the rest first: the stage 'features'.",
            )
        unknown = [name for name in names if name not in self._row]
        if unknown:
            raise TrainingError(f"There are no features of {unknown[0]}.")
        rows = np.fromiter((self._row[name] for name in names), np.int64, len(names))
        return np.asarray(self._open()[rows])

    def _open(self) -> np.ndarray:
        if self._map is None:
            if not self.names:
                return np.zeros(self.shape, np.float16)
            self._map = np.memmap(self._file, np.float16, "r+", shape=self.shape)
        return self._map

    def _is_whole(self) -> bool:
        size = 2 * int(np.prod(self.shape))
        return self._file.is_file() and self._file.stat().st_size == size

    def _read_mark(self) -> _Progress:
        """The last mark, or none where the files don't fit what is asked for."""
        try:
            found = _Progress(**json.loads(self._mark_file.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return _Progress()
        fits = type(found.rows) is int and 0 <= found.rows <= len(self.names) and self._is_whole()
        return found if fits and type(found.broken) is dict else _Progress()

    def _begin(self, pictures: str) -> None:
        """Make the file, or go on with it if it is of these very pictures."""
        self._progress = self._read_mark()
        if self._progress.pictures != pictures:
            if self._progress.rows:
                log.warning("The pictures have changed: their features are computed anew.")
            self._progress = _Progress(pictures=pictures)
        if not self._is_whole():
            self._reserve()
        self._map = None
        self._open()

    def _reserve(self) -> None:
        """Take the room now: a memory map that outgrows the disk ends the process."""
        need = 2 * int(np.prod(self.shape))
        try:
            with self._file.open("wb") as file:
                if hasattr(os, "posix_fallocate") and need:
                    os.posix_fallocate(file.fileno(), 0, need)
                else:
                    file.truncate(need)
        except OSError as error:
            self._file.unlink(missing_ok=True)
            raise TrainingError(
                f"The features can't be kept in {self.folder}: {error.strerror}.",
                f"They need {need / 1e9:.1f} GB; another folder is named with --runs.",
            ) from error

    def _put(self, start: int, regions: np.ndarray) -> None:
        """Write the rows of one batch: regions (B, R, C) float32."""
        rows = regions.mean(axis=1) if self.pooled else regions
        self._open()[start : start + len(rows)] = rows

    def _mark(self, rows: int, broken: dict[str, str]) -> None:
        self._progress.rows = max(rows, self._progress.rows)
        self._progress.broken |= broken
        if isinstance(self._map, np.memmap):
            self._map.flush()
        temporary = self._mark_file.with_suffix(".new")
        temporary.write_text(json.dumps(vars(self._progress)), "utf-8")
        os.replace(temporary, self._mark_file)


class MatrixFeatures:
    """Features that came with the data, as a store: those of the format ``name caption`` + .npy."""

    complete, pooled = True, True

    def __init__(self, data: Dataset) -> None:
        if data.features is None or data.rows is None:
            raise TrainingError("This data brings no features.")
        self._features, self._rows = data.features, data.rows
        self.names = sorted(data.rows)
        self.shape = (len(self.names), data.features.shape[1])
        self.broken: dict[str, str] = {}

    def fill(self, data: Dataset, on_problem: Callable[[str], None]) -> None:
        """There is nothing to compute."""

    def take(self, names: Sequence[str]) -> np.ndarray:
        """(len(names), C) float16. Raises TrainingError for a name without a row."""
        try:
            rows = [self._rows[name] for name in names]
        except KeyError as error:
            raise TrainingError(f"There are no features of {error.args[0]}.") from error
        return np.asarray(self._features[rows], np.float16)


def fill_together(
    stores: Sequence[FeatureStore], data: Dataset, on_problem: Callable[[str], None]
) -> None:
    """Fill several stores of the same extractor and names in one pass over the pictures.

    One process fills at a time; another one waits and finds the work done.
    """
    first = stores[0]
    first.folder.mkdir(parents=True, exist_ok=True)
    pictures = _pictures_digest(data, first.names)
    lock = first.folder / f"{first.extractor.digest[:16]}.lock"
    with only_one(lock, lambda: log.info("Another process computes these features; waiting.")):
        for store in stores:
            store._begin(pictures)
        for sentence in {s: None for store in stores for s in store.broken.values()}:
            on_problem(sentence)
        _compute(stores, data, on_problem)


def _compute(
    stores: Sequence[FeatureStore], data: Dataset, on_problem: Callable[[str], None]
) -> None:
    names, extractor = stores[0].names, stores[0].extractor
    done = min(store._progress.rows for store in stores)
    if done == len(names):
        return
    broken: dict[str, str] = {}
    marked = time.monotonic()
    bar = tqdm(total=len(names), initial=done, desc="features", unit=" pictures")
    try:
        for pixels, troubles in _read_ahead(data, names[done:], extractor.size):
            count = min(len(pixels), len(names) - done)
            regions = extractor.regions(pixels)[:count]
            for store in stores:
                store._put(done, regions)
            for name, sentence in troubles.items():
                regions_row = names.index(name) - done
                for store in stores:
                    store._put(done + regions_row, np.zeros_like(regions[:1]))
                on_problem(sentence)
            broken |= troubles
            done += count
            bar.update(count)
            if time.monotonic() - marked > MARK_EVERY_S:
                for store in stores:
                    store._mark(done, broken)
                marked = time.monotonic()
    finally:
        bar.close()
        for store in stores:
            store._mark(done, broken)


def _read_ahead(
    data: Dataset, names: Sequence[str], size: int
) -> Iterator[tuple[np.ndarray, dict[str, str]]]:
    """Batches of pixels (BATCH, size, size, 3) uint8, decoded while earlier ones are worked on.

    The last one is filled up with zeros: another shape would be compiled anew.
    """
    starts = iter(range(0, len(names), BATCH))
    waiting: deque[Future[tuple[np.ndarray, dict[str, str]]]] = deque()
    with ThreadPoolExecutor(READERS, "read pictures") as readers:
        try:
            while True:
                while len(waiting) < READ_AHEAD and (start := next(starts, None)) is not None:
                    batch = names[start : start + BATCH]
                    waiting.append(readers.submit(_read_batch, data, batch, size))
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _read_batch(
    data: Dataset, names: Sequence[str], size: int
) -> tuple[np.ndarray, dict[str, str]]:
    pixels = np.zeros((BATCH, size, size, 3), np.uint8)
    troubles = {}
    for place, name in enumerate(names):
        try:
            pixels[place] = load_pixels(data.path(name), size)
        except TrainingError as error:
            troubles[name] = error.sentence
    return pixels, troubles


def _pictures_digest(data: Dataset, names: Sequence[str]) -> str:
    """Of each picture's size in bytes and its end: reading all of them would take minutes."""
    digest = hashlib.sha256()
    for name in names:
        try:
            with data.path(name).open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - TAIL_BYTES))
                digest.update(f"{size} ".encode() + file.read())
        except (OSError, ValueError):
            digest.update(b"absent ")
    return digest.hexdigest()[:16]
