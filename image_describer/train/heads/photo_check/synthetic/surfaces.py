"""What shows nothing: shades, noise and patterns, nearly blank pages."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from image_describer.train.heads.photo_check.synthetic.hand import Half, Hand
from image_describer.train.heads.photo_check.synthetic.maps import terrain


def _size(hand: Hand) -> tuple[int, int]:
    return hand.whole(200, 1100), hand.whole(200, 900)


def _between(hand: Hand, share: np.ndarray) -> Image.Image:
    """Shares (H, W) in 0..1 -> mixtures of two to four colours of the palette."""
    stops = np.asarray([hand.colour() for _ in range(hand.whole(2, 5))], float)
    place = np.clip(share, 0, 1) * (len(stops) - 1)
    low = np.minimum(place.astype(int), len(stops) - 2)
    part = (place - low)[..., None]
    return Image.fromarray((stops[low] * (1 - part) + stops[low + 1] * part).astype(np.uint8))


def _coordinates(hand: Hand) -> tuple[np.ndarray, np.ndarray]:
    width, height = _size(hand)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return x / width, y / height


def slope(hand: Hand) -> Image.Image:
    x, y = _coordinates(hand)
    turn = hand.number(0, 2 * np.pi)
    return _between(hand, 0.5 + (x - 0.5) * np.cos(turn) + (y - 0.5) * np.sin(turn))


def static(hand: Hand) -> Image.Image:
    """Every pixel, or every block of pixels, by chance."""
    width, height = _size(hand)
    cell = hand.one([1, 1, 2, 4])
    depth = hand.one([1, 3])
    size = (height // cell, width // cell, depth)
    noise = hand.rng.integers(0, 256, size).repeat(3 // depth, axis=2).astype(np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.NEAREST)


def checks(hand: Hand) -> Image.Image:
    x, y = _coordinates(hand)
    count = hand.whole(2, 24)
    field = (np.floor(x * count) + np.floor(y * count)) % 2
    colours = np.asarray([hand.palette[0], hand.ground], np.uint8)
    return Image.fromarray(colours[field.astype(int)])


def stripes(hand: Hand) -> Image.Image:
    x, y = _coordinates(hand)
    turn, count = hand.number(0, np.pi), hand.whole(3, 40)
    wave = (x * np.cos(turn) + y * np.sin(turn)) * count % 1
    colours = np.asarray([hand.palette[0], hand.palette[1]], np.uint8)
    return Image.fromarray(colours[(wave < hand.number(0.2, 0.8)).astype(int)])


def glow(hand: Hand) -> Image.Image:
    """Shaded from a point outwards."""
    x, y = _coordinates(hand)
    far = np.hypot(x - hand.number(0, 1), y - hand.number(0, 1))
    return _between(hand, far / far.max())


def cone(hand: Hand) -> Image.Image:
    """Shaded around a point."""
    x, y = _coordinates(hand)
    return _between(hand, (np.arctan2(y - hand.number(0.2, 0.8), x - 0.5) / (2 * np.pi)) % 1)


def bell_noise(hand: Hand) -> Image.Image:
    """Noise of a bell curve around a colour."""
    width, height = _size(hand)
    spread = hand.number(15, 90)
    depth = hand.one([1, 3])
    noise = hand.rng.normal(0, spread, (height, width, depth))
    return Image.fromarray(np.clip(noise + hand.colour(), 0, 255).astype(np.uint8))


def halftone(hand: Hand) -> Image.Image:
    """Dots in rows, larger where it is darker."""
    x, y = _coordinates(hand)
    count = hand.whole(12, 60)
    near = np.hypot(x * count % 1 - 0.5, y * count % 1 - 0.5)
    dot = near < 0.15 + 0.4 * (x if hand.chance(0.5) else y)
    return Image.fromarray(np.asarray([hand.ground, hand.palette[0]], np.uint8)[dot.astype(int)])


def waves(hand: Hand) -> Image.Image:
    """Sines that cross."""
    x, y = _coordinates(hand)
    total = np.zeros_like(x)
    for _ in range(3):
        total += np.sin(hand.number(5, 70) * x * hand.one([0, 1]) + hand.number(5, 70) * y)
    return _between(hand, 0.5 + total / 6)


def clouds(hand: Hand) -> Image.Image:
    """Smooth noise, as programs make it for grounds."""
    width, height = _size(hand)
    return _between(hand, 0.5 + terrain(hand, width, height, hand.whole(1, 7)) / 2)


STYLES: dict[Half, tuple[Callable[[Hand], Image.Image], ...]] = {
    "fit": (slope, static, checks, stripes),
    "test": (glow, cone, bell_noise, halftone, waves, clouds),
}
