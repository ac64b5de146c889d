"""Find pictures that can't be decoded before a run starts, and leave them out."""

import dataclasses
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from image_describer import files
from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset, load_pixels
from image_describer.train.data.digests import digests
from image_describer.train.progress import progress

THREADS = 4
SIZE = 8  # pixels a side: decoding reads every byte, whatever the size of the result


def without_damaged(data: Dataset, memory: Path) -> Dataset:
    """Return the data without the pictures that can't be decoded.

    ``memory`` is a file that remembers the result by the content of the pictures, so that the next
    stage has to decode only new and changed ones. Data with features of its own is returned as it
    is. Raises TrainingError if no training picture is left.
    """
    if data.features is not None:
        return data
    keys = sorted({*data.captions, *data.uncaptioned})
    found = digests([data.path(key) for key in keys])
    digest_of = {key: found.get(data.path(key), "") for key in keys}  # "": it can't be read
    known = _read_memory(memory)
    new = _reasons(data, [key for key in keys if digest_of[key] not in known])
    if new:
        known |= {digest_of[key]: why for key, why in new.items() if digest_of[key]}
        _write_memory(memory, known)
    damaged = {key: why for key in keys if (why := new.get(key) or known.get(digest_of[key]))}
    return _without(data, damaged, memory) if damaged else data


def _without(data: Dataset, damaged: dict[str, str], memory: Path) -> Dataset:
    first = next(iter(damaged))
    splits = {s: [key for key in keys if key not in damaged] for s, keys in data.splits.items()}
    if data.splits["train"] and not splits["train"]:
        raise TrainingError(f"None of the training pictures can be read. {damaged[first]}")
    return dataclasses.replace(
        data,
        files={key: file for key, file in data.files.items() if key not in damaged},
        captions={key: value for key, value in data.captions.items() if key not in damaged},
        splits=splits,
        uncaptioned=[key for key in data.uncaptioned if key not in damaged],
        problems=[
            *data.problems,
            f"Pictures left out because they can't be read: {len(damaged)}, such as {first}. The "
            f"reasons are in {memory}.",
        ],
    )


def _reasons(data: Dataset, keys: Sequence[str]) -> dict[str, str]:
    """Why each picture can't be decoded; empty for those that can."""
    with ThreadPoolExecutor(THREADS, "verify images") as pool:
        results = pool.map(lambda key: _reason(data.path(key)), keys)
        reasons = progress(results, "checking", "pictures", len(keys))
        return dict(zip(keys, reasons, strict=True))


def _reason(path: Path) -> str:
    try:
        load_pixels(path, SIZE)
    except TrainingError as error:
        return error.sentence
    return ""


def _read_memory(memory: Path) -> dict[str, str]:
    """Reasons by the digest of a picture, empty for pictures that can be decoded."""
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
