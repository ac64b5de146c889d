"""The model bundle: a folder with ``manifest.json``, checked in full before anything is loaded.

The manifest lists each file with its SHA-256 and size. The tokenizer is a pickle, which is a
program that runs while it is read; `load_tokenizer` therefore lets through only the instructions
that build dict, list, tuple, str, int and float.
"""

import hashlib
import io
import json
import math
import os
import pickle
import pickletools
import re
import stat
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NoReturn

from image_describer import paths
from image_describer.errors import BundleError
from image_describer.wording import visible

FORMAT = 1
MANIFEST = "manifest.json"
TOKENIZER = "tokenizer.pkl"
REQUIRED_FILES = ("extractor.tflite", "decoder.tflite", TOKENIZER)

MANIFEST_LIMIT_BYTES = 1_000_000  # a real one has a few kB; more is not ours
TOKENIZER_LIMIT_BYTES = 4_000_000  # 8,000 words take 0.1 MB
FILE_LIMIT_BYTES = 500_000_000  # the whole bundle aims at 40 MB
FILES_LIMIT = 32
WORDS_LIMIT = 200_000
WORD_LIMIT_CHARACTERS = 100
LENGTH_LIMIT_WORDS = 1_000  # of a caption

WAY_BACK = (
    "To get it back, run: pip install --force-reinstall image-describer (in a checkout: "
    "git checkout -- models), or train it again: python -m image_describer.train."
)

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_IDS = ("start", "end", "unk", "pad")
_NUMBERS: dict[str, dict[str, tuple[type, float, float]]] = {
    "input": {"size": (int, 16, 4096)},
    "regions": {
        "rows": (int, 1, 1_000),
        "columns": (int, 1, 1_000),
        "channels": (int, 1, 100_000),
    },
    "decode": {
        "beams": (int, 1, 100),
        "max_length": (int, 1, LENGTH_LIMIT_WORDS),
        "length_norm": (float, -100.0, 100.0),
    },
    "confidence": {"slope": (float, -1e6, 1e6), "offset": (float, -1e6, 1e6)},
}
"""Section, field: type, least and greatest value of every number that the pipeline relies on."""


@dataclass(frozen=True)
class Bundle:
    """A checked bundle. ``tokenizer`` is what `load_tokenizer` returns."""

    folder: Path
    manifest: dict[str, Any]
    tokenizer: dict[str, Any]

    def path(self, name: str) -> Path:
        """Where a file of the bundle lies. Raises BundleError when the manifest doesn't list it."""
        if name not in self.manifest["files"]:
            raise BundleError(f"The model bundle has no file {visible(name)}.", WAY_BACK)
        return self.folder / name


def open_bundle(folder: Path | None = None) -> Bundle:
    """The bundle in ``folder`` (default: the one that ships), every listed file checked.

    Raises BundleError, which names the file that is missing, changed or damaged, and the way to
    get it back.
    """
    folder = paths.bundle_folder() if folder is None else Path(folder)
    if not folder.is_dir():
        raise BundleError(f"There is no model bundle: no folder {_shown(folder)}.", WAY_BACK)
    manifest = _read_manifest(folder / MANIFEST)
    for name, entry in manifest["files"].items():
        _check_file(folder / name, entry)
    tokenizer = load_tokenizer(folder / TOKENIZER)
    return Bundle(folder, manifest, tokenizer)


