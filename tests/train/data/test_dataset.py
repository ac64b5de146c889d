"""Any data set: its format, damaged files, and pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import FORMATS, load_pixels, read

WILD = st.binary(max_size=400) | st.text(max_size=200).map(str.encode)


def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(TrainingError) as caught:
        read(tmp_path, "pascal")
    assert all(name in caught.value.way_out for name in FORMATS)


@pytest.mark.parametrize("path", ["", "missing", "file.bin"])
def test_a_path_without_data_is_refused_with_the_formats(tmp_path, path):
    (tmp_path / "file.bin").write_bytes(b"\x00")
    with pytest.raises(TrainingError) as caught:
        read(tmp_path / path)
    assert "Kaggle" in caught.value.way_out


@pytest.mark.parametrize("format", FORMATS)
def test_data_in_another_format_is_refused(tmp_path, format):
    with pytest.raises(TrainingError):
        read(tmp_path, format)


@given(content=WILD)
def test_any_file_is_read_or_refused(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("wild")
    for format, file, head in (
        ("flickr8k", "Flickr8k.token.txt", b"picture0.jpg#0\tA dog .\n"),
        ("csv", "captions.csv", b"image,caption\npicture0.jpg,A dog .\n"),
        ("coco", "captions_wild.json", b""),
        ("matrix", "lines.txt", b"picture0.jpg a dog\n"),
        ("sentences", "sentences.txt.gz", b""),
        ("labels", "labels.npz", b""),
    ):
        path = folder / format
        (path / "Images").mkdir(parents=True)
        (path / "Images" / "picture0.jpg").touch()
        (path / file).write_bytes(head + content)
        np.save(path / "features.npy", np.ones((3, 2)))
        try:
            data = read(path / file if format in ("sentences", "labels") else path, format)
        except TrainingError:
            continue
        assert all(several and all(several) for several in data.captions.values())
        assert set(data.splits["train"] + data.splits["dev"]) <= set(data.captions)


def test_pixels_have_the_requested_size(tmp_path):
    Image.new("L", (30, 50), 128).save(tmp_path / "gray.png")
    pixels = load_pixels(tmp_path / "gray.png", 32)
    assert pixels.shape == (32, 32, 3)
    assert (pixels == 128).all()


def test_a_damaged_picture_is_named(tmp_path):
    (tmp_path / "damaged.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    with pytest.raises(TrainingError, match=r"damaged\.jpg"):
        load_pixels(tmp_path / "damaged.jpg", 32)
