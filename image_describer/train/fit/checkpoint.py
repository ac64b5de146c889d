"""Checkpoints: every variable of a run in one file, written whole or not at all."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np

from image_describer.errors import TrainingError

WAY_OUT = "Delete it, or leave out --resume."


def save(
    path: Path,
    model: keras.Model,
    step: int,
    sums: Mapping[str, float] | None = None,
    *,
    optimizer: bool = True,
) -> None:
    """Write the model's variables (its seeds among them), its optimizer's, and the step.

    ``sums`` are numbers that a stage adds up over an epoch. Without ``optimizer`` the file is a
    third as large, and only `load_weights` and `load_mean` read it.
    """
    arrays = {f"model/{i}": np.asarray(v) for i, v in enumerate(model.variables)}
    if optimizer and getattr(model, "optimizer", None) is not None:
        arrays |= {f"optimizer/{i}": np.asarray(v) for i, v in enumerate(model.optimizer.variables)}
    arrays |= {f"sums/{key}": np.float64(value) for key, value in (sums or {}).items()}
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.savez(file, step=np.int64(step), allow_pickle=False, **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def load(path: Path, model: keras.Model) -> int:
    """Read back what ``save`` wrote and return the step. Raises TrainingError."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            _assign(path, "model", model.variables, arrays)
            if getattr(model, "optimizer", None) is not None:
                _assign(path, "optimizer", model.optimizer.variables, arrays)
            return int(arrays["step"])
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise TrainingError(f"The checkpoint {path} can't be read: {error}.", WAY_OUT) from error


def load_weights(path: Path, model: keras.Model) -> None:
    """Only the model's variables: to use what was trained, or to train it further by a new plan."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            _assign(path, "model", model.variables, arrays)
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise TrainingError(f"The checkpoint {path} can't be read: {error}.", WAY_OUT) from error


def load_mean(paths: Sequence[Path], model: keras.Model) -> None:
    """Give ``model`` the mean of several checkpoints' weights. Raises TrainingError."""
    total: list[np.ndarray] = []
    for path in paths:
        load_weights(path, model)
        found = [np.asarray(v) for v in model.variables]
        total = [a + b for a, b in zip(total, found, strict=True)] if total else found
    for variable, value in zip(model.variables, total, strict=True):
        variable.assign((value / len(paths)).astype(value.dtype))


def sums(path: Path) -> dict[str, float]:
    """The ``sums`` of a checkpoint that ``load`` has read."""
    with np.load(path, allow_pickle=False) as arrays:
        keys = [key for key in arrays.files if key.startswith("sums/")]
        return {key.removeprefix("sums/"): float(arrays[key]) for key in keys}


def _assign(
    path: Path, kind: str, variables: list[keras.Variable], arrays: np.lib.npyio.NpzFile
) -> None:
    saved = sum(key.startswith(f"{kind}/") for key in arrays.files)
    shapes = [tuple(arrays[f"{kind}/{i}"].shape) for i in range(saved)]
    if shapes != [tuple(variable.shape) for variable in variables]:
        raise TrainingError(f"The checkpoint {path} was made by another recipe.", WAY_OUT)
    for i, variable in enumerate(variables):
        variable.assign(arrays[f"{kind}/{i}"])
