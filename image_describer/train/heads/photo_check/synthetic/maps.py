"""Maps: streets, islands, countries; metro lines, contours, rings of a town, plans of a flat."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from image_describer.train.heads.photo_check.synthetic.hand import Half, Hand


def terrain(hand: Hand, width: int, height: int, octaves: int = 5) -> np.ndarray:
    """Smooth heights (height, width) float32, about -1 to 1, rougher with more octaves."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        cells = 3 * 2**octave
        layer = hand.rng.uniform(-1, 1, (cells, cells)).astype(np.float32)
        size = (width, height)
        total += np.asarray(Image.fromarray(layer).resize(size, Image.Resampling.BICUBIC)) / (
            1.7**octave
        )
    return total / 1.6


def _painted(field: np.ndarray, colours: list[tuple[int, int, int]]) -> Image.Image:
    """Whole numbers (H, W) -> each its colour."""
    return Image.fromarray(np.asarray(colours, np.uint8)[field])


def streets(hand: Hand) -> Image.Image:
    width, height = hand.whole(500, 1200), hand.whole(400, 900)
    image, draw = hand.canvas(width, height)
    if hand.chance(0.6):
        course = [(x, height * 0.5 + 140 * np.sin(x / 170 + 1)) for x in range(-50, width + 60, 20)]
        draw.line(course, (150, 190, 230), hand.whole(20, 70), joint="curve")
    for _ in range(hand.whole(1, 5)):
        x, y = hand.number(0, width), hand.number(0, height)
        draw.rectangle((x, y, x + hand.number(60, 260), y + hand.number(60, 200)), (190, 224, 180))
    step, tilt = hand.whole(50, 120), hand.number(-0.4, 0.4)
    for k in range(-10, 40):
        wide = hand.one([4, 4, 6, 14])
        fill = hand.mixed(0.9, hand.palette[1]) if wide == 14 else hand.mixed(0.3, hand.ink)
        draw.line((k * step, 0, k * step + tilt * height, height), fill, wide)
        draw.line((0, k * step, width, k * step - tilt * width), fill, wide)
    for _ in range(hand.whole(5, 20)):
        where = hand.number(0, width), hand.number(0, height)
        draw.text(where, hand.words(1), hand.ink, hand.font(hand.number(11, 22)))
    return image


def islands(hand: Hand) -> Image.Image:
    width, height = hand.whole(400, 1100), hand.whole(300, 800)
    heights = terrain(hand, width, height)
    field = np.digitize(heights, (0.0, 0.25, 0.55))
    image = _painted(field, [(165, 200, 235), hand.mixed(0.5), hand.mixed(0.6), hand.mixed(0.8)])
    return _labelled(hand, image)


def countries(hand: Hand) -> Image.Image:
    """Regions nearest to a few points, their edges wavy, each of one colour, with black borders."""
    width, height = hand.whole(300, 700), hand.whole(250, 500)
    count = hand.whole(8, 24)
    points = hand.rng.uniform(0, 1, (count, 2)) * (width, height)
    wave = terrain(hand, width, height, 5) * 40
    y, x = np.mgrid[:height, :width].astype(np.float32)
    far = [(x + wave - a) ** 2 + (y - wave - b) ** 2 for a, b in points]
    field = np.argmin(far, axis=0)
    image = np.array(_painted(field, [hand.mixed(0.6) for _ in range(count)]))
    edge = (np.diff(field, axis=0, append=0) != 0) | (np.diff(field, axis=1, append=0) != 0)
    image[edge] = hand.ink
    return _labelled(hand, Image.fromarray(image))


def _labelled(hand: Hand, image: Image.Image) -> Image.Image:
    draw = ImageDraw.Draw(image)
    for _ in range(hand.whole(3, 14)):
        x, y = hand.number(0, image.width * 0.9), hand.number(0, image.height)
        draw.text((x, y), hand.words(1), (20, 20, 20), hand.font(hand.number(11, 24)))
        draw.ellipse((x - 8, y + 4, x - 2, y + 10), (20, 20, 20))
    return image


