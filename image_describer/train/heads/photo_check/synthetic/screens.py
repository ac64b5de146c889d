"""Screenshots: windows, pages of the web, terminals; spreadsheets, telephones, desktops, mail."""

from collections.abc import Callable

from PIL import Image, ImageDraw

from image_describer.train.heads.photo_check.synthetic.hand import Half, Hand

SCREENS = ((1920, 1080), (1366, 768), (1280, 800), (1024, 768), (800, 600))
PHONES = ((390, 844), (540, 1170), (720, 1280))


def bar(hand: Hand, draw: ImageDraw.ImageDraw, width: float, height: float) -> None:
    """A title bar with its name and three buttons."""
    draw.rectangle((0, 0, width, height), hand.mixed(0.25, hand.ink))
    draw.text((height / 2, height / 5), hand.words(2), hand.ink, hand.font(height * 0.5))
    for k in range(3):
        x = width - (k + 1) * height
        draw.ellipse((x, height / 4, x + height / 2, height * 0.75), hand.palette[k])


def editor(hand: Hand) -> Image.Image:
    width, height = hand.one(SCREENS)
    image, draw = hand.canvas(width, height)
    bar(hand, draw, width, 32)
    draw.rectangle((0, 32, width * 0.18, height), hand.mixed(0.12, hand.ink))
    for k in range(hand.whole(4, 24)):
        draw.text((14, 46 + 22 * k), hand.words(1), hand.ink, hand.font(13))
    size = hand.number(12, 18)
    for k in range(int((height - 50) / (size * 1.4))):
        y = 42 + k * size * 1.4
        draw.text((width * 0.19, y), str(k + 1), hand.mixed(0.5, hand.ink), hand.font(size))
        x = width * (0.22 + 0.03 * hand.whole(0, 4))
        fill = hand.one([hand.ink, hand.colour()])
        draw.text((x, y), hand.words(hand.whole(0, 9)), fill, hand.font(size))
    return image


def dialog(hand: Hand) -> Image.Image:
    width, height = hand.whole(320, 720), hand.whole(200, 560)
    image, draw = hand.canvas(width, height)
    bar(hand, draw, width, 28)
    for k, y in enumerate(range(45, height - 70, 36)):
        draw.text((20, y), hand.words(2), hand.ink, hand.font(14))
        if k % 2:
            draw.rectangle((width * 0.5, y, width - 20, y + 24), None, hand.ink)
        else:
            draw.rectangle((width * 0.5, y, width * 0.5 + 16, y + 16), hand.palette[0])
    for k in range(2):
        x = width - 100 - 100 * k
        draw.rounded_rectangle((x, height - 44, x + 88, height - 14), 6, hand.mixed(0.5))
        draw.text((x + 12, height - 38), hand.words(1), hand.ink, hand.font(14))
    return image


def web_page(hand: Hand) -> Image.Image:
    width, height = hand.one(SCREENS)
    image, draw = hand.canvas(width, height)
    draw.rectangle((0, 0, width, height * 0.1), hand.palette[0])
    draw.text((30, height * 0.03), hand.words(5), hand.ground, hand.font(height / 28))
    columns = hand.whole(2, 5)
    wide, high = width / columns, height * hand.number(0.3, 0.45)
    for row in range(3):
        for column in range(columns):
            x, y = column * wide + 14, height * 0.13 + row * high
            draw.rounded_rectangle((x, y, x + wide - 28, y + high - 20), 8, hand.mixed(0.15))
            draw.rectangle((x, y, x + wide - 28, y + high * 0.4), hand.mixed(0.7))
            hand.paragraph(draw, (x + 8, y + high * 0.45, x + wide - 40, y + high - 26), 14)
    return image


def terminal(hand: Hand) -> Image.Image:
    image = Image.new("RGB", (hand.whole(500, 1300), hand.whole(300, 900)), (0, 0, 0))
    draw = ImageDraw.Draw(image)
    ink = hand.one([(220, 220, 220), (0, 220, 0), (255, 176, 0)])
    size = hand.number(11, 18)
    full = hand.number(0.2, 1)
    font = hand.font(size, "DejaVuSansMono")
    for k in range(int(full * image.height / (size * 1.3))):
        draw.text((6, 4 + k * size * 1.3), hand.words(hand.whole(0, 12)), ink, font)
    return image


