"""Exploring a picture's parts: where one is, what is cut out, who goes first."""

import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.captioner import explore
from image_describer.captioner.describer import Describer
from image_describer.captioner.description import Description
from image_describer.captioner.explore import (
    GRID,
    SMALLEST_PART_PX,
    GridCursor,
    PartDescriber,
    crop,
    said_of,
)
from image_describer.imaging.notes import BLANK, DARK
from image_describer.imaging.open import open_picture
from tests.support.pictures import photograph

LARGE = 1000 * SMALLEST_PART_PX
LIMIT_S = 10.0
FIGURES = Path(__file__).parents[2] / "benchmarks" / "results" / "explore_margin.json"


def boxes(walk: GridCursor) -> list[tuple[float, ...]]:
    """The nine parts of the grid one is in, row by row."""
    found = []
    for row in range(GRID):
        for column in range(GRID):
            walk.row, walk.column = row, column
            found.append(walk.box)
    return found


def test_one_begins_in_the_centre_and_stops_at_the_edges():
    walk = GridCursor(LARGE, LARGE)
    assert walk.place == "centre"
    assert walk.move(-1, 0)
    assert walk.place == "left"
    assert not walk.move(-1, 0)
    assert walk.place == "left"
    assert walk.move(0, 1)
    assert walk.place == "bottom left"
    assert not walk.move(0, 1)
    assert [walk.move(1, 0) for _ in range(3)] == [True, True, False]
    assert walk.place == "bottom right"
    assert walk.box == pytest.approx((2 / 3, 2 / 3, 1, 1))


def test_a_part_is_entered_and_left_where_it_was():
    walk = GridCursor(LARGE, LARGE)
    walk.move(1, -1)
    outer = walk.box
    assert walk.zoom_in()
    assert walk.place == "middle of the top right"
    walk.move(-1, 0)
    assert walk.place == "middle left of the top right"
    assert walk.zoom_in()
    assert walk.depth == 2
    assert walk.place == "middle of the middle left"
    assert walk.zoom_out()
    assert walk.place == "middle left of the top right"
    assert walk.zoom_out()
    assert walk.box == outer
    assert not walk.zoom_out()
    assert walk.place == "top right"


def test_no_two_places_of_a_grid_share_a_name():
    walk = GridCursor(LARGE, LARGE)
    for _depth in range(3):
        names = set()
        for walk.row in range(GRID):
            for walk.column in range(GRID):
                names.add(walk.place)
        assert len(names) == GRID * GRID
        walk.zoom_in()


@given(st.integers(1, 4000), st.integers(1, 4000))
def test_parts_are_never_smaller_than_the_network_can_use(width, height):
    walk = GridCursor(width, height)
    if not walk.worthwhile():
        assert min(width, height) < GRID * SMALLEST_PART_PX
        assert not walk.zoom_in()
        return
    while walk.zoom_in():
        x0, y0, x1, y1 = walk.box
        assert min((x1 - x0) * width, (y1 - y0) * height) > SMALLEST_PART_PX - 0.01
    assert walk.depth < 5


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([0.0, 0.25, 1.0]))
def test_the_parts_cover_every_pixel_and_no_part_is_empty(width, height, margin):
    pixels = np.arange(width * height * 3, dtype=np.uint32).reshape(height, width, 3)
    seen = np.zeros(width * height * 3, bool)
    for box in boxes(GridCursor(width, height)):
        part = crop(pixels, box, margin)
        assert part.size
        seen[part.ravel()] = True
    assert seen.all()


def test_a_crop_holds_its_part_and_the_margin_around_it():
    pixels = np.zeros((90, 180, 3), np.uint8)
    pixels[30:60, 60:120] = 255
    centre = GridCursor(180, 90).box
    assert crop(pixels, centre, 0.0).shape == (30, 60, 3)
    assert crop(pixels, centre, 0.0).min() == 255
    assert crop(pixels, centre, 0.5).shape == (60, 120, 3)
    assert crop(pixels, centre, 0.5).sum() == pixels.sum()
    assert crop(pixels, (0, 0, 1 / 3, 1 / 3), 0.5).shape == (45, 90, 3)
    assert crop(pixels, centre, 9.0).shape == pixels.shape


def test_the_notes_are_those_of_the_part_without_its_margin():
    pixels = np.full((300, 300, 3), 120, np.uint8)
    pixels[:, :100] = np.asarray(photograph(100, 300))
    assert explore.crop_part(pixels, (1 / 3, 1 / 3, 2 / 3, 2 / 3), 0.5).notes == (BLANK,)
    assert explore.crop_part(pixels, (0, 1 / 3, 1 / 3, 2 / 3), 0.5).notes == ()


