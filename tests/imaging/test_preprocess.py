"""What the network gets to see of a picture: without bars, well lit; and whether it has colours."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from image_describer.imaging import preprocess
from image_describer.imaging.grayscale import is_grayscale
from image_describer.imaging.preprocess import autocontrast, resize
from image_describer.imaging.region import region_of, to_whole
from image_describer.train.degrade import degraded
from tests.support import tiny
from tests.support.pictures import encoded, page_of_text, photograph

PIXELS = np.asarray(photograph(160, 160))
SAMPLES = sorted((tiny.REPO / "assets" / "samples").glob("*.jpg"))


def framed(pixels: np.ndarray) -> np.ndarray:
    rows, columns = preprocess.trim_bars(pixels)
    return pixels[rows, columns]


@pytest.mark.parametrize("bars", ["grey bars", "black bars", "white bars"])
@pytest.mark.parametrize("long", ["tall", "wide"])
def test_bars_are_cut_off_and_nothing_else(long: str, bars: str) -> None:
    assert np.array_equal(framed(degraded(PIXELS, f"{long}, {bars}", "a")), PIXELS)


def test_bars_are_cut_off_large_pictures_and_jpegs_to_a_few_pixels(tmp_path) -> None:
    picture = Image.new("RGB", (1200, 1600), (20, 20, 20))
    picture.paste(photograph(1000, 900), (100, 350))
    (tmp_path / "bars.jpg").write_bytes(encoded(picture, "JPEG", quality=40))
    rows, columns = preprocess.trim_bars(np.asarray(Image.open(tmp_path / "bars.jpg")))
    edges = (rows.start, rows.stop, columns.start, columns.stop)
    assert edges == pytest.approx((350, 1250, 100, 1100), abs=10)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_photograph_without_bars_stays_as_it_is(sample) -> None:
    pixels = np.asarray(Image.open(sample).convert("RGB"))
    assert framed(pixels).shape == pixels.shape
    assert autocontrast(pixels) is pixels
    assert not is_grayscale(pixels)


def test_a_plain_sky_alone_and_bars_of_two_colours_stay() -> None:
    sky = degraded(PIXELS, "tall, grey bars", "a")[:240]
    two = degraded(PIXELS, "tall, black bars", "a").copy()
    two[:80] = 255
    assert framed(sky).shape == sky.shape
    assert framed(two).shape == two.shape


def test_something_small_on_a_plain_ground_stays() -> None:
    ground = np.full((400, 400, 3), 250, np.uint8)
    ground[190:210, 190:210] = PIXELS[:20, :20]
    assert framed(ground).shape == ground.shape


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 3))
def test_whatever_the_shape_something_is_left(height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256 if seed else 1, (height, width, 3))
    rest = framed(pixels.astype(np.uint8))
    assert rest.size
    assert is_grayscale(rest) in (True, False)
    assert autocontrast(rest).shape == rest.shape


def test_a_region_of_the_photograph_is_one_of_the_picture() -> None:
    frame = region_of(slice(80, 240), slice(0, 160), (320, 160, 3))
    assert frame == (0.0, 0.25, 1.0, 0.75)
    assert to_whole((0.0, 0.0, 1.0, 1.0), frame) == frame
    assert to_whole((0.5, 0.5, 1.0, 1.0), frame) == (0.5, 0.5, 1.0, 0.75)


@pytest.mark.parametrize("way", ["dark, a quarter of the light", "low contrast, a quarter"])
def test_light_is_set_right(way: str) -> None:
    pixels = np.asarray(Image.open(SAMPLES[0]).convert("RGB"))
    harmed = degraded(pixels, way, "a")
    lit = autocontrast(harmed)
    assert lit.dtype == np.uint8
    assert np.abs(lit.astype(float) - pixels).mean() < 30
    assert np.abs(harmed.astype(float) - pixels).mean() > 40


def test_an_empty_picture_is_lit_no_further_than_sense_goes() -> None:
    black = np.random.default_rng(0).integers(4, 7, (64, 64, 3)).astype(np.uint8)
    assert autocontrast(black).std() < 100
    assert autocontrast(np.zeros((4, 4, 3), np.uint8)).shape == (4, 4, 3)


@pytest.mark.parametrize("way", ["greyscale", "sepia"])
def test_black_and_white_and_old_prints_have_no_colours(way: str) -> None:
    pixels = np.asarray(Image.open(SAMPLES[0]).convert("RGB"))
    assert is_grayscale(resize(degraded(pixels, way, "a"), 299))


def test_a_page_of_text_has_no_colours() -> None:
    assert is_grayscale(np.asarray(page_of_text()))


def test_one_vivid_thing_in_the_dark_has_a_colour():
    pixels = np.random.default_rng(0).integers(0, 60, (96, 96, 3)).astype(np.uint8)
    pixels[:, :48, 0] = 230
    assert not is_grayscale(pixels)
