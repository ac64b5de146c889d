"""Screenshots: windows, pages of the web, terminals; spreadsheets, telephones, desktops, mail."""

from PIL import Image, ImageDraw

from image_describer.train.heads.photo_check.synthetic.randomizer import Randomizer, Styles

SCREENS = ((1920, 1080), (1366, 768), (1280, 800), (1024, 768), (800, 600))
PHONES = ((390, 844), (540, 1170), (720, 1280))


def bar(rng: Randomizer, draw: ImageDraw.ImageDraw, width: float, height: float) -> None:
    """A title bar with its name and three buttons."""
    draw.rectangle((0, 0, width, height), rng.blend(0.25, rng.fg))
    rng.write(draw, (height / 2, height / 5), rng.words(2), height * 0.5)
    for k in range(3):
        x = width - (k + 1) * height
        draw.ellipse((x, height / 4, x + height / 2, height * 0.75), rng.palette[k])


def editor(rng: Randomizer) -> Image.Image:
    width, height = rng.choice(SCREENS)
    image, draw = rng.canvas(width, height)
    bar(rng, draw, width, 32)
    draw.rectangle((0, 32, width * 0.18, height), rng.blend(0.12, rng.fg))
    for k in range(rng.integer(4, 24)):
        rng.write(draw, (14, 46 + 22 * k), rng.words(1), 13)
    size = rng.uniform(12, 18)
    for k in range(int((height - 50) / (size * 1.4))):
        y = 42 + k * size * 1.4
        draw.text((width * 0.19, y), str(k + 1), rng.blend(0.5, rng.fg), rng.font(size))
        x = width * (0.22 + 0.03 * rng.integer(0, 4))
        fill = rng.choice([rng.fg, rng.color()])
        draw.text((x, y), rng.words(rng.integer(0, 9)), fill, rng.font(size))
    return image


def dialog(rng: Randomizer) -> Image.Image:
    width, height = rng.integer(320, 720), rng.integer(200, 560)
    image, draw = rng.canvas(width, height)
    bar(rng, draw, width, 28)
    for k, y in enumerate(range(45, height - 70, 36)):
        rng.write(draw, (20, y), rng.words(2), 14)
        if k % 2:
            draw.rectangle((width * 0.5, y, width - 20, y + 24), None, rng.fg)
        else:
            draw.rectangle((width * 0.5, y, width * 0.5 + 16, y + 16), rng.palette[0])
    for k in range(2):
        x = width - 100 - 100 * k
        draw.rounded_rectangle((x, height - 44, x + 88, height - 14), 6, rng.blend(0.5))
        rng.write(draw, (x + 12, height - 38), rng.words(1), 14)
    return image


def web_page(rng: Randomizer) -> Image.Image:
    width, height = rng.choice(SCREENS)
    image, draw = rng.canvas(width, height)
    draw.rectangle((0, 0, width, height * 0.1), rng.palette[0])
    draw.text((30, height * 0.03), rng.words(5), rng.bg, rng.font(height / 28))
    columns = rng.integer(2, 5)
    wide, high = width / columns, height * rng.uniform(0.3, 0.45)
    for row in range(3):
        for column in range(columns):
            x, y = column * wide + 14, height * 0.13 + row * high
            draw.rounded_rectangle((x, y, x + wide - 28, y + high - 20), 8, rng.blend(0.15))
            draw.rectangle((x, y, x + wide - 28, y + high * 0.4), rng.blend(0.7))
            rng.paragraph(draw, (x + 8, y + high * 0.45, x + wide - 40, y + high - 26), 14)
    return image


def terminal(rng: Randomizer) -> Image.Image:
    image = Image.new("RGB", (rng.integer(500, 1300), rng.integer(300, 900)), (0, 0, 0))
    draw = ImageDraw.Draw(image)
    ink = rng.choice([(220, 220, 220), (0, 220, 0), (255, 176, 0)])
    size = rng.uniform(11, 18)
    full = rng.uniform(0.2, 1)
    font = rng.font(size, "DejaVuSansMono")
    for k in range(int(full * image.height / (size * 1.3))):
        draw.text((6, 4 + k * size * 1.3), rng.words(rng.integer(0, 12)), ink, font)
    return image


