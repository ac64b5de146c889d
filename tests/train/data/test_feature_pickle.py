"""features.pkl is written for old programs, and read without executing anything from it."""

import os
import pickle
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.errors import TrainingError
from image_describer.train.data import feature_pickle
from image_describer.train.data.dataset import Dataset

ARRAYS = {
    "a.jpg": np.arange(6, dtype=np.float32).reshape(1, 6),
    "b.jpg": np.asfortranarray(np.random.default_rng(0).normal(size=(3, 4))),
    "c.jpg": np.array([[1, -2]], ">i2"),
    "empty": np.zeros((0, 4), np.float16),
}


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        # Python's own reader turns bytes into the machine's order.
        assert found[name].dtype.newbyteorder("=") == array.dtype.newbyteorder("=")
        assert np.array_equal(found[name], array)


def test_the_original_program_can_read_what_is_written(tmp_path):
    path = tmp_path / "features.pkl"
    feature_pickle.write(path, ["a", "b"], np.array([[1.5, 2], [3, 4]], np.float16))
    found = pickle.loads(path.read_bytes())
    assert {name: array.tolist() for name, array in found.items()} == {
        "a": [[1.5, 2]],
        "b": [[3, 4]],
    }
    assert found["a"].dtype == np.float32
    assert b"numpy._core" not in path.read_bytes()  # NumPy 1 doesn't have it
    same(feature_pickle.read(path), found)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickles_of_protocols_2_to_5_are_read(tmp_path, protocol):
    path = tmp_path / "features.pkl"
    path.write_bytes(pickle.dumps(ARRAYS, protocol))
    found = feature_pickle.read(path)
    same(found, ARRAYS)
    found["a.jpg"][0, 0] = 5  # writable


def test_pickles_of_older_numpy_are_read(tmp_path):
    path = tmp_path / "features.pkl"
    path.write_bytes(pickle.dumps(ARRAYS, 3).replace(b"numpy._core.", b"numpy.core."))
    same(feature_pickle.read(path), ARRAYS)


class Evil:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("place", ["whole", "value", "in an array"])
def test_no_code_is_run(tmp_path, protocol, place):
    evil = Evil(tmp_path / "was-here")
    content = {
        "whole": evil,
        "value": {**ARRAYS, "x": evil},
        "in an array": {"x": np.array([evil, 1], object)},
    }[place]
    path = tmp_path / "features.pkl"
    path.write_bytes(pickle.dumps(content, protocol))
    with pytest.raises(TrainingError, match=r"features\.pkl"):
        feature_pickle.read(path)
    assert not (tmp_path / "was-here").exists()


@pytest.mark.parametrize(
    "content",
    [
        [1, 2],
        {"x": 1},
        {1: ARRAYS["a.jpg"]},
        {"x": np.array(["text"])},
        {"x": np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")])},
        {"x": np.float32(1)},
        {"x": np.ma.masked_array([1.0])},
        {"x": np.array([np.nan])},
    ],
    ids=["list", "number", "key", "text", "record", "scalar", "subclass", "not finite"],
)
def test_other_data_than_arrays_by_name_is_refused(tmp_path, content):
    path = tmp_path / "features.pkl"
    path.write_bytes(pickle.dumps(content, 4))
    with pytest.raises(TrainingError, match="not a pickle of arrays"):
        feature_pickle.read(path)


def _million_numbers(content):
    """Instructions for an array of a million numbers; ``content`` puts their bytes on the stack."""
    return (
        b"cnumpy._core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"
        b"(K\x01J" + struct.pack("<i", 1_000_000) + b"\x85"
        b"cnumpy\ndtype\nX\x02\x00\x00\x00u1K\x00K\x01\x87R"
        b"(K\x03X\x01\x00\x00\x00|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbK\x00"
        + content
        + b"tb"
    )


def test_many_arrays_over_the_same_bytes_do_not_fill_the_memory(tmp_path):
    shared = b"B" + struct.pack("<I", 1_000_000) + bytes(1_000_000) + b"q\x01"
    values = [_million_numbers(shared)] + [_million_numbers(b"h\x01")] * 2999
    items = [b"X\x04\x00\x00\x00%04d" % n + value + b"s" for n, value in enumerate(values)]
    path = tmp_path / "features.pkl"
    path.write_bytes(b"\x80\x04}" + b"".join(items) + b".")
    with pytest.raises(TrainingError, match="larger than the file"):
        feature_pickle.read(path)


@pytest.mark.parametrize(
    "content",
    [
        b"cnumpy\nndarray\n(J\x00\xca\x9a\x3bt\x85R.",  # numpy.ndarray((1_000_000_000,))
        b"Nr\xff\xff\xff\xff.",  # an entry of the memo far behind the first one
        b"cnumpy\ndtype\nX\x01\x00\x00\x00O\x85R.",
        b"cbuiltins\neval\nX\x01\x00\x00\x001\x85R.",
    ],
)
def test_a_few_bytes_can_neither_allocate_gigabytes_nor_call_anything(tmp_path, content):
    path = tmp_path / "features.pkl"
    path.write_bytes(b"\x80\x05" + content)
    tracemalloc.start()
    with pytest.raises(TrainingError):
        feature_pickle.read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000_000


@given(data=st.data())
def test_a_damaged_pickle_is_an_error_for_users(data, tmp_path_factory):
    content = bytearray(pickle.dumps(ARRAYS, 4))
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(content) - 1))
        content[index] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(1, len(content))) :]
    path = tmp_path_factory.mktemp("damaged") / "features.pkl"
    path.write_bytes(content)
    try:
        found = feature_pickle.read(path)
    except TrainingError:
        return
    assert all(isinstance(array, np.ndarray) for array in found.values())


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(TrainingError, match=r"none\.pkl"):
        feature_pickle.read(tmp_path / "none.pkl")


FEATURES = {"a": [1.5, 2], "b": [3, 4], "c": [5, 6.25]}


@pytest.fixture
def features_file(tmp_path):
    feature_pickle.write(
        tmp_path / "features.pkl", list(FEATURES), np.array(list(FEATURES.values()))
    )
    return tmp_path / "features.pkl"


def captioned(names="abc"):
    captions = {name: ["x"] for name in names}
    return Dataset(captions=captions, splits={"train": list(names[1:]), "dev": [names[0]]})


def test_features_from_a_file_become_those_of_the_data(features_file):
    read = feature_pickle.read_into(captioned(), features_file)
    assert {name: read.features[row].tolist() for name, row in read.rows.items()} == FEATURES
    assert read.problems == []


def test_pictures_without_features_are_reported_and_left_out(features_file):
    read = feature_pickle.read_into(captioned("xbcy"), features_file)
    assert read.splits == {"train": ["b", "c"], "dev": []}
    assert sorted(read.captions) == sorted(read.rows) == ["b", "c"]
    assert "lacks their features: 2" in read.problems[0]


def test_features_of_other_data_or_of_different_lengths_are_refused(features_file):
    with pytest.raises(TrainingError, match="none of the pictures"):
        feature_pickle.read_into(captioned("xyz"), features_file)
    features_file.write_bytes(pickle.dumps({"a": np.zeros(2), "b": np.zeros(3)}))
    with pytest.raises(TrainingError, match="2 to 3 numbers"):
        feature_pickle.read_into(captioned(), features_file)
