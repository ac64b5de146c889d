"""Exploring the parts of a picture: the cursor, the crops, and the order of descriptions."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.captioner import explore
from image_describer.captioner.describer import Describer
from image_describer.captioner.description import Description
from image_describer.captioner.explore import (
    GRID,
    MIN_PART_PX,
    GridCursor,
    PartDescriber,
    crop,
)
from image_describer.imaging.notes import BLANK
from image_describer.imaging.open import open_picture
from tests.support.pictures import photograph
from tests.support.screen import wait_for

LARGE = 1000 * MIN_PART_PX
LIMIT_S = 10.0


def boxes(cursor: GridCursor) -> list[tuple[float, ...]]:
    """The nine parts of the current grid, row by row."""
    result = []
    for row in range(GRID):
        for column in range(GRID):
            cursor.row, cursor.column = row, column
            result.append(cursor.box)
    return result


def test_the_cursor_starts_at_the_centre_and_stops_at_the_edges():
    cursor = GridCursor(LARGE, LARGE)
    assert cursor.position == "centre"
    assert cursor.move(-1, 0)
    assert cursor.position == "left"
    assert not cursor.move(-1, 0)
    assert cursor.position == "left"
    assert cursor.move(0, 1)
    assert cursor.position == "bottom left"
    assert not cursor.move(0, 1)
    assert [cursor.move(1, 0) for _ in range(3)] == [True, True, False]
    assert cursor.position == "bottom right"
    assert cursor.box == pytest.approx((2 / 3, 2 / 3, 1, 1))


def test_zooming_out_returns_to_the_same_part():
    cursor = GridCursor(LARGE, LARGE)
    cursor.move(1, -1)
    outer = cursor.box
    assert cursor.zoom_in()
    assert cursor.position == "middle of the top right"
    cursor.move(-1, 0)
    assert cursor.position == "middle left of the top right"
    assert cursor.zoom_in()
    assert cursor.depth == 2
    assert cursor.position == "middle of the middle left"
    assert cursor.zoom_out()
    assert cursor.position == "middle left of the top right"
    assert cursor.zoom_out()
    assert cursor.box == outer
    assert not cursor.zoom_out()
    assert cursor.position == "top right"


def test_the_positions_of_a_grid_have_different_names():
    cursor = GridCursor(LARGE, LARGE)
    for _depth in range(3):
        names = set()
        for cursor.row in range(GRID):
            for cursor.column in range(GRID):
                names.add(cursor.position)
        assert len(names) == GRID * GRID
        cursor.zoom_in()


@given(st.integers(1, 4000), st.integers(1, 4000))
def test_parts_are_never_smaller_than_the_minimum(width, height):
    cursor = GridCursor(width, height)
    if not cursor.can_explore():
        assert min(width, height) < GRID * MIN_PART_PX
        assert not cursor.zoom_in()
        return
    while cursor.zoom_in():
        x0, y0, x1, y1 = cursor.box
        assert min((x1 - x0) * width, (y1 - y0) * height) > MIN_PART_PX - 0.01
    assert cursor.depth < 5


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([0.0, 0.25, 1.0]))
def test_the_parts_cover_every_pixel_and_no_part_is_empty(width, height, margin):
    pixels = np.arange(width * height * 3, dtype=np.uint32).reshape(height, width, 3)
    seen = np.zeros(width * height * 3, bool)
    for box in boxes(GridCursor(width, height)):
        part = crop(pixels, box, margin)
        assert part.size
        seen[part.ravel()] = True
    assert seen.all()


def test_a_crop_contains_the_part_and_its_margin():
    pixels = np.zeros((90, 180, 3), np.uint8)
    pixels[30:60, 60:120] = 255
    centre = GridCursor(180, 90).box
    assert crop(pixels, centre, 0.0).shape == (30, 60, 3)
    assert crop(pixels, centre, 0.0).min() == 255
    assert crop(pixels, centre, 0.5).shape == (60, 120, 3)
    assert crop(pixels, centre, 0.5).sum() == pixels.sum()
    assert crop(pixels, (0, 0, 1 / 3, 1 / 3), 0.5).shape == (45, 90, 3)
    assert crop(pixels, centre, 9.0).shape == pixels.shape


def test_the_notes_ignore_the_margin():
    pixels = np.full((300, 300, 3), 120, np.uint8)
    pixels[:, :100] = np.asarray(photograph(100, 300))
    assert explore.crop_part(pixels, (1 / 3, 1 / 3, 2 / 3, 2 / 3), 0.5).notes == (BLANK,)
    assert explore.crop_part(pixels, (0, 1 / 3, 1 / 3, 2 / 3), 0.5).notes == ()


class CountingDescriber:
    """Records the sizes of the parts; waits for ``release`` in each call."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, ...]] = []
        self.started = threading.Semaphore(0)
        self.release = threading.Semaphore(10**6)
        self.running = self.max_running = 0

    def __call__(self, picture) -> Description:
        self.running += 1
        self.max_running = max(self.max_running, self.running)
        self.started.release()
        assert self.release.acquire(timeout=LIMIT_S)
        self.sizes.append(picture.pixels.shape)
        self.running -= 1
        return Description(f"part {len(self.sizes)}", 0.5)


