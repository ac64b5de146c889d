"""Sentences as words, and the vocabulary's pickle, which is read without trusting it.

A pickle is a program that runs while it is read. Only instructions that build dict, list, tuple,
str, int and float are allowed, and only as many as can't exhaust time or memory.
"""

import io
import pickle
import pickletools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from image_describer.bundle_files import damaged, read, shown, write
from image_describer.errors import BundleError
from image_describer.i18n import _

TOKENIZER_LIMIT_BYTES = 4_000_000  # 8,000 words take 0.1 MB
WORDS_LIMIT = 200_000
WORD_LIMIT_CHARACTERS = 100
LENGTH_LIMIT_WORDS = 1_000  # of a caption

_IDS = ("start", "end", "unk", "pad")
_WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*|'s\b")


def tokenize(sentence: str) -> list[str]:
    """Split into lower-case words without punctuation.

    Hyphenated words stay whole, and a possessive 's is a word of its own.
    """
    return _WORD.findall(sentence.lower())


def load_tokenizer(path: Path) -> dict[str, Any]:
    """Return {"words": list[str], "start", "end", "unk", "pad", "max_length": int}.

    The index of a word in ``words`` is its id. Raises BundleError for anything else; a pickle that
    contains more than plain data is refused before any of it runs.
    """
    path = Path(path)
    content = read(path, TOKENIZER_LIMIT_BYTES)
    try:
        _check_instructions(content)
        tokenizer = _PlainUnpickler(io.BytesIO(content)).load()
    except BundleError:
        raise
    except Exception as error:  # a damaged pickle can raise almost anything
        raise damaged(path, _("it is not a tokenizer")) from error
    fault = _fault_of(tokenizer)
    if fault:
        raise damaged(path, fault)
    return dict(tokenizer)


def save_tokenizer(tokenizer: Mapping[str, Any], path: Path) -> None:
    """Write a tokenizer. Raises BundleError if `load_tokenizer` would refuse it."""
    path = Path(path)
    # Plain copies: NumPy's integers and strings would be refused on loading.
    plain = {
        key: [str(word) for word in value] if key == "words" else int(value)
        for key, value in tokenizer.items()
    }
    fault = _fault_of(plain)
    if fault:
        raise BundleError(
            _("The tokenizer can't be saved as {path}: {fault}.").format(
                path=shown(path), fault=fault
            )
        )
    write(path, pickle.dumps(plain, protocol=4))


class _PlainUnpickler(pickle.Unpickler):
    """Builds plain data only: classes, functions and persistent objects are refused."""

    def find_class(self, module_name: str, global_name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is not allowed")

    def persistent_load(self, pid: Any) -> NoReturn:
        raise pickle.UnpicklingError("persistent objects are not allowed")


_STRINGS = frozenset({"UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"})
_CONTAINERS = frozenset(
    {"EMPTY_DICT", "DICT", "EMPTY_LIST", "LIST"}
    | {"EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"}
)
_NUMBERS_AND_STRUCTURE = frozenset(
    {"PROTO", "FRAME", "STOP", "MARK", "APPEND", "APPENDS", "SETITEM", "SETITEMS"}
    | {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"}
)
_MEMO_WRITES = frozenset({"MEMOIZE", "BINPUT", "LONG_BINPUT"})
_MEMO_READS = frozenset({"BINGET", "LONG_BINGET"})
_CONTAINERS_LIMIT = 64  # a tokenizer has two; deep nesting would overflow the stack


def _check_instructions(content: bytes) -> None:
    """Raise pickle.UnpicklingError unless ``content`` only builds plain data, in bounded memory.

    Inspects the instructions without running them. Only strings may be read back from the memo:
    shared containers can be made to take terabytes of memory or years to hash.
    """
    containers = stored = 0
    strings: set[int] = set()
    previous = ""
    for instruction, argument, _unused in pickletools.genops(content):
        name = instruction.name
        if name in _CONTAINERS:
            containers += 1
        elif name in _MEMO_WRITES:
            index = stored if argument is None else argument
            if index != stored:  # a gap lets a few bytes reserve gigabytes for the memo
                raise pickle.UnpicklingError("its memo has gaps")
            stored += 1
            if previous in _STRINGS:
                strings.add(index)
        elif name in _MEMO_READS:
            if argument not in strings:
                raise pickle.UnpicklingError("it shares containers")
        elif name not in _NUMBERS_AND_STRUCTURE and name not in _STRINGS:
            raise pickle.UnpicklingError(f"it contains the instruction {name}")
        if containers > _CONTAINERS_LIMIT:
            raise pickle.UnpicklingError("it is nested too deeply")
        previous = name


def _fault_of(tokenizer: Any) -> str:
    """Say what is wrong with a tokenizer, as the end of a sentence; empty if it is valid."""
    if type(tokenizer) is not dict or set(tokenizer) != {"words", "max_length", *_IDS}:
        return _("it doesn't consist of words, start, end, unk, pad and max_length")
    words = tokenizer["words"]
    if type(words) is not list or not len(_IDS) <= len(words) <= WORDS_LIMIT:
        return _("its words are not a list of a valid length")
    if not all(type(word) is str and 0 < len(word) <= WORD_LIMIT_CHARACTERS for word in words):
        return _("one of its words is not valid")
    if len(set(words)) != len(words):
        return _("one of its words appears twice")
    ids = [tokenizer[name] for name in _IDS]
    if not all(type(number) is int and 0 <= number < len(words) for number in ids):
        return _("start, end, unk or pad is not the id of a word")
    longest = tokenizer["max_length"]
    if type(longest) is not int or not 1 <= longest <= LENGTH_LIMIT_WORDS:
        return _("max_length is not a valid number of words")
    return ""
