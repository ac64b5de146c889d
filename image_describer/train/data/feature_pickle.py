"""The ``features.pkl`` of one of the original systems: pooled features as {name: (1, C) float32}.

A pickle is a program that is executed while it is read. `ArrayUnpickler` executes only the opcodes
that arrays need, and calls nothing but the functions of this module.
"""

import dataclasses
import io
import math
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from image_describer import files
from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset

LIMIT_BYTES = 4_000_000_000  # 2,048 float32 for each of COCO's 123,000 pictures are 1 GB
DIMENSIONS_LIMIT = 32
DTYPES = frozenset(f"{kind}{size}" for kind in "fiu" for size in (1, 2, 4, 8)) - {"f1"}
OPCODES = (
    *(pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK, pickle.EMPTY_DICT, pickle.NONE),
    *(pickle.NEWTRUE, pickle.NEWFALSE, pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG1),
    *(pickle.BINUNICODE, pickle.SHORT_BINUNICODE, pickle.BINUNICODE8, pickle.SHORT_BINBYTES),
    *(pickle.BINBYTES, pickle.BINBYTES8, pickle.EMPTY_TUPLE, pickle.TUPLE, pickle.TUPLE1),
    *(pickle.TUPLE2, pickle.TUPLE3, pickle.MEMOIZE, pickle.BINPUT, pickle.LONG_BINPUT),
    *(pickle.BINGET, pickle.LONG_BINGET, pickle.GLOBAL, pickle.STACK_GLOBAL, pickle.REDUCE),
)


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
        found: Any = ArrayUnpickler(content).load()
        _require(type(found) is dict, "it has no names")
        views: dict[str, Any] = {
            name: getattr(value, "content", None) for name, value in found.items()
        }
        _require(all(type(view) is np.ndarray for view in views.values()), "a value is no array")
        # Arrays and their names can share the same bytes of the file.
        size = sum(view.nbytes for view in views.values())
        _require(size <= len(content), "its arrays are larger than the file")
        _require(all(np.isfinite(view).all() for view in views.values()), "a number is not finite")
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise TrainingError(
            f"{path} is not a pickle of arrays by name: {error}.",
            "It must be {name: NumPy array of numbers}.",
        ) from error
    return {name: view.copy() for name, view in views.items()}


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
        problems.append(f"{lost} pictures have no features in {path.name} and are left out.")
    return dataclasses.replace(
        data,
        captions={name: data.captions[name] for name in names},
        splits={s: [name for name in names if name in rows] for s, names in data.splits.items()},
        uncaptioned=[],
        problems=problems,
        features=np.stack([arrays[name] for name in names]),
        rows=rows,
    )


_NDARRAY = object()  # stands for the class, which the file must not call


@dataclasses.dataclass
class _Placeholder:
    """A dtype, or an array, whose content is set with its state."""

    content: Any = None


PurePythonUnpickler: Any = pickle._Unpickler


class ArrayUnpickler(PurePythonUnpickler):
    """Reads arrays of numbers, as `_Placeholder`.

    The base is the pure Python unpickler because its opcodes can be restricted: in the one in C, a
    few bytes of a pickle can allocate gigabytes.
    """

    dispatch: ClassVar = {op[0]: PurePythonUnpickler.dispatch[op[0]] for op in OPCODES}

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content))
        self._size, self._encoded = len(content), 0

    def find_class(self, module: str, name: str) -> Any:
        allowed = {
            "numpy.ndarray": _NDARRAY,
            "numpy.dtype": self._dtype,
            "numpy.core.multiarray._reconstruct": self._reconstruct,
            "numpy.core.numeric._frombuffer": self._from_buffer,
            "_codecs.encode": self._encode,  # how protocol 2 writes bytes
            "__builtin__.bytes": lambda: b"",
        }
        full_name = f"{module}.{name}".replace("numpy._core.", "numpy.core.")  # NumPy 2 and 1
        _require(full_name in allowed, f"{full_name[:40]} is not allowed")
        return allowed[full_name]

    def _dtype(self, code: Any, *_: Any) -> _Placeholder:
        _require(type(code) is str and code in DTYPES, "a type that is not a number")
        return _Placeholder(np.dtype(code))

    def _reconstruct(self, kind: Any, *_: Any) -> _Placeholder:
        _require(kind is _NDARRAY, "an array of an unknown class")
        return _Placeholder()

    def _from_buffer(self, content: Any, dtype: Any, shape: Any, order: Any) -> _Placeholder:
        plain = type(content) is bytes and type(dtype) is _Placeholder
        _require(plain and isinstance(dtype.content, np.dtype), "an array without numbers")
        _require(type(shape) is tuple and len(shape) <= DIMENSIONS_LIMIT, "an unusable shape")
        _require(all(type(n) is int and 0 <= n < LIMIT_BYTES for n in shape), "an unusable shape")
        size = math.prod(shape) * dtype.content.itemsize
        _require(size == len(content), "an array whose shape doesn't match its size")
        array = np.frombuffer(content, dtype.content)
        return _Placeholder(array.reshape(shape, order="F" if order in (True, "F") else "C"))

    def _encode(self, text: Any, encoding: Any) -> bytes:
        _require(type(text) is str and encoding == "latin1", "text in an unknown encoding")
        self._encoded += len(text)
        _require(self._encoded <= self._size, "its arrays are larger than the file")
        return bytes(text.encode("latin1"))

    def load_build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        _require(type(target) is _Placeholder and type(state) is tuple, "an unknown state")
        if target.content is None:
            _, shape, dtype, fortran, content = state
            target.content = self._from_buffer(content, dtype, shape, fortran).content
        else:
            _, order, subarray, names, fields = state[:5]
            _require(isinstance(target.content, np.dtype), "an array with two states")
            plain = type(order) is str and subarray is names is fields is None
            _require(plain, "a type that is not a plain number")
            target.content = target.content.newbyteorder(order)

    def load_setitems(self) -> None:
        self._set(self.pop_mark())

    def load_setitem(self) -> None:
        self._set([self.stack.pop(-2), self.stack.pop()])

    def _set(self, items: list[Any]) -> None:
        # Comparing or hashing nested tuples can take years.
        _require(all(type(name) is str for name in items[::2]), "a name that is not text")
        _require(type(self.stack[-1]) is dict, "a name without a dictionary")
        self.stack[-1].update(zip(items[::2], items[1::2], strict=True))

    def load_bytearray8(self) -> None:
        """Read bytes: the original would allocate any number of them before it reads."""
        self.load_binbytes8()

    dispatch[pickle.BUILD[0]] = load_build
    dispatch[pickle.SETITEM[0]] = load_setitem
    dispatch[pickle.SETITEMS[0]] = load_setitems
    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise pickle.UnpicklingError(otherwise)
