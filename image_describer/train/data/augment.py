"""Other views of a training picture: a part of it, often mirrored, in a little other light."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageEnhance

AREA = (0.55, 1.0)  # of the picture that a crop shows: below, things of the captions are cut off
ASPECT = (0.8, 1.25)  # width by height, as a share of the picture's own
STRENGTH = 0.25  # brightness, contrast and saturation are multiplied by 1 - this to 1 + this


@dataclass(frozen=True)
class Views:
    """Which views of a picture there are: itself and ``crops`` others, ``grey`` a share of these
    without colours. ``mirror``: each of them is followed by its mirror image.
    """

    crops: int = 0
    mirror: bool = True
    grey: float = 0.0


AND_MIRRORED = Views()  # the picture and its mirror image


def other_view(pixels: np.ndarray, rng: np.random.Generator, grey: float = 0.0) -> np.ndarray:
    """(S, S, 3) uint8 -> the same shape: a random crop, enlarged, in other light; every second one
    is mirrored, and the share ``grey`` has no colours.

    Crops by area and aspect after Szegedy et al. 2015 (arXiv:1409.4842), kept large.
    """
    side = pixels.shape[0]
    area, aspect = rng.uniform(*AREA), np.exp(rng.uniform(*np.log(ASPECT)))
    width = min(1.0, np.sqrt(area * aspect)) * side
    height = min(1.0, np.sqrt(area / aspect)) * side
    left, top = rng.uniform(0, side - width), rng.uniform(0, side - height)
    image = Image.fromarray(pixels).resize(
        (side, side), Image.Resampling.BILINEAR, box=(left, top, left + width, top + height)
    )
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = enhance(image).enhance(rng.uniform(1 - STRENGTH, 1 + STRENGTH))
    if rng.uniform() < grey:
        image = image.convert("L").convert("RGB")
    seen = np.asarray(image)
    return seen[:, ::-1] if rng.uniform() < 0.5 else seen


def rng_of(name: str, view: int) -> np.random.Generator:
    """What decides a view of a picture: its name and the view's number alone."""
    return np.random.default_rng([view, *name.encode()])
