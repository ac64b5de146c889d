"""Reading Flickr8k's official files, whole and damaged."""

import shutil

import pytest
from PIL import Image

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import load_pixels, read_flickr8k


@pytest.fixture
def data_copy(tiny_data, tmp_path):
    return shutil.copytree(tiny_data, tmp_path / "data")


def test_the_official_layout_is_read(tiny_data):
    data = read_flickr8k(tiny_data)
    assert {split: len(names) for split, names in data.splits.items()} == {"train": 18, "dev": 6}
    assert all(len(captions) == 5 for captions in data.captions.values())
    assert data.path(data.splits["dev"][0]).is_file()


def test_a_captioned_name_without_a_picture_is_told_and_left_out(data_copy):
    text = data_copy / "Flickr8k_text" / "Flickr8k.token.txt"
    text.write_text(text.read_text("utf-8") + "ghost.jpg.1#0\tA ghost .\n", "utf-8")
    data = read_flickr8k(data_copy)
    assert "ghost.jpg.1" not in data.captions
    assert any("ghost.jpg.1" in problem for problem in data.problems)


def test_lines_without_a_caption_are_counted(data_copy):
    text = data_copy / "Flickr8k_text" / "Flickr8k.token.txt"
    text.write_text(text.read_text("utf-8") + "picture0.jpg#5\t \nnonsense\n", "utf-8")
    assert any("2 lines" in problem for problem in read_flickr8k(data_copy).problems)


def test_pictures_in_no_split_train_unless_they_are_held_back(data_copy):
    texts = data_copy / "Flickr8k_text"
    dev = (texts / "Flickr_8k.devImages.txt").read_text("utf-8").split()
    (texts / "Flickr_8k.devImages.txt").write_text("\n".join(dev[:3]), "utf-8")
    assert dev[5] in read_flickr8k(data_copy).splits["train"]
    (texts / "Flickr_8k.testImages.txt").write_text(dev[5], "utf-8")
    data = read_flickr8k(data_copy)
    assert dev[5] not in data.splits["train"]
    assert dev[4] in data.splits["train"]


@pytest.mark.parametrize("absent", ["Flicker8k_Dataset", "Flickr8k_text"])
def test_what_is_no_flickr8k_is_refused_with_the_way_out(data_copy, absent):
    shutil.rmtree(data_copy / absent)
    with pytest.raises(TrainingError) as caught:
        read_flickr8k(data_copy)
    assert "Flicker8k_Dataset" in caught.value.way_out


def test_text_that_is_no_utf8_is_refused(data_copy):
    (data_copy / "Flickr8k_text" / "Flickr_8k.devImages.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TrainingError, match="devImages"):
        read_flickr8k(data_copy)


def test_pixels_have_the_size_asked_for(tmp_path):
    Image.new("L", (30, 50), 128).save(tmp_path / "grey.png")
    pixels = load_pixels(tmp_path / "grey.png", 32)
    assert pixels.shape == (32, 32, 3)
    assert (pixels == 128).all()


def test_a_broken_picture_is_named(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    with pytest.raises(TrainingError, match=r"broken\.jpg"):
        load_pixels(tmp_path / "broken.jpg", 32)
