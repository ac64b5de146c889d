"""Find pictures that can't be decoded before a run starts, and leave them out."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from image_describer import files
from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset, load_pixels
from image_describer.train.data.digests import digests
from image_describer.train.progress import progress

THREADS = 4
SIZE = 8  # pixels a side: decoding reads every byte, whatever the size of the result


def without_damaged(
    data: Dataset, on_problem: Callable[[str], None], memory: Path | None = None
) -> Dataset:
    """Return the data without the pictures that can't be decoded; each is reported once.

    Decodes all pictures, in threads. ``memory`` is a file that remembers the result by the content
    of the pictures, so that the next stage has to decode only new and changed ones. Data with
    features of its own is returned as it is. Raises TrainingError if no training picture is left.
    """
    if data.features is not None:
        return data
    keys = sorted({*data.captions, *data.uncaptioned})
    content = digests([data.path(key) for key in keys])
    known = _read_memory(memory)
    unknown = [key for key in keys if content.get(data.path(key)) not in known]
    damaged = dict(_check(data, unknown))
    for key in unknown:
        if key in damaged:
            on_problem(damaged[key])
        if data.path(key) in content:
            known[content[data.path(key)]] = damaged.get(key, "")
    if memory is not None and unknown:
        _write_memory(memory, known)
    damaged = {
        key: reason
        for key in keys
        if (reason := damaged.get(key) or known.get(content.get(data.path(key), ""), ""))
    }
    return _without(data, damaged, memory) if damaged else data


def _without(data: Dataset, damaged: dict[str, str], memory: Path | None) -> Dataset:
    first = next(iter(damaged))
    splits = {s: [key for key in keys if key not in damaged] for s, keys in data.splits.items()}
    if data.splits.get("train") and not splits["train"]:
        raise TrainingError(f"None of the training pictures can be read. {damaged[first]}")
    where = f" (all of them, and the reasons: {memory})" if memory is not None else ""
    problem = f"{len(damaged)} pictures can't be read and are left out: {first} ...{where}"
    return dataclasses.replace(
        data,
        files={key: file for key, file in data.files.items() if key not in damaged},
        captions={key: value for key, value in data.captions.items() if key not in damaged},
        splits=splits,
        uncaptioned=[key for key in data.uncaptioned if key not in damaged],
        problems=[*data.problems, problem],
    )


def _check(data: Dataset, keys: Sequence[str]) -> list[tuple[str, str]]:
    """The pictures that can't be decoded, each with a sentence that says why."""
    with ThreadPoolExecutor(THREADS, "verify images") as pool:
        results = pool.map(lambda key: _reason(data.path(key)), keys)
        reasons = progress(results, "checking", "pictures", len(keys))
        return [(key, reason) for key, reason in zip(keys, reasons, strict=True) if reason]


def _reason(path: Path) -> str:
    """Why a picture can't be decoded; empty if it can."""
    try:
        load_pixels(path, SIZE)
    except TrainingError as error:
        return error.sentence
    return ""


def _read_memory(memory: Path | None) -> dict[str, str]:
    """Reasons by the digest of a picture, empty for pictures that can be decoded."""
    if memory is None:
        return {}
    try:
        known = json.loads(memory.read_text("utf-8"))["pictures"]
        return {str(content): str(reason) for content, reason in known.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _write_memory(memory: Path, known: dict[str, str]) -> None:
    # Damaged pictures first: that is what people look for in the file.
    pictures = dict(sorted(known.items(), key=lambda item: (not item[1], item[0])))
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        files.write(memory, (json.dumps({"pictures": pictures}, indent=1) + "\n").encode())
    except OSError as error:
        raise TrainingError(
            f"{memory} can't be written: {files.reason(error)}.", "Name another folder by --runs."
        ) from error
