"""Diagrams: flow charts, trees, networks; Venn and sequence diagrams, Gantt charts, circuits."""

import math

from PIL import Image, ImageDraw

from image_describer.train.heads.photo_check.synthetic import randomizer
from image_describer.train.heads.photo_check.synthetic.randomizer import Point, Randomizer


def arrow(
    draw: ImageDraw.ImageDraw, start: Point, end: Point, fill: randomizer.Color, wide: int
) -> None:
    """A line with a head at its end."""
    draw.line((*start, *end), fill, wide)
    turn = math.atan2(end[1] - start[1], end[0] - start[0])
    head = [end] + [
        (end[0] - 14 * math.cos(turn + side), end[1] - 14 * math.sin(turn + side))
        for side in (-0.45, 0.45)
    ]
    draw.polygon(head, fill)


def flow(rng: Randomizer) -> Image.Image:
    columns, rows = rng.integer(1, 4), rng.integer(3, 7)
    image, draw = rng.canvas(columns * 230 + 40, rows * 120 + 40)
    wide = rng.integer(1, 5)
    for k in range(columns * rows):
        x, y = 30 + k % columns * 230, 30 + k // columns * 120
        if k + columns < columns * rows:
            arrow(draw, (x + 85, y + 60), (x + 85, y + 118), rng.fg, wide)
        if k % columns and rng.chance(0.5):
            arrow(draw, (x - 60, y + 30), (x - 2, y + 30), rng.fg, wide)
        fill = rng.blend(0.5) if rng.chance(0.6) else rng.bg
        box = (x, y, x + 170, y + 60)
        shape = rng.integer(0, 3)
        if shape == 0:
            draw.rectangle(box, fill, rng.fg, wide)
        elif shape == 1:
            draw.rounded_rectangle(box, 20, fill, rng.fg, wide)
        else:
            middle = [(x, y + 30), (x + 85, y - 8), (x + 170, y + 30), (x + 85, y + 68)]
            draw.polygon(middle, fill, rng.fg, wide)
        rng.write(draw, (x + 85, y + 30), rng.words(2)[:18], 16, anchor="mm")
    return image