def test_a_part_is_described_once():
    describe = CountingDescriber()
    parts = PartDescriber(describe, np.asarray(photograph(300, 300)))
    cursor = GridCursor(300, 300)
    assert parts.cached(cursor.box) is None
    first = parts.describe(cursor.box)
    assert parts.describe(cursor.box) is first
    assert parts.cached(cursor.box) is first
    assert len(describe.sizes) == 1
    cursor.zoom_in()
    cursor.zoom_out()
    assert parts.cached(cursor.box) is first


def test_everything_that_one_key_can_reach_is_described_ahead():
    cursor = GridCursor(900, 900)
    parts = PartDescriber(CountingDescriber(), np.asarray(photograph(900, 900)))
    parts.describe(cursor.box)
    parts.describe_ahead(cursor.likely_next(), lambda: True)
    for key in (
        lambda: cursor.move(1, 0),
        lambda: cursor.move(0, 1),
        lambda: cursor.move(-1, -1),
        cursor.zoom_in,
    ):
        key()
        assert parts.cached(cursor.box) is not None
    assert len(cursor.likely_next()) in (8, 9)


def test_a_request_goes_before_what_is_described_ahead():
    describe = CountingDescriber()
    describe.release = threading.Semaphore(0)
    parts = PartDescriber(describe, np.asarray(photograph(300, 300)))
    ahead = [(n / 40, 0.0, (n + 1) / 40, 1.0) for n in range(40)]
    helper = threading.Thread(target=parts.describe_ahead, args=(ahead, lambda: True), daemon=True)
    helper.start()
    assert describe.started.acquire(timeout=LIMIT_S)  # the first one ahead is being described
    request = threading.Thread(target=parts.describe, args=((0.0, 0.0, 0.5, 0.5),), daemon=True)
    request.start()
    wait_for(lambda: parts._waiting == 1, LIMIT_S, "the request")
    describe.release.release(2)  # for the one that has started, and for the next
    request.join(LIMIT_S)
    assert len(describe.sizes) == 2
    parts.close()
    describe.release.release(40)
    helper.join(LIMIT_S)
    assert not helper.is_alive()
    assert describe.max_running == 1


def test_a_part_that_is_no_longer_needed_is_not_described():
    describe = CountingDescriber()
    parts = PartDescriber(describe, np.asarray(photograph(300, 300)))
    box = GridCursor(300, 300).box
    assert parts.describe(box, lambda: False) is None
    assert not describe.sizes
    assert parts.describe(box) is not None


def test_describing_ahead_ends_when_it_is_no_longer_needed():
    describe = CountingDescriber()
    parts = PartDescriber(describe, np.asarray(photograph(300, 300)))
    parts.describe_ahead(GridCursor(300, 300).likely_next(), lambda: len(describe.sizes) < 3)
    assert len(describe.sizes) == 3


def test_a_part_that_fails_is_tried_again():
    answers = iter([ValueError("broken"), Description("a dog", 0.5)])

    def describe(_picture) -> Description:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    parts = PartDescriber(describe, np.asarray(photograph(300, 300)))
    box = GridCursor(300, 300).box
    with pytest.raises(ValueError, match="broken"):
        parts.describe(box)
    assert parts.describe(box).caption == "a dog"


def test_different_parts_get_different_descriptions(tiny_bundle, tiny_data):
    """With a real network, the coloured half and the dark half."""
    file = next(iter(sorted((tiny_data / "Flicker8k_Dataset").glob("*.jpg"))))
    describer = Describer(tiny_bundle)
    pixels = open_picture(file).pixels
    left, right = (
        describer.describe(explore.crop_part(pixels, box, 0.0))
        for box in ((0, 0, 0.5, 1), (0.5, 0, 1, 1))
    )
    assert (left.caption, left.confidence) != (right.caption, right.confidence)
    assert left.width == right.width == 48
