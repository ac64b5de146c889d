"""Connected regions of a mask, and the rectangles around them."""

from dataclasses import dataclass

import numpy as np

ELONGATED = 3.0  # from this ratio of its sides on, a region tells its own direction


@dataclass(frozen=True)
class Components:
    """The N connected regions of a mask, 8-connected.

    area: (N,) pixels. score: (N,) mean of the map that the mask was made of. center: (N, 2) x and
    y. angle: (N,) radians clockwise of its longer axis from the x axis; they are less than a
    quarter turn from that of most regions.
    size: (N, 2) extent along the angle, and across it. bend: (N,) how far its middle lies below
    the line between its ends, in pixels.
    """

    area: np.ndarray
    score: np.ndarray
    center: np.ndarray
    angle: np.ndarray
    size: np.ndarray
    bend: np.ndarray


def find_components(values: np.ndarray, threshold: float) -> Components:
    """Return the regions of ``values`` (H, W) float32 that are above ``threshold``."""
    height, width = values.shape
    padded = np.zeros((height, width + 2), np.int8)
    padded[:, 1:-1] = values > threshold
    steps = np.diff(padded, axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]  # exclusive
    labels = _connect(rows, starts, ends, width + 2)
    return _measure(values, rows, starts, ends, labels)


def _connect(rows: np.ndarray, starts: np.ndarray, ends: np.ndarray, stride: int) -> np.ndarray:
    """Number the runs of pixels by the region that they belong to, (runs,) from 0 up."""
    # Runs of the row above that overlap a run, or touch its corner, follow each other.
    first = np.searchsorted(rows * stride + ends, (rows - 1) * stride + starts, "left")
    last = np.searchsorted(rows * stride + starts, (rows - 1) * stride + ends, "right")
    counts = np.maximum(last - first, 0)
    below = np.repeat(np.arange(len(rows)), counts)
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    above = np.repeat(first, counts) + offsets
    labels = np.arange(len(rows))
    while True:  # each run takes the lowest number of its neighbours, and then of that one's
        lowest = np.minimum(labels[above], labels[below])
        new = labels.copy()
        np.minimum.at(new, above, lowest)
        np.minimum.at(new, below, lowest)
        np.minimum.at(new, labels[above], lowest)
        np.minimum.at(new, labels[below], lowest)
        new = new[new]
        if np.array_equal(new, labels):
            return np.unique(labels, return_inverse=True)[1]
        labels = new


def _measure(
    values: np.ndarray, rows: np.ndarray, starts: np.ndarray, ends: np.ndarray, labels: np.ndarray
) -> Components:
    """Measure the regions from their runs."""
    count = int(labels.max(initial=-1)) + 1
    lengths = (ends - starts).astype(np.float64)

    def total(per_run: np.ndarray) -> np.ndarray:
        return np.bincount(labels, per_run, minlength=count)

    area = total(lengths)
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    offsets = rows * values.shape[1]
    score = total(sums[offsets + ends] - sums[offsets + starts]) / area
    middle = (starts + ends - 1) / 2
    x, y = total(lengths * middle) / area, total(lengths * rows) / area
    dx, dy = middle - x[labels], rows - y[labels]
    # Second moments; those of the pixels within a run and within a pixel are in closed form.
    xx = total(lengths * dx**2 + (lengths**3 - lengths) / 12) / area + 1 / 12
    yy = total(lengths * dy**2) / area + 1 / 12
    xy = total(lengths * dx * dy) / area
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    spread = np.sqrt((xx - yy) ** 2 + 4 * xy**2)
    ratio = np.sqrt((xx + yy + spread) / np.maximum(xx + yy - spread, 1e-6))
    angle = _settle(angle, ratio, area)

    # Extents: the corners of each run, in the axes of its region.
    cos, sin = np.cos(angle)[labels], np.sin(angle)[labels]
    corners = [(column - x[labels], row - y[labels])
               for column in (starts - 0.5, ends - 0.5)
               for row in (rows - 0.5, rows + 0.5)]  # fmt: skip
    along = [cx * cos + cy * sin for cx, cy in corners]
    across = [cy * cos - cx * sin for cx, cy in corners]
    low, high = _range(labels, count, along)
    top, bottom = _range(labels, count, across)
    u, v = (low + high) / 2, (top + bottom) / 2
    center = np.stack([x + u * np.cos(angle) - v * np.sin(angle),
                       y + u * np.sin(angle) + v * np.cos(angle)], 1)  # fmt: skip
    size = np.stack([high - low, bottom - top], 1)
    return Components(
        area, score, center, angle, size, _bend(labels, count, lengths, dx, dy, angle)
    )


def _settle(angle: np.ndarray, ratio: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Give regions that are too short to tell their direction that of the others."""
    sure = ratio >= ELONGATED
    if not sure.any():
        return np.where(ratio > 1.5, np.where(np.abs(angle) > np.pi / 4, np.pi / 2, 0.0), 0.0)
    # Most text runs one way: the mean direction modulo a quarter, and upright or not by majority.
    fourfold = np.sum(area[sure] * np.exp(4j * angle[sure]))
    skew = float(np.angle(fourfold)) / 4
    upright = np.sum(area[sure] * (np.abs(angle[sure] - skew) > np.pi / 4)) > area[sure].sum() / 2
    usual = skew + (np.pi / 2 if upright else 0.0)
    usual -= np.pi if usual > np.pi / 2 else 0.0
    # Text that runs upwards and text that runs downwards have the same axis: take one of the two.
    near = usual + (angle - usual + np.pi / 2) % np.pi - np.pi / 2
    return np.where(sure, near, usual)


def _range(
    labels: np.ndarray, count: int, parts: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest value of each region, over all ``parts``."""
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    for part in parts:
        np.minimum.at(low, labels, part)
        np.maximum.at(high, labels, part)
    return low, high


def _bend(
    labels: np.ndarray, count: int, lengths: np.ndarray, dx: np.ndarray, dy: np.ndarray,
    angle: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """How far the middle of each region lies below the line between its ends, in pixels.

    From the third moment u u v, in the axes of the region: it is zero for what is straight.
    """
    cos, sin = np.cos(angle)[labels], np.sin(angle)[labels]
    # Long runs are sampled at nine positions, since the moment isn't linear along a run.
    u2v, u2, u4 = (np.zeros(len(labels)) for _ in range(3))
    for position in np.linspace(-0.5, 0.5, 9):
        u = (dx + position * lengths) * cos + dy * sin
        v = dy * cos - (dx + position * lengths) * sin
        u2v += lengths * u**2 * v
        u2 += lengths * u**2
        u4 += lengths * u**4
    area = np.bincount(labels, 9 * lengths, minlength=count)
    mean2, mean4, mean21 = (np.bincount(labels, m, minlength=count) / area for m in (u2, u4, u2v))
    curvature = mean21 / np.maximum(mean4 - mean2**2, 1e-6)  # v = curvature (u^2 - mean2)
    return -curvature * 3 * mean2  # the half length squared is about 3 mean2
