"""The ``features.pkl`` of one of the original systems: pooled features as {name: (1, C) float32}.

A pickle is a program that is executed while it is read: only the names in ``ALLOWED`` can be
called, and they stand for functions of this module that build nothing but arrays of numbers.
"""

import dataclasses
import io
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from image_describer import files
from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset

LIMIT_BYTES = 4_000_000_000  # 2,048 float32 for each of COCO's 123,000 pictures are 1 GB
DTYPES = frozenset(f"{kind}{size}" for kind in "fiu" for size in (1, 2, 4, 8)) - {"f1"}


def write(path: Path, names: Sequence[str], features: np.ndarray) -> None:
    """Write the features (N, C) of ``names`` so that old programs can read them.

    Raises TrainingError.
    """
    rows = np.array(features, np.float32)[:, None]
    arrays = dict(zip(names, rows, strict=True))
    # NumPy 1 has no numpy._core. The name occurs once, in front of the first array.
    content = pickle.dumps(arrays, protocol=3).replace(b"cnumpy._core.", b"cnumpy.core.", 1)
    try:
        files.write(path, content)
    except OSError as error:
        raise TrainingError(f"{path} can't be written: {files.reason(error)}.") from error


def read(path: Path) -> dict[str, np.ndarray]:
    """Read arrays of numbers by name. Raises TrainingError for anything else."""
    try:
        content = files.read_limited(path, min(LIMIT_BYTES, path.stat().st_size))
    except OSError as error:
        raise TrainingError(f"{path} can't be read: {files.reason(error)}.") from error
    try:
        found: Any = _ArrayUnpickler(io.BytesIO(content)).load()
        _require(type(found) is dict, "it has no names")
        _require(all(type(name) is str for name in found), "a name is not text")
        _require(all(type(value) is _Array for value in found.values()), "a value is no array")
        arrays = {name: value.content for name, value in found.items()}
        # Arrays can share the same bytes of the file.
        size = sum(array.nbytes for array in arrays.values())
        _require(size <= len(content), "its arrays are larger than the file")
        _require(all(np.isfinite(a).all() for a in arrays.values()), "a number is not finite")
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise TrainingError(
            f"{path} is not a pickle of arrays by name: {error}.",
            "It must be {name: NumPy array of numbers}.",
        ) from error
    return {name: array.copy() for name, array in arrays.items()}


def read_into(data: Dataset, path: Path) -> Dataset:
    """The same data with the features from ``path``; pictures without features are left out.

    Raises TrainingError if none is left, or the features differ in length.
    """
    arrays = {name: array.ravel() for name, array in read(path).items()}
    names = [name for name in data.captions if name in arrays]
    if not names:
        raise TrainingError(
            f"{path} has features of none of the pictures.", "It belongs to other data."
        )
    lengths = {arrays[name].size for name in names}
    if len(lengths) != 1:
        raise TrainingError(f"{path} has {min(lengths)} to {max(lengths)} numbers for a picture.")
    rows = {name: row for row, name in enumerate(names)}
    problems = list(data.problems)
    if lost := len(data.captions) - len(names):
        problems.append(f"Pictures left out because {path.name} lacks their features: {lost}.")
    return dataclasses.replace(
        data,
        captions={name: data.captions[name] for name in names},
        splits={s: [name for name in names if name in rows] for s, names in data.splits.items()},
        uncaptioned=[],
        problems=problems,
        features=np.stack([arrays[name] for name in names]),
        rows=rows,
    )


class _Dtype:
    """A type of numbers. NumPy's own would accept any state from a pickle."""

    def __init__(self, code: str, *_: Any) -> None:
        _require(code in DTYPES, "a type that is not a number")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: Sequence[Any]) -> None:
        _, order, subarray, names, fields = state[:5]
        _require(subarray is names is fields is None, "a type that is not a plain number")
        self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """An array: empty until its state is set."""

    def __init__(self, *_: Any) -> None:
        self.content = np.zeros(0)

    def __setstate__(self, state: Sequence[Any]) -> None:
        _, shape, dtype, fortran, content = state
        self.content = np.frombuffer(content, dtype.dtype)
        self.content = self.content.reshape(shape, order="F" if fortran else "C")


def _from_buffer(content: bytes, dtype: _Dtype, shape: tuple[int, ...], order: str) -> _Array:
    array = _Array()
    array.__setstate__((1, shape, dtype, order == "F", content))
    return array


def _encode(text: str, encoding: str) -> bytes:
    _require(encoding == "latin1", "text in an unknown encoding")
    return text.encode("latin1")


ALLOWED: dict[str, Callable[..., Any]] = {
    "numpy.ndarray": _Array,
    "numpy.dtype": _Dtype,
    "numpy.core.multiarray._reconstruct": _Array,
    "numpy.core.numeric._frombuffer": _from_buffer,
    "_codecs.encode": _encode,  # how protocol 2 writes bytes
    "__builtin__.bytes": lambda: b"",
}

PurePythonUnpickler: Any = pickle._Unpickler  # the one in C can reserve gigabytes for a few bytes


class _ArrayUnpickler(PurePythonUnpickler):
    """Reads arrays of numbers, as `_Array`."""

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        full_name = f"{module}.{name}".replace("numpy._core.", "numpy.core.")  # NumPy 2 and 1
        _require(full_name in ALLOWED, f"{full_name[:40]} is not allowed")
        return ALLOWED[full_name]


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise pickle.UnpicklingError(otherwise)