def metro(hand: Hand) -> Image.Image:
    width, height = hand.whole(600, 1200), hand.whole(500, 900)
    image, draw = hand.canvas(width, height)
    for line in range(hand.whole(3, 8)):
        x, y = hand.number(0.1, 0.4) * width, hand.number(0.1, 0.9) * height
        colour, course = hand.palette[line % len(hand.palette)], [(x, y)]
        for _ in range(hand.whole(3, 8)):
            dx, dy = hand.one([(1, 0), (1, 1), (1, -1), (0, 1), (0, -1)])
            far = hand.number(60, 160)
            x, y = x + dx * far, y + dy * far
            course.append((x, y))
        draw.line(course, colour, hand.whole(6, 13), joint="curve")
        for a, b in course:
            draw.ellipse((a - 8, b - 8, a + 8, b + 8), (255, 255, 255), (20, 20, 20), 3)
            draw.text((a + 10, b - 22), hand.words(1), hand.ink, hand.font(15))
    return image


def contours(hand: Hand) -> Image.Image:
    """Lines of the same height over tints, as hiking maps have them."""
    width, height = hand.whole(400, 1000), hand.whole(300, 900)
    heights = terrain(hand, width, height, 4)
    steps = np.floor(heights * hand.number(6, 16))
    line = (np.diff(steps, axis=0, append=0) != 0) | (np.diff(steps, axis=1, append=0) != 0)
    field = np.clip((heights + 1) * 2.5, 0, 4).astype(int)
    image = np.array(
        _painted(field, [hand.mixed(0.15 + 0.12 * k, hand.palette[2]) for k in range(5)])
    )
    image[line] = hand.palette[3]
    return _labelled(hand, Image.fromarray(image))


def town(hand: Hand) -> Image.Image:
    """A town of rings and rays, with blocks between."""
    side = hand.whole(500, 1000)
    image, draw = hand.canvas(side, side)
    cx, cy = hand.number(0.3, 0.7) * side, hand.number(0.3, 0.7) * side
    rays, rings = hand.whole(8, 20), hand.whole(4, 10)
    for ring in range(rings, 0, -1):
        far = ring * side / rings * 0.75
        for k in range(rays):
            fill = hand.mixed(hand.number(0.1, 0.5))
            box = (cx - far, cy - far, cx + far, cy + far)
            draw.pieslice(box, k * 360 / rays, (k + 1) * 360 / rays, fill, hand.ground, 6)
    for _ in range(hand.whole(6, 16)):
        where = hand.number(0, side * 0.9), hand.number(0, side)
        draw.text(where, hand.words(1), hand.ink, hand.font(side / 45))
    return image


def flat(hand: Hand) -> Image.Image:
    """The plan of a flat: walls, doors, names and sizes of rooms."""
    width, height = hand.whole(500, 1000), hand.whole(400, 800)
    image, draw = hand.canvas(width, height)
    xs = np.sort(hand.rng.uniform(0.1, 0.9, hand.whole(2, 4))) * width
    ys = np.sort(hand.rng.uniform(0.1, 0.9, hand.whole(1, 4))) * height
    wall = hand.whole(4, 12)
    columns, rows = [30.0, *xs, width - 30.0], [30.0, *ys, height - 30.0]
    for x0, x1 in pairwise(columns):
        for y0, y1 in pairwise(rows):
            fill = hand.mixed(0.15) if hand.chance(0.4) else hand.ground
            draw.rectangle((x0, y0, x1, y1), fill, hand.ink, wall)
            size = hand.font(max(11.0, (x1 - x0) / 12))
            draw.text(((x0 + x1) / 2, (y0 + y1) / 2), hand.words(1), hand.ink, size, anchor="mm")
            draw.line((x0 + 15, y0, x0 + 45, y0), hand.ground, wall + 2)
            draw.arc((x0 - 15, y0 - 30, x0 + 45, y0 + 30), 0, 90, hand.ink, 2)
    return image


STYLES: dict[Half, tuple[Callable[[Hand], Image.Image], ...]] = {
    "fit": (streets, islands, countries),
    "test": (metro, contours, town, flat),
}
