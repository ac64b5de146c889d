"""Harms: what each does to a picture, and that it does the same again."""

import numpy as np
import pytest

from image_describer.train.data.corruptions import LONG, WAYS, degraded
from tests.support.pictures import photograph

PIXELS = np.asarray(photograph(64, 64))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", [(64, 64), (48, 80), (90, 30)])
def test_every_way_makes_a_picture_the_same_again(way: str, shape: tuple[int, int]) -> None:
    pixels = np.asarray(photograph(shape[1], shape[0]))
    once, again = degraded(pixels, way, "a.jpg"), degraded(pixels, way, "a.jpg")
    assert once.dtype == np.uint8
    assert once.ndim == 3
    assert once.shape[2] == 3
    assert min(once.shape) >= 1
    assert np.array_equal(once, again)
    assert (once is pixels) or way != "clean"


def test_chance_differs_from_picture_to_picture() -> None:
    noisy = [degraded(PIXELS, "noise of 15 levels", name) for name in ("a.jpg", "b.jpg")]
    assert not np.array_equal(*noisy)
    assert np.std(noisy[0].astype(float) - PIXELS) == pytest.approx(15, abs=1)


@pytest.mark.parametrize("way", [way for way in WAYS if way.startswith(("tall", "wide"))])
def test_tall_and_wide_pictures_are_twice_as_long(way: str) -> None:
    rows, columns = degraded(PIXELS, way, "a.jpg").shape[:2]
    assert (rows / columns if way.startswith("tall") else columns / rows) == LONG


@pytest.mark.parametrize("bars", ["grey bars", "black bars", "blurred bars", "reflected"])
def test_padding_leaves_the_picture_in_the_middle(bars: str) -> None:
    assert np.array_equal(degraded(PIXELS, f"tall, {bars}", "a")[32:96], PIXELS)
    assert np.array_equal(degraded(PIXELS, f"wide, {bars}", "a")[:, 32:96], PIXELS)


def test_what_is_turned_comes_back() -> None:
    turned = degraded(PIXELS, "turned by 90 degrees", "a")
    assert np.array_equal(np.rot90(turned, -1), PIXELS)


def test_light_and_colour_go_where_they_should() -> None:
    assert degraded(PIXELS, "dark, a quarter of the light", "a").mean() < 0.3 * PIXELS.mean()
    assert degraded(PIXELS, "overexposed, twice the light", "a").mean() > 1.3 * PIXELS.mean()
    assert np.ptp(degraded(PIXELS, "greyscale", "a").astype(int), axis=2).max() == 0
    assert degraded(PIXELS, "low contrast, a quarter", "a").std() < 0.3 * PIXELS.std()


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(KeyError):
        degraded(PIXELS, "eaten", "a")
