"""Lines are found where they were drawn."""

import numpy as np
import pytest
from PIL import Image

from image_describer import paths
from image_describer.reading.detector import Box, TextDetector
from tests.support.drawn_text import draw_text, on_arc

FILE = paths.assets_folder() / "reading" / "detector.tflite"


@pytest.fixture(scope="module")
def detector():
    return TextDetector(FILE, threads=1)


def detect(detector, image):
    return detector.detect(image)


@pytest.mark.parametrize("degrees", [0, 30, 60, -20])
def test_a_line_at_any_angle(detector, degrees):
    """``degrees`` clockwise."""
    image = draw_text("Departures at platform", 32, margin=60)
    turned = image.rotate(-degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
    (box,) = detect(detector, turned)
    assert np.degrees(box.angle) == pytest.approx(degrees, abs=2)
    assert box.length == pytest.approx(image.width - 120, rel=0.1)
    assert 20 < box.thickness < 60
    assert (box.x, box.y) == pytest.approx((turned.width / 2, turned.height / 2), abs=6)
    assert box.is_line
    assert box.score > 0.8


def test_a_bent_line(detector):
    """Its middle is above its ends by the sagitta of the arc."""
    radius = 420
    (box,) = detect(detector, on_arc("Original Black Forest Honey", 36, radius=radius))
    half = min(box.length / 2, radius - 1)
    assert box.bend == pytest.approx(-(radius - np.sqrt(radius**2 - half**2)), rel=0.2)


def test_the_corners_of_a_box():
    box = Box(x=10, y=20, angle=np.pi / 2, length=8, thickness=4, bend=0, score=1)
    np.testing.assert_allclose(box.corners, [(12, 16), (12, 24), (8, 24), (8, 16)], atol=1e-9)
    assert not Box(x=0, y=0, angle=0, length=5, thickness=4, bend=0, score=1).is_line


@pytest.mark.parametrize("size", [(1, 1), (700, 1), (33, 64), (90, 1500)])
def test_the_map_has_the_shape_of_the_picture(detector, size):
    """It is computed in parts where the picture is long."""
    pixels = np.full((*size, 3), 255, np.uint8)
    values, scale = detector.probabilities(Image.fromarray(pixels), side=320)
    assert values.shape == tuple(round(side * scale) for side in size)
    assert values.dtype == np.float32
    assert values.max() < 0.1


def test_a_long_picture_is_read_in_parts_without_seams(detector):
    """A line that lies over the border of two parts is one line."""
    text = "one two three four five six seven eight nine ten eleven twelve"
    image = draw_text(text, 20, margin=12)
    assert image.width > 6 * image.height
    values, _scale = detector.probabilities(image, side=320)
    assert values.shape[1] > 2 * 320
    rows = values.max(0)
    seams = range(320, values.shape[1] - 60, 320)
    assert all(rows[seam - 4 : seam + 4].max() > 0.25 for seam in seams)
