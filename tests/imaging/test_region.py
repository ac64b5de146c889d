"""Regions of rotated pictures."""

import numpy as np
import pytest

from image_describer.imaging.region import rotate


@pytest.mark.parametrize("quarters", range(5))
def test_a_region_of_a_rotated_picture_has_the_same_pixels(quarters: int) -> None:
    pixels = np.arange(40 * 60).reshape(40, 60)
    rotated = np.rot90(pixels, quarters)
    region = (0.1, 0.2, 0.5, 0.9)
    np.testing.assert_array_equal(
        cut(rotated, rotate(region, quarters)), np.rot90(cut(pixels, region), quarters)
    )


def cut(pixels: np.ndarray, region: tuple[float, ...]) -> np.ndarray:
    height, width = pixels.shape
    x0, y0, x1, y1 = region
    return pixels[round(y0 * height) : round(y1 * height), round(x0 * width) : round(x1 * width)]
