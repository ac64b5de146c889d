"""Features that are computed once: the output of a frozen encoder for views of each picture."""

import contextlib
import dataclasses
import hashlib
import itertools
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import filelock
import numpy as np

from image_describer import files
from image_describer.errors import TrainingError
from image_describer.train.data.augment import Views, view_of
from image_describer.train.data.dataset import Dataset, load_pixels
from image_describer.train.data.digests import digests
from image_describer.train.features.encoders import FrozenEncoder
from image_describer.train.progress import Progress

log = logging.getLogger(__name__)

BATCH = 32  # views; train/experiments/features.md compares sizes
READERS = 2  # threads that decode pictures while the encoder computes
SAVE_EVERY_S = 15.0  # what a power cut can cost
IN_MEMORY_BYTES = 1 << 30  # a cache up to this size is read into memory


@dataclass
class _Index:
    """``rows``: digest of a picture's bytes -> its row; ``capacity``: rows that have disk space."""

    rows: dict[str, int] = dataclasses.field(default_factory=dict)
    capacity: int = 0


class FeatureCache:
    """Features (rows, V, *shape) float16 of V views of each picture, in a file.

    The file's name has a digest of the encoder and the views. A row belongs to the bytes of a
    picture, whatever its name: a picture that changes gets a new row, and data sets share the file.
    """

    def __init__(self, folder: Path, encoder: FrozenEncoder, views: Views) -> None:
        self.encoder, self.views = encoder, views
        self.shape = encoder.shape
        facts = f"{encoder.size} {views.facts} {encoder.digest()}"
        stem = f"{encoder.name}-{hashlib.sha256(facts.encode()).hexdigest()[:16]}"
        self._file, self._index_file = folder / f"{stem}.f16", folder / f"{stem}.json"
        self._lock = filelock.FileLock(folder / f"{stem}.lock")
        self._row_shape = (views.count, *encoder.shape)
        self._row_bytes = 2 * int(np.prod(self._row_shape))
        self._row_of: dict[str, int] = {}
        self._array: np.ndarray | None = None

    def fill(
        self, data: Dataset, keys: Sequence[str], on_problem: Callable[[str], None] | None = None
    ) -> None:
        """Compute the rows of ``keys`` that are missing. Pictures that can't be read are reported
        and become zeros.

        One process computes at a time; others wait. Raises TrainingError if the disk is full.
        """
        on_problem = on_problem or (lambda sentence: log.warning("%s", sentence))
        self._file.parent.mkdir(parents=True, exist_ok=True)
        digest_of = digests([data.path(key) for key in keys])
        of_key = {key: digest_of.get(data.path(key), str(data.path(key))) for key in keys}
        needed = {digest: key for key, digest in of_key.items()}
        with self._locked():
            index = self._read_index()
            todo = [digest for digest in needed if digest not in index.rows]
            if todo:
                self._reserve(index, len(index.rows) + len(todo))
                self._compute(data, {digest: needed[digest] for digest in todo}, index, on_problem)
        self._row_of |= {key: index.rows[digest] for key, digest in of_key.items()}
        if not index.capacity:  # an empty file can't be mapped
            self._array = np.zeros((0, *self._row_shape), np.float16)
        else:
            mapped = self._open(index.capacity)
            self._array = np.array(mapped) if mapped.nbytes <= IN_MEMORY_BYTES else mapped

    def take(self, keys: Sequence[str], views: np.ndarray | None = None) -> np.ndarray:
        """Features (len(keys), *shape) float16 of one view of each picture, the plain one if None.

        ``views`` are positions (N,) as in `Views`. Raises TrainingError for a key without features.
        """
        if self._array is None:
            raise TrainingError("No features were computed.", "Run the stage 'features' first.")
        missing = [key for key in keys if key not in self._row_of]
        if missing:
            raise TrainingError(f"There are no features of {missing[0]}.")
        rows = np.fromiter((self._row_of[key] for key in keys), np.int64, len(keys))
        return np.asarray(self._array[rows, 0 if views is None else np.asarray(views)])

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            log.info("Another process is computing these features; waiting for it.")
            self._lock.acquire()
        except OSError as error:
            raise self._no_space(error, 0) from error
        try:
            yield
        finally:
            self._lock.release()

    def _read_index(self) -> _Index:
        """An empty index if there is none, or if it doesn't match the file."""
        try:
            index = _Index(**json.loads(self._index_file.read_text("utf-8")))
            size = self._file.stat().st_size
        except (OSError, ValueError, TypeError):
            return _Index()
        # A process that is killed while it extends the file leaves it larger than the index says.
        return index if size >= index.capacity * self._row_bytes else _Index()

    def _write_index(self, index: _Index) -> None:
        files.write(self._index_file, json.dumps(vars(index)).encode())

    def _reserve(self, index: _Index, rows: int) -> None:
        """Allocate disk space in advance: a memory map that outgrows the disk kills the process."""
        if rows <= index.capacity:
            return
        size = rows * self._row_bytes
        if not index.rows:
            self._file.unlink(missing_ok=True)  # not truncated: other processes may have it mapped
        try:
            with self._file.open("r+b" if index.rows else "wb") as file:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, size)
                else:
                    file.truncate(size)
        except OSError as error:
            if index.rows:
                os.truncate(self._file, index.capacity * self._row_bytes)
            else:
                self._file.unlink(missing_ok=True)
            raise self._no_space(error, size) from error
        index.capacity = rows
        self._write_index(index)

    def _no_space(self, error: OSError, size: int) -> TrainingError:
        need = f"They need {size / 1e9:.1f} GB. " if size else ""
        return TrainingError(
            f"The features can't be kept in {self._file.parent}: {error.strerror}.",
            f"{need}Choose another folder with --runs.",
        )

    def _open(self, capacity: int) -> np.memmap:
        return np.memmap(self._file, np.float16, "r+", shape=(capacity, *self._row_shape))

    def _compute(
        self,
        data: Dataset,
        todo: dict[str, str],
        index: _Index,
        on_problem: Callable[[str], None],
    ) -> None:
        """Fill the rows of pictures, digest -> key, after those that the index has."""
        array = self._open(index.capacity)
        pending: dict[str, int] = {}
        row, saved = len(index.rows), time.monotonic()
        remaining = iter(todo)
        try:
            with Progress("features", len(todo), "pictures") as progress:
                for pixels in self._read_ahead(data, list(todo.values()), on_problem):
                    batch = list(itertools.islice(remaining, len(pixels)))
                    flat = self.encoder(pixels.reshape(-1, *pixels.shape[2:]))
                    found = flat.reshape(-1, *self._row_shape)[: len(batch)]
                    array[row : row + len(batch)] = found
                    pending |= {digest: row + offset for offset, digest in enumerate(batch)}
                    row += len(batch)
                    progress.advance(len(batch))
                    if time.monotonic() - saved > SAVE_EVERY_S:
                        self._save(array, index, pending)
                        saved = time.monotonic()
        finally:
            self._save(array, index, pending)

    def _save(self, array: np.memmap, index: _Index, pending: dict[str, int]) -> None:
        array.flush()  # before the index, which must not have rows that are not on the disk
        index.rows |= pending
        pending.clear()
        self._write_index(index)

    def _read_ahead(
        self, data: Dataset, keys: Sequence[str], on_problem: Callable[[str], None]
    ) -> Iterator[np.ndarray]:
        """Views (N, V, size, size, 3) uint8 of pictures, decoded while others are encoded.

        The last batch is padded with zeros, because a new shape would be compiled anew.
        """
        count = max(1, BATCH // self.views.count)

        def read(start: int) -> tuple[np.ndarray, list[str]]:
            size = self.encoder.size
            pixels = np.zeros((count, self.views.count, size, size, 3), np.uint8)
            problems = []
            for position, key in enumerate(keys[start : start + count]):
                try:
                    plain = load_pixels(data.path(key), size)
                except TrainingError as error:
                    problems.append(error.sentence)
                    continue
                for view in range(self.views.count):
                    pixels[position, view] = view_of(plain, key, view, self.views)
            return pixels, problems

        with ThreadPoolExecutor(READERS, "read pictures") as readers:
            starts = range(0, len(keys), count)
            coming = [readers.submit(read, start) for start in starts[:READERS]]
            for start in starts:
                pixels, problems = coming.pop(0).result()
                following = start + READERS * count
                if following < len(keys):
                    coming.append(readers.submit(read, following))
                for problem in problems:
                    on_problem(problem)
                yield pixels
