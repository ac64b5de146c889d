"""Maps: streets, islands, countries; metro lines, contours, rings of a town, plans of a flat."""

from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from image_describer.train.heads.photo_check.synthetic.randomizer import Randomizer, Styles


def terrain(rng: Randomizer, width: int, height: int, octaves: int = 5) -> np.ndarray:
    """Smooth heights (height, width) float32, about -1 to 1, rougher with more octaves."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        cells = 3 * 2**octave
        layer = rng.generator.uniform(-1, 1, (cells, cells)).astype(np.float32)
        size = (width, height)
        total += np.asarray(Image.fromarray(layer).resize(size, Image.Resampling.BICUBIC)) / (
            1.7**octave
        )
    return total / 1.6


def _painted(field: np.ndarray, colors: list[tuple[int, int, int]]) -> Image.Image:
    """Whole numbers (H, W) -> each its color."""
    return Image.fromarray(np.asarray(colors, np.uint8)[field])


def streets(rng: Randomizer) -> Image.Image:
    width, height = rng.integer(500, 1200), rng.integer(400, 900)
    image, draw = rng.canvas(width, height)
    if rng.chance(0.6):
        course = [(x, height * 0.5 + 140 * np.sin(x / 170 + 1)) for x in range(-50, width + 60, 20)]
        draw.line(course, (150, 190, 230), rng.integer(20, 70), joint="curve")
    for _ in range(rng.integer(1, 5)):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        draw.rectangle((x, y, x + rng.uniform(60, 260), y + rng.uniform(60, 200)), (190, 224, 180))
    step, tilt = rng.integer(50, 120), rng.uniform(-0.4, 0.4)
    for k in range(-10, 40):
        wide = rng.choice([4, 4, 6, 14])
        fill = rng.blend(0.9, rng.palette[1]) if wide == 14 else rng.blend(0.3, rng.fg)
        draw.line((k * step, 0, k * step + tilt * height, height), fill, wide)
        draw.line((0, k * step, width, k * step - tilt * width), fill, wide)
    for _ in range(rng.integer(5, 20)):
        where = rng.uniform(0, width), rng.uniform(0, height)
        rng.write(draw, where, rng.words(1), rng.uniform(11, 22))
    return image


def islands(rng: Randomizer) -> Image.Image:
    width, height = rng.integer(400, 1100), rng.integer(300, 800)
    heights = terrain(rng, width, height)
    field = np.digitize(heights, (0.0, 0.25, 0.55))
    image = _painted(field, [(165, 200, 235), rng.blend(0.5), rng.blend(0.6), rng.blend(0.8)])
    return _labelled(rng, image)


def countries(rng: Randomizer) -> Image.Image:
    """Regions nearest to a few points, their edges wavy, each of one color, with black borders."""
    width, height = rng.integer(300, 700), rng.integer(250, 500)
    count = rng.integer(8, 24)
    points = rng.generator.uniform(0, 1, (count, 2)) * (width, height)
    wave = terrain(rng, width, height, 5) * 40
    y, x = np.mgrid[:height, :width].astype(np.float32)
    far = [(x + wave - a) ** 2 + (y - wave - b) ** 2 for a, b in points]
    field = np.argmin(far, axis=0)
    image = np.array(_painted(field, [rng.blend(0.6) for _ in range(count)]))
    edge = (np.diff(field, axis=0, append=0) != 0) | (np.diff(field, axis=1, append=0) != 0)
    image[edge] = rng.fg
    return _labelled(rng, Image.fromarray(image))


def _labelled(rng: Randomizer, image: Image.Image) -> Image.Image:
    draw = ImageDraw.Draw(image)
    for _ in range(rng.integer(3, 14)):
        x, y = rng.uniform(0, image.width * 0.9), rng.uniform(0, image.height)
        draw.text((x, y), rng.words(1), (20, 20, 20), rng.font(rng.uniform(11, 24)))
        draw.ellipse((x - 8, y + 4, x - 2, y + 10), (20, 20, 20))
    return image


def metro(rng: Randomizer) -> Image.Image:
    width, height = rng.integer(600, 1200), rng.integer(500, 900)
    image, draw = rng.canvas(width, height)
    for line in range(rng.integer(3, 8)):
        x, y = rng.uniform(0.1, 0.4) * width, rng.uniform(0.1, 0.9) * height
        color, course = rng.palette[line % len(rng.palette)], [(x, y)]
        for _ in range(rng.integer(3, 8)):
            dx, dy = rng.choice([(1, 0), (1, 1), (1, -1), (0, 1), (0, -1)])
            far = rng.uniform(60, 160)
            x, y = x + dx * far, y + dy * far
            course.append((x, y))
        draw.line(course, color, rng.integer(6, 13), joint="curve")
        for a, b in course:
            draw.circle((a, b), 8, (255, 255, 255), (20, 20, 20), 3)
            rng.write(draw, (a + 10, b - 22), rng.words(1), 15)
    return image


def contours(rng: Randomizer) -> Image.Image:
    """Lines of the same height over tints, as hiking maps have them."""
    width, height = rng.integer(400, 1000), rng.integer(300, 900)
    heights = terrain(rng, width, height, 4)
    steps = np.floor(heights * rng.uniform(6, 16))
    line = (np.diff(steps, axis=0, append=0) != 0) | (np.diff(steps, axis=1, append=0) != 0)
    field = np.clip((heights + 1) * 2.5, 0, 4).astype(int)
    image = np.array(
        _painted(field, [rng.blend(0.15 + 0.12 * k, rng.palette[2]) for k in range(5)])
    )
    image[line] = rng.palette[3]
    return _labelled(rng, Image.fromarray(image))


def town(rng: Randomizer) -> Image.Image:
    """A town of rings and rays, with blocks between."""
    side = rng.integer(500, 1000)
    image, draw = rng.canvas(side, side)
    cx, cy = rng.uniform(0.3, 0.7) * side, rng.uniform(0.3, 0.7) * side
    rays, rings = rng.integer(8, 20), rng.integer(4, 10)
    for ring in range(rings, 0, -1):
        far = ring * side / rings * 0.75
        for k in range(rays):
            fill = rng.blend(rng.uniform(0.1, 0.5))
            box = (cx - far, cy - far, cx + far, cy + far)
            draw.pieslice(box, k * 360 / rays, (k + 1) * 360 / rays, fill, rng.bg, 6)
    for _ in range(rng.integer(6, 16)):
        where = rng.uniform(0, side * 0.9), rng.uniform(0, side)
        rng.write(draw, where, rng.words(1), side / 45)
    return image


def flat(rng: Randomizer) -> Image.Image:
    """The plan of a flat: walls, doors, names and sizes of rooms."""
    width, height = rng.integer(500, 1000), rng.integer(400, 800)
    image, draw = rng.canvas(width, height)
    xs = np.sort(rng.generator.uniform(0.1, 0.9, rng.integer(2, 4))) * width
    ys = np.sort(rng.generator.uniform(0.1, 0.9, rng.integer(1, 4))) * height
    wall = rng.integer(4, 12)
    columns, rows = [30.0, *xs, width - 30.0], [30.0, *ys, height - 30.0]
    for x0, x1 in pairwise(columns):
        for y0, y1 in pairwise(rows):
            fill = rng.blend(0.15) if rng.chance(0.4) else rng.bg
            draw.rectangle((x0, y0, x1, y1), fill, rng.fg, wall)
            size = rng.font(max(11.0, (x1 - x0) / 12))
            draw.text(((x0 + x1) / 2, (y0 + y1) / 2), rng.words(1), rng.fg, size, anchor="mm")
            draw.line((x0 + 15, y0, x0 + 45, y0), rng.bg, wall + 2)
            draw.arc((x0 - 15, y0 - 30, x0 + 45, y0 + 30), 0, 90, rng.fg, 2)
    return image


STYLES: Styles = {
    "fit": (streets, islands, countries),
    "test": (metro, contours, town, flat),
}