def spreadsheet(hand: Hand) -> Image.Image:
    width, height = hand.one(SCREENS)
    image, draw = hand.canvas(width, height)
    draw.rectangle((0, 0, width, 70), hand.palette[0])
    for k in range(12):
        draw.rounded_rectangle((10 + 46 * k, 22, 46 + 46 * k, 58), 5, hand.mixed(0.4))
    wide, high = hand.whole(70, 130), hand.whole(20, 30)
    line = hand.mixed(0.25, hand.ink)
    for y in range(70, height, high):
        draw.line((0, y, width, y), line)
        for x in range(0, width, wide):
            if hand.chance(0.55):
                text = f"{hand.number(0, 5000):.1f}" if hand.chance(0.7) else hand.words(1)
                draw.text((x + wide - 5, y + 3), text, hand.ink, hand.font(high * 0.6), anchor="ra")
    for x in range(0, width, wide):
        draw.line((x, 70, x, height), line)
    return image


def chat(hand: Hand) -> Image.Image:
    width, height = hand.one(PHONES)
    image, draw = hand.canvas(width, height)
    unit = width / 390
    draw.rectangle((0, 0, width, 80 * unit), hand.palette[0])
    draw.ellipse((16 * unit, 24 * unit, 60 * unit, 68 * unit), hand.palette[1])
    draw.text((74 * unit, 34 * unit), hand.words(2), hand.ground, hand.font(19 * unit))
    y = 95 * unit
    while y < height - 130 * unit:
        mine, high = hand.chance(0.5), hand.number(34, 130) * unit
        left = width * (0.28 if mine else 0.04)
        fill = hand.mixed(0.45, hand.palette[0]) if mine else hand.mixed(0.15, hand.ink)
        draw.rounded_rectangle((left, y, left + width * 0.68, y + high), 14 * unit, fill)
        inner = (left + 12 * unit, y + 7 * unit, left + width * 0.65, y + high - 6 * unit)
        hand.paragraph(draw, inner, 15 * unit)
        y += high + 12 * unit
    draw.rectangle((0, height - 60 * unit, width, height), hand.mixed(0.1, hand.ink))
    return image


def desktop(hand: Hand) -> Image.Image:
    """Icons and a window on a shaded ground."""
    width, height = hand.one(SCREENS)
    ends = [Image.new("RGB", (width, height), colour) for colour in hand.palette[:2]]
    shade = Image.linear_gradient("L").resize((width, height))
    image = Image.composite(ends[0], ends[1], shade)
    draw = ImageDraw.Draw(image)
    for k in range(hand.whole(3, 14)):
        x, y = 24 + 100 * (k // 7), 24 + 96 * (k % 7)
        draw.rounded_rectangle((x, y, x + 48, y + 48), 10, hand.colour())
        draw.text((x + 24, y + 54), hand.words(1), (255, 255, 255), hand.font(13), anchor="ma")
    if hand.chance(0.7):
        inside = dialog(hand)
        image.paste(inside, (width // 3, height // 6))
    draw.rectangle((0, height - 42, width, height), hand.ground)
    draw.text((width - 12, height - 32), "10:42", hand.ink, hand.font(18), anchor="ra")
    return image


def mail(hand: Hand) -> Image.Image:
    width, height = hand.one(SCREENS)
    image, draw = hand.canvas(width, height)
    draw.rectangle((0, 0, width * 0.16, height), hand.mixed(0.6, hand.palette[0]))
    for k in range(9):
        draw.text((20, 30 + 38 * k), hand.words(1), hand.ink, hand.font(17))
    for y in range(0, height, 76):
        draw.line((width * 0.16, y, width * 0.45, y), hand.mixed(0.3, hand.ink))
        draw.ellipse((width * 0.17, y + 14, width * 0.17 + 44, y + 58), hand.colour())
        draw.text((width * 0.17 + 56, y + 12), hand.words(2), hand.ink, hand.font(17))
        draw.text((width * 0.17 + 56, y + 38), hand.words(4), hand.mixed(0.6, hand.ink),
                  hand.font(14))  # fmt: skip
    draw.rectangle((width * 0.45, 0, width, height), hand.ground, hand.ink)
    draw.text((width * 0.47, 26), hand.words(5), hand.ink, hand.font(26))
    end = height * hand.number(0.4, 0.95)
    hand.paragraph(draw, (width * 0.47, 90, width * 0.97, end), hand.number(14, 20))
    return image


STYLES: dict[Half, tuple[Callable[[Hand], Image.Image], ...]] = {
    "fit": (editor, dialog, web_page, terminal),
    "test": (spreadsheet, chat, desktop, mail),
}