def tree(rng: Randomizer) -> Image.Image:
    depth, width = rng.integer(3, 6), rng.integer(500, 1200)
    image, draw = rng.canvas(width, depth * 110 + 40)
    for level in range(depth):
        for k in range(2**level):
            x, y = width * (k + 0.5) / 2**level, 40 + 110 * level
            if level:
                up = width * (k // 2 + 0.5) / 2 ** (level - 1)
                draw.line((x, y, up, y - 110), rng.fg, 2)
    for level in range(depth):
        for k in range(2**level):
            x, y = width * (k + 0.5) / 2**level, 40 + 110 * level
            draw.circle((x, y), 26, rng.palette[level % 4], rng.fg, 2)
            rng.write(draw, (x, y), str(rng.integer(0, 99)), 18, anchor="mm")
    return image


def network(rng: Randomizer) -> Image.Image:
    width, height = rng.integer(400, 1000), rng.integer(400, 800)
    image, draw = rng.canvas(width, height)
    nodes = [(rng.uniform(40, width - 40), rng.uniform(40, height - 40))
             for _ in range(rng.integer(5, 26))]  # fmt: skip
    for _ in range(2 * len(nodes)):
        ends = (*rng.choice(nodes), *rng.choice(nodes))
        draw.line(ends, rng.blend(0.6, rng.fg), rng.integer(1, 4))
    for x, y in nodes:
        far = rng.uniform(8, 30)
        draw.circle((x, y), far, rng.color(), rng.fg)
        rng.write(draw, (x + far, y), rng.words(1), 14)
    return image


def sets(rng: Randomizer) -> Image.Image:
    """Overlapping circles, half transparent."""
    width, height = rng.integer(500, 900), rng.integer(400, 700)
    image, _ = rng.canvas(width, height)
    for k in range(rng.integer(2, 5)):
        x, y = width * rng.uniform(0.35, 0.65), height * rng.uniform(0.35, 0.65)
        far = min(width, height) * rng.uniform(0.2, 0.34)
        mask = Image.new("L", image.size)
        ImageDraw.Draw(mask).circle((x, y), far, 140)
        image.paste(rng.palette[k], (0, 0), mask)
        rng.write(ImageDraw.Draw(image), (x, y), rng.words(1), 24, anchor="mm")
    return image


def sequence(rng: Randomizer) -> Image.Image:
    """A sequence diagram: messages between parties, from top to bottom."""
    parties = rng.integer(2, 6)
    image, draw = rng.canvas(parties * 200 + 40, rng.integer(400, 1000))
    for k in range(parties):
        x = 120 + 200 * k
        draw.rounded_rectangle((x - 70, 20, x + 70, 64), 8, rng.blend(0.5), rng.fg, 2)
        rng.write(draw, (x, 42), rng.words(1), 18, anchor="mm")
        for y in range(70, image.height, 14):
            draw.line((x, y, x, y + 7), rng.fg)
    for y in range(100, image.height - 20, rng.integer(34, 70)):
        a, b = rng.integer(0, parties), rng.integer(0, parties)
        if a != b:
            arrow(draw, (120 + 200.0 * a, y), (120 + 200.0 * b, y), rng.palette[0], 2)
            rng.write(draw, (120 + 100 * (a + b), y - 18), rng.words(2), 14, anchor="ma")
    return image


def plan(rng: Randomizer) -> Image.Image:
    """A Gantt chart: bars below a time line."""
    width, rows = rng.integer(600, 1300), rng.integer(5, 18)
    image, draw = rng.canvas(width, rows * 40 + 80)
    for k in range(12):
        x = 160 + k * (width - 170) / 12
        draw.line((x, 50, x, image.height), rng.blend(0.25, rng.fg))
        rng.write(draw, (x, 20), rng.words(1)[:3], 16)
    for row in range(rows):
        y, start = 60 + 40 * row, rng.uniform(0, 0.7)
        rng.write(draw, (10, y), rng.words(1), 17)
        x = 160 + start * (width - 170)
        end = min(width - 8.0, x + rng.uniform(0.05, 0.4) * width)
        draw.rounded_rectangle((x, y, end, y + 26), 5, rng.color())
    return image


def figure(rng: Randomizer) -> Image.Image:
    """Geometry: triangles, circles, angles with their letters."""
    side = rng.integer(350, 800)
    image, draw = rng.canvas(side, side)
    wide = rng.integer(2, 6)
    corners = [(rng.uniform(0.1, 0.9) * side, rng.uniform(0.1, 0.9) * side) for _ in range(3)]
    draw.polygon(corners, rng.blend(0.2) if rng.chance(0.5) else None, rng.fg, wide)
    for letter, (x, y) in zip("ABC", corners, strict=True):
        rng.write(draw, (x + 8, y - 30), letter, 28)
        end = 360 * rng.uniform(0.1, 0.4)
        draw.arc((x - 40, y - 40, x + 40, y + 40), 0, end, rng.palette[0], wide)
    draw.circle((side / 2, side / 2), rng.uniform(0.15, 0.45) * side, None, rng.palette[1], wide)
    return image


def circuit(rng: Randomizer) -> Image.Image:
    """Wires at right angles with parts on them."""
    width, height = rng.integer(500, 1000), rng.integer(400, 700)
    image, draw = rng.canvas(width, height)
    step = rng.integer(70, 120)
    for x in range(step, width - step, step):
        for y in range(step, height - step, step):
            for dx, dy in ((step, 0), (0, step)):
                if rng.chance(0.45):
                    draw.line((x, y, x + dx, y + dy), rng.fg, 3)
                    a, b = x + dx / 2, y + dy / 2
                    part = rng.integer(0, 3)
                    if part == 0:
                        draw.rectangle((a - 16, b - 9, a + 16, b + 9), rng.bg, rng.fg, 3)
                        rng.write(draw, (a - 8, b - 30), f"R{rng.integer(1, 30)}", 15)
                    elif part == 1:
                        draw.circle((a, b), 15, rng.blend(0.4), rng.fg, 3)
            draw.circle((x, y), 4, rng.fg)
    return image


STYLES: randomizer.Styles = {
    "fit": (flow, tree, network),
    "test": (sets, sequence, plan, figure, circuit),
}
