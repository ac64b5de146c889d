"""A Pillow image of whatever mode -> (H, W, 3) uint8 RGB, upright, on white, reduced.

Reducing goes in bands: besides the decoded picture itself, only a few megabytes are held.
"""

import numpy as np
from PIL import Image

LONGER_SIDE_PX = 2048  # more is not seen by the network, nor on most screens
BAND_PX = 4_000_000  # pixels converted at a time

_ORIENTATION = 0x0112  # the EXIF tag
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = (5, 6, 7, 8)
"""Orientations that swap width and height."""


def orientation(image: Image.Image) -> int:
    """EXIF's orientation, 1 to 8; 1 (upright) where there is none or it makes no sense."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # EXIF is a small file system of its own: any damage to it is possible
        return 1
    return value if isinstance(value, int) and value in _UPRIGHT else 1


def to_rgb(image: Image.Image, turn: int) -> np.ndarray:
    """The pixels of a decoded image, turned upright by ``turn`` (an EXIF orientation).

    Returns (H, W, 3) uint8, the longer side at most LONGER_SIDE_PX.
    """
    factor = max(1, max(image.size) // LONGER_SIDE_PX)
    small = _reduced(image, factor)
    if max(small.size) > LONGER_SIDE_PX:
        scale = LONGER_SIDE_PX / max(small.size)
        size = (max(1, round(small.width * scale)), max(1, round(small.height * scale)))
        small = small.resize(size, Image.Resampling.HAMMING)
    if turn in _UPRIGHT:
        small = small.transpose(_UPRIGHT[turn])
    return np.asarray(small)


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    """``image`` as RGB, every ``factor`` x ``factor`` pixels averaged into one."""
    levels = _levels(image)
    width, height = image.size
    rows = max(1, BAND_PX // (width * factor)) * factor
    if rows >= height:
        return _shrunk(_band_to_rgb(image, levels), factor)
    small = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    for top in range(0, height, rows):
        band = image.crop((0, top, width, min(top + rows, height)))
        small.paste(_shrunk(_band_to_rgb(band, levels), factor), (0, top // factor))
    return small


def _shrunk(image: Image.Image, factor: int) -> Image.Image:
    return image.reduce(factor) if factor > 1 else image


def _band_to_rgb(band: Image.Image, levels: tuple[float, float] | None) -> Image.Image:
    if levels is not None:
        return _deep_to_grey(band, levels).convert("RGB")
    if band.has_transparency_data:
        colours = band.convert("RGBA")
        white = Image.new("RGB", colours.size, "white")
        white.paste(colours, mask=colours.getchannel("A"))
        return white
    return band.convert("RGB")


def _levels(image: Image.Image) -> tuple[float, float] | None:
    """Which values of a deep greyscale image are black and white; None for 8-bit modes.

    Pillow's own conversion would cut such values off at 255.
    """
    if not image.mode.startswith(("I", "F")):
        return None
    if image.format in ("PNG", "PPM"):  # they say how deep they are; Pillow scales to 16 bits
        return 0.0, 65535.0
    least, greatest = _extrema(image)
    if least >= 0:
        if image.mode == "F" and greatest <= 1:
            return 0.0, 1.0
        for white in (
            255.0,
            4095.0,
            65535.0,
        ):  # 8, 12 or 16 bits: TIFF only says how it stores them
            if greatest <= white:
                return 0.0, white
    return least, greatest


def _extrema(image: Image.Image) -> tuple[float, float]:
    """Least and greatest finite value of a deep image; (0, 1) when there is none."""
    rows = max(1, BAND_PX // image.width)
    least, greatest = np.inf, -np.inf
    for top in range(0, image.height, rows):
        band = np.asarray(image.crop((0, top, image.width, min(top + rows, image.height))))
        finite = band[np.isfinite(band)]
        if finite.size:
            least, greatest = min(least, finite.min()), max(greatest, finite.max())
    return (float(least), float(greatest)) if least <= greatest else (0.0, 1.0)


def _deep_to_grey(band: Image.Image, levels: tuple[float, float]) -> Image.Image:
    values = np.asarray(band)
    if values.dtype.itemsize == 2:  # a table is five times as fast
        return Image.fromarray(
            _scaled(np.arange(65536), levels)[values.astype(np.uint16, copy=False)]
        )
    return Image.fromarray(_scaled(values, levels))


def _scaled(values: np.ndarray, levels: tuple[float, float]) -> np.ndarray:
    """Values of any type -> uint8, what is black to 0 and what is white to 255."""
    black, white = levels
    with np.errstate(invalid="ignore"):  # not every pattern of bits is a number
        exact = values.astype(np.float64)
    exact = np.nan_to_num(exact, nan=black, posinf=white, neginf=black)
    span = max(white - black, np.finfo(np.float64).tiny)
    return np.rint(np.clip((exact - black) / span, 0, 1) * 255).astype(np.uint8)
