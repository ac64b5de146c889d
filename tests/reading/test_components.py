"""Connected regions are those of SciPy, and their rectangles are tight."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image, ImageDraw
from scipy import ndimage

from image_describer.reading.components import find_components

EIGHT_CONNECTED = np.ones((3, 3), int)
LEVELS = st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0])  # exact in float32; 0.25 is not above 0.25


def picture(*rows):
    return np.array([[character == "#" for character in row] for row in rows], np.float32)


def serpentine(side):
    """One line that runs up and down through the whole picture."""
    values = np.zeros((side, side), np.float32)
    values[:, ::2] = 1
    values[0, 1::4] = values[-1, 3::4] = 1
    return values


SHAPES = {
    "U": picture("#...#", "#...#", "#####"),
    "W": picture("#.#.#", "#.#.#", "#####"),
    "spiral": picture("######", "#....#", "#.##.#", "#.#..#", "#.####", "#....."),
    "corners": picture("#.#", ".#.", "#.#"),
    "two in a row": picture("##.##"),
    "frame around a dot": picture("#####", "#...#", "#.#.#", "#...#", "#####"),
    "ends of rows": picture("...##", "#....", "...##"),
    "full": np.ones((4, 7), np.float32),
    "one pixel": np.ones((1, 1), np.float32),
    "serpentine": serpentine(101),
    "serpentine on its side": serpentine(101).T.copy(),
}


def check_against_scipy(values):
    found = find_components(values, 0.25)
    labels, count = ndimage.label(values > 0.25, EIGHT_CONNECTED)
    numbers = np.arange(1, count + 1)
    assert len(found.area) == len(found.bend) == count
    np.testing.assert_array_equal(found.area, ndimage.sum_labels(labels > 0, labels, numbers))
    np.testing.assert_allclose(found.score, ndimage.mean(values, labels, numbers))
    for number, angle, center, size in zip(
        numbers, found.angle, found.center, found.size, strict=True
    ):
        y, x = np.nonzero(labels == number)
        x = np.concatenate([x - 0.5, x + 0.5, x - 0.5, x + 0.5]) - center[0]
        y = np.concatenate([y - 0.5, y - 0.5, y + 0.5, y + 0.5]) - center[1]
        for side, extent in zip(
            size, (x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)),
            strict=True,
        ):  # fmt: skip
            assert extent.max() == pytest.approx(side / 2, abs=1e-6)
            assert extent.min() == pytest.approx(-side / 2, abs=1e-6)


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_are_connected_as_by_scipy(name):
    check_against_scipy(SHAPES[name])


@given(arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=LEVELS))
def test_random_maps_are_connected_and_measured_as_by_scipy(values):
    check_against_scipy(values)


@pytest.mark.parametrize("density", [0.02, 0.3, 0.407, 0.6])
def test_speckles_are_connected_as_by_scipy(density):
    """Around 0.407, regions are as ragged as they get."""
    values = (np.random.default_rng(0).random((300, 300)) < density).astype(np.float32)
    found = find_components(values, 0.25)
    labels, count = ndimage.label(values, EIGHT_CONNECTED)
    np.testing.assert_array_equal(found.area, np.bincount(labels.ravel())[1:])
    assert len(found.area) == count


@pytest.mark.parametrize("shape", [(5, 8), (1, 1), (0, 4), (3, 0)])
def test_an_empty_mask_has_no_regions(shape):
    found = find_components(np.zeros(shape, np.float32), 0.25)
    assert found.area.shape == found.score.shape == found.bend.shape == found.angle.shape == (0,)
    assert found.center.shape == found.size.shape == (0, 2)


def rotated_rectangle(degrees, length=160, thickness=24, side=240):
    """A rectangle around the middle, turned clockwise."""
    angle = np.radians(degrees)
    along = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    across = np.array([-np.sin(angle), np.cos(angle)]) * thickness / 2
    corners = [-along - across, along - across, along + across, across - along]
    image = Image.new("L", (side, side))
    ImageDraw.Draw(image).polygon([tuple(c + side / 2) for c in corners], fill=255)
    return np.asarray(image, np.float32) / 255


@pytest.mark.parametrize("degrees", [-80, -45, -7, 0, 7, 30, 45, 60, 90])
def test_the_angle_and_the_sides_of_a_rotated_rectangle(degrees):
    found = find_components(rotated_rectangle(degrees), 0.5)
    difference = np.degrees(found.angle[0]) - degrees
    assert (difference + 90) % 180 - 90 == pytest.approx(0, abs=0.3)
    assert -np.pi / 2 < found.angle[0] <= np.pi / 2
    np.testing.assert_allclose(found.size[0], (160, 24), atol=3)
    np.testing.assert_allclose(found.center[0], (120, 120), atol=0.6)
    assert found.bend[0] == pytest.approx(0, abs=0.3)


@pytest.mark.parametrize("degrees", [-30, -7, 0, 7, 30, 90])
def test_a_short_region_takes_the_direction_of_the_long_ones(degrees):
    values = np.concatenate(
        [rotated_rectangle(degrees), rotated_rectangle(degrees + 40, length=26)], 1
    )
    long, short = find_components(values, 0.5).angle
    assert (np.degrees(short - long) + 90) % 180 - 90 == pytest.approx(0, abs=0.5)


def test_short_regions_alone_are_level_or_upright():
    values = np.zeros((60, 60), np.float32)
    values[5:15, 5:15] = values[5:15, 30:50] = values[30:50, 5:15] = 1
    np.testing.assert_allclose(find_components(values, 0.5).angle, [0, 0, np.pi / 2])


def arc(bend, thickness=12, length=200, degrees=0.0):
    """A part of a parabola whose middle lies ``bend`` below the line between its ends."""
    y, x = np.mgrid[0:300, 0:300] - 149.5
    angle = np.radians(degrees)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    sag = bend * (0.5 - 4 * (along / length) ** 2)
    inside = (np.abs(along) < length / 2) & (np.abs(across - sag) < thickness / 2)
    return inside.astype(np.float32)


@pytest.mark.parametrize("degrees", [0, 20, -60])
@pytest.mark.parametrize("bend", [-40, -15, 15, 40])
def test_the_bend_of_an_arc(bend, degrees):
    found = find_components(arc(bend, degrees=degrees), 0.5)
    assert found.bend[0] == pytest.approx(bend, rel=0.15)


def test_thickness_across_a_level_bent_line_is_what_it_occupies():
    found = find_components(arc(20), 0.5)
    assert found.size[0, 1] == pytest.approx(12 + 20, abs=2)
