"""Pickles of arrays by name, as the original kept its features: written, and read without trust.

A pickle is a program that runs while it is read. This reader is a machine of its own for the few
instructions that build ``{name: array}``; it imports nothing and calls nothing that a file names.
"""

import io
import math
import pickle
import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from image_describer.captioner import bundle_files
from image_describer.errors import TrainingError

LIMIT_BYTES = 4_000_000_000  # 2,048 float32 for each of COCO's 123,000 pictures are 1 GB
DEPTH_LIMIT = 64  # of the stack's marks
TYPES = frozenset(f"{kind}{size}" for kind in "fiu" for size in (1, 2, 4, 8))


def write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write ``features.pkl``: each array under its name, in a form that old programs read."""
    plain = {str(name): np.array(array) for name, array in arrays.items()}
    try:
        bundle_files.write(path, pickle.dumps(plain, protocol=4))
    except OSError as error:
        raise TrainingError(f"{path} can't be written: {error.strerror}.") from error


def read(path: Path) -> dict[str, np.ndarray]:
    """The arrays by name. Raises TrainingError for anything but numbers in NumPy's arrays."""
    try:
        if path.stat().st_size > LIMIT_BYTES:
            raise TrainingError(f"{path} is larger than {LIMIT_BYTES / 1e9:.0f} GB.")
        content = path.read_bytes()
    except OSError as error:
        raise TrainingError(f"{path} can't be read: {error.strerror}.") from error
    try:
        return _arrays(_run(content), len(content))
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise TrainingError(
            f"{path} is no pickle of arrays by name: {error}.",
            "Only {name: NumPy array of numbers} is read.",
        ) from error


@dataclass
class _Type:
    """NumPy's dtype in the making; ``code`` such as "f4"."""

    code: str
    order: str = "="

    def build(self, state: Any) -> None:
        # (version, byte order, subarray, names, fields, size, alignment, flags)
        if type(state) is not tuple or len(state) < 8 or any(state[2:5]):
            raise pickle.UnpicklingError("a type that is no plain number")
        if state[1] not in ("<", ">", "=", "|"):
            raise pickle.UnpicklingError("an unknown byte order")
        self.order = state[1]

    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self.code).newbyteorder(self.order)  # type: ignore[arg-type]


@dataclass
class _Array:
    """NumPy's array in the making; ``state`` comes with BUILD."""

    made: np.ndarray | None = None

    def build(self, state: Any) -> None:
        if type(state) is not tuple or len(state) != 5:
            raise pickle.UnpicklingError("an array without its shape")
        _, shape, kind, fortran, content = state
        self.made = _array(content, kind, shape, "F" if fortran else "C")


def _array(content: Any, kind: Any, shape: Any, order: Any) -> np.ndarray:
    """An array of its own, checked against the bytes that are really there."""
    if type(kind) is not _Type or type(content) not in (bytes, bytearray) or order not in "CF":
        raise pickle.UnpicklingError("an array of something else than numbers")
    if type(shape) is not tuple or not all(type(n) is int and n >= 0 for n in shape):
        raise pickle.UnpicklingError("an array without a sensible shape")
    dtype = kind.dtype()
    if math.prod(shape) * dtype.itemsize != len(content):
        raise pickle.UnpicklingError("an array with more or fewer numbers than its shape says")
    # A view: a copy for each of many arrays over the same bytes could fill any memory.
    return np.frombuffer(content, dtype).reshape(shape, order=order)


def _new_array(arguments: tuple[Any, ...]) -> _Array:
    if len(arguments) != 3 or arguments[0] is not _NDARRAY:
        raise pickle.UnpicklingError("an array of an unknown class")
    return _Array()


def _new_type(arguments: tuple[Any, ...]) -> _Type:
    code = arguments[0] if arguments else None
    if type(code) is not str or code not in TYPES:
        raise pickle.UnpicklingError("a type that is no number")
    return _Type(code)


def _from_buffer(arguments: tuple[Any, ...]) -> _Array:
    if len(arguments) != 4:
        raise pickle.UnpicklingError("an array without its shape")
    content, kind, shape, order = arguments
    return _Array(_array(content, kind, shape, order))


def _encoded(arguments: tuple[Any, ...]) -> bytes:
    """How protocol 2 writes bytes."""
    if len(arguments) != 2 or arguments[1] != "latin1" or type(arguments[0]) is not str:
        raise pickle.UnpicklingError("text in an unknown code")
    return arguments[0].encode("latin1")


