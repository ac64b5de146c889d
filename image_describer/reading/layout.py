"""Reading order: lines of text as they were found -> as a person reads them.

The page is divided as in the recursive X-Y cut (Nagy and Seth, 1984), but a gutter counts only
between columns of prose: what stands in rows, such as a table or a receipt, is read row by row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

SAME_ROW = 0.5  # overlap of two lines, of the lower one's height, from which on they are one row
GUTTER = 0.8  # least width between columns, in heights of a line
CROSSING = 0.2  # share of the lines that may cross a gutter: headings, captions
PROSE_FILL = 0.55  # median width of the lines of a column of prose, of its width
PROSE_ASPECT = 5.0  # median width of its lines, in their heights
ALIGNED = 0.7  # share of lines with another line beside them from which on there are rows
PARAGRAPH_GAP = 1.1  # between two lines of a block, in heights of a line
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
        previous: Row | None = None
        for row in region.rows:
            words = sum(fragment.words for fragment in row.fragments)
            large = row.height > HEADING_HEIGHT * typical and words <= HEADING_WORDS
            row.heading = large and len(fragments) > 1
            if previous is None or not _same_block(previous, row):
                block += 1
            row.block = block
            previous = row
            rows.append(row)
    return rows


def _divide(fragments: list[Fragment], regions: list[_Region]) -> None:
    """Append the regions of ``fragments``, in reading order."""
    if not fragments:
        return
    found = _columns(fragments)
    if found is None:
        regions.append(_Region(_rows(fragments)))
        return
    gutter, crossing = found
    # What crosses the gutter stands above, between or below the columns.
    crossing = sorted(crossing, key=lambda fragment: fragment.middle)
    others = [f for f in fragments if f not in crossing]
    bands: list[tuple[list[Fragment], list[Fragment]]] = [([], [])]
    for fragment in crossing:
        above = [f for f in others if f.middle < fragment.middle]
        others = [f for f in others if f.middle >= fragment.middle]
        if above or not bands[-1][0]:
            bands[-1][0].extend(above)
            bands[-1][1].append(fragment)
        else:
            bands[-1][1].append(fragment)
        if above:
            bands.append(([], []))
            bands[-1][1].append(bands[-2][1].pop())
    _emit(bands, others, gutter, regions)


def _emit(
    bands: list[tuple[list[Fragment], list[Fragment]]],
    rest: list[Fragment],
    gutter: float,
    regions: list[_Region],
) -> None:
    for columns, crossing in bands:
        _side_by_side(columns, gutter, regions)
        if crossing:
            regions.append(_Region(_rows(crossing)))
    _side_by_side(rest, gutter, regions)


def _side_by_side(fragments: list[Fragment], gutter: float, regions: list[_Region]) -> None:
    _divide([f for f in fragments if (f.x0 + f.x1) / 2 < gutter], regions)
    _divide([f for f in fragments if (f.x0 + f.x1) / 2 >= gutter], regions)


def _columns(fragments: list[Fragment]) -> tuple[float, list[Fragment]] | None:
    """The x of the widest gutter between two columns, and the fragments that cross it."""
    if len(fragments) < 4:
        return None
    x0, x1 = (np.array([getattr(f, side) for f in fragments]) for side in ("x0", "x1"))
    height = float(np.median([f.height for f in fragments]))
    edges = np.unique(np.concatenate([x0, x1]))
    middles = (edges[1:] + edges[:-1]) / 2
    crossings = ((x0[:, None] < middles) & (x1[:, None] > middles)).sum(0)
    best: tuple[float, float, list[Fragment]] | None = None
    for allowed in sorted({0, *(n for n in crossings if n <= CROSSING * len(fragments))}):
        for start, end in _runs(crossings <= allowed):
            width = float(edges[end] - edges[start])
            middle = float(edges[end] + edges[start]) / 2
            if width < GUTTER * height:
                continue
            crossing = [f for f in fragments if f.x0 < middle < f.x1]
            left = [f for f in fragments if f.x1 <= middle]
            right = [f for f in fragments if f.x0 >= middle]
            if not _are_columns(left, right):
                continue
            if best is None or width > best[0]:
                best = (width, middle, crossing)
        if best is not None:
            return best[1], best[2]
    return None


def _are_columns(left: list[Fragment], right: list[Fragment]) -> bool:
    """Whether these are two columns of prose, not the cells of rows."""
    if len(left) < 2 or len(right) < 2:
        return False
    if _is_prose(left) and _is_prose(right):
        return True
    fewer, more = sorted((left, right), key=len)
    aligned = np.mean([any(_share_row(f, g) for g in more) for f in fewer])
    return bool(aligned < ALIGNED and len(fewer) >= 3 and (_is_prose(left) or _is_prose(right)))


def _is_prose(column: list[Fragment]) -> bool:
    width = max(f.x1 for f in column) - min(f.x0 for f in column)
    lengths = [sum(f.width for f in row.fragments) for row in _rows(column)]
    usual = float(np.median(lengths))
    return (
        len(lengths) >= 3
        and usual >= PROSE_FILL * width
        and usual >= PROSE_ASPECT * float(np.median([f.height for f in column]))
        and float(np.median([f.words for f in column])) >= 3
    )


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


def _same_block(above: Row, below: Row) -> bool:
    height = min(above.height, below.height)
    similar = max(above.height, below.height) <= SIMILAR_HEIGHT * height
    overlap = min(above.x1, below.x1) > max(above.x0, below.x0)
    return similar and overlap and below.y0 - above.y1 <= PARAGRAPH_GAP * height


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """The first and the last edge of each run of true values between edges."""
    steps = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True))
