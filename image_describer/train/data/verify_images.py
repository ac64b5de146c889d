"""Pictures that can't be decoded: found before a run, counted, left out."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from image_describer.captioner import bundle_files
from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset, load_pixels

THREADS = 4
SMALL = 8  # pixels a side: every byte is decoded whatever comes of it
SHOWN_AFTER_S = 1.0  # a bar for what is over sooner tells nobody anything


def without_broken(
    data: Dataset, on_problem: Callable[[str], None], memory: Path | None = None
) -> Dataset:
    """The same data less the pictures that can't be decoded, each of which is told.

    Decodes every picture, in threads; ``memory`` keeps what was found, so that the same files are
    not decoded again by the next stage. Data that brings its own features stays as it is. Raises
    TrainingError where none is left to train on.
    """
    if data.features is not None:
        return data
    names = sorted(data.captions)
    digest = _digest(data, names)
    broken = _remembered(memory, digest)
    if broken is None:
        broken = _find(data, names)
        for sentence in broken.values():
            on_problem(sentence)
        if memory is not None:
            _remember(memory, digest, broken)
    if not broken:
        return data
    where = f" (all of them, and why: {memory})" if memory is not None else ""
    first = next(iter(broken))
    problem = f"{len(broken)} pictures can't be read and are left out: {first} ...{where}"
    splits = {s: [n for n in names if n not in broken] for s, names in data.splits.items()}
    if data.splits.get("train") and not splits["train"]:
        raise TrainingError(f"None of the training pictures can be read. {broken[first]}")
    return dataclasses.replace(
        data,
        captions={n: several for n, several in data.captions.items() if n not in broken},
        splits=splits,
        problems=[*data.problems, problem],
    )


def _find(data: Dataset, names: Sequence[str]) -> dict[str, str]:
    """The pictures that can't be read, each with a sentence that says why."""
    with ThreadPoolExecutor(THREADS, "check pictures") as checkers:
        faults = tqdm(
            checkers.map(lambda name: _fault(data.path(name)), names),
            desc="pictures", total=len(names), unit=" pictures", delay=SHOWN_AFTER_S,
        )  # fmt: skip
        return {name: fault for name, fault in zip(names, faults, strict=True) if fault}


def _fault(path: Path) -> str:
    """Why a picture can't be read; empty when it can."""
    try:
        load_pixels(path, SMALL)
    except TrainingError as error:
        return error.sentence
    return ""


def _digest(data: Dataset, names: Sequence[str]) -> str:
    """Of each picture's place, size and time of change: what tells that it is still the same."""
    digest = hashlib.sha256(str(data.pictures.absolute()).encode("utf-8", "replace"))
    for name in names:
        try:
            found = data.path(name).stat()
            state = f"{found.st_size} {found.st_mtime_ns}"
        except (OSError, ValueError):
            state = "absent"
        digest.update(f"{name} {state}\n".encode("utf-8", "replace"))
    return digest.hexdigest()[:16]


def _remembered(memory: Path | None, digest: str) -> dict[str, str] | None:
    """What was found the last time; None where these files were not looked at then."""
    if memory is None:
        return None
    try:
        found = json.loads(memory.read_text("utf-8"))
        broken = found["broken"] if found["pictures"] == digest else None
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return broken if isinstance(broken, dict) else None


def _remember(memory: Path, digest: str, broken: dict[str, str]) -> None:
    content = json.dumps({"pictures": digest, "broken": broken}, indent=2) + "\n"
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        bundle_files.write(memory, content.encode())
    except OSError as error:
        raise TrainingError(
            f"{memory} can't be written: {error.strerror}.", "Another folder is named with --runs."
        ) from error
