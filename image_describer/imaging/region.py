"""Regions of a picture, in fractions of its width and height."""

Region = tuple[float, float, float, float]
"""x0, y0, x1, y1 in fractions of the picture's width and height, from its upper left corner."""


def region_of(rows: slice, columns: slice, shape: tuple[int, ...]) -> Region:
    """Return these rows and columns of a picture (H, W, ...) as a region."""
    height, width = shape[:2]
    return (columns.start / width, rows.start / height, columns.stop / width, rows.stop / height)


def to_whole(region: Region, frame: Region) -> Region:
    """Return ``region``, given in fractions of ``frame``, in fractions of the whole picture."""
    left, top, right, bottom = frame
    x0, y0, x1, y1 = region
    width, height = right - left, bottom - top
    return (left + x0 * width, top + y0 * height, left + x1 * width, top + y1 * height)


def rotate(region: Region, quarters: int) -> Region:
    """Return a region of a picture in the picture rotated counterclockwise by ``quarters``."""
    for _ in range(quarters % 4):
        x0, y0, x1, y1 = region
        region = (y0, 1.0 - x1, y1, 1.0 - x0)
    return region
