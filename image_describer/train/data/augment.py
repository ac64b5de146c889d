"""Views of a picture: the picture itself, mirror images and random crops in other light."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageEnhance

AREA = (0.55, 1.0)  # of the picture that a crop shows: smaller ones cut off what captions name
ASPECT = (0.8, 1.25)  # width by height, relative to the picture's own
STRENGTH = 0.25  # brightness, contrast and saturation are multiplied by 1 - this to 1 + this
VERSION = 3  # changes with what the crops look like, so that cached features become invalid


@dataclass(frozen=True)
class Views:
    """The views of a picture, by position: 0 is the picture itself, 1 to ``crops`` are random
    crops, half of them mirrored and a share ``grayscale`` without colors. With ``mirror``, position
    ``crops`` + 1 + k is the mirror image of view k."""

    crops: int = 0
    mirror: bool = False
    grayscale: float = 0.0

    @property
    def count(self) -> int:
        return (1 + self.crops) * (2 if self.mirror else 1)

    @property
    def facts(self) -> str:
        """What cached features depend on."""
        return f"{self.crops} {self.mirror} {self.grayscale} {VERSION}"


def view_of(pixels: np.ndarray, key: str, view: int, views: Views) -> np.ndarray:
    """One view of the picture ``key``, whose pixels are (S, S, 3) uint8: the same shape."""
    mirrored, crop = divmod(view, 1 + views.crops)
    if crop:
        rng = np.random.default_rng([crop, *key.encode()])  # depends on nothing else
        pixels = random_crop(pixels, rng, views.grayscale)
    return pixels[:, ::-1] if mirrored else pixels


def random_crop(pixels: np.ndarray, rng: np.random.Generator, grayscale: float) -> np.ndarray:
    """(S, S, 3) uint8 -> the same shape: a random crop, enlarged, with other brightness, contrast
    and saturation; half of them mirrored, a share ``grayscale`` without colors.

    Crops by area and aspect after Szegedy et al. 2015 (arXiv:1409.4842), but large ones.
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
    if rng.uniform() < grayscale:
        image = image.convert("L").convert("RGB")
    cropped = np.asarray(image)
    return cropped[:, ::-1] if rng.uniform() < 0.5 else cropped
