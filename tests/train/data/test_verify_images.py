"""Pictures that can't be decoded are found, remembered and left out."""

import json

import pytest

from image_describer.errors import TrainingError
from image_describer.train.data import verify_images
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.verify_images import without_damaged
from tests.support.data_sets import NAMES, record_pictures, reports, write_pictures


@pytest.fixture
def data(tmp_path):
    folder = write_pictures(tmp_path / "pictures")
    *captioned, last = NAMES
    return Dataset(
        files={name: folder / name for name in NAMES},
        captions={name: ["A dog."] for name in captioned},
        splits={"train": captioned[2:], "dev": captioned[:2]},
        uncaptioned=[last],
    )


@pytest.fixture
def decoded(monkeypatch):
    """The names of the pictures that are decoded."""
    return record_pictures(monkeypatch, verify_images, "load_pixels")


@pytest.fixture
def memory(tmp_path):
    return tmp_path / "runs" / "damaged.json"


def damage(data, name):
    content = data.path(name).read_bytes()
    data.path(name).write_bytes(content[: len(content) // 2] + name.encode())


def test_damaged_pictures_are_reported_and_left_out(data, memory):
    for name in (NAMES[0], NAMES[3], NAMES[-1]):
        damage(data, name)
    data.path(NAMES[4]).unlink()
    left = without_damaged(data, memory)
    rest = [name for name in NAMES[:-1] if name not in (NAMES[0], NAMES[3], NAMES[4])]
    assert sorted(left.captions) == sorted(left.files) == sorted(rest)
    assert sorted(left.splits["train"] + left.splits["dev"]) == sorted(rest)
    assert left.uncaptioned == []
    assert reports(left, "can't be read: 4", str(memory))
    assert NAMES[3] in memory.read_text("utf-8")
    assert NAMES[4] not in memory.read_text("utf-8")  # it may be back the next time


def test_nothing_left_to_train_on_is_an_error(data, memory):
    for name in NAMES[2:]:
        damage(data, name)
    with pytest.raises(TrainingError, match="None of the training pictures"):
        without_damaged(data, memory)


def test_only_new_and_changed_pictures_are_decoded_again(data, decoded, memory):
    damage(data, NAMES[5])
    first = without_damaged(data, memory)
    assert len(decoded) == len(NAMES)
    decoded.clear()
    again = without_damaged(data, memory)
    assert again.captions == first.captions
    assert decoded == []
    damage(data, NAMES[6])
    left = without_damaged(data, memory)
    assert decoded == [NAMES[6]]
    assert NAMES[6] not in left.captions


@pytest.mark.parametrize("content", ["", "[]", '{"pictures": 5}', "\x00"])
def test_a_damaged_memory_is_replaced(data, decoded, tmp_path, content):
    (tmp_path / "damaged.json").write_text(content)
    without_damaged(data, tmp_path / "damaged.json")
    assert len(decoded) == len(NAMES)
    assert len(json.loads((tmp_path / "damaged.json").read_text())["pictures"]) == len(NAMES)


def test_a_memory_that_cannot_be_written_is_an_error(data, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="can't be written"):
        without_damaged(data, tmp_path / "file" / "damaged.json")
