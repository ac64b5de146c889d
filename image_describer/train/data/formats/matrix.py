"""A text file of lines "name caption" and a matrix of features (.npy), row for row."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.formats.reading import (
    CaptionCollector,
    read_text,
    source,
    split_at_end,
)

DEV_SHARE = 0.1  # the last 1,000 of 10,000, as in joint-embedding
WAY_OUT = (
    "Give --data a folder with one text file of lines 'name caption' and one .npy matrix with a "
    "row of numbers for each line, or the text file."
)


def recognizes(path: Path) -> bool:
    return bool(_files(path))


def read(path: Path) -> Dataset:
    """Read the text, and map the matrix, which stays on disk. Raises TrainingError."""
    text_file, matrix_file = _files(path)
    features = _features(matrix_file)
    text, problems = read_text(text_file, WAY_OUT)
    lines = text.rstrip().split("\n")
    if len(lines) != len(features):
        problems.append(
            f"{text_file.name} has {len(lines)} lines and {matrix_file.name} {len(features)} "
            "rows: the rest of the longer one is left out."
        )
        lines = lines[: len(features)]
    finite = np.isfinite(features.sum(axis=1, dtype=np.float64))  # needs little memory
    if lost := int((~finite).sum()):
        problems.append(f"Rows of {matrix_file.name} that are not finite numbers: {lost}.")
    pairs = [[*line.split(maxsplit=1), "", ""][:2] for line in lines]
    collector = CaptionCollector(text_file.name, {name for name, _ in pairs})
    rows: dict[str, int] = {}
    repeated = 0
    for row, (name, caption) in enumerate(pairs):
        if finite[row]:
            collector.add(name, caption, (name, caption))
            repeated += name in rows
            rows.setdefault(name, row)
    captions = collector.finish(problems, WAY_OUT)
    if repeated:
        problems.append(f"Lines that repeat a name, whose features are left out: {repeated}.")
    return Dataset(
        captions=captions,
        splits=split_at_end(list(captions), DEV_SHARE, problems),
        features=features,
        rows=rows,
        problems=problems,
        sources=[source(path, "matrix", len(captions), captions, [text_file])],
    )


def _files(path: Path) -> Sequence[Path]:
    """The text file and the matrix; nothing if there isn't one of each."""
    folder = path if path.is_dir() else path.parent
    texts = list(folder.glob("*.txt")) if path.is_dir() else [path]
    matrices = list(folder.glob("*.npy"))
    namesakes = [file for file in matrices if file.stem == path.stem]
    matrices = namesakes if namesakes and not path.is_dir() else matrices
    if len(texts) != 1 or len(matrices) != 1 or texts[0].suffix != ".txt":
        return ()
    return texts[0], matrices[0]


def _features(file: Path) -> np.ndarray:
    """(N, C) numbers, mapped into memory. Raises TrainingError."""
    try:
        features: np.ndarray = np.load(file, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # a damaged header raises nearly anything
        raise TrainingError(f"{file} can't be read: {error}.", WAY_OUT) from error
    if features.dtype.kind not in "fiu" or features.ndim < 2 or not features.size:
        raise TrainingError(
            f"{file} has {features.dtype} of shape {features.shape}, not rows of numbers.", WAY_OUT
        )
    return features.reshape(len(features), -1)
