"""The EXIF orientation of a picture, and turning its pixels upright."""

from PIL import Image

UPRIGHT = 1
SIDEWAYS = (5, 6, 7, 8)
"""Orientations that swap width and height."""

_EXIF_ORIENTATION = 0x0112
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def exif_orientation(image: Image.Image) -> int:
    """Return EXIF's orientation, 1 to 8; 1 (upright) if it is missing or invalid."""
    try:
        value = image.getexif().get(_EXIF_ORIENTATION, UPRIGHT)
    except Exception:  # damaged EXIF raises nearly every kind of error
        return UPRIGHT
    return value if isinstance(value, int) and value in _TRANSPOSITIONS else UPRIGHT


def turn_upright(image: Image.Image, orientation: int) -> Image.Image:
    """Undo an EXIF orientation."""
    transposition = _TRANSPOSITIONS.get(orientation)
    return image if transposition is None else image.transpose(transposition)
