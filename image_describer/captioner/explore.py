"""Exploring a picture part by part: a cursor on a 3 x 3 grid, and a description of each part.

Zooming into a part divides it into a grid of its own. Parts are described by the same Describer as
whole pictures, cached, and described ahead of time, so that moving gets an immediate answer.
"""

import math
import threading
from collections.abc import Callable, Iterable

import numpy as np

from image_describer.captioner.description import Description
from image_describer.i18n import N_, _
from image_describer.imaging.notes import BLANK, DARK
from image_describer.imaging.open import Picture
from image_describer.imaging.quality import find_notes
from image_describer.imaging.region import Region

GRID = 3  # rows and columns: nine positions with plain names
WHOLE: Region = (0.0, 0.0, 1.0, 1.0)

# How much of a part's surroundings is described with it, as a fraction of its width and height.
# Measured on 243 dev pictures of Flickr8k: the share of parts that name an object inside them, less
# the share of distant parts that do, is highest at 0.5 (0.47, standard error 0.05; 0.24 without a
# margin). 0.35, with 0.42, is the smallest margin within that error. It was chosen because a larger
# one describes more of what lies outside the part: on mosaics of unrelated pictures CIDEr is 0.39
# at 0.35 and 0.29 at 0.5, and captions of different parts become more alike.
MARGIN = 0.35

# Shorter side of a part. With its margin the network gets about 80 pixels. Whole pictures reduced
# to 64 or 96 pixels still reach a CIDEr of 0.46 or 0.53 (0.58 at full size), at 24 or 32 only 0.26
# or 0.31.
MIN_PART_PX = 48

ROUNDING = 1e-6  # pixels: a third of a width is not exact in floating point

POSITIONS = (
    (N_("top left"), N_("top"), N_("top right")),
    (N_("left"), N_("centre"), N_("right")),
    (N_("bottom left"), N_("bottom"), N_("bottom right")),
)
# Within a part: "left of the centre" would be understood as the part beside the centre.
INNER_POSITIONS = (
    (N_("top left"), N_("top middle"), N_("top right")),
    (N_("middle left"), N_("middle"), N_("middle right")),
    (N_("bottom left"), N_("bottom middle"), N_("bottom right")),
)


