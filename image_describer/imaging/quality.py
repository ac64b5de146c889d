"""Detects pictures whose captions would mislead: blank, dark, blurred, or not photographs.

Everything is measured on a thumbnail, in a few milliseconds. The thresholds for dark and blurred
pictures were chosen on 600 photographs of Flickr8k and darkened and blurred copies of them, and
checked on 2,300 other photographs.
"""

import numpy as np
from PIL import Image

from image_describer.imaging import decode, photo_check
from image_describer.imaging.notes import BLANK, BLURRED, DARK, NOT_A_PHOTOGRAPH
from image_describer.imaging.photo_check import PhotoClassifier
from image_describer.imaging.preprocess import quantiles

# The longer side. Flickr8k's photographs have 224 pixels: what is unsharp at this size is unsharp
# for the network too, and what is slightly soft at full size does no harm.
THUMBNAIL_PX = 256

# Grey levels run from 0 to 255. Contrast is the range without the darkest and brightest 1 %.
BLANK_RANGE = 12  # without the darkest and brightest 0.1 %; photographs have far more
DARK_MEAN = 30  # 1 photograph in 100 is darker; most of those show something that is lit ...
DARK_HIGHLIGHTS = 110  # ... but in a dark picture even the brightest 3 % stay below this
BLURRED_CURVATURE = 0.18  # of the contrast: the steepest 1 % of the curvature;
# photographs have 0.25 and more, the same blurred by 1.5 pixels have less


def find_notes(pixels: np.ndarray, classifier: PhotoClassifier | None = None) -> tuple[str, ...]:
    """Return the notes on pixels (H, W, 3) uint8; most pictures have none.

    ``classifier`` tells photographs from other pictures; None is the one in the assets.
    """
    small = thumbnail(pixels)
    if is_blank(small):
        return (BLANK,)
    if not photo_check.is_photograph(small, classifier):
        return (NOT_A_PHOTOGRAPH,)  # a dark theme isn't a dark picture
    return photograph_notes(small)


def photograph_notes(pixels: np.ndarray) -> tuple[str, ...]:
    """Return the notes on (H, W, 3) uint8 that is known to be a photograph: dark, blurred."""
    grey = np.asarray(Image.fromarray(thumbnail(pixels)).convert("L"))
    dark, highlights, bright = quantiles(grey, (0.01, 0.97, 0.99))
    contrast = max(float(bright - dark), 1.0)
    notes = []
    if grey.mean() < DARK_MEAN and highlights < DARK_HIGHLIGHTS:
        notes.append(DARK)
    if _is_blurred(grey, contrast):
        notes.append(BLURRED)
    return tuple(notes)


def thumbnail(pixels: np.ndarray) -> np.ndarray:
    """Average (H, W, 3) down to at most ``THUMBNAIL_PX`` on the longer side; never enlarge it."""
    if max(pixels.shape[:2]) <= THUMBNAIL_PX:
        return pixels
    return np.asarray(decode.thumbnail(Image.fromarray(pixels), THUMBNAIL_PX))


def is_blank(small: np.ndarray) -> bool:
    """Return whether nothing can be seen on a thumbnail (H, W, 3) uint8."""
    # Channel by channel: red on green of the same brightness can be seen.
    ranges = [np.ptp(quantiles(small[..., channel], (0.001, 0.999))) for channel in range(3)]
    return max(ranges) < BLANK_RANGE


def _is_blurred(grey: np.ndarray, contrast: float) -> bool:
    if min(grey.shape) < 3:
        return False
    grey = grey.astype(np.int16)
    neighbours = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    curvature = np.abs(4 * grey[1:-1, 1:-1] - neighbours)
    return bool(np.percentile(curvature, 99) < BLURRED_CURVATURE * contrast)
