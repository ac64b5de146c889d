"""Reading order: lines of text as they were found -> as a person reads them.

The page is divided as in the recursive X-Y cut (Nagy and Seth, 1984), but a gutter counts only
between columns of prose: what stands in rows, such as a table or a receipt, is read row by row.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

SAME_ROW = 0.5  # overlap of two lines, of the lower one's height, from which on they are one row
GUTTER = 0.4  # least width between columns, in heights of a line
CROSSING = 0.2  # share of the lines that may cross a gutter: headings, captions
TRIES = 12  # numbers of crossing lines, and gutters for each, on pages with thousands of lines
PROSE_FILL = 0.55  # median width of the lines of a column of prose, of its width
PROSE_ASPECT = 5.0  # median width of its lines, in their heights
JUSTIFIED = 0.8  # median reach of the rows of a column with several parts, of its width
LEVEL = 0.5  # twice the distance of the middles of two cells of a row, at most, in heights
ALIGNED = 0.7  # share of rows that go on at the other side, from which on they are a table's
PARAGRAPH_GAP = 1.1  # between two lines of a block, in heights of a line, at most
EXTRA_GAP = 0.3  # between two paragraphs, more than between most lines, in heights of a line
SPACING_LINES = 3  # pairs of lines that tell what is usual
SIMILAR_HEIGHT = 1.35  # ratio of the heights of lines of a block
HEADING_HEIGHT = 1.3  # of a line, by the median one
HEADING_WORDS = 12


@dataclass
class Fragment:
    """A piece of a line, in a frame in which the text is level.

    index: the position of what it stands for among the lines that were found. Coordinates in any
    unit, y downwards. words: how many it has.
    """

    index: int
    x0: float
    y0: float
    x1: float
    y1: float
    words: int = 1

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def middle(self) -> float:
        return (self.y0 + self.y1) / 2


@dataclass
class Row:
    """Fragments that make one line, from the left to the right; ``block`` and ``heading`` are those
    of `TextLine`."""

    fragments: list[Fragment]
    block: int = 0
    heading: bool = False

    @property
    def x0(self) -> float:
        return min(fragment.x0 for fragment in self.fragments)

    @property
    def x1(self) -> float:
        return max(fragment.x1 for fragment in self.fragments)

    @property
    def y0(self) -> float:
        return min(fragment.y0 for fragment in self.fragments)

    @property
    def y1(self) -> float:
        return max(fragment.y1 for fragment in self.fragments)

    @property
    def height(self) -> float:
        return float(np.median([fragment.height for fragment in self.fragments]))


@dataclass
class _Region:
    """A part of the page whose rows are read from the top to the bottom."""

    rows: list[Row] = field(default_factory=list)


def reading_order(fragments: Sequence[Fragment]) -> list[Row]:
    """Return the lines in reading order, with their blocks and headings."""
    regions: list[_Region] = []
    _divide(list(fragments), regions)
    rows: list[Row] = []
    block = -1
    typical = float(np.median([f.height for f in fragments])) if fragments else 0.0
    for region in regions:
        for row in region.rows:
            words = sum(fragment.words for fragment in row.fragments)
            large = row.height > HEADING_HEIGHT * typical and words <= HEADING_WORDS
            row.heading = large and len(fragments) > 1
        spacing = _spacing(region.rows)
        previous: Row | None = None
        for row in region.rows:
            if previous is None or not _same_block(previous, row, spacing):
                block += 1
            row.block = block
            previous = row
            rows.append(row)
    return rows


def _divide(fragments: list[Fragment], regions: list[_Region]) -> None:
    """Append the regions of ``fragments``, in reading order."""
    if not fragments:
        return
    gutter = _gutter(fragments)
    if gutter is None:
        regions.append(_Region(_rows(fragments)))
        return
    # What crosses the gutter stands above, between or below the columns.
    downwards = sorted(fragments, key=lambda fragment: fragment.middle)
    for crosses, group in groupby(downwards, lambda fragment: fragment.x0 < gutter < fragment.x1):
        if crosses:
            regions.append(_Region(_rows(list(group))))
        else:
            _side_by_side(list(group), gutter, regions)


def _side_by_side(fragments: list[Fragment], gutter: float, regions: list[_Region]) -> None:
    _divide([f for f in fragments if (f.x0 + f.x1) / 2 < gutter], regions)
    _divide([f for f in fragments if (f.x0 + f.x1) / 2 >= gutter], regions)


def _gutter(fragments: list[Fragment]) -> float | None:
    """The x of the widest gutter between two columns that the fewest fragments cross."""
    if len(fragments) < 4:
        return None
    x0, x1 = (np.sort([getattr(f, side) for f in fragments]) for side in ("x0", "x1"))
    height = float(np.median([f.height for f in fragments]))
    edges = np.unique(np.concatenate([x0, x1]))
    middles = (edges[1:] + edges[:-1]) / 2
    crossings = np.searchsorted(x0, middles, "left") - np.searchsorted(x1, middles, "right")
    levels = np.unique([0, *crossings[crossings <= CROSSING * len(fragments)]])
    for allowed in levels[:: -(-len(levels) // TRIES)]:
        gutters = [
            (float(edges[end] - edges[start]), float(edges[end] + edges[start]) / 2)
            for start, end in _runs(crossings <= allowed)
        ]
        for width, middle in sorted(gutters, key=lambda gutter: -gutter[0])[:TRIES]:
            if width < GUTTER * height:
                break
            left = [f for f in fragments if f.x1 <= middle]
            right = [f for f in fragments if f.x0 >= middle]
            if _are_columns(left, right):
                return middle
    return None


def _are_columns(left: list[Fragment], right: list[Fragment]) -> bool:
    """Whether these are two columns that are read one after the other, not the cells of rows."""
    if len(left) < 2 or len(right) < 2:
        return False
    sides = [_Column(left), _Column(right)]
    if all(side.is_prose for side in sides):
        return True
    fewer, more = sorted(sides, key=lambda side: len(side.rows))
    level = _level_rows(fewer.rows, more.rows)
    if all(side.is_list for side in sides):
        return level < ALIGNED * (len(fewer.rows) + len(more.rows) - level)
    return (
        any(side.is_prose for side in sides)
        and len(fewer.rows) >= 3
        and level < ALIGNED * len(fewer.rows)
    )


class _Column:
    """What stands on one side of a gutter."""

    def __init__(self, fragments: list[Fragment]) -> None:
        self.rows = _rows(fragments)
        width = max(f.x1 for f in fragments) - min(f.x0 for f in fragments)
        height = float(np.median([f.height for f in fragments]))
        words = float(np.median([f.words for f in fragments]))
        filled = float(np.median([sum(f.width for f in row.fragments) for row in self.rows]))
        reach = float(np.median([row.x1 - row.x0 for row in self.rows]))
        several = len(self.rows) >= 3
        self.is_prose = (
            several and words >= 3 and filled >= max(PROSE_FILL * width, PROSE_ASPECT * height)
        )
        parts = float(np.median([len(row.fragments) for row in self.rows]))
        # As a menu with its prices.
        self.is_list = several and parts >= 2 and reach >= JUSTIFIED * width


def _level_rows(rows: list[Row], others: list[Row]) -> int:
    """How many of ``rows`` have one of the others at the same height, as those of a table have."""
    (sums, heights), (other_sums, other_heights) = (
        np.array([(row.y0 + row.y1, row.height) for row in side]).T for side in (rows, others)
    )
    below = np.searchsorted(other_sums, sums)  # both are in order
    level = np.zeros(len(rows), bool)
    for near in (np.maximum(below - 1, 0), np.minimum(below, len(others) - 1)):
        apart = np.abs(sums - other_sums[near])
        level |= apart < LEVEL * np.minimum(heights, other_heights[near])
    return int(level.sum())


def _rows(fragments: list[Fragment]) -> list[Row]:
    """Join what stands side by side; from the top to the bottom."""
    rows: list[Row] = []
    for fragment in sorted(fragments, key=lambda f: f.middle):
        beside = [row for row in rows[-4:] if all(_share_row(fragment, f) for f in row.fragments)]
        if beside:
            beside[-1].fragments.append(fragment)
        else:
            rows.append(Row([fragment]))
    for row in rows:
        row.fragments.sort(key=lambda f: f.x0)
    return sorted(rows, key=lambda row: (row.y0 + row.y1) / 2)


def _share_row(one: Fragment, other: Fragment) -> bool:
    overlap = min(one.y1, other.y1) - max(one.y0, other.y0)
    beside = min(one.x1, other.x1) - max(one.x0, other.x0) < 0.5 * min(one.height, other.height)
    return beside and overlap > SAME_ROW * min(one.height, other.height)


def _spacing(rows: Sequence[Row]) -> float:
    """The largest space between two lines of a paragraph, in heights of a line."""
    gaps = [_gap(above, below) for above, below in itertools.pairwise(rows) if _alike(above, below)]
    if len(gaps) < SPACING_LINES:
        return PARAGRAPH_GAP
    return min(PARAGRAPH_GAP, float(np.median(gaps)) + EXTRA_GAP)


def _same_block(above: Row, below: Row, spacing: float) -> bool:
    return _alike(above, below) and _gap(above, below) <= spacing


def _alike(above: Row, below: Row) -> bool:
    similar = max(above.height, below.height) <= SIMILAR_HEIGHT * min(above.height, below.height)
    overlap = min(above.x1, below.x1) > max(above.x0, below.x0)
    return similar and overlap and above.heading == below.heading


def _gap(above: Row, below: Row) -> float:
    return (below.y0 - above.y1) / min(above.height, below.height)


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """The first and the last edge of each run of true values between edges."""
    steps = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True))
