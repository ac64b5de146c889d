"""The original's features.pkl: out of a store, and into data."""

import pickle

import numpy as np
import pytest

from image_describer.errors import TrainingError
from image_describer.train.data import array_pickle, feature_pickle
from image_describer.train.data.dataset import Dataset

FEATURES = {"a": [1.5, 2], "b": [3, 4], "c": [5, 6.25]}


class Store:
    """As a feature store: float16 rows by name."""

    names = sorted(FEATURES)

    def __init__(self, pooled=True):
        self.pooled = pooled

    def take(self, names):
        return np.array([FEATURES[name] for name in names], np.float16)


def data(tmp_path, names="abc"):
    captions = {name: ["x"] for name in names}
    return Dataset(tmp_path, captions, {"train": list(names[1:]), "dev": [names[0]]})


def test_the_pickle_is_what_the_original_program_reads(tmp_path):
    feature_pickle.write(tmp_path / "features.pkl", Store())
    found = pickle.loads((tmp_path / "features.pkl").read_bytes())
    assert {name: array.shape for name, array in found.items()} == dict.fromkeys("abc", (1, 2))
    assert found["c"].dtype == np.float32
    assert found["c"].tolist() == [[5, 6.25]]


def test_what_was_written_serves_as_the_features_of_data(tmp_path):
    feature_pickle.write(tmp_path / "features.pkl", Store())
    read = feature_pickle.read_into(data(tmp_path), tmp_path / "features.pkl")
    assert {n: read.features[row].tolist() for n, row in read.rows.items()} == FEATURES
    assert read.problems == []


def test_pictures_without_features_are_told_and_left_out(tmp_path):
    feature_pickle.write(tmp_path / "features.pkl", Store())
    read = feature_pickle.read_into(data(tmp_path, "xbcy"), tmp_path / "features.pkl")
    assert read.splits == {"train": ["b", "c"], "dev": []}
    assert sorted(read.captions) == sorted(read.rows) == ["b", "c"]
    assert "2 pictures have no features" in read.problems[0]


def test_features_of_other_data_or_of_many_lengths_are_refused(tmp_path):
    path = tmp_path / "features.pkl"
    feature_pickle.write(path, Store())
    with pytest.raises(TrainingError, match="none of the pictures"):
        feature_pickle.read_into(data(tmp_path, "xyz"), path)
    array_pickle.write(path, {"a": np.zeros(2), "b": np.zeros(3)})
    with pytest.raises(TrainingError, match="2 to 3 numbers"):
        feature_pickle.read_into(data(tmp_path), path)


def test_regions_are_no_features_of_the_original(tmp_path):
    with pytest.raises(TrainingError, match="pooled"):
        feature_pickle.write(tmp_path / "features.pkl", Store(pooled=False))
    assert not (tmp_path / "features.pkl").exists()
