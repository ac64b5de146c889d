"""Views of a picture: the picture itself, mirror images and random crops in other light."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

AREA = (0.55, 1.0)  # of the picture that a crop shows: smaller ones cut off what captions name
ASPECT = (0.8, 1.25)  # width by height, relative to the picture's own
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R 601, as Pillow's
STRENGTH = 0.25  # brightness, contrast and saturation are multiplied by 1 - this to 1 + this
VERSION = 4  # changes with what the crops look like, so that cached features become invalid


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
    brightness, contrast, saturation = rng.uniform(1 - STRENGTH, 1 + STRENGTH, 3)
    if rng.uniform() < grayscale:
        saturation = 0.0
    cropped = _change_colors(np.asarray(image), brightness, contrast, saturation)
    return cropped[:, ::-1] if rng.uniform() < 0.5 else cropped


def _change_colors(
    pixels: np.ndarray, brightness: float, contrast: float, saturation: float
) -> np.ndarray:
    """Multiply brightness, contrast and saturation of pixels (S, S, 3) uint8.

    In NumPy, which is quicker than Pillow's ImageEnhance and scales better with threads.
    """
    values = pixels.astype(np.float32)
    luma = values[..., 0] * LUMA[0] + values[..., 1] * LUMA[1] + values[..., 2] * LUMA[2]
    shift = luma.mean() * brightness * (1 - contrast) + 0.5  # half a level, to round
    luma *= brightness * contrast * (1 - saturation)
    luma += np.float32(shift)
    values *= np.float32(brightness * contrast * saturation)
    values += luma[..., np.newaxis]
    return np.clip(values, 0, 255, out=values).astype(np.uint8)
