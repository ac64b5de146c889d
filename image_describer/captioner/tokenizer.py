"""The tokenizer's pickle, read without trust.

A pickle is a program that runs while it is read. Only instructions that build dict, list, tuple,
str, int and float get through, and only so many that they can't exhaust time or memory.
"""

import io
import pickle
import pickletools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from image_describer.captioner.bundle_files import damaged, read, shown, write
from image_describer.errors import BundleError

TOKENIZER_LIMIT_BYTES = 4_000_000  # 8,000 words take 0.1 MB
WORDS_LIMIT = 200_000
WORD_LIMIT_CHARACTERS = 100
LENGTH_LIMIT_WORDS = 1_000  # of a caption

_IDS = ("start", "end", "unk", "pad")


def load_tokenizer(path: Path) -> dict[str, Any]:
    """The tokenizer: {"words": list[str], "start", "end", "unk", "pad", "max_length": int}.

    A word's place in ``words`` is its id. Raises BundleError for anything else, without running
    a single instruction of a pickle that asks for more than plain data.
    """
    path = Path(path)
    content = read(path, TOKENIZER_LIMIT_BYTES)
    try:
        _check_instructions(content)
        tokenizer = _PlainUnpickler(io.BytesIO(content)).load()
    except BundleError:
        raise
    except Exception as trouble:  # a damaged pickle can raise nearly anything
        raise damaged(path, "it is no tokenizer") from trouble
    fault = _tokenizer_fault(tokenizer)
    if fault:
        raise damaged(path, fault)
    return dict(tokenizer)


def save_tokenizer(tokenizer: Mapping[str, Any], path: Path) -> None:
    """Write a tokenizer that `load_tokenizer` accepts. Raises BundleError for any other."""
    path = Path(path)
    # Plain copies: NumPy's integers and strings would not be let in again.
    plain = {
        key: [str(word) for word in value] if key == "words" else int(value)
        for key, value in tokenizer.items()
    }
    fault = _tokenizer_fault(plain)
    if fault:
        raise BundleError(f"The tokenizer for {shown(path)} can't be saved: {fault}.")
    write(path, pickle.dumps(plain, protocol=4))


class _PlainUnpickler(pickle.Unpickler):
    """Builds plain data only: no class, function or persistent object can be named."""

    def find_class(self, module_name: str, global_name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is not allowed")

    def persistent_load(self, pid: Any) -> NoReturn:
        raise pickle.UnpicklingError("persistent objects are not allowed")


_STRINGS = frozenset({"UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"})
_CONTAINERS = frozenset(
    {"EMPTY_DICT", "DICT", "EMPTY_LIST", "LIST"}
    | {"EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"}
)
_NUMBERS_AND_FILLING = frozenset(
    {"PROTO", "FRAME", "STOP", "MARK", "APPEND", "APPENDS", "SETITEM", "SETITEMS"}
    | {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"}
)
_STORES = frozenset({"MEMOIZE", "BINPUT", "LONG_BINPUT"})
_FETCHES = frozenset({"BINGET", "LONG_BINGET"})
_CONTAINERS_LIMIT = 64  # a tokenizer has two; nesting by the thousand would overflow the stack


def _check_instructions(content: bytes) -> None:
    """Raise pickle.UnpicklingError unless ``content`` only builds plain data, in bounded memory.

    Looks at the instructions without running them. Only strings may be fetched again from the
    memo: shared containers can be made to weigh terabytes or to take years to hash.
    """
    containers = stored = 0
    strings: set[int] = set()
    before = ""
    for instruction, argument, _ in pickletools.genops(content):
        name = instruction.name
        if name in _CONTAINERS:
            containers += 1
        elif name in _STORES:
            place = stored if argument is None else argument
            if place != stored:  # a gap lets a few bytes reserve gigabytes for the memo
                raise pickle.UnpicklingError("it numbers its parts wrongly")
            stored += 1
            if before in _STRINGS:
                strings.add(place)
        elif name in _FETCHES:
            if argument not in strings:
                raise pickle.UnpicklingError("it refers to itself")
        elif name not in _NUMBERS_AND_FILLING and name not in _STRINGS:
            raise pickle.UnpicklingError(f"it holds the instruction {name}")
        if containers > _CONTAINERS_LIMIT:
            raise pickle.UnpicklingError("it is nested too deeply")
        before = name


def _tokenizer_fault(tokenizer: Any) -> str:
    """What is wrong with a tokenizer, as the end of a sentence; empty when nothing is."""
    if type(tokenizer) is not dict or set(tokenizer) != {"words", "max_length", *_IDS}:
        return "it doesn't hold words, start, end, unk, pad and max_length"
    words = tokenizer["words"]
    if type(words) is not list or not len(_IDS) <= len(words) <= WORDS_LIMIT:
        return "its words are no list of a sensible length"
    if not all(type(word) is str and 0 < len(word) <= WORD_LIMIT_CHARACTERS for word in words):
        return "one of its words is no word"
    if len(set(words)) != len(words):
        return "one of its words is there twice"
    ids = [tokenizer[name] for name in _IDS]
    if not all(type(number) is int and 0 <= number < len(words) for number in ids):
        return "start, end, unk or pad is no id of a word"
    longest = tokenizer["max_length"]
    if type(longest) is not int or not 1 <= longest <= LENGTH_LIMIT_WORDS:
        return "max_length is no sensible number of words"
    return ""
