"""Documents: pages of text, letters, tables, listings; newspapers, receipts, slides, formulas."""

import io
from collections.abc import Callable

from PIL import Image

from image_describer.train.heads.photo_check.synthetic.hand import Half, Hand


def article(hand: Hand) -> Image.Image:
    width, height = hand.one([(850, 1100), (700, 990), (1000, 700)])
    image, draw = hand.canvas(width, height)
    size, margin = hand.number(11, 26), width * hand.number(0.06, 0.14)
    y = margin
    if hand.chance(0.7):
        draw.text((margin, y), hand.words(4), hand.ink, hand.font(size * 1.9))
        y += size * 3.5
    while y < height - margin - 3 * size:
        end = min(height - margin, y + size * hand.number(5, 16))
        y = hand.paragraph(draw, (margin, y, width - margin, end), size) + size
    return image


def letter(hand: Hand) -> Image.Image:
    width, height = hand.whole(600, 900), hand.whole(800, 1150)
    image, draw = hand.canvas(width, height)
    size, left = hand.number(13, 20), width * 0.12
    for k in range(4):
        draw.text((left, left + k * size * 1.4), hand.words(3), hand.ink, hand.font(size))
    draw.text((width * 0.65, left), hand.words(2), hand.ink, hand.font(size))
    end = height * hand.number(0.5, 0.8)
    y = hand.paragraph(draw, (left, left + size * 9, width - left, end), size)
    points = [(left + 8 * k, y + 40 + hand.number(-18, 18)) for k in range(hand.whole(8, 22))]
    draw.line(points, hand.colour(), 2, joint="curve")
    return image


def table(hand: Hand) -> Image.Image:
    columns, rows = hand.whole(3, 9), hand.whole(5, 30)
    wide, high = hand.whole(80, 170), hand.whole(22, 42)
    image, draw = hand.canvas(columns * wide + 40, rows * high + 90)
    draw.text((20, 12), hand.words(4), hand.ink, hand.font(26))
    ruled = hand.chance(0.7)
    for row in range(rows):
        for column in range(columns):
            x, y = 20 + column * wide, 60 + row * high
            fill = hand.mixed(0.35, hand.palette[0]) if row == 0 else None
            draw.rectangle((x, y, x + wide, y + high), fill, hand.ink if ruled else None)
            draw.text((x + 5, y + 4), hand.words(1), hand.ink, hand.font(high * 0.55))
    return image


def listing(hand: Hand) -> Image.Image:
    """A program's text, indented, its words in colours."""
    image, draw = hand.canvas(hand.whole(500, 1000), hand.whole(400, 1000))
    size = hand.number(12, 20)
    font, y, indent = hand.font(size, "DejaVuSansMono"), 10.0, 0
    while y < image.height - size:
        x = 12.0 + indent * size * 2.2
        for word in hand.words(hand.whole(0, 8)).split():
            draw.text((x, y), word, hand.one([hand.ink, hand.ink, hand.colour()]), font)
            x += font.getlength(word + " ")
        indent = max(0, min(4, indent + hand.whole(-1, 2)))
        y += size * 1.4
    return image


def newspaper(hand: Hand) -> Image.Image:
    width, height = hand.whole(800, 1300), hand.whole(900, 1500)
    image, draw = hand.canvas(width, height)
    draw.text((30, 20), hand.words(2), hand.ink, hand.font(width / 12))
    draw.line((20, width / 9 + 20, width - 20, width / 9 + 20), hand.ink, 3)
    columns, size = hand.whole(2, 6), hand.number(12, 18)
    wide = (width - 30) / columns
    for column in range(columns):
        y, left = width / 9 + 40, 20 + column * wide
        while y < height - 60:
            draw.text((left, y), hand.words(2), hand.ink, hand.font(size * 1.7))
            end = min(height - 20.0, y + hand.number(120, 420))
            y = hand.paragraph(draw, (left, y + size * 2.4, left + wide - 18, end), size, gap=1.2)
            if hand.chance(0.25):
                draw.rectangle((left, y, left + wide - 18, y + 90), hand.mixed(0.4))
                y += 100
            y += size
    return image


def receipt(hand: Hand) -> Image.Image:
    width, rows, size = hand.whole(260, 420), hand.whole(8, 34), hand.number(14, 20)
    image, draw = hand.canvas(width, int(rows * size * 1.5 + 150))
    font = hand.font(size, "cmtt10")
    draw.text((width / 2, 20), hand.words(2), hand.ink, hand.font(size * 1.6), anchor="ma")
    for row in range(rows):
        y = 75 + row * size * 1.5
        draw.text((15, y), hand.words(2)[:20], hand.ink, font)
        draw.text((width - 15, y), f"{hand.number(0, 99):.2f}", hand.ink, font, anchor="ra")
    x = 20.0
    while x < width - 20:  # a bar code
        thick = hand.one([1, 2, 2, 4])
        draw.rectangle((x, image.height - 50, x + thick - 1, image.height - 12), hand.ink)
        x += thick + hand.one([1, 2, 3])
    return image


def slide(hand: Hand) -> Image.Image:
    width, height = hand.one([(1280, 720), (1024, 768), (1600, 900)])
    image, draw = hand.canvas(width, height)
    if hand.chance(0.6):
        draw.rectangle((0, 0, width, height * 0.16), hand.palette[0])
    draw.text((50, height * 0.04), hand.words(3), hand.ink, hand.font(height / 13))
    for k in range(hand.whole(2, 7)):
        y = height * (0.24 + 0.11 * k)
        draw.ellipse((60, y + 14, 74, y + 28), hand.palette[1])
        draw.text((95, y), hand.words(hand.whole(2, 7)), hand.ink, hand.font(height / 20))
    if hand.chance(0.5):
        draw.rectangle((width * 0.66, height * 0.3, width * 0.94, height * 0.8), hand.mixed(0.6))
    return image


def formulas(hand: Hand) -> Image.Image:
    """Mathematics by matplotlib's own typesetter."""
    from matplotlib import mathtext
    from matplotlib.font_manager import FontProperties

    image, draw = hand.canvas(hand.whole(600, 900), hand.whole(400, 900))
    y = 30
    while y < image.height - 120:
        made = io.BytesIO()
        text = hand.one(
            [
                r"$\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2}$",
                r"$\sum_{k=1}^{n} k^2 = \frac{n(n+1)(2n+1)}{6}$",
                r"$\hat{y} = \sigma(W x + b), \quad \nabla_\theta L(\theta)$",
                r"$a^2 + b^2 = c^2 \Rightarrow c = \sqrt{a^2+b^2}$",
            ]
        )
        style = FontProperties(size=hand.whole(14, 26), math_fontfamily=hand.one(["cm", "stix"]))
        mathtext.math_to_image(text, made, prop=style, dpi=110, format="png")
        ink = Image.open(made).convert("L").point(lambda level: 255 - level)
        image.paste(hand.ink, (60, y), ink)
        y += ink.height + 12
        y = int(hand.paragraph(draw, (40, y, image.width - 40, y + hand.number(30, 110)), 16)) + 10
    return image


STYLES: dict[Half, tuple[Callable[[Hand], Image.Image], ...]] = {
    "fit": (article, letter, table, listing),
    "test": (newspaper, receipt, slide, formulas),
}
