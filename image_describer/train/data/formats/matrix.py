"""A text file of lines "name caption" and a matrix of features (.npy), row for row."""

from pathlib import Path

import numpy as np

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.gathering import (
    NO_TEST_SPLIT,
    Gathering,
    cut,
    text_of,
    told_splits,
)

DEV_SHARE = 0.1  # the last 1,000 of 10,000, as joint-embedding has it
CHECKED_ROWS = 1024  # at a time, of a matrix that may be larger than memory
WAY_OUT = (
    "Give --data a folder with one text file of lines 'name caption' and one .npy matrix with a "
    "row of numbers for each line, or the text file."
)


def recognises(path: Path) -> bool:
    return _files(path) is not None


def read(path: Path) -> Dataset:
    """Read the text and its matrix, which is left on disk. Raises TrainingError."""
    files = _files(path)
    if files is None:
        raise TrainingError(f"There is no matrix with its captions in {path}.", WAY_OUT)
    text_file, matrix_file = files
    features = _features(matrix_file)
    text, problems = text_of(text_file, WAY_OUT)
    lines = text.rstrip().split("\n")
    if len(lines) != len(features):
        problems.append(
            f"{text_file.name} has {len(lines)} lines and {matrix_file.name} {len(features)} "
            "rows: what is beyond the shorter is left out."
        )
        lines = lines[: len(features)]
    broken = _broken(features)
    if broken:
        problems.append(f"{len(broken)} rows of {matrix_file.name} are no numbers.")
    named = [_parted(line) for line in lines]
    gathered = Gathering(text_file.name, {name.strip() for name, _ in named})
    rows: dict[str, int] = {}
    repeated = 0
    for row, (name, caption) in enumerate(named):
        if row in broken:
            continue
        gathered.add(name, caption, (name, caption))
        if name in gathered.captions:
            repeated += name in rows
            rows.setdefault(name, row)
    gathered.require_any(WAY_OUT)
    if repeated:
        problems.append(f"{repeated} lines repeat a name: the features of its first one count.")
    splits = cut(list(gathered.captions), DEV_SHARE)
    problems += [*gathered.problems(), NO_TEST_SPLIT, told_splits(splits)]
    return Dataset(text_file.parent, gathered.captions, splits, problems, features, rows)


def _files(path: Path) -> tuple[Path, Path] | None:
    """The text file and the matrix; None where they are not one of each."""
    folder = path if path.is_dir() else path.parent
    texts = list(folder.glob("*.txt")) if path.is_dir() else [path]
    matrices = list(folder.glob("*.npy"))
    own = [file for file in matrices if file.stem == path.stem]
    matrices = own if own and not path.is_dir() else matrices
    if len(texts) != 1 or len(matrices) != 1 or texts[0].suffix != ".txt":
        return None
    return texts[0], matrices[0]


def _features(file: Path) -> np.ndarray:
    """(N, C) numbers, mapped and not read. Raises TrainingError."""
    try:
        features: np.ndarray = np.load(file, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # a damaged header raises nearly anything
        raise TrainingError(f"{file} can't be read: {error}.", WAY_OUT) from error
    if features.dtype.kind not in "fiu" or features.ndim < 2 or not features.size:
        raise TrainingError(
            f"{file} holds {features.dtype} of shape {features.shape}, no rows of numbers.", WAY_OUT
        )
    return features.reshape(len(features), -1)


def _broken(features: np.ndarray) -> set[int]:
    """Rows with something that is no finite number."""
    found: set[int] = set()
    for start in range(0, len(features), CHECKED_ROWS):
        finite = np.isfinite(features[start : start + CHECKED_ROWS]).all(axis=1)
        found.update(start + row for row in np.flatnonzero(~finite))
    return found


def _parted(line: str) -> tuple[str, str]:
    name, *caption = line.split(maxsplit=1)[:2] or [""]
    return name, caption[0] if caption else ""
