"""Icons: tiles, shapes, flags, faces; shaded tiles, strokes, pixels, marks, sheets."""

import math
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from image_describer.train.heads.photo_check.synthetic.hand import Half, Hand, Point

SIZES = (32, 48, 64, 96, 128, 256, 512)
FULL = 512  # drawn at this size, then reduced


def _sized(hand: Hand, image: Image.Image) -> Image.Image:
    side = hand.one(SIZES)
    return image.resize((side, side), Image.Resampling.LANCZOS)


def star(cx: float, cy: float, far: float, corners: int, depth: float) -> list[Point]:
    """The corners of a star; with ``depth`` 1, of a polygon."""
    turns = [
        (k * math.pi / corners, far if k % 2 == 0 else far * depth) for k in range(2 * corners)
    ]
    return [(cx + r * math.sin(a), cy - r * math.cos(a)) for a, r in turns]


def tile(hand: Hand) -> Image.Image:
    image, draw = hand.canvas(FULL, FULL)
    draw.rounded_rectangle((40, 40, 472, 472), hand.whole(0, 120), hand.palette[0])
    letter = hand.words(1)[0].upper()
    draw.text((256, 256), letter, hand.one([(255, 255, 255), hand.palette[1]]), hand.font(300),
              anchor="mm")  # fmt: skip
    return _sized(hand, image)


def shape(hand: Hand) -> Image.Image:
    image, draw = hand.canvas(FULL, FULL)
    if hand.chance(0.6):
        draw.ellipse((20, 20, 492, 492), hand.palette[0])
    corners = star(256, 256, hand.number(120, 230), hand.whole(3, 9), hand.number(0.4, 0.95))
    draw.polygon(
        corners, hand.palette[1], hand.ink if hand.chance(0.5) else None, hand.whole(4, 20)
    )
    return _sized(hand, image)


def flag(hand: Hand) -> Image.Image:
    width, height = hand.whole(200, 800), hand.whole(150, 500)
    image, draw = hand.canvas(width, height)
    count, across = hand.whole(2, 6), hand.chance(0.5)
    for k in range(count):
        low, high = k / count, (k + 1) / count
        box = (0, low * height, width, high * height)
        draw.rectangle((low * width, 0, high * width, height) if across else box,
                       hand.palette[k % len(hand.palette)])  # fmt: skip
    if hand.chance(0.4):
        draw.polygon(star(width / 3, height / 2, height / 5, 5, 0.4), hand.ground)
    return image


def face(hand: Hand) -> Image.Image:
    image, draw = hand.canvas(FULL, FULL)
    draw.ellipse((30, 30, 482, 482), hand.one([(255, 204, 50), hand.palette[0]]), hand.ink, 8)
    for x in (180, 332):
        draw.ellipse((x - 32, 160, x + 32, 160 + hand.whole(40, 90)), (40, 30, 20))
    draw.arc((140, 200, 372, 400), 20, 160, (60, 30, 20), hand.whole(10, 30))
    return _sized(hand, image)


def shaded(hand: Hand) -> Image.Image:
    """A glossy tile with a soft shadow."""
    mask = Image.new("L", (FULL, FULL))
    ImageDraw.Draw(mask).rounded_rectangle((60, 50, 452, 442), hand.whole(40, 200), 255)
    ends = [Image.new("RGB", (FULL, FULL), colour) for colour in hand.palette[:2]]
    fill = Image.composite(ends[0], ends[1], Image.linear_gradient("L").resize((FULL, FULL)))
    draw = ImageDraw.Draw(fill)
    if hand.chance(0.5):
        draw.polygon(star(256, 246, 130, hand.whole(3, 7), hand.number(0.4, 1)), (255, 255, 255))
    else:
        draw.text((256, 246), hand.words(1)[:2], (255, 255, 255), hand.font(220), anchor="mm")
    image, _ = hand.canvas(FULL, FULL)
    shadow = ImageChops.offset(mask, 0, 22).filter(ImageFilter.GaussianBlur(20))
    image.paste((0, 0, 0), (0, 0), shadow.point(lambda level: level // 2))
    image.paste(fill, (0, 0), mask)
    return _sized(hand, image)


def strokes(hand: Hand) -> Image.Image:
    """Thin lines only, as in toolbars."""
    image, draw = hand.canvas(FULL, FULL)
    wide = hand.whole(12, 44)
    fill = hand.one([hand.ink, hand.palette[0]])
    for _ in range(hand.whole(2, 5)):
        x, y, far = hand.number(100, 400), hand.number(100, 400), hand.number(60, 150)
        what = hand.whole(0, 4)
        if what == 0:
            draw.ellipse((x - far, y - far, x + far, y + far), None, fill, wide)
        elif what == 1:
            draw.rounded_rectangle((x - far, y - far, x + far, y + far), 30, None, fill, wide)
        elif what == 2:
            draw.line((x - far, y + far, x, y - far, x + far, y + far), fill, wide, joint="curve")
        else:
            draw.arc((x - far, y - far, x + far, y + far), 30, 250, fill, wide)
    return _sized(hand, image)


def pixels(hand: Hand) -> Image.Image:
    """A figure of few large pixels, the left half mirrored."""
    side = hand.one([8, 12, 16])
    image, draw = hand.canvas(side, side)
    for y in range(1, side - 1):
        for x in range(1, side // 2):
            if hand.chance(0.6):
                fill = hand.one(hand.palette[:3])
                draw.point([(x, y), (side - 1 - x, y)], fill)
    big = hand.whole(4, 30) * side
    return image.resize((big, big), Image.Resampling.NEAREST)


def mark(hand: Hand) -> Image.Image:
    """A company's mark: a figure and a name beside it."""
    width, height = hand.whole(400, 1200), hand.whole(160, 500)
    image, draw = hand.canvas(width, height)
    far = height * 0.32
    for k in range(hand.whole(1, 4)):
        corners = star(far * 1.5, height / 2, far * (1 - 0.25 * k), hand.whole(3, 8), 0.8)
        draw.polygon(corners, hand.palette[k])
    draw.text((far * 3, height / 2), hand.words(1), hand.palette[0], hand.font(height * 0.35),
              anchor="lm")  # fmt: skip
    return image


def sheet(hand: Hand) -> Image.Image:
    """Many icons in rows."""
    columns, rows, side = hand.whole(3, 7), hand.whole(2, 5), hand.whole(60, 140)
    image, _ = hand.canvas(columns * side, rows * side)
    for k in range(columns * rows):
        one = hand.one((shaded, strokes))(hand).resize((side - 20, side - 20))
        image.paste(one, (k % columns * side + 10, k // columns * side + 10))
    return image


STYLES: dict[Half, tuple[Callable[[Hand], Image.Image], ...]] = {
    "fit": (tile, shape, flag, face),
    "test": (shaded, strokes, pixels, mark, sheet),
}