def write_manifest(folder: Path, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Write ``folder/manifest.json`` and return it.

    ``fields`` holds all but ``format``; ``fields["files"]`` are the names of files in ``folder``
    (default: the three required ones), whose SHA-256 and sizes are worked out here. Raises
    BundleError when a file is missing or a field would not pass `open_bundle`.
    """
    folder = Path(folder)
    names: Iterable[str] = fields.get("files", REQUIRED_FILES)
    manifest: dict[str, Any] = {"format": FORMAT, "name": "", "created": _now(), **fields}
    manifest["files"] = {name: _entry(folder / name) for name in sorted(names)}
    _check_manifest(manifest, folder / MANIFEST)
    text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False)
    _write(folder / MANIFEST, (text + "\n").encode())
    return manifest


def load_tokenizer(path: Path) -> dict[str, Any]:
    """The tokenizer: {"words": list[str], "start", "end", "unk", "pad", "max_length": int}.

    A word's place in ``words`` is its id. Raises BundleError for anything else, without running
    a single instruction of a pickle that asks for more than plain data.
    """
    path = Path(path)
    content = _read(path, TOKENIZER_LIMIT_BYTES)
    try:
        _check_instructions(content)
        tokenizer = _PlainUnpickler(io.BytesIO(content)).load()
    except BundleError:
        raise
    except Exception as trouble:  # a damaged pickle can raise nearly anything
        raise _damaged(path, "it is no tokenizer") from trouble
    fault = _tokenizer_fault(tokenizer)
    if fault:
        raise _damaged(path, fault)
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
        raise BundleError(f"The tokenizer for {_shown(path)} can't be saved: {fault}.")
    _write(path, pickle.dumps(plain, protocol=4))


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


def _read_manifest(path: Path) -> dict[str, Any]:
    content = _read(path, MANIFEST_LIMIT_BYTES)
    try:
        manifest = json.loads(content.decode(), parse_int=_short_int, parse_constant=_no_constant)
    except (ValueError, RecursionError) as trouble:
        raise _damaged(path, "it is no JSON") from trouble
    _check_manifest(manifest, path)
    return dict(manifest)


def _check_manifest(manifest: Any, path: Path) -> None:
    if type(manifest) is not dict:
        raise _damaged(path, "it is no JSON object")
    version = manifest.get("format")
    if type(version) is int and version > FORMAT:
        raise BundleError(
            f"{_shown(path)} is of format {version}, made for a newer Image Describer; this one "
            f"reads format {FORMAT}.",
            f"Update with: pip install --upgrade image-describer. {WAY_BACK}",
        )
    if type(version) is not int or version != FORMAT:
        raise _damaged(path, f'its "format" is not {FORMAT}')
    _check_entries(manifest.get("files"), path)
    for section, numbers in _NUMBERS.items():
        fields = manifest.get(section)
        for name, (kind, least, greatest) in numbers.items():
            value = fields.get(name) if type(fields) is dict else None
            fits = type(value) is int or (kind is float and type(value) is float)
            if not fits or not math.isfinite(value) or not least <= value <= greatest:  # type: ignore[arg-type, operator]
                raise _damaged(path, f'its "{section}" has no sensible "{name}"')


def _check_entries(entries: Any, path: Path) -> None:
    if type(entries) is not dict or len(entries) > FILES_LIMIT:
        raise _damaged(path, 'its "files" is no list of files')
    for name in REQUIRED_FILES:
        if name not in entries:
            raise _damaged(path, f"it doesn't list {name}")
    for name, entry in entries.items():
        if not _NAME.fullmatch(name) or name == MANIFEST:
            raise _damaged(path, f'it lists "{visible(name)}", which is no name of a file in it')
        digest, size = (
            (entry.get("sha256"), entry.get("bytes")) if type(entry) is dict else (None, None)
        )
        if type(digest) is not str or not _SHA256.fullmatch(digest):
            raise _damaged(path, f"it has no SHA-256 for {name}")
        if type(size) is not int or not 0 <= size <= FILE_LIMIT_BYTES:
            raise _damaged(path, f"it has no sensible size for {name}")


def _check_file(path: Path, entry: Mapping[str, Any]) -> None:
    size = _size(path)
    if size != entry["bytes"]:
        raise _damaged(path, f"it has {size:,} bytes instead of {entry['bytes']:,}")
    if _entry(path)["sha256"] != entry["sha256"]:
        raise _damaged(path, "its content was changed (its SHA-256 is not the manifest's)")


def _entry(path: Path) -> dict[str, Any]:
    """SHA-256 (hex) and size in bytes of a file."""
    size = _size(path)
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(1 << 20))  # 1 MiB: fits the cache, and few calls
    try:
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(buffer):
                digest.update(buffer[:count])
    except OSError as trouble:
        raise _unreadable(path, trouble) from trouble
    return {"sha256": digest.hexdigest(), "bytes": size}


def _read(path: Path, limit_bytes: int) -> bytes:
    size = _size(path)
    if size > limit_bytes:
        raise _damaged(path, f"it has {size:,} bytes, more than the {limit_bytes:,} allowed")
    try:
        with path.open("rb") as file:
            return file.read(limit_bytes)
    except OSError as trouble:
        raise _unreadable(path, trouble) from trouble


def _size(path: Path) -> int:
    """Size in bytes of a regular file; anything else (a pipe would hang) is refused."""
    try:
        status = path.stat()
    except FileNotFoundError as trouble:
        raise BundleError(f"The model bundle lacks {_shown(path)}.", WAY_BACK) from trouble
    except (OSError, ValueError) as trouble:
        raise _unreadable(path, trouble) from trouble
    if not stat.S_ISREG(status.st_mode):
        raise _damaged(path, "it is no file")
    return status.st_size


def _write(path: Path, content: bytes) -> None:
    """Write under a temporary name beside ``path``, then rename: nobody sees half a file."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files that only their owner may read; a bundle is for everyone.
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _damaged(path: Path, why: str) -> BundleError:
    return BundleError(f"The model file {_shown(path)} is damaged: {why}.", WAY_BACK)


def _unreadable(path: Path, trouble: Exception) -> BundleError:
    reason = getattr(trouble, "strerror", None) or "it has no valid name"
    return BundleError(f"The model file {_shown(path)} can't be read: {reason}.", WAY_BACK)


def _shown(path: Path) -> str:
    return visible(str(path))


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _short_int(digits: str) -> int:
    if len(digits) > 20:  # reading a number of a million digits takes seconds
        raise ValueError("a number is too long")
    return int(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
