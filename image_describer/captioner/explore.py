"""Exploring a picture part by part: where one is on a 3 x 3 grid, and what that part shows.

A part can be entered and becomes a grid of its own. Parts are described by the same Describer as
whole pictures, kept, and worked out ahead, so that a part is known before it is asked for.
"""

import math
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from image_describer.captioner.description import Description, Region
from image_describer.imaging.open import Picture
from image_describer.imaging.quality import DARK, notes
from image_describer.wording.sentence import BLANK, sentence

GRID = 3  # rows and columns: nine places that have plain names
WHOLE: Region = (0.0, 0.0, 1.0, 1.0)

# How much of what surrounds a part is looked at with it, in parts of its own width and height.
# By benchmarks/explore_margin.py, on 243 dev pictures of Flickr8k: that a part names a thing that
# lies in it, and parts far from it don't, differs most at 0.5 (the shares by 0.47, standard error
# 0.05; without a margin by 0.24). 0.35, with 0.42, is the least measured within that error. It was
# taken because a larger margin tells more of what lies outside the part: on mosaics of strange
# pictures CIDEr is 0.39 at 0.35 and 0.29 at 0.5, and captions of different parts grow more alike.
MARGIN = 0.35

# A part's shorter side in pixels of the picture. With its margin the network gets some 80. By the
# same benchmark, whole pictures reduced to 64 or 96 pixels still reach a CIDEr of 0.46 or 0.53 (as
# they are, 0.58), those of 24 or 32 only 0.26 or 0.31.
SMALLEST_PART_PX = 48

ROUNDING = 1e-6  # of a pixel: a third of a width is no exact number, yet whole pixels are meant

PLACES = (
    ("top left", "top", "top right"),
    ("left", "centre", "right"),
    ("bottom left", "bottom", "bottom right"),
)
# Within a part: "left of the centre" would be taken for the place beside the centre.
INNER_PLACES = (
    ("top left", "top middle", "top right"),
    ("middle left", "middle", "middle right"),
    ("bottom left", "bottom middle", "bottom right"),
)