def _no_bytes(arguments: tuple[Any, ...]) -> bytes:
    """How protocol 2 writes none."""
    if arguments:
        raise pickle.UnpicklingError("bytes of something")
    return b""


_NDARRAY = object()
_Maker = Callable[[tuple[Any, ...]], Any]
_GLOBALS: dict[str, Any] = {
    "numpy ndarray": _NDARRAY,
    "numpy dtype": _new_type,
    "_codecs encode": _encoded,
    "__builtin__ bytes": _no_bytes,
    # NumPy 2 moved its core under a new name.
    **{f"numpy.{core}.multiarray _reconstruct": _new_array for core in ("core", "_core")},
    **{f"numpy.{core}.numeric _frombuffer": _from_buffer for core in ("core", "_core")},
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_VALUES = frozenset(
    {"BININT", "BININT1", "BININT2", "LONG1", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
    | {"SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"}
)
_LONGEST_NUMBER_BYTES = 8


def _run(content: bytes) -> Any:
    """Carry out the instructions; what is on top at the end is the result."""
    machine = _Machine()
    for instruction, argument, _ in pickletools.genops(io.BytesIO(content)):
        if instruction.name == "STOP":
            return machine.stack.pop()
        machine.step(instruction.name, argument)
    raise pickle.UnpicklingError("it ends too early")


class _Machine:
    """A stack, a memo, and the instructions that arrays by name need."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        if name in ("PROTO", "FRAME"):
            return
        if name in _VALUES:
            if type(argument) is int and argument.bit_length() > 8 * _LONGEST_NUMBER_BYTES:
                raise pickle.UnpicklingError("a number that is too long")
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _TUPLES:
            self._fold(_TUPLES[name])
        elif name in ("MEMOIZE", "BINPUT", "LONG_BINPUT"):
            self.memo[len(self.memo) if argument is None else argument] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[argument])
        else:
            self._build(name, argument)

    def _build(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name == "MARK":
            if len(self.marks) >= DEPTH_LIMIT:
                raise pickle.UnpicklingError("it is nested too deeply")
            self.marks.append(len(stack))
        elif name == "TUPLE":
            self._fold(len(stack) - self.marks.pop())
        elif name == "EMPTY_DICT":
            stack.append({})
        elif name in ("SETITEM", "SETITEMS"):
            start = self.marks.pop() if name == "SETITEMS" else len(stack) - 2
            self._set_items(start)
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            if argument is None:
                second, first = stack.pop(), stack.pop()
                if type(first) is not str or type(second) is not str:
                    raise pickle.UnpicklingError("it names what is no text")
                argument = f"{first} {second}"
            if argument not in _GLOBALS:
                raise pickle.UnpicklingError(f"{argument!r:.60} is not allowed")
            stack.append(_GLOBALS[argument])
        elif name == "REDUCE":
            arguments = stack.pop()
            maker = stack.pop()
            if not callable(maker) or maker not in _GLOBALS.values():
                raise pickle.UnpicklingError("it calls what is not allowed")
            stack.append(maker(arguments))
        elif name == "BUILD":
            state = stack.pop()
            if type(stack[-1]) not in (_Array, _Type):
                raise pickle.UnpicklingError("it fills what is no array")
            stack[-1].build(state)
        else:
            raise pickle.UnpicklingError(f"the instruction {name} is not allowed")

    def _fold(self, count: int) -> None:
        """The topmost ``count`` values become one tuple."""
        if not 0 <= count <= len(self.stack):
            raise pickle.UnpicklingError("it takes what is not there")
        start = len(self.stack) - count
        self.stack[start:] = [tuple(self.stack[start:])]

    def _set_items(self, start: int) -> None:
        items = self.stack[start:]
        del self.stack[start:]
        goal = self.stack[-1]
        if type(goal) is not dict or len(items) % 2:
            raise pickle.UnpicklingError("it names nothing")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) is not str:  # anything else can be made to take years to compare
                raise pickle.UnpicklingError("a name that is no text")
            goal[key] = value


def _arrays(found: Any, most_bytes: int) -> dict[str, np.ndarray]:
    """Copies that can be written to; honest arrays are no larger than their file."""
    if type(found) is not dict:
        raise pickle.UnpicklingError("it holds no names")
    arrays = {}
    for name, value in found.items():
        if type(value) is not _Array or value.made is None:
            raise pickle.UnpicklingError(f"'{name:.40}' is no array")
        most_bytes -= value.made.nbytes
        if most_bytes < 0:
            raise pickle.UnpicklingError("its arrays are larger than the file")
        arrays[name] = value.made.copy()
    return arrays
