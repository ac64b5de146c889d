"""Pixels of pictures."""

import pytest
from PIL import Image

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import load_pixels


def test_pixels_have_the_requested_size(tmp_path):
    Image.new("L", (30, 50), 128).save(tmp_path / "gray.png")
    pixels = load_pixels(tmp_path / "gray.png", 32)
    assert pixels.shape == (32, 32, 3)
    assert (pixels == 128).all()


def test_a_damaged_picture_is_named(tmp_path):
    (tmp_path / "damaged.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    with pytest.raises(TrainingError, match=r"damaged\.jpg"):
        load_pixels(tmp_path / "damaged.jpg", 32)
