"""Documents: pages of text, letters, tables, listings; newspapers, receipts, slides, formulas."""

import io

from PIL import Image

from image_describer.train.heads.photo_check.synthetic.randomizer import Randomizer, Styles


def article(rng: Randomizer) -> Image.Image:
    width, height = rng.choice([(850, 1100), (700, 990), (1000, 700)])
    image, draw = rng.canvas(width, height)
    size, margin = rng.uniform(11, 26), width * rng.uniform(0.06, 0.14)
    y = margin
    if rng.chance(0.7):
        rng.write(draw, (margin, y), rng.words(4), size * 1.9)
        y += size * 3.5
    while y < height - margin - 3 * size:
        end = min(height - margin, y + size * rng.uniform(5, 16))
        y = rng.paragraph(draw, (margin, y, width - margin, end), size) + size
    return image


def letter(rng: Randomizer) -> Image.Image:
    width, height = rng.integer(600, 900), rng.integer(800, 1150)
    image, draw = rng.canvas(width, height)
    size, left = rng.uniform(13, 20), width * 0.12
    for k in range(4):
        rng.write(draw, (left, left + k * size * 1.4), rng.words(3), size)
    rng.write(draw, (width * 0.65, left), rng.words(2), size)
    end = height * rng.uniform(0.5, 0.8)
    y = rng.paragraph(draw, (left, left + size * 9, width - left, end), size)
    points = [(left + 8 * k, y + 40 + rng.uniform(-18, 18)) for k in range(rng.integer(8, 22))]
    draw.line(points, rng.color(), 2, joint="curve")
    return image


def table(rng: Randomizer) -> Image.Image:
    columns, rows = rng.integer(3, 9), rng.integer(5, 30)
    wide, high = rng.integer(80, 170), rng.integer(22, 42)
    image, draw = rng.canvas(columns * wide + 40, rows * high + 90)
    rng.write(draw, (20, 12), rng.words(4), 26)
    ruled = rng.chance(0.7)
    for row in range(rows):
        for column in range(columns):
            x, y = 20 + column * wide, 60 + row * high
            fill = rng.blend(0.35, rng.palette[0]) if row == 0 else None
            draw.rectangle((x, y, x + wide, y + high), fill, rng.fg if ruled else None)
            rng.write(draw, (x + 5, y + 4), rng.words(1), high * 0.55)
    return image


def listing(rng: Randomizer) -> Image.Image:
    """A program's text, indented, its words in colors."""
    image, draw = rng.canvas(rng.integer(500, 1000), rng.integer(400, 1000))
    size = rng.uniform(12, 20)
    font, y, indent = rng.font(size, "DejaVuSansMono"), 10.0, 0
    while y < image.height - size:
        x = 12.0 + indent * size * 2.2
        for word in rng.words(rng.integer(0, 8)).split():
            draw.text((x, y), word, rng.choice([rng.fg, rng.fg, rng.color()]), font)
            x += font.getlength(word + " ")
        indent = max(0, min(4, indent + rng.integer(-1, 2)))
        y += size * 1.4
    return image


def newspaper(rng: Randomizer) -> Image.Image:
    width, height = rng.integer(800, 1300), rng.integer(900, 1500)
    image, draw = rng.canvas(width, height)
    rng.write(draw, (30, 20), rng.words(2), width / 12)
    draw.line((20, width / 9 + 20, width - 20, width / 9 + 20), rng.fg, 3)
    columns, size = rng.integer(2, 6), rng.uniform(12, 18)
    wide = (width - 30) / columns
    for column in range(columns):
        y, left = width / 9 + 40, 20 + column * wide
        while y < height - 60:
            rng.write(draw, (left, y), rng.words(2), size * 1.7)
            end = min(height - 20.0, y + rng.uniform(120, 420))
            y = rng.paragraph(draw, (left, y + size * 2.4, left + wide - 18, end), size, gap=1.2)
            if rng.chance(0.25):
                draw.rectangle((left, y, left + wide - 18, y + 90), rng.blend(0.4))
                y += 100
            y += size
    return image


def receipt(rng: Randomizer) -> Image.Image:
    width, rows, size = rng.integer(260, 420), rng.integer(8, 34), rng.uniform(14, 20)
    image, draw = rng.canvas(width, int(rows * size * 1.5 + 150))
    font = rng.font(size, "cmtt10")
    rng.write(draw, (width / 2, 20), rng.words(2), size * 1.6, anchor="ma")
    for row in range(rows):
        y = 75 + row * size * 1.5
        draw.text((15, y), rng.words(2)[:20], rng.fg, font)
        draw.text((width - 15, y), f"{rng.uniform(0, 99):.2f}", rng.fg, font, anchor="ra")
    x = 20.0
    while x < width - 20:  # a bar code
        thick = rng.choice([1, 2, 2, 4])
        draw.rectangle((x, image.height - 50, x + thick - 1, image.height - 12), rng.fg)
        x += thick + rng.choice([1, 2, 3])
    return image


def slide(rng: Randomizer) -> Image.Image:
    width, height = rng.choice([(1280, 720), (1024, 768), (1600, 900)])
    image, draw = rng.canvas(width, height)
    if rng.chance(0.6):
        draw.rectangle((0, 0, width, height * 0.16), rng.palette[0])
    rng.write(draw, (50, height * 0.04), rng.words(3), height / 13)
    for k in range(rng.integer(2, 7)):
        y = height * (0.24 + 0.11 * k)
        draw.ellipse((60, y + 14, 74, y + 28), rng.palette[1])
        rng.write(draw, (95, y), rng.words(rng.integer(2, 7)), height / 20)
    if rng.chance(0.5):
        draw.rectangle((width * 0.66, height * 0.3, width * 0.94, height * 0.8), rng.blend(0.6))
    return image


def formulas(rng: Randomizer) -> Image.Image:
    """Mathematics by matplotlib's own typesetter."""
    from matplotlib import mathtext
    from matplotlib.font_manager import FontProperties

    image, draw = rng.canvas(rng.integer(600, 900), rng.integer(400, 900))
    y = 30
    while y < image.height - 120:
        made = io.BytesIO()
        text = rng.choice(
            [
                r"$\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2}$",
                r"$\sum_{k=1}^{n} k^2 = \frac{n(n+1)(2n+1)}{6}$",
                r"$\hat{y} = \sigma(W x + b), \quad \nabla_\theta L(\theta)$",
                r"$a^2 + b^2 = c^2 \Rightarrow c = \sqrt{a^2+b^2}$",
            ]
        )
        style = FontProperties(size=rng.integer(14, 26), math_fontfamily=rng.choice(["cm", "stix"]))
        mathtext.math_to_image(text, made, prop=style, dpi=110, format="png")
        ink = Image.open(made).convert("L").point(lambda level: 255 - level)
        image.paste(rng.fg, (60, y), ink)
        y += ink.height + 12
        y = int(rng.paragraph(draw, (40, y, image.width - 40, y + rng.uniform(30, 110)), 16)) + 10
    return image


STYLES: Styles = {
    "fit": (article, letter, table, listing),
    "test": (newspaper, receipt, slide, formulas),
}
