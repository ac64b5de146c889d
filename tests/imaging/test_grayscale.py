"""Photographs without colours are detected."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_describer.imaging.grayscale import is_grayscale
from tests.support.pictures import page_of_text
from tests.support.tiny import REPO

SAMPLES = sorted((REPO / "assets" / "samples").glob("*.jpg"))
SEPIA = [[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_photographs_are_in_colour_until_they_are_converted(path: Path) -> None:
    image = Image.open(path).convert("RGB")
    grey = np.asarray(image.convert("L").convert("RGB"))
    sepia = np.clip(np.asarray(image) @ np.transpose(SEPIA), 0, 255).astype(np.uint8)
    assert not is_grayscale(np.asarray(image))
    assert is_grayscale(grey)
    assert is_grayscale(sepia)


def test_a_page_of_text_is_grayscale() -> None:
    assert is_grayscale(np.asarray(page_of_text()))


def test_a_vivid_object_in_the_dark_has_a_colour() -> None:
    pixels = np.random.default_rng(0).integers(0, 60, (96, 96, 3)).astype(np.uint8)
    pixels[:, :48, 0] = 230
    assert not is_grayscale(pixels)
