"""Diagrams: flows, trees, networks; sets, sequences, plans of time, figures, circuits."""

import math
from collections.abc import Callable

from PIL import Image, ImageDraw

from image_describer.train.heads.photo_check.synthetic.hand import Colour, Half, Hand, Point


def arrow(draw: ImageDraw.ImageDraw, start: Point, end: Point, fill: Colour, wide: int) -> None:
    """A line with a head at its end."""
    draw.line((*start, *end), fill, wide)
    turn = math.atan2(end[1] - start[1], end[0] - start[0])
    head = [end] + [
        (end[0] - 14 * math.cos(turn + side), end[1] - 14 * math.sin(turn + side))
        for side in (-0.45, 0.45)
    ]
    draw.polygon(head, fill)


def flow(hand: Hand) -> Image.Image:
    columns, rows = hand.whole(1, 4), hand.whole(3, 7)
    image, draw = hand.canvas(columns * 230 + 40, rows * 120 + 40)
    wide = hand.whole(1, 5)
    for k in range(columns * rows):
        x, y = 30 + k % columns * 230, 30 + k // columns * 120
        if k + columns < columns * rows:
            arrow(draw, (x + 85, y + 60), (x + 85, y + 118), hand.ink, wide)
        if k % columns and hand.chance(0.5):
            arrow(draw, (x - 60, y + 30), (x - 2, y + 30), hand.ink, wide)
        fill = hand.mixed(0.5) if hand.chance(0.6) else hand.ground
        box = (x, y, x + 170, y + 60)
        shape = hand.whole(0, 3)
        if shape == 0:
            draw.rectangle(box, fill, hand.ink, wide)
        elif shape == 1:
            draw.rounded_rectangle(box, 20, fill, hand.ink, wide)
        else:
            middle = [(x, y + 30), (x + 85, y - 8), (x + 170, y + 30), (x + 85, y + 68)]
            draw.polygon(middle, fill, hand.ink, wide)
        draw.text((x + 85, y + 30), hand.words(2)[:18], hand.ink, hand.font(16), anchor="mm")
    return image


