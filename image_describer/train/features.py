"""What the lower blocks put out, kept on disk: one memory map, resumable, one row a picture."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import keras
import numpy as np
from tqdm import tqdm

from image_describer.errors import TrainingError
from image_describer.train.data import Dataset, load_pixels

BATCH = 16
VIEWS = 2  # a picture, and its mirror image


class FeatureCache:
    """Maps (N, 2, G, G, C) float16: for each name, the picture's map and its mirror image's.

    The file's name carries a digest of the weights, the input's size and the names, so that a
    stale cache is never read.
    """

    def __init__(self, folder: Path, lower: keras.Model, names: Sequence[str]) -> None:
        self.names = list(names)
        self.size = int(lower.input_shape[1])
        self._lower = lower
        self._row = {name: row for row, name in enumerate(self.names)}
        stem = f"lower-{_digest(lower, self.size, self.names)}"
        self._file = folder / f"{stem}.f16"
        self._progress = folder / f"{stem}.json"
        shape = (len(self.names), VIEWS, *lower.output_shape[1:])
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
            both = np.concatenate([pixels, pixels[:, :, ::-1]]).astype(np.float32) / 127.5 - 1.0
            maps = np.asarray(self._lower.predict_on_batch(both), np.float16)
            for view in range(VIEWS):
                self._map[start : start + len(names), view] = maps[
                    view * len(names) : (view + 1) * len(names)
                ]
            self._mark(start + len(names))

    def take(self, names: Sequence[str], views: np.ndarray) -> np.ndarray:
        """Maps (len(names), G, G, C) float16 of the given view (0 plain, 1 mirrored) of each."""
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


def _pixels_or_zeros(
    data: Dataset, name: str, size: int, on_problem: Callable[[str], None]
) -> np.ndarray:
    try:
        return load_pixels(data.path(name), size)
    except TrainingError as error:
        on_problem(error.sentence)
        return np.zeros((size, size, 3), np.uint8)


def _digest(lower: keras.Model, size: int, names: Sequence[str]) -> str:
    digest = hashlib.sha256(f"{size}".encode())
    for weight in lower.weights:
        digest.update(np.ascontiguousarray(weight).tobytes())
    digest.update("\n".join(names).encode())
    return digest.hexdigest()[:16]
