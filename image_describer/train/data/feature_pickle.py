"""The original's ``features.pkl``: pooled features as ``{name: (1, C) float32}``."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import numpy as np

from image_describer.errors import TrainingError
from image_describer.train.data import array_pickle
from image_describer.train.data.dataset import Dataset


class Pooled(Protocol):
    """A store of pooled features, such as ``feature_store.FeatureStore``."""

    names: list[str]
    pooled: bool

    def take(self, names: list[str]) -> np.ndarray: ...


def write(path: Path, store: Pooled) -> None:
    """Write the features of all pictures of ``store``. Raises TrainingError."""
    if not store.pooled:
        raise TrainingError("features.pkl holds pooled features, not those of regions.")
    rows = store.take(store.names).astype(np.float32)
    array_pickle.write(path, {n: rows[i : i + 1] for i, n in enumerate(store.names)})


def read_into(data: Dataset, path: Path) -> Dataset:
    """The same data with the features out of ``path``; pictures without any are left out and told.

    Raises TrainingError where none is left, or the features differ in length.
    """
    arrays = {name: array.ravel() for name, array in array_pickle.read(path).items()}
    names = [name for name in data.captions if name in arrays]
    if not names:
        raise TrainingError(
            f"{path} holds features of none of the pictures.", "It belongs to other data."
        )
    lengths = {arrays[name].size for name in names}
    if len(lengths) != 1:
        raise TrainingError(f"{path} holds {min(lengths)} to {max(lengths)} numbers a picture.")
    kept = dict.fromkeys(names)
    problems = list(data.problems)
    if lost := len(data.captions) - len(kept):
        problems.append(f"{lost} pictures have no features in {path.name} and are left out.")
    return dataclasses.replace(
        data,
        captions={name: data.captions[name] for name in kept},
        splits={split: _those(kept, names) for split, names in data.splits.items()},
        problems=problems,
        features=np.stack([arrays[name] for name in kept]),
        rows={name: row for row, name in enumerate(kept)},
    )


def _those(kept: dict[str, None], names: Iterable[str]) -> list[str]:
    return [name for name in names if name in kept]
