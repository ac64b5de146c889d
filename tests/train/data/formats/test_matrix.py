"""A text of captions and a matrix of features."""

import numpy as np
import pytest

from image_describer.errors import TrainingError
from image_describer.train.data.sets import read
from tests.support.data_sets import append, check_splits, reports


@pytest.fixture
def matrix(tmp_path):
    folder = tmp_path / "matrix"
    folder.mkdir()
    (folder / "captions.txt").write_text(
        "".join(f"picture{n}.jpg a picture of number {n}\n" for n in range(20)), "utf-8"
    )
    np.save(folder / "features.npy", np.arange(80, dtype=np.float32).reshape(20, 4))
    return folder


def test_a_matrix_is_read_row_by_row(matrix):
    data = read(matrix)
    check_splits(data, dev=2)
    assert data.splits["dev"] == ["picture18.jpg", "picture19.jpg"]
    assert data.captions["picture7.jpg"] == ["a picture of number 7"]
    assert data.features[data.rows["picture7.jpg"]].tolist() == [28, 29, 30, 31]
    assert read(matrix / "captions.txt").captions == data.captions


def test_faults_are_counted(matrix):
    features = np.arange(92, dtype=np.float64).reshape(23, 1, 4)
    features[4, 0, 1] = np.nan
    np.save(matrix / "features.npy", features)
    append(matrix / "captions.txt", "picture0.jpg once more\nalone\n")
    data = read(matrix)
    assert "picture4.jpg" not in data.captions
    assert data.captions["picture0.jpg"] == ["a picture of number 0", "once more"]
    assert data.rows["picture0.jpg"] == 0
    assert reports(data, "22 lines", "23 rows")
    assert reports(data, "not finite numbers: 1")
    assert reports(data, "repeat a name", ": 1.")
    assert reports(data, "without a caption: 1")


@pytest.mark.parametrize(
    "content",
    [b"", b"\x93NUMPY\x01\x00\xff\xff", b"nonsense", None],
    ids=["empty", "truncated", "other", "text"],
)
def test_another_file_is_refused(matrix, content):
    if content is None:
        np.save(matrix / "features.npy", np.array([["a", "b"]]))
    else:
        (matrix / "features.npy").write_bytes(content)
    with pytest.raises(TrainingError, match=r"features\.npy"):
        read(matrix)


def test_a_matrix_of_objects_runs_no_code(matrix):
    np.save(matrix / "features.npy", np.array([[print]], object), allow_pickle=True)
    with pytest.raises(TrainingError, match=r"features\.npy"):
        read(matrix)
