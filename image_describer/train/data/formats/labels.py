"""Soft labels of a teacher: an .npz file with "names" (N,) and "labels" (N, L)."""

from pathlib import Path

import numpy as np

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.formats.reading import source

WAY_OUT = "Save it by numpy.savez(file, names=..., labels=...): file names (N,), numbers (N, L)."


def recognizes(path: Path) -> bool:
    return path.suffix == ".npz" and path.is_file()


def read(path: Path) -> Dataset:
    """Read the labels of pictures, by file name. Raises TrainingError."""
    try:
        with np.load(path, allow_pickle=False) as content:
            names, labels = np.asarray(content["names"]), np.asarray(content["labels"])
    except Exception as error:  # a damaged file raises nearly anything
        raise TrainingError(f"{path} can't be read: {error}.", WAY_OUT) from error
    if names.dtype.kind != "U" or labels.dtype.kind != "f" or labels.ndim != 2:
        raise TrainingError(
            f"{path} has names of {names.dtype} {names.shape} and labels of {labels.dtype} "
            f"{labels.shape}.",
            WAY_OUT,
        )
    if names.shape != labels.shape[:1] or not labels.size or not np.isfinite(labels).all():
        raise TrainingError(f"{path} doesn't have finite labels for each name.", WAY_OUT)
    by_name = dict(zip(names.tolist(), labels.astype(np.float32), strict=True))
    return Dataset(labels=by_name, sources=[source(path, "labels", len(by_name), {}, [path])])
