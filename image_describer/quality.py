"""Notes on a picture that would mislead a caption: blank, dark, blurred, not a photograph.

Everything is measured on a thumbnail, in a few milliseconds. The thresholds were chosen between
what 600 photographs of Flickr8k show and what darkened, blurred and drawn pictures show, and then
tried on 2,300 other photographs.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from image_describer.wording import BLANK

DARK = "The picture is very dark."
BLURRED = "The picture is blurred."
SCREEN = "This looks like a screenshot or a document, not a photograph."

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
FLAT_STEP = 2  # between neighbours; JPEG alone makes steps of one or two
GENTLE_STEP = 0.1  # of the contrast: shading
STEEP_STEP = 0.25  # of the contrast: the edge of a letter or a line
# Drawn things are flat or steep and seldom between. Either hardly any of their pixels lie on gentle
# slopes (of those of photographs, at least 13 %) ...
GENTLE_SHARE = 0.12
GENTLE_OF_UNEVEN = 0.6  # a thing photographed on white has few slopes, but little else than slopes
# ... or much is flat, and of the rest little is gentle (of photographs as flat, at least 0.45) and
# much is steep; this finds text with the fringes of a strongly compressed JPEG.
UNEVEN_SHARE = 0.65
GENTLE_OF_UNEVEN_JPEG = 0.42
STEEP_SHARE_JPEG = 0.12
STEEP_SHARE = 0.008  # blurred and smooth pictures have no steep edges at all
DRAWN_CONTRAST = 70  # below, a dark photograph would look drawn: its slopes are a level or two


def notes(pixels: np.ndarray) -> tuple[str, ...]:
    """What to say about pixels (H, W, 3) uint8 before they are described; most often nothing."""
    thumbnail = _thumbnail(pixels)
    if _is_blank(thumbnail):
        return (BLANK,)
    image = Image.fromarray(thumbnail).convert("L")
    grey = np.asarray(image, np.float32)
    dark, light, bright = _levels(image.histogram(), (0.01, 0.97, 0.99))
    contrast = max(float(bright - dark), 1.0)
    if _is_drawn(grey, contrast):
        return (SCREEN,)  # a dark theme is no dark picture
    found = []
    if grey.mean() < DARK_MEAN and light < DARK_LIGHT:
        found.append(DARK)
    if _is_blurred(grey, contrast):
        found.append(BLURRED)
    return tuple(found)


def _thumbnail(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) with the longer side at most THUMBNAIL_PX, by averaging, never enlarged."""
    scale = THUMBNAIL_PX / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))


def _is_blank(thumbnail: np.ndarray) -> bool:
    # Channel by channel: red on green of the same brightness is something to see.
    counts = np.reshape(Image.fromarray(thumbnail).histogram(), (3, LEVELS))
    ranges = [np.diff(_levels(channel, (0.001, 0.999)))[0] for channel in counts]
    return max(ranges) < BLANK_RANGE


def _levels(counts: Sequence[int] | np.ndarray, shares: tuple[float, ...]) -> np.ndarray:
    """The grey levels below which these shares of the pixels lie, from a histogram (LEVELS,).

    The same as percentiles, which would have to sort the pixels.
    """
    below = np.cumsum(counts)
    return np.searchsorted(below, np.asarray(shares) * below[-1])


def _is_drawn(grey: np.ndarray, contrast: float) -> bool:
    if min(grey.shape) < 3 or contrast < DRAWN_CONTRAST:
        return False
    across = np.abs(np.diff(grey, axis=1))[:-1]
    down = np.abs(np.diff(grey, axis=0))[:, :-1]
    step = np.maximum(across, down)
    uneven = float((step > FLAT_STEP).mean())
    gentle = float(((step > FLAT_STEP) & (step < GENTLE_STEP * contrast)).mean())
    steep = float((step > STEEP_STEP * contrast).mean())
    few = gentle < GENTLE_SHARE and gentle < GENTLE_OF_UNEVEN * uneven
    if few and steep > STEEP_SHARE:
        return True
    fringed = uneven < UNEVEN_SHARE and gentle < GENTLE_OF_UNEVEN_JPEG * uneven
    return fringed and steep > STEEP_SHARE_JPEG


def _is_blurred(grey: np.ndarray, contrast: float) -> bool:
    if min(grey.shape) < 3:
        return False
    centre = 4 * grey[1:-1, 1:-1]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return bool(np.percentile(np.abs(centre - around), 99) < BLURRED_EDGE * contrast)
