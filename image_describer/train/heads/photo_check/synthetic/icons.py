"""Icons: tiles, shapes, flags, faces; shaded tiles, strokes, pixels, marks, sheets."""

import math

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from image_describer.train.heads.photo_check.synthetic.randomizer import Point, Randomizer, Styles

SIZES = (32, 48, 64, 96, 128, 256, 512)
FULL = 512  # drawn at this size, then reduced


def _sized(rng: Randomizer, image: Image.Image) -> Image.Image:
    side = rng.choice(SIZES)
    return image.resize((side, side), Image.Resampling.LANCZOS)


def star(cx: float, cy: float, far: float, corners: int, depth: float) -> list[Point]:
    """The corners of a star; with ``depth`` 1, of a polygon."""
    turns = [
        (k * math.pi / corners, far if k % 2 == 0 else far * depth) for k in range(2 * corners)
    ]
    return [(cx + r * math.sin(a), cy - r * math.cos(a)) for a, r in turns]


def tile(rng: Randomizer) -> Image.Image:
    image, draw = rng.canvas(FULL, FULL)
    draw.rounded_rectangle((40, 40, 472, 472), rng.integer(0, 120), rng.palette[0])
    letter = rng.words(1)[0].upper()
    draw.text((256, 256), letter, rng.choice([(255, 255, 255), rng.palette[1]]), rng.font(300),
              anchor="mm")  # fmt: skip
    return _sized(rng, image)


def shape(rng: Randomizer) -> Image.Image:
    image, draw = rng.canvas(FULL, FULL)
    if rng.chance(0.6):
        draw.ellipse((20, 20, 492, 492), rng.palette[0])
    corners = star(256, 256, rng.uniform(120, 230), rng.integer(3, 9), rng.uniform(0.4, 0.95))
    draw.polygon(corners, rng.palette[1], rng.fg if rng.chance(0.5) else None, rng.integer(4, 20))
    return _sized(rng, image)


def flag(rng: Randomizer) -> Image.Image:
    width, height = rng.integer(200, 800), rng.integer(150, 500)
    image, draw = rng.canvas(width, height)
    count, across = rng.integer(2, 6), rng.chance(0.5)
    for k in range(count):
        low, high = k / count, (k + 1) / count
        box = (0, low * height, width, high * height)
        draw.rectangle((low * width, 0, high * width, height) if across else box,
                       rng.palette[k % len(rng.palette)])  # fmt: skip
    if rng.chance(0.4):
        draw.polygon(star(width / 3, height / 2, height / 5, 5, 0.4), rng.bg)
    return image


def face(rng: Randomizer) -> Image.Image:
    image, draw = rng.canvas(FULL, FULL)
    draw.ellipse((30, 30, 482, 482), rng.choice([(255, 204, 50), rng.palette[0]]), rng.fg, 8)
    for x in (180, 332):
        draw.ellipse((x - 32, 160, x + 32, 160 + rng.integer(40, 90)), (40, 30, 20))
    draw.arc((140, 200, 372, 400), 20, 160, (60, 30, 20), rng.integer(10, 30))
    return _sized(rng, image)


def shaded(rng: Randomizer) -> Image.Image:
    """A glossy tile with a soft shadow."""
    mask = Image.new("L", (FULL, FULL))
    ImageDraw.Draw(mask).rounded_rectangle((60, 50, 452, 442), rng.integer(40, 200), 255)
    fill = rng.gradient(FULL, FULL)
    draw = ImageDraw.Draw(fill)
    if rng.chance(0.5):
        draw.polygon(star(256, 246, 130, rng.integer(3, 7), rng.uniform(0.4, 1)), (255, 255, 255))
    else:
        draw.text((256, 246), rng.words(1)[:2], (255, 255, 255), rng.font(220), anchor="mm")
    image, _ = rng.canvas(FULL, FULL)
    shadow = ImageChops.offset(mask, 0, 22).filter(ImageFilter.GaussianBlur(20))
    image.paste((0, 0, 0), (0, 0), shadow.point(lambda level: level // 2))
    image.paste(fill, (0, 0), mask)
    return _sized(rng, image)


def strokes(rng: Randomizer) -> Image.Image:
    """Thin lines only, as in toolbars."""
    image, draw = rng.canvas(FULL, FULL)
    wide = rng.integer(12, 44)
    fill = rng.choice([rng.fg, rng.palette[0]])
    for _ in range(rng.integer(2, 5)):
        x, y, far = rng.uniform(100, 400), rng.uniform(100, 400), rng.uniform(60, 150)
        what = rng.integer(0, 4)
        if what == 0:
            draw.circle((x, y), far, None, fill, wide)
        elif what == 1:
            draw.rounded_rectangle((x - far, y - far, x + far, y + far), 30, None, fill, wide)
        elif what == 2:
            draw.line((x - far, y + far, x, y - far, x + far, y + far), fill, wide, joint="curve")
        else:
            draw.arc((x - far, y - far, x + far, y + far), 30, 250, fill, wide)
    return _sized(rng, image)


def pixels(rng: Randomizer) -> Image.Image:
    """A figure of few large pixels, the left half mirrored."""
    side = rng.choice([8, 12, 16])
    image, draw = rng.canvas(side, side)
    for y in range(1, side - 1):
        for x in range(1, side // 2):
            if rng.chance(0.6):
                fill = rng.choice(rng.palette[:3])
                draw.point([(x, y), (side - 1 - x, y)], fill)
    big = rng.integer(4, 30) * side
    return image.resize((big, big), Image.Resampling.NEAREST)


def mark(rng: Randomizer) -> Image.Image:
    """A logo: a figure beside a name."""
    width, height = rng.integer(400, 1200), rng.integer(160, 500)
    image, draw = rng.canvas(width, height)
    far = height * 0.32
    for k in range(rng.integer(1, 4)):
        corners = star(far * 1.5, height / 2, far * (1 - 0.25 * k), rng.integer(3, 8), 0.8)
        draw.polygon(corners, rng.palette[k])
    draw.text((far * 3, height / 2), rng.words(1), rng.palette[0], rng.font(height * 0.35),
              anchor="lm")  # fmt: skip
    return image


def sheet(rng: Randomizer) -> Image.Image:
    """Many icons in rows."""
    columns, rows, side = rng.integer(3, 7), rng.integer(2, 5), rng.integer(60, 140)
    image, _ = rng.canvas(columns * side, rows * side)
    for k in range(columns * rows):
        one = rng.choice((shaded, strokes))(rng).resize((side - 20, side - 20))
        image.paste(one, (k % columns * side + 10, k // columns * side + 10))
    return image


STYLES: Styles = {
    "fit": (tile, shape, flag, face),
    "test": (shaded, strokes, pixels, mark, sheet),
}