@pytest.mark.parametrize(
    ("confidence", "said"),
    [(0.99, "Probably: a dog."), (0.5, "Perhaps: a dog."), (0.0, "Likely wrong: a dog.")],
)
def test_every_part_is_hedged(confidence, said):
    assert said_of(Description("a dog", confidence)) == said


def test_what_a_part_lacks_is_said():
    assert said_of(Description("a dog", 0.9, notes=(BLANK,))) == "Plain, nothing stands out."
    assert said_of(Description("a dog", 0.99, notes=(DARK,))) == "Very dark. Probably: a dog."
    assert said_of(Description("", 0.99)) == "I can't tell what this is."


class Counting:
    """A describer that takes ``seconds`` and says how large the part was."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.sizes: list[tuple[int, ...]] = []
        self.at_once = self.most_at_once = 0

    def __call__(self, picture) -> Description:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self.seconds)
        self.sizes.append(picture.pixels.shape)
        self.at_once -= 1
        return Description(f"part {len(self.sizes)}", 0.5)


def test_a_part_is_described_once():
    describe = Counting()
    parts = PartDescriber(describe, np.asarray(photograph(300, 300)))
    walk = GridCursor(300, 300)
    assert parts.known(walk.box) is None
    first = parts.describe(walk.box)
    assert parts.describe(walk.box) is first
    assert parts.known(walk.box) is first
    assert len(describe.sizes) == 1
    walk.zoom_in()
    walk.zoom_out()
    assert parts.known(walk.box) is first


def test_all_that_one_key_can_reach_is_worked_out_ahead():
    walk = GridCursor(900, 900)
    parts = PartDescriber(Counting(), np.asarray(photograph(900, 900)))
    parts.describe(walk.box)
    parts.work_ahead(walk.ahead(), lambda: True)
    for key in (
        lambda: walk.move(1, 0),
        lambda: walk.move(0, 1),
        lambda: walk.move(-1, -1),
        walk.zoom_in,
    ):
        key()
        assert parts.known(walk.box) is not None
    assert len(walk.ahead()) in (8, 9)


def test_whoever_asks_goes_before_what_is_worked_out_ahead():
    describe = Counting(0.05)
    pixels = np.asarray(photograph(300, 300))
    parts = PartDescriber(describe, pixels)
    ahead = [(n / 40, 0.0, (n + 1) / 40, 1.0) for n in range(40)]
    helper = threading.Thread(target=parts.work_ahead, args=(ahead, lambda: True), daemon=True)
    helper.start()
    time.sleep(0.02)
    began = time.monotonic()
    parts.describe((0.0, 0.0, 0.5, 0.5))
    # Itself and the one that was under way; all of what is ahead would take two seconds.
    assert time.monotonic() - began < 0.5
    assert len(describe.sizes) < 20
    parts.close()
    helper.join(LIMIT_S)
    assert not helper.is_alive()
    assert describe.most_at_once == 1


def test_what_is_no_longer_wanted_is_not_described():
    describe = Counting()
    parts = PartDescriber(describe, np.asarray(photograph(300, 300)))
    box = GridCursor(300, 300).box
    assert parts.describe(box, lambda: False) is None
    assert not describe.sizes
    assert parts.describe(box) is not None


def test_working_ahead_ends_when_it_is_no_longer_wanted():
    describe = Counting()
    parts = PartDescriber(describe, np.asarray(photograph(300, 300)))
    parts.work_ahead(GridCursor(300, 300).ahead(), lambda: len(describe.sizes) < 3)
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


def test_parts_of_the_tiny_pictures_are_told_apart(tiny_bundle, tiny_data):
    """The whole way through a real network: the coloured half and the dark half differ."""
    file = next(iter(sorted((tiny_data / "Flicker8k_Dataset").glob("*.jpg"))))
    describer = Describer(tiny_bundle)
    parts = PartDescriber(describer.describe, open_picture(file).pixels, 0.0)
    left, right = (parts.describe(box) for box in ((0, 0, 0.5, 1), (0.5, 0, 1, 1)))
    assert (left.caption, left.confidence) != (right.caption, right.confidence)
    assert left.width == right.width == 48


def test_the_margin_is_the_least_within_the_error_of_the_best():
    """What the comment beside MARGIN says, held to the figures that were measured."""
    margins = json.loads(FIGURES.read_text(encoding="utf-8"))["margins"]
    places = {float(margin): figures["place"] for margin, figures in margins.items()}
    best = max(places.values(), key=lambda place: place["difference"])
    enough = best["difference"] - best["spread"]
    within = [margin for margin, place in places.items() if place["difference"] >= enough]
    assert min(within) == explore.MARGIN
