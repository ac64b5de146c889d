"""Surfaces: gradients, noise and patterns."""

import numpy as np
from PIL import Image

from image_describer.train.heads.photo_check.synthetic.maps import terrain
from image_describer.train.heads.photo_check.synthetic.randomizer import Randomizer, Styles


def _size(rng: Randomizer) -> tuple[int, int]:
    return rng.integer(200, 1100), rng.integer(200, 900)


def _between(rng: Randomizer, share: np.ndarray) -> Image.Image:
    """Shares (H, W) in 0..1 -> mixtures of two to four colors of the palette."""
    stops = np.asarray([rng.color() for _ in range(rng.integer(2, 5))], float)
    place = np.clip(share, 0, 1) * (len(stops) - 1)
    low = np.minimum(place.astype(int), len(stops) - 2)
    part = (place - low)[..., None]
    return Image.fromarray((stops[low] * (1 - part) + stops[low + 1] * part).astype(np.uint8))


def _coordinates(rng: Randomizer) -> tuple[np.ndarray, np.ndarray]:
    width, height = _size(rng)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return x / width, y / height


def slope(rng: Randomizer) -> Image.Image:
    x, y = _coordinates(rng)
    turn = rng.uniform(0, 2 * np.pi)
    return _between(rng, 0.5 + (x - 0.5) * np.cos(turn) + (y - 0.5) * np.sin(turn))


def static(rng: Randomizer) -> Image.Image:
    """Uniform noise, in pixels or in blocks of pixels."""
    width, height = _size(rng)
    cell = rng.choice([1, 1, 2, 4])
    depth = rng.choice([1, 3])
    size = (height // cell, width // cell, depth)
    noise = rng.generator.integers(0, 256, size).repeat(3 // depth, axis=2).astype(np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.NEAREST)


def checks(rng: Randomizer) -> Image.Image:
    x, y = _coordinates(rng)
    count = rng.integer(2, 24)
    field = (np.floor(x * count) + np.floor(y * count)) % 2
    colors = np.asarray([rng.palette[0], rng.bg], np.uint8)
    return Image.fromarray(colors[field.astype(int)])


def stripes(rng: Randomizer) -> Image.Image:
    x, y = _coordinates(rng)
    turn, count = rng.uniform(0, np.pi), rng.integer(3, 40)
    wave = (x * np.cos(turn) + y * np.sin(turn)) * count % 1
    colors = np.asarray([rng.palette[0], rng.palette[1]], np.uint8)
    return Image.fromarray(colors[(wave < rng.uniform(0.2, 0.8)).astype(int)])


def glow(rng: Randomizer) -> Image.Image:
    """A radial gradient."""
    x, y = _coordinates(rng)
    far = np.hypot(x - rng.uniform(0, 1), y - rng.uniform(0, 1))
    return _between(rng, far / far.max())


def cone(rng: Randomizer) -> Image.Image:
    """A conical gradient."""
    x, y = _coordinates(rng)
    return _between(rng, (np.arctan2(y - rng.uniform(0.2, 0.8), x - 0.5) / (2 * np.pi)) % 1)


def bell_noise(rng: Randomizer) -> Image.Image:
    """Normal noise around a color."""
    width, height = _size(rng)
    spread = rng.uniform(15, 90)
    depth = rng.choice([1, 3])
    noise = rng.generator.normal(0, spread, (height, width, depth))
    return Image.fromarray(np.clip(noise + rng.color(), 0, 255).astype(np.uint8))


def halftone(rng: Randomizer) -> Image.Image:
    """Dots in rows, larger where it is darker."""
    x, y = _coordinates(rng)
    count = rng.integer(12, 60)
    near = np.hypot(x * count % 1 - 0.5, y * count % 1 - 0.5)
    dot = near < 0.15 + 0.4 * (x if rng.chance(0.5) else y)
    return Image.fromarray(np.asarray([rng.bg, rng.palette[0]], np.uint8)[dot.astype(int)])


def waves(rng: Randomizer) -> Image.Image:
    """Waves in two directions."""
    x, y = _coordinates(rng)
    total = np.zeros_like(x)
    for _ in range(3):
        total += np.sin(rng.uniform(5, 70) * x * rng.choice([0, 1]) + rng.uniform(5, 70) * y)
    return _between(rng, 0.5 + total / 6)


def clouds(rng: Randomizer) -> Image.Image:
    """Smooth noise, as in computer-generated backgrounds."""
    width, height = _size(rng)
    return _between(rng, 0.5 + terrain(rng, width, height, rng.integer(1, 7)) / 2)


STYLES: Styles = {
    "fit": (slope, static, checks, stripes),
    "test": (glow, cone, bell_noise, halftone, waves, clouds),
}
