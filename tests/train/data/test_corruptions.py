"""Corruptions: the effect of each, and that it is reproducible."""

import numpy as np
import pytest

from image_describer.train.data.corruptions import ASPECT, CORRUPTIONS, corrupt
from tests.support.pictures import photograph

PIXELS = np.asarray(photograph(64, 64))


@pytest.mark.parametrize("corruption", CORRUPTIONS)
@pytest.mark.parametrize("shape", [(64, 64), (48, 80), (90, 30)])
def test_every_corruption_is_reproducible(corruption: str, shape: tuple[int, int]) -> None:
    pixels = np.asarray(photograph(shape[1], shape[0]))
    once, again = corrupt(pixels, corruption, "a.jpg"), corrupt(pixels, corruption, "a.jpg")
    assert once.dtype == np.uint8
    assert once.ndim == 3
    assert once.shape[2] == 3
    assert min(once.shape) >= 1
    assert np.array_equal(once, again)
    assert (once is pixels) or corruption != "clean"


def test_random_corruptions_differ_between_pictures() -> None:
    noisy = [corrupt(PIXELS, "noise of 15 levels", name) for name in ("a.jpg", "b.jpg")]
    assert not np.array_equal(*noisy)
    assert np.std(noisy[0].astype(float) - PIXELS) == pytest.approx(15, abs=1)


@pytest.mark.parametrize(
    "corruption",
    [name for name in CORRUPTIONS if name.startswith(("tall", "wide"))],
)
def test_tall_and_wide_pictures_are_twice_as_long(corruption: str) -> None:
    rows, columns = corrupt(PIXELS, corruption, "a.jpg").shape[:2]
    assert (rows / columns if corruption.startswith("tall") else columns / rows) == ASPECT


@pytest.mark.parametrize("bars", ["gray bars", "black bars", "blurred bars", "reflected"])
def test_padding_keeps_the_picture_in_the_middle(bars: str) -> None:
    assert np.array_equal(corrupt(PIXELS, f"tall, {bars}", "a")[32:96], PIXELS)
    assert np.array_equal(corrupt(PIXELS, f"wide, {bars}", "a")[:, 32:96], PIXELS)


def test_a_rotated_picture_can_be_rotated_back() -> None:
    rotated = corrupt(PIXELS, "turned by 90 degrees", "a")
    assert np.array_equal(np.rot90(rotated, -1), PIXELS)


def test_light_color_and_contrast_change() -> None:
    assert corrupt(PIXELS, "dark, a quarter of the light", "a").mean() < 0.3 * PIXELS.mean()
    assert corrupt(PIXELS, "overexposed, twice the light", "a").mean() > 1.3 * PIXELS.mean()
    assert np.ptp(corrupt(PIXELS, "grayscale", "a").astype(int), axis=2).max() == 0
    assert corrupt(PIXELS, "low contrast, a quarter", "a").std() < 0.3 * PIXELS.std()


def test_an_unknown_corruption_is_refused() -> None:
    with pytest.raises(KeyError):
        corrupt(PIXELS, "unknown", "a")
