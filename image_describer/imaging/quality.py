"""Notes on a picture that would mislead a caption: blank, dark, blurred, not a photograph.

Everything is measured on a thumbnail, in a few milliseconds. The thresholds of what is dark or
blurred were chosen between what 600 photographs of Flickr8k show and what darkened and blurred
pictures show, and then tried on 2,300 other photographs.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from image_describer.imaging import levels, photo_check
from image_describer.wording.sentence import BLANK

DARK = "The picture is very dark."
BLURRED = "The picture is blurred."
DRAWN = "This looks like a drawing, a screenshot or a document, not a photograph."

# The longer side. Flickr8k's photographs have 224 pixels: what is unsharp at this size is unsharp
# for the network too, and what is only a little soft does it no harm.
THUMBNAIL_PX = 256
LEVELS = 256  # of a channel

# Grey levels run from 0 to 255. Contrast is the range of all but the darkest and brightest 1 %.
BLANK_RANGE = 12  # of all but the darkest and brightest 0.1 %; photographs have far more
DARK_MEAN = 30  # 1 photograph in 100 is darker; most of those show something that is lit ...
DARK_LIGHT = 110  # ... but in a dark picture even the brightest 3 % stay below this
BLURRED_EDGE = 0.18  # the steepest 1 % of the curvature, in parts of the contrast;
# photographs have 0.25 and more, the same blurred by 1.5 pixels have less


def notes(pixels: np.ndarray) -> tuple[str, ...]:
    """What to say about pixels (H, W, 3) uint8 before they are described; most often nothing."""
    small = thumbnail(pixels)
    if is_blank(small):
        return (BLANK,)
    if photo_check.is_found(small):
        return (DRAWN,)  # a dark theme is no dark picture, nor a shaded ground a blurred one
    return notes_of_photograph(small)


def notes_of_photograph(pixels: np.ndarray) -> tuple[str, ...]:
    """The same about what surely is a photograph, in pixels (H, W, 3) uint8: dark, blurred."""
    image = Image.fromarray(thumbnail(pixels)).convert("L")
    grey = np.asarray(image)
    dark, light, bright = _levels(image.histogram(), (0.01, 0.97, 0.99))
    contrast = max(float(bright - dark), 1.0)
    found = []
    if grey.mean() < DARK_MEAN and light < DARK_LIGHT:
        found.append(DARK)
    if _is_blurred(grey, contrast):
        found.append(BLURRED)
    return tuple(found)


def shows_a_photograph(found: Sequence[str]) -> bool:
    """Whether there is something to caption, by the notes on a picture.

    Of a chart, a page or an empty picture the decoder invents a scene, however sure it is.
    """
    return BLANK not in found and DRAWN not in found


def thumbnail(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) with the longer side at most THUMBNAIL_PX, by averaging, never enlarged."""
    scale = THUMBNAIL_PX / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))


def is_blank(small: np.ndarray) -> bool:
    """Whether nothing is to be seen on a thumbnail (H, W, 3) uint8."""
    # Channel by channel: red on green of the same brightness is something to see.
    counts = np.reshape(Image.fromarray(small).histogram(), (3, LEVELS))
    ranges = [np.diff(_levels(channel, (0.001, 0.999)))[0] for channel in counts]
    return max(ranges) < BLANK_RANGE


def _levels(counts: Sequence[int] | np.ndarray, shares: tuple[float, ...]) -> np.ndarray:
    """The grey levels below which these shares of the pixels lie, from a histogram (LEVELS,).

    The same as percentiles, which would have to sort the pixels.
    """
    below = np.cumsum(counts)
    return np.searchsorted(below, np.asarray(shares) * below[-1])


def _is_blurred(grey: np.ndarray, contrast: float) -> bool:
    if min(grey.shape) < 3:
        return False
    grey = grey.astype(np.int16)
    centre = 4 * grey[1:-1, 1:-1]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    counts = np.bincount(np.abs(centre - around).ravel())
    return levels.percentiles(counts, (99,))[0] < BLURRED_EDGE * contrast
