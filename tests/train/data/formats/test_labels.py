"""Soft labels of a teacher."""

import numpy as np
import pytest

from image_describer.errors import TrainingError
from image_describer.train.data.sets import read


def test_labels_are_read_by_file_name(tmp_path):
    np.savez(tmp_path / "labels.npz", names=["a.jpg", "b.jpg"], labels=np.eye(2))
    data = read(tmp_path / "labels.npz")
    assert {name: row.tolist() for name, row in data.labels.items()} == {
        "a.jpg": [1, 0],
        "b.jpg": [0, 1],
    }
    assert data.labels["a.jpg"].dtype == np.float32


@pytest.mark.parametrize(
    "arrays",
    [
        {"names": ["a.jpg"]},
        {"names": ["a.jpg"], "labels": np.ones(3)},
        {"names": ["a.jpg"], "labels": np.ones((2, 3))},
        {"names": [5], "labels": np.ones((1, 3))},
        {"names": ["a.jpg"], "labels": np.full((1, 3), np.nan)},
        {"names": np.array([print], object), "labels": np.ones((1, 3))},
        {},
    ],
    ids=["no labels", "one dimension", "other length", "numbers", "not finite", "objects", "empty"],
)
def test_other_arrays_are_refused_with_a_way_out(tmp_path, arrays):
    np.savez(tmp_path / "labels.npz", **arrays)
    with pytest.raises(TrainingError, match=r"labels\.npz") as caught:
        read(tmp_path / "labels.npz")
    assert "numpy.savez" in caught.value.way_out


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / "labels.npz").write_bytes(b"PK not an archive")
    with pytest.raises(TrainingError, match="can't be read"):
        read(tmp_path / "labels.npz")
