"""features.pkl: written, read back, and read without running what a stranger put into it."""

import os
import pickle
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.errors import TrainingError
from image_describer.train.data import array_pickle

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


def test_what_is_written_is_read_here_and_by_pickle(tmp_path):
    path = tmp_path / "features.pkl"
    array_pickle.write(path, ARRAYS)
    same(array_pickle.read(path), ARRAYS)
    same(pickle.loads(path.read_bytes()), ARRAYS)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickles_of_the_usual_protocols_are_read(tmp_path, protocol):
    path = tmp_path / "features.pkl"
    path.write_bytes(pickle.dumps(ARRAYS, protocol))
    found = array_pickle.read(path)
    same(found, ARRAYS)
    found["a.jpg"][0, 0] = 5  # they are the reader's own


def test_pickles_of_older_numpy_are_read(tmp_path):
    path = tmp_path / "features.pkl"
    path.write_bytes(pickle.dumps(ARRAYS, 3).replace(b"numpy._core.", b"numpy.core."))
    same(array_pickle.read(path), ARRAYS)


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
        array_pickle.read(path)
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
    ],
    ids=["list", "number", "key", "text", "record", "scalar", "subclass"],
)
def test_other_data_than_arrays_by_name_is_refused(tmp_path, content):
    path = tmp_path / "features.pkl"
    path.write_bytes(pickle.dumps(content, 4))
    with pytest.raises(TrainingError, match="no pickle of arrays"):
        array_pickle.read(path)


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


@pytest.mark.parametrize("arrays", [1, 3000])
def test_many_arrays_over_the_same_bytes_do_not_fill_the_memory(tmp_path, arrays):
    kept = b"B" + struct.pack("<I", 1_000_000) + bytes(1_000_000) + b"q\x01"
    values = [_million_numbers(kept)] + [_million_numbers(b"h\x01")] * (arrays - 1)
    items = [b"X\x04\x00\x00\x00%04d" % n + value + b"s" for n, value in enumerate(values)]
    path = tmp_path / "features.pkl"
    path.write_bytes(b"\x80\x04}" + b"".join(items) + b".")
    if arrays == 1:
        assert array_pickle.read(path)["0000"].shape == (1_000_000,)
        return
    with pytest.raises(TrainingError, match="larger than the file"):
        array_pickle.read(path)


def test_shared_tuples_that_double_do_not_hang(tmp_path):
    # 2 ** 60 entries in 300 bytes: comparing, hashing or printing them would never end.
    pairs = (b"h" + bytes([i]) + b"h" + bytes([i]) + b"\x86q" + bytes([i + 1]) for i in range(60))
    doubled = b"\x80\x04)q\x00" + b"".join(pairs)
    for tail in (b"}h<K\x01s.", b"h<h<\x93.", b"cnumpy\ndtype\nh<\x85R.", b"."):
        path = tmp_path / "features.pkl"
        path.write_bytes(doubled + tail)
        with pytest.raises(TrainingError):
            array_pickle.read(path)


@given(data=st.data())
def test_a_damaged_pickle_is_an_error_for_users(data, tmp_path_factory):
    content = bytearray(pickle.dumps(ARRAYS, 4))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(1, len(content))) :]
    path = tmp_path_factory.mktemp("damaged") / "features.pkl"
    path.write_bytes(content)
    try:
        found = array_pickle.read(path)
    except TrainingError:
        return
    assert all(isinstance(array, np.ndarray) for array in found.values())


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(TrainingError, match=r"none\.pkl"):
        array_pickle.read(tmp_path / "none.pkl")