def tree(hand: Hand) -> Image.Image:
    depth, width = hand.whole(3, 6), hand.whole(500, 1200)
    image, draw = hand.canvas(width, depth * 110 + 40)
    for level in range(depth):
        for k in range(2**level):
            x, y = width * (k + 0.5) / 2**level, 40 + 110 * level
            if level:
                up = width * (k // 2 + 0.5) / 2 ** (level - 1)
                draw.line((x, y, up, y - 110), hand.ink, 2)
    for level in range(depth):
        for k in range(2**level):
            x, y = width * (k + 0.5) / 2**level, 40 + 110 * level
            draw.ellipse((x - 26, y - 26, x + 26, y + 26), hand.palette[level % 4], hand.ink, 2)
            draw.text((x, y), str(hand.whole(0, 99)), hand.ink, hand.font(18), anchor="mm")
    return image


def network(hand: Hand) -> Image.Image:
    width, height = hand.whole(400, 1000), hand.whole(400, 800)
    image, draw = hand.canvas(width, height)
    nodes = [(hand.number(40, width - 40), hand.number(40, height - 40))
             for _ in range(hand.whole(5, 26))]  # fmt: skip
    for _ in range(2 * len(nodes)):
        draw.line((*hand.one(nodes), *hand.one(nodes)), hand.mixed(0.6, hand.ink), hand.whole(1, 4))
    for x, y in nodes:
        far = hand.number(8, 30)
        draw.ellipse((x - far, y - far, x + far, y + far), hand.colour(), hand.ink)
        draw.text((x + far, y), hand.words(1), hand.ink, hand.font(14))
    return image


def sets(hand: Hand) -> Image.Image:
    """Overlapping circles, half transparent."""
    width, height = hand.whole(500, 900), hand.whole(400, 700)
    image, _ = hand.canvas(width, height)
    for k in range(hand.whole(2, 5)):
        x, y = width * hand.number(0.35, 0.65), height * hand.number(0.35, 0.65)
        far = min(width, height) * hand.number(0.2, 0.34)
        mask = Image.new("L", image.size)
        ImageDraw.Draw(mask).ellipse((x - far, y - far, x + far, y + far), 140)
        image.paste(hand.palette[k], (0, 0), mask)
        ImageDraw.Draw(image).text((x, y), hand.words(1), hand.ink, hand.font(24), anchor="mm")
    return image


def sequence(hand: Hand) -> Image.Image:
    """Who sends what to whom, from the top to the bottom."""
    parties = hand.whole(2, 6)
    image, draw = hand.canvas(parties * 200 + 40, hand.whole(400, 1000))
    for k in range(parties):
        x = 120 + 200 * k
        draw.rounded_rectangle((x - 70, 20, x + 70, 64), 8, hand.mixed(0.5), hand.ink, 2)
        draw.text((x, 42), hand.words(1), hand.ink, hand.font(18), anchor="mm")
        for y in range(70, image.height, 14):
            draw.line((x, y, x, y + 7), hand.ink)
    for y in range(100, image.height - 20, hand.whole(34, 70)):
        a, b = hand.whole(0, parties), hand.whole(0, parties)
        if a != b:
            arrow(draw, (120 + 200.0 * a, y), (120 + 200.0 * b, y), hand.palette[0], 2)
            draw.text((120 + 100 * (a + b), y - 18), hand.words(2), hand.ink, hand.font(14),
                      anchor="ma")  # fmt: skip
    return image


def plan(hand: Hand) -> Image.Image:
    """Bars of time, one beneath the other."""
    width, rows = hand.whole(600, 1300), hand.whole(5, 18)
    image, draw = hand.canvas(width, rows * 40 + 80)
    for k in range(12):
        x = 160 + k * (width - 170) / 12
        draw.line((x, 50, x, image.height), hand.mixed(0.25, hand.ink))
        draw.text((x, 20), hand.words(1)[:3], hand.ink, hand.font(16))
    for row in range(rows):
        y, start = 60 + 40 * row, hand.number(0, 0.7)
        draw.text((10, y), hand.words(1), hand.ink, hand.font(17))
        x = 160 + start * (width - 170)
        end = min(width - 8.0, x + hand.number(0.05, 0.4) * width)
        draw.rounded_rectangle((x, y, end, y + 26), 5, hand.colour())
    return image


def figure(hand: Hand) -> Image.Image:
    """Geometry: triangles, circles, angles with their letters."""
    side = hand.whole(350, 800)
    image, draw = hand.canvas(side, side)
    wide = hand.whole(2, 6)
    corners = [(hand.number(0.1, 0.9) * side, hand.number(0.1, 0.9) * side) for _ in range(3)]
    draw.polygon(corners, hand.mixed(0.2) if hand.chance(0.5) else None, hand.ink, wide)
    for letter, (x, y) in zip("ABC", corners, strict=True):
        draw.text((x + 8, y - 30), letter, hand.ink, hand.font(28))
        draw.arc(
            (x - 40, y - 40, x + 40, y + 40), 0, 360 * hand.number(0.1, 0.4), hand.palette[0], wide
        )
    far = hand.number(0.15, 0.45) * side
    draw.ellipse(
        (side / 2 - far, side / 2 - far, side / 2 + far, side / 2 + far),
        None,
        hand.palette[1],
        wide,
    )
    return image


def circuit(hand: Hand) -> Image.Image:
    """Wires at right angles with parts on them."""
    width, height = hand.whole(500, 1000), hand.whole(400, 700)
    image, draw = hand.canvas(width, height)
    step = hand.whole(70, 120)
    for x in range(step, width - step, step):
        for y in range(step, height - step, step):
            for dx, dy in ((step, 0), (0, step)):
                if hand.chance(0.45):
                    draw.line((x, y, x + dx, y + dy), hand.ink, 3)
                    a, b = x + dx / 2, y + dy / 2
                    part = hand.whole(0, 3)
                    if part == 0:
                        draw.rectangle((a - 16, b - 9, a + 16, b + 9), hand.ground, hand.ink, 3)
                        draw.text((a - 8, b - 30), f"R{hand.whole(1, 30)}", hand.ink, hand.font(15))
                    elif part == 1:
                        draw.ellipse((a - 15, b - 15, a + 15, b + 15), hand.mixed(0.4), hand.ink, 3)
            draw.ellipse((x - 4, y - 4, x + 4, y + 4), hand.ink)
    return image


STYLES: dict[Half, tuple[Callable[[Hand], Image.Image], ...]] = {
    "fit": (flow, tree, network),
    "test": (sets, sequence, plan, figure, circuit),
}
