"""Bars are trimmed, contrast is stretched, and the picture is squeezed into a square."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from image_describer.imaging.grayscale import is_grayscale
from image_describer.imaging.preprocess import autocontrast, resize, trim_bars
from image_describer.imaging.region import region_of, to_whole
from tests.support.pictures import encoded, photograph
from tests.support.tiny import REPO

PIXELS = np.asarray(photograph(160, 160))
SAMPLES = sorted((REPO / "assets" / "samples").glob("*.jpg"))


def sample() -> np.ndarray:
    return np.asarray(Image.open(SAMPLES[0]).convert("RGB"))


def trimmed(pixels: np.ndarray) -> np.ndarray:
    rows, columns = trim_bars(pixels)
    return pixels[rows, columns]


def with_bars(pixels: np.ndarray, axis: int, grey: int) -> np.ndarray:
    padding = [(0, 0)] * 3
    padding[axis] = (80, 80)
    return np.pad(pixels, padding, constant_values=grey)


def recompressed(image: Image.Image) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(encoded(image, "JPEG", quality=40))))


@pytest.mark.parametrize("grey", [0, 128, 255])
@pytest.mark.parametrize("axis", [0, 1])
def test_bars_are_trimmed_and_nothing_else(axis: int, grey: int) -> None:
    assert np.array_equal(trimmed(with_bars(PIXELS, axis, grey)), PIXELS)


def test_bars_of_a_large_compressed_picture_are_trimmed_to_within_ten_pixels() -> None:
    picture = Image.new("RGB", (1200, 1600), (20, 20, 20))
    picture.paste(photograph(1000, 900), (100, 350))
    rows, columns = trim_bars(recompressed(picture))
    edges = (rows.start, rows.stop, columns.start, columns.stop)
    assert edges == pytest.approx((350, 1250, 100, 1100), abs=10)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_good_photograph_is_not_changed(path: Path) -> None:
    pixels = np.asarray(Image.open(path).convert("RGB"))
    assert trimmed(pixels).shape == pixels.shape
    assert autocontrast(pixels) is pixels


def test_a_plain_sky_and_bars_of_two_colours_stay() -> None:
    sky = with_bars(PIXELS, axis=0, grey=128)[:240]
    two_colours = with_bars(PIXELS, axis=0, grey=0)
    two_colours[:80] = 255
    assert trimmed(sky).shape == sky.shape
    assert trimmed(two_colours).shape == two_colours.shape


def test_a_small_object_on_a_plain_ground_stays() -> None:
    ground = np.full((400, 400, 3), 250, np.uint8)
    ground[190:210, 190:210] = PIXELS[:20, :20]
    assert trimmed(ground).shape == ground.shape


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 3))
def test_pictures_of_any_shape_are_preprocessed(height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256 if seed else 1, (height, width, 3))
    rest = trimmed(pixels.astype(np.uint8))
    assert rest.size
    assert autocontrast(rest).shape == rest.shape
    assert resize(rest, 9).shape == (9, 9, 3)
    is_grayscale(rest)


def test_a_region_of_a_frame_becomes_one_of_the_picture() -> None:
    frame = region_of(slice(80, 240), slice(0, 160), (320, 160, 3))
    assert frame == (0.0, 0.25, 1.0, 0.75)
    assert to_whole((0.0, 0.0, 1.0, 1.0), frame) == frame
    assert to_whole((0.5, 0.5, 1.0, 1.0), frame) == (0.5, 0.5, 1.0, 0.75)


@pytest.mark.parametrize("offset", [0, 118], ids=["dark", "foggy"])
def test_low_contrast_is_stretched(offset: int) -> None:
    original = sample().astype(float)
    degraded = np.rint(original / 4 + offset).astype(np.uint8)
    stretched = autocontrast(degraded)
    assert stretched.dtype == np.uint8
    assert np.abs(stretched - original).mean() < 30 < 40 < np.abs(degraded - original).mean()


def test_noise_in_a_black_picture_is_not_stretched_to_full_contrast() -> None:
    black = np.random.default_rng(0).integers(4, 7, (64, 64, 3)).astype(np.uint8)
    assert autocontrast(black).std() < 100
