"""Photographs, close-ups and corrupted photographs to learn from what a photograph is."""

from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from image_describer.train.data import corruptions
from image_describer.train.data.dataset import Dataset
from image_describer.train.progress import progress

PHOTOGRAPHS = 1000  # to fit on
HELD_OUT = 1000  # to choose thresholds by
CORRUPTED = 20  # photographs for each corruption
WITH_BARS = 80  # for each kind of bars: no other photographs have areas as plain
CLOSE_UPS = 250  # small parts of photographs: grass, sand and walls, which resemble noise
CLOSE_UP_PX = (40, 150)  # a side, if the picture had 224
CLOSE_UP_GRAYSCALE = 0.4  # of the close-ups
LEFT_OUT = ("clean", "tall, on a screen")  # the first is there already, the second a screenshot
SEED = 3


def split(keys: Sequence[str]) -> tuple[list[str], list[str]]:
    """Divide training pictures into those to fit on and those to choose thresholds by."""
    shuffled = list(keys)
    np.random.default_rng(SEED).shuffle(shuffled)
    count = min(PHOTOGRAPHS, len(shuffled) // 2)
    return shuffled[:count], shuffled[count : count + HELD_OUT]


def variants(
    data: Dataset, keys: Sequence[str], corrupted: int = CORRUPTED
) -> Iterator[np.ndarray]:
    """Pixels (H, W, 3) uint8 of photographs, of close-ups, and of ``corrupted`` photographs for
    each corruption."""
    yield from opened(data, keys)
    yield from _close_ups(data, keys[:CLOSE_UPS])
    for k, name in enumerate(name for name in corruptions.CORRUPTIONS if name not in LEFT_OUT):
        count = max(WITH_BARS, corrupted) if name.endswith("bars") else corrupted
        yield from opened(data, [*keys[k * corrupted :], *keys][:count], name)


def opened(data: Dataset, keys: Sequence[str], corruption: str = "clean") -> Iterator[np.ndarray]:
    """Pixels (H, W, 3) uint8 of photographs after a corruption."""
    for key in progress(keys, corruption, "pictures"):
        with Image.open(data.path(key)) as image:
            yield corruptions.corrupt(np.asarray(image.convert("RGB")), corruption, key)


def _close_ups(data: Dataset, keys: Sequence[str]) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(SEED)
    for pixels in opened(data, keys):
        height, width = pixels.shape[:2]
        side = int(rng.integers(*CLOSE_UP_PX)) * min(height, width) // 224
        top, left = rng.integers(0, height - side), rng.integers(0, width - side)
        part = Image.fromarray(pixels[top : top + side, left : left + side])
        part = part.resize((width, height), Image.Resampling.BICUBIC)
        if rng.random() < CLOSE_UP_GRAYSCALE:
            part = part.convert("L").convert("RGB")
        yield np.asarray(part)