def spreadsheet(rng: Randomizer) -> Image.Image:
    width, height = rng.choice(SCREENS)
    image, draw = rng.canvas(width, height)
    draw.rectangle((0, 0, width, 70), rng.palette[0])
    for k in range(12):
        draw.rounded_rectangle((10 + 46 * k, 22, 46 + 46 * k, 58), 5, rng.blend(0.4))
    wide, high = rng.integer(70, 130), rng.integer(20, 30)
    line = rng.blend(0.25, rng.fg)
    for y in range(70, height, high):
        draw.line((0, y, width, y), line)
        for x in range(0, width, wide):
            if rng.chance(0.55):
                text = f"{rng.uniform(0, 5000):.1f}" if rng.chance(0.7) else rng.words(1)
                rng.write(draw, (x + wide - 5, y + 3), text, high * 0.6, anchor="ra")
    for x in range(0, width, wide):
        draw.line((x, 70, x, height), line)
    return image


def chat(rng: Randomizer) -> Image.Image:
    width, height = rng.choice(PHONES)
    image, draw = rng.canvas(width, height)
    unit = width / 390
    draw.rectangle((0, 0, width, 80 * unit), rng.palette[0])
    draw.ellipse((16 * unit, 24 * unit, 60 * unit, 68 * unit), rng.palette[1])
    draw.text((74 * unit, 34 * unit), rng.words(2), rng.bg, rng.font(19 * unit))
    y = 95 * unit
    while y < height - 130 * unit:
        mine, high = rng.chance(0.5), rng.uniform(34, 130) * unit
        left = width * (0.28 if mine else 0.04)
        fill = rng.blend(0.45, rng.palette[0]) if mine else rng.blend(0.15, rng.fg)
        draw.rounded_rectangle((left, y, left + width * 0.68, y + high), 14 * unit, fill)
        inner = (left + 12 * unit, y + 7 * unit, left + width * 0.65, y + high - 6 * unit)
        rng.paragraph(draw, inner, 15 * unit)
        y += high + 12 * unit
    draw.rectangle((0, height - 60 * unit, width, height), rng.blend(0.1, rng.fg))
    return image


def desktop(rng: Randomizer) -> Image.Image:
    """Icons and a window on a gradient."""
    width, height = rng.choice(SCREENS)
    image = rng.gradient(width, height)
    draw = ImageDraw.Draw(image)
    for k in range(rng.integer(3, 14)):
        x, y = 24 + 100 * (k // 7), 24 + 96 * (k % 7)
        draw.rounded_rectangle((x, y, x + 48, y + 48), 10, rng.color())
        draw.text((x + 24, y + 54), rng.words(1), (255, 255, 255), rng.font(13), anchor="ma")
    if rng.chance(0.7):
        image.paste(dialog(rng), (width // 3, height // 6))
    draw.rectangle((0, height - 42, width, height), rng.bg)
    rng.write(draw, (width - 12, height - 32), "10:42", 18, anchor="ra")
    return image


def mail(rng: Randomizer) -> Image.Image:
    width, height = rng.choice(SCREENS)
    image, draw = rng.canvas(width, height)
    draw.rectangle((0, 0, width * 0.16, height), rng.blend(0.6, rng.palette[0]))
    for k in range(9):
        rng.write(draw, (20, 30 + 38 * k), rng.words(1), 17)
    for y in range(0, height, 76):
        draw.line((width * 0.16, y, width * 0.45, y), rng.blend(0.3, rng.fg))
        draw.ellipse((width * 0.17, y + 14, width * 0.17 + 44, y + 58), rng.color())
        rng.write(draw, (width * 0.17 + 56, y + 12), rng.words(2), 17)
        draw.text((width * 0.17 + 56, y + 38), rng.words(4), rng.blend(0.6, rng.fg),
                  rng.font(14))  # fmt: skip
    draw.rectangle((width * 0.45, 0, width, height), rng.bg, rng.fg)
    rng.write(draw, (width * 0.47, 26), rng.words(5), 26)
    end = height * rng.uniform(0.4, 0.95)
    rng.paragraph(draw, (width * 0.47, 90, width * 0.97, end), rng.uniform(14, 20))
    return image


STYLES: Styles = {
    "fit": (editor, dialog, web_page, terminal),
    "test": (spreadsheet, chat, desktop, mail),
}