class GridCursor:
    """A position in a picture of ``width`` by ``height`` pixels; starts at the centre.

    ``row`` and ``column`` count from 0 at the upper left of the current grid.
    """

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._entered: list[tuple[int, int]] = []  # (row, column), outermost first
        self.row = self.column = GRID // 2

    @property
    def depth(self) -> int:
        """How often it was zoomed in; 0 in the grid of the whole picture."""
        return len(self._entered)

    @property
    def box(self) -> Region:
        """The current part, in fractions of the picture."""
        return _cell(self._grid_box(), self.row, self.column)

    @property
    def position(self) -> str:
        """Its name: "top left", or "top left of the centre" within a part (the last two levels)."""
        if not self._entered:
            return _(POSITIONS[self.row][self.column])
        row, column = self._entered[-1]
        outer = (POSITIONS if self.depth == 1 else INNER_POSITIONS)[row][column]
        inner = INNER_POSITIONS[self.row][self.column]
        return _("{inner} of the {outer}").format(inner=_(inner), outer=_(outer))

    def move(self, dx: int, dy: int) -> bool:
        """Move ``dx`` parts right and ``dy`` down. Returns False, without moving, at an edge."""
        row, column = self.row + dy, self.column + dx
        if not (0 <= row < GRID and 0 <= column < GRID):
            return False
        self.row, self.column = row, column
        return True

    def zoom_in(self) -> bool:
        """Zoom into the part. Returns False if its own parts would be too small."""
        if not self._is_large_enough(self.box):
            return False
        self._entered.append((self.row, self.column))
        self.row = self.column = GRID // 2
        return True

    def zoom_out(self) -> bool:
        """Go back to the grid around it. Returns False in the grid of the whole picture."""
        if not self._entered:
            return False
        self.row, self.column = self._entered.pop()
        return True

    def can_explore(self) -> bool:
        """Whether the parts of the whole picture are large enough to describe."""
        return self._is_large_enough(WHOLE)

    def likely_next(self) -> list[Region]:
        """The parts of this grid, nearest first, and the centre of the part to zoom into."""
        frame = self._grid_box()
        cells = [(row, column) for row in range(GRID) for column in range(GRID)]
        cells.sort(key=lambda cell: math.dist(cell, (self.row, self.column)))
        boxes = [_cell(frame, row, column) for row, column in cells[1:]]
        if self._is_large_enough(self.box):
            boxes.append(_cell(self.box, GRID // 2, GRID // 2))
        return boxes

    def _grid_box(self) -> Region:
        frame = WHOLE
        for row, column in self._entered:
            frame = _cell(frame, row, column)
        return frame

    def _is_large_enough(self, box: Region) -> bool:
        """Whether the parts of ``box`` have enough pixels."""
        x0, y0, x1, y1 = box
        width, height = self._size
        return min((x1 - x0) * width, (y1 - y0) * height) / GRID >= MIN_PART_PX


class PartDescriber:
    """Describes the parts of one picture and caches the results; safe to share between threads.

    ``describe`` is a method of a Describer. ``pixels``: (H, W, 3) uint8.
    """

    def __init__(
        self,
        describe: Callable[[Picture], Description],
        pixels: np.ndarray,
    ) -> None:
        self._describe = describe
        self._pixels = pixels
        self._cache: dict[Region, Description] = {}
        self._work = threading.Lock()  # one description at a time: it uses all cores anyway
        self._requests = threading.Condition()
        self._waiting = 0
        self._closed = False

    def cached(self, box: Region) -> Description | None:
        """Return the description of ``box`` if it is known already; never waits."""
        return self._cache.get(box)

    def describe(
        self, box: Region, keep_going: Callable[[], bool] = lambda: True
    ) -> Description | None:
        """Describe ``box``, after the part that is being described ahead, if any.

        Returns None if ``keep_going()`` is False by then. Raises what the Describer raises.
        """
        with self._requests:
            self._waiting += 1
        try:
            return self._describe_once(box, keep_going)
        finally:
            with self._requests:
                self._waiting -= 1
                self._requests.notify_all()

    def describe_ahead(self, boxes: Iterable[Region], keep_going: Callable[[], bool]) -> None:
        """Describe ``boxes`` while ``keep_going()``; calls of `describe` go first."""
        for box in boxes:
            with self._requests:
                # The lock alone is not fair: this thread would take it again and again.
                self._requests.wait_for(lambda: self._waiting == 0 or self._closed)
            if self._closed or not keep_going():
                return
            self._describe_once(box, keep_going)

    def close(self) -> None:
        """Stop describing ahead."""
        with self._requests:
            self._closed = True
            self._requests.notify_all()

    def _describe_once(self, box: Region, keep_going: Callable[[], bool]) -> Description | None:
        with self._work:
            if box not in self._cache and keep_going():
                self._cache[box] = self._describe(crop_part(self._pixels, box))
            return self._cache.get(box)


def crop_part(pixels: np.ndarray, box: Region, margin: float = MARGIN) -> Picture:
    """Return the part with its margin as a Picture.

    The notes are about the part without the margin: a plain patch of sky is blank even with a kite
    in the margin. "Blurred" and "not a photograph" were measured on whole pictures: left out.
    """
    cropped = crop(pixels, box, margin)
    notes = find_notes(crop(pixels, box, 0.0))
    height, width = cropped.shape[:2]
    return Picture(
        cropped,
        "",
        width,
        height,
        tuple(note for note in notes if note in (BLANK, DARK)),
        is_part=True,
    )


def crop(pixels: np.ndarray, box: Region, margin: float) -> np.ndarray:
    """Crop ``box`` and a ``margin``, in fractions of its sides, from pixels (H, W, 3): (h, w, 3).

    Clipped at the edges of the picture, but never empty. The result is a view.
    """
    x0, y0, x1, y1 = box
    height, width = pixels.shape[:2]
    columns = _span(x0, x1, margin, width)
    rows = _span(y0, y1, margin, height)
    return pixels[rows, columns]


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
