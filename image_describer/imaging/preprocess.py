"""Which part of a picture is the photograph: bars of one colour around it are not.

Telephones, video players and scanners add them. The network gets a square, so that bars take
pixels from what is to be seen and squeeze it: on dev a sixth of CIDEr, or a fifth, was lost.
"""

import numpy as np
from PIL import Image

from image_describer.captioner.description import Region
from image_describer.imaging import levels

THUMBNAIL_PX = 256  # of the longer side, at least: what bars are looked for on
EVEN = 0.05  # of the contrast, by which a bar's pixels may differ from its colour: JPEG's doing
LEAST_EVEN = 2.0  # grey levels: the same in a picture that is dark all over
STRAYS = 0.01  # of a row's pixels may differ more
LEAST_BAR = 0.02  # of the picture's side
LEAST_PHOTOGRAPH = 0.2  # of the picture's side; less is a thing on a plain ground


def photograph(pixels: np.ndarray) -> tuple[slice, slice]:
    """The rows and columns of (H, W, 3) uint8 that are left when bars are cut off.

    Bars come in pairs of one colour, above and below or left and right; a plain sky alone stays.
    """
    factor = max(1, max(pixels.shape[:2]) // THUMBNAIL_PX)
    small = Image.fromarray(pixels).reduce(factor) if factor > 1 else Image.fromarray(pixels)
    thumbnail = np.asarray(small).astype(np.int16)
    counts = np.reshape(small.histogram(), (3, -1)).sum(axis=0)
    dark, bright = levels.percentiles(counts, (1, 99))
    even = max(LEAST_EVEN, EVEN * (bright - dark))
    rows = _between(thumbnail, even)
    columns = _between(thumbnail[rows].swapaxes(0, 1), even)
    if rows == slice(0, thumbnail.shape[0]):  # what is beside may have hidden what is above
        rows = _between(thumbnail[:, columns], even)
    return _enlarged(rows, factor, pixels.shape[0]), _enlarged(columns, factor, pixels.shape[1])


def region_of(rows: slice, columns: slice, shape: tuple[int, ...]) -> Region:
    """A part of a picture (H, W, ...) in fractions of its sides."""
    height, width = shape[:2]
    return (columns.start / width, rows.start / height, columns.stop / width, rows.stop / height)


def within(region: Region, frame: Region) -> Region:
    """A region of the part ``frame`` as one of the whole picture."""
    left, top, right, bottom = frame
    x0, y0, x1, y1 = region
    wide, high = right - left, bottom - top
    return (left + x0 * wide, top + y0 * high, left + x1 * wide, top + y1 * high)


def _between(thumbnail: np.ndarray, even: float) -> slice:
    """The rows between two bars of one colour; all of them when there are no such bars."""
    length = len(thumbnail)
    whole = slice(0, length)
    first, last = (levels.median(thumbnail[row]) for row in (0, -1))
    if np.abs(first - last).max() > even:
        return whole
    off = (np.abs(thumbnail - first) > even).any(axis=2).mean(axis=1)
    filled = np.flatnonzero(off > STRAYS)
    if not filled.size:
        return whole
    start, stop = int(filled[0]), int(filled[-1]) + 1
    bars = min(start, length - stop)
    if bars < max(1, LEAST_BAR * length) or stop - start < LEAST_PHOTOGRAPH * length:
        return whole
    return slice(start, stop)


def _enlarged(span: slice, factor: int, length: int) -> slice:
    return slice(span.start * factor, min(length, span.stop * factor))
