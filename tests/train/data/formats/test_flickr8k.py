"""Flickr8k's official files, complete and damaged."""

import shutil

import pytest

from image_describer.errors import TrainingError
from image_describer.train.data.formats import flickr8k
from image_describer.train.data.sets import read
from tests.support.data_sets import append, reports


@pytest.fixture
def folder(tiny_data, tmp_path):
    return shutil.copytree(tiny_data, tmp_path / "flickr8k")


@pytest.fixture
def texts(folder):
    return folder / "Flickr8k_text"


def test_the_official_layout_is_recognized_and_read(tiny_data):
    data = read(tiny_data)
    assert {split: len(names) for split, names in data.splits.items()} == {"train": 18, "dev": 6}
    assert all(len(captions) == 5 for captions in data.captions.values())
    assert data.path(data.splits["dev"][0]).is_file()
    assert data.problems == []
    [source] = data.sources
    assert (source["format"], source["pictures"], source["captions"]) == ("flickr8k", 24, 120)


def test_captions_in_another_language_have_a_file_of_their_own(folder, texts):
    with pytest.raises(TrainingError) as caught:
        read(folder, "de")
    assert "Flickr8k.token.de.txt" in caught.value.sentence
    lines = "picture0.jpg#0\tEin Hund.\npicture23.jpg#0\tZwei Hunde.\n"
    (texts / "Flickr8k.token.de.txt").write_text(lines, "utf-8")
    data = read(folder, "de")
    assert data.captions == {"picture0.jpg": ["Ein Hund."], "picture23.jpg": ["Zwei Hunde."]}
    assert data.splits == {"train": ["picture0.jpg"], "dev": ["picture23.jpg"]}


def test_duplicate_and_empty_captions_are_counted(folder, texts):
    append(
        texts / "Flickr8k.token.txt",
        "picture0.jpg#0\tAnother one .\npicture0.jpg#7\t \nnonsense\n",
    )
    data = read(folder)
    assert len(data.captions["picture0.jpg"]) == 5
    assert reports(data, "Duplicate captions", ": 1.")
    assert reports(data, "Lines of", "without a caption: 2")


def test_pictures_without_captions_and_captions_without_pictures_are_counted(folder, texts):
    pictures = folder / "Flicker8k_Dataset"
    shutil.copy(pictures / "picture0.jpg", pictures / "x.jpg")
    (pictures / "Thumbs.db").write_bytes(b"not a picture")
    append(texts / "Flickr8k.token.txt", "ghost.jpg#0\tA ghost .\n../../etc/passwd#0\tSecrets .\n")
    data = read(folder)
    assert reports(data, "Pictures without a caption: 1", "x.jpg")
    assert reports(data, "Captioned names without a picture: 2", "passwd")
    assert "x.jpg" not in data.splits["train"]


def test_a_picture_in_both_splits_is_kept_for_dev(folder, texts):
    append(texts / "Flickr_8k.trainImages.txt", "\npicture23.jpg\n")
    data = read(folder)
    assert "picture23.jpg" in data.splits["dev"]
    assert "picture23.jpg" not in data.splits["train"]
    assert reports(data, "in both splits", ": 1.")


def test_without_split_files_it_is_split_at_random_without_the_test_split(folder, texts):
    for file in texts.glob("*Images.txt"):
        file.unlink()
    (texts / "Flickr_8k.testImages.txt").write_text("picture3.jpg\n", "utf-8")
    data = read(folder)
    assert len(data.splits["dev"]) == 3
    assert "picture3.jpg" not in data.splits["train"] + data.splits["dev"]
    assert reports(data, "no splits")
    assert read(folder).splits == data.splits


def test_pictures_in_no_split_train_unless_the_test_split_has_them(folder, texts):
    dev = (texts / "Flickr_8k.devImages.txt").read_text("utf-8").split()
    (texts / "Flickr_8k.devImages.txt").write_text("\n".join(dev[:3]), "utf-8")
    assert dev[5] in read(folder).splits["train"]
    (texts / "Flickr_8k.testImages.txt").write_text(dev[5], "utf-8")
    data = read(folder)
    assert dev[5] not in data.splits["train"]
    assert dev[4] in data.splits["train"]


def test_a_picture_of_the_test_split_never_trains_whatever_the_other_files_say(folder, texts):
    (texts / "Flickr_8k.testImages.txt").write_text("picture0.jpg\n", "utf-8")
    assert "picture0.jpg" in (texts / "Flickr_8k.trainImages.txt").read_text("utf-8")
    data = read(folder)
    assert "picture0.jpg" not in data.splits["train"] + data.splits["dev"]
    assert reports(data, "1 of the train split's", "can't be used")


def test_texts_can_be_beside_the_pictures_folder(folder, texts):
    for file in texts.iterdir():
        file.rename(folder / file.name)
    texts.rmdir()
    assert len(read(folder).captions) == 24


def test_letters_that_are_not_utf8_are_reported_and_the_rest_is_read(folder, texts):
    file = texts / "Flickr8k.token.txt"
    file.write_bytes(file.read_bytes() + b"picture0.jpg#8\tA caf\xe9 .\n")
    data = read(folder)
    assert reports(data, "not valid UTF-8: 1")
    assert len(data.captions["picture0.jpg"]) == 6


def test_split_files_that_are_not_utf8_are_refused(folder, texts):
    (texts / "Flickr_8k.devImages.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TrainingError, match="devImages"):
        read(folder)


@pytest.mark.parametrize("missing", ["Flicker8k_Dataset", "Flickr8k_text"])
def test_half_of_flickr8k_is_refused_with_a_way_out(folder, missing):
    shutil.rmtree(folder / missing)
    with pytest.raises(TrainingError) as caught:
        flickr8k.read(folder)
    assert "Flicker8k_Dataset" in caught.value.way_out
