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


def test_pixels_are_upright_and_on_white_as_the_program_sees_them(tmp_path):
    image = Image.new("RGBA", (16, 16), (0, 0, 255, 255))
    image.paste((0, 0, 0, 0), (0, 0, 16, 8))  # the upper half is transparent
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    image.save(tmp_path / "a.png", exif=exif)
    pixels = load_pixels(tmp_path / "a.png", 16)
    assert pixels.shape == (16, 16, 3)
    assert pixels[2, 8].tolist() == [0, 0, 255]
    assert pixels[13, 8].tolist() == [255, 255, 255]
