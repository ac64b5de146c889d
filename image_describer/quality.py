"""Notes on a picture that would mislead a caption: too dark, blurred, blank, not a photograph."""

import numpy as np
from PIL import Image

from image_describer.wording import BLANK

DARK = "The picture is very dark."
BLURRED = "The picture is blurred."
SCREEN = "This looks like a screenshot or a document, not a photograph."

THUMBNAIL_PX = 512  # longer side of what is looked at: a few ms, and no sensor noise left
BLANK_RANGE = 12  # of 255; between the darkest and the brightest hundredth
DARK_MEAN = 30  # of 255
DARK_BRIGHT = 90  # of 255; the brightest tenth of a dark picture stays below
BLURRED_EDGE = 0.06  # of the picture's contrast; the steepest edges of a blurred picture stay below
FLAT_SHARE = 0.6  # of the pixels of a screenshot or a page equal their neighbours


def notes(pixels: np.ndarray) -> tuple[str, ...]:
    """What to say about pixels (H, W, 3) uint8 before describing them; often nothing."""
    image = Image.fromarray(pixels)
    image.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.BOX)
    grey = np.asarray(image.convert("L"), np.float32)
    dark, bright = np.percentile(np.asarray(image), (1, 99))
    if bright - dark < BLANK_RANGE:
        return (BLANK,)
    found = []
    if grey.mean() < DARK_MEAN and np.percentile(grey, 90) < DARK_BRIGHT:
        found.append(DARK)
    return tuple(found)