class Walk:
    """Where somebody is in a picture of ``width`` by ``height`` pixels; begins in its centre.

    ``row`` and ``column`` count from 0 at the upper left of the grid one is in.
    """

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._entered: list[tuple[int, int]] = []  # the cell of each grid that was gone into
        self.row = self.column = GRID // 2

    @property
    def depth(self) -> int:
        """How many parts have been entered; 0 in the grid of the whole picture."""
        return len(self._entered)

    @property
    def box(self) -> Region:
        """The part one is in, in fractions of the picture."""
        return _cell(self._frame(), self.row, self.column)

    @property
    def place(self) -> str:
        """Its name: "top left", within a part "top left of the centre", deeper the last two."""
        if not self._entered:
            return PLACES[self.row][self.column]
        row, column = self._entered[-1]
        outer = (PLACES if self.depth == 1 else INNER_PLACES)[row][column]
        return f"{INNER_PLACES[self.row][self.column]} of the {outer}"

    def move(self, dx: int, dy: int) -> bool:
        """Go ``dx`` parts to the right and ``dy`` down; False, and nothing done, at an edge."""
        row, column = self.row + dy, self.column + dx
        if not (0 <= row < GRID and 0 <= column < GRID):
            return False
        self.row, self.column = row, column
        return True

    def zoom_in(self) -> bool:
        """Enter the part; False, and nothing done, when its own parts would be too small."""
        if not self._large_enough(self.box):
            return False
        self._entered.append((self.row, self.column))
        self.row = self.column = GRID // 2
        return True

    def zoom_out(self) -> bool:
        """Go back to the grid the part was entered from; False in that of the whole picture."""
        if not self._entered:
            return False
        self.row, self.column = self._entered.pop()
        return True

    def worthwhile(self) -> bool:
        """Whether the parts of the whole picture are large enough to be described."""
        return self._large_enough(WHOLE)

    def ahead(self) -> list[Region]:
        """What may be asked for next: the parts of this grid, nearest first, then those entered."""
        frame = self._frame()
        cells = [(row, column) for row in range(GRID) for column in range(GRID)]
        cells.sort(key=lambda cell: math.dist(cell, (self.row, self.column)))
        boxes = [_cell(frame, row, column) for row, column in cells[1:]]
        if self._large_enough(self.box):
            boxes.append(_cell(self.box, GRID // 2, GRID // 2))
        return boxes

    def _frame(self) -> Region:
        frame = WHOLE
        for row, column in self._entered:
            frame = _cell(frame, row, column)
        return frame

    def _large_enough(self, frame: Region) -> bool:
        """Whether the parts of ``frame`` have enough pixels."""
        x0, y0, x1, y1 = frame
        width, height = self._size
        return min((x1 - x0) * width, (y1 - y0) * height) / GRID >= SMALLEST_PART_PX


class PartDescriber:
    """Describes parts of one picture and keeps what it has found; for any number of threads.

    ``describe`` is a Describer's. ``pixels``: (H, W, 3) uint8.
    """

    def __init__(
        self,
        describe: Callable[[Picture], Description],
        pixels: np.ndarray,
        margin: float = MARGIN,
    ) -> None:
        self._describe = describe
        self._pixels = pixels
        self._margin = margin
        self._known: dict[Region, Description] = {}
        self._work = threading.Lock()  # one description at a time: they share the cores anyway
        self._asked = threading.Condition()
        self._waiting = 0
        self._closed = False

    def known(self, box: Region) -> Description | None:
        """What ``box`` shows, if that has been found out already; never waits."""
        return self._known.get(box)

    def describe(
        self, box: Region, wanted: Callable[[], bool] = lambda: True
    ) -> Description | None:
        """What ``box`` shows: one description's time, two when one is being worked out ahead.

        None if it is no longer ``wanted()`` once its turn has come. Raises what the Describer
        raises.
        """
        with self._asked:
            self._waiting += 1
        try:
            return self._found(box, wanted)
        finally:
            with self._asked:
                self._waiting -= 1
                self._asked.notify_all()

    def work_ahead(self, boxes: Iterable[Region], wanted: Callable[[], bool]) -> None:
        """Describe ``boxes`` while ``wanted()`` and nobody asks; whoever asks goes first."""
        for box in boxes:
            with self._asked:
                # A lock alone is not fair: this thread would take it again and again.
                self._asked.wait_for(lambda: self._waiting == 0 or self._closed)
            if self._closed or not wanted():
                return
            self._found(box, wanted)

    def close(self) -> None:
        """Work nothing more out ahead."""
        with self._asked:
            self._closed = True
            self._asked.notify_all()

    def _found(self, box: Region, wanted: Callable[[], bool]) -> Description | None:
        with self._work:
            if box not in self._known and wanted():
                self._known[box] = self._describe(part_of(self._pixels, box, self._margin))
            return self._known.get(box)


def part_of(pixels: np.ndarray, box: Region, margin: float = MARGIN) -> Picture:
    """The part with its margin as a Picture of its own.

    Its notes are those of the part alone: a plain patch of sky stays plain when a kite is in the
    margin. What is blurred or looks drawn is left to the notes of the whole picture, which these
    were measured on.
    """
    seen = crop(pixels, box, margin)
    own = notes(crop(pixels, box, 0.0))
    height, width = seen.shape[:2]
    return Picture(seen, "", width, height, tuple(note for note in own if note in (BLANK, DARK)))


def crop(pixels: np.ndarray, box: Region, margin: float) -> np.ndarray:
    """The part ``box`` of pixels (H, W, 3) and ``margin`` of its sides around it: (h, w, 3).

    What the picture does not have is left out; at least one pixel remains. The result is a view.
    """
    x0, y0, x1, y1 = box
    height, width = pixels.shape[:2]
    columns = _span(x0, x1, margin, width)
    rows = _span(y0, y1, margin, height)
    return pixels[rows, columns]


def said_of(description: Description, *, hedged: bool = True) -> str:
    """A part in as few words as honesty allows: one hears nine of them in a row."""
    if BLANK in description.notes:
        return "Plain, nothing stands out."
    dark = "Very dark. " if DARK in description.notes else ""
    return dark + sentence(replace(description, notes=()), hedged=hedged, brief=True)


def _cell(frame: Region, row: int, column: int) -> Region:
    x0, y0, x1, y1 = frame
    width, height = (x1 - x0) / GRID, (y1 - y0) / GRID
    return (
        x0 + column * width,
        y0 + row * height,
        x0 + (column + 1) * width,
        y0 + (row + 1) * height,
    )


def _span(start: float, end: float, margin: float, length: int) -> slice:
    around = margin * (end - start)
    first = min(length - 1, max(0, math.floor((start - around) * length + ROUNDING)))
    last = min(length, max(first + 1, math.ceil((end + around) * length - ROUNDING)))
    return slice(first, last)
