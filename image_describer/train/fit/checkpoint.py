"""Checkpoints: the variables of a run in one file, written atomically, for any backend."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile

import keras
import numpy as np

from image_describer import files
from image_describer.errors import TrainingError

WAY_OUT = "Delete it, or start over with --overwrite."
UNREADABLE = (OSError, ValueError, KeyError, EOFError, BadZipFile)


def save(
    path: Path, model: keras.Model, step: int, sums: Mapping[str, float] | None = None
) -> None:
    """Write weights, random seeds, optimizer state and the step. ``sums`` are numbers that the loop
    adds up over an epoch."""
    arrays = {"step": np.int64(step)}
    for kind, variables in _groups(model).items():
        arrays |= {f"{kind}/{i}": _numpy(v) for i, v in enumerate(variables)}
    arrays |= {f"sums/{key}": np.float64(value) for key, value in (sums or {}).items()}
    _write(path, arrays)


def load(path: Path, model: keras.Model) -> tuple[int, dict[str, float]]:
    """Restore what `save` wrote; returns the step and the sums. Raises TrainingError."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            for kind, variables in _groups(model).items():
                _assign(path, kind, variables, arrays)
            keys = [key for key in arrays.files if key.startswith("sums/")]
            sums = {key.removeprefix("sums/"): float(arrays[key]) for key in keys}
            return int(arrays["step"]), sums
    except UNREADABLE as error:
        raise TrainingError(f"The checkpoint {path} can't be read: {error}.", WAY_OUT) from error


def save_weights(path: Path, model: keras.Model) -> None:
    """Write only the weights of a trained model, a third of a checkpoint."""
    _write(path, {f"weights/{i}": _numpy(v) for i, v in enumerate(model.weights)})


def load_weights(path: Path, model: keras.Model) -> None:
    """Restore the weights from a file of `save_weights` or `save`. Raises TrainingError."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            _assign(path, "weights", model.weights, arrays)
    except UNREADABLE as error:
        raise TrainingError(f"The weights {path} can't be read: {error}.", WAY_OUT) from error


def _groups(model: keras.Model) -> dict[str, Sequence[keras.Variable]]:
    weights = model.weights
    known = {id(variable) for variable in weights}
    return {
        "weights": weights,
        "seeds": [v for v in model.variables if id(v) not in known],
        "optimizer": model.optimizer.variables,
    }


def _numpy(variable: keras.Variable) -> np.ndarray:
    # Not keras.ops.convert_to_numpy, which causes a warning of NumPy in TensorFlow.
    return np.asarray(variable)


def _write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    with files.writing(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def _assign(
    path: Path, kind: str, variables: Sequence[keras.Variable], arrays: np.lib.npyio.NpzFile
) -> None:
    saved = sum(key.startswith(f"{kind}/") for key in arrays.files)
    shapes = [tuple(arrays[f"{kind}/{i}"].shape) for i in range(saved)]
    if shapes != [tuple(variable.shape) for variable in variables]:
        raise TrainingError(f"The checkpoint {path} belongs to another recipe.", WAY_OUT)
    for i, variable in enumerate(variables):
        variable.assign(arrays[f"{kind}/{i}"])
