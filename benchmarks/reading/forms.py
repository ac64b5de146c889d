"""The forms that text has: each function draws one and returns its page."""

from collections.abc import Callable, Iterator

import numpy as np
from PIL import ImageFilter

from reading import texts
from reading.page import Page, box_width, font

A4 = (1654, 2339)  # 200 dots an inch: 31 pixels are 11 points
SCREEN = (1280, 800)

Form = Callable[[np.random.Generator, str], Page]


def _paragraphs(rng: np.random.Generator, language: str) -> Iterator[str]:
    known = texts.PARAGRAPHS[language]
    while True:
        for index in rng.permutation(len(known)):
            yield known[index]


def _headings(rng: np.random.Generator, language: str) -> Iterator[str]:
    known = texts.HEADINGS[language]
    while True:
        for index in rng.permutation(len(known)):
            yield known[index]


def _one(rng: np.random.Generator, *choices: str) -> str:
    return str(rng.choice(choices))


def _photo(page: Page, rng: np.random.Generator, box: tuple[int, int, int, int]) -> None:
    """A picture in the page, without text: hills under a sky."""
    left, top, right, bottom = box
    page.draw.rectangle(box, fill=tuple(int(v) for v in rng.uniform(140, 210, 3)))
    for layer in range(3):
        x = np.linspace(0, 1, 40)
        y = 0.4 + 0.2 * layer + 0.08 * np.sin(x * rng.uniform(5, 12) + rng.uniform(0, 6))
        outline = [
            (left + (right - left) * a, top + (bottom - top) * min(1, b))
            for a, b in zip(x, y, strict=True)
        ]
        shade = tuple(int(v / (layer + 1)) for v in rng.uniform(90, 170, 3))
        page.draw.polygon([*outline, (right, bottom), (left, bottom)], fill=shade)
    part = page.image.crop(box).filter(ImageFilter.GaussianBlur(3))
    page.image.paste(part, box)


def letter(rng: np.random.Generator, language: str) -> Page:
    """A letter of a firm."""
    page = Page(*A4)
    about = texts.LETTERS[language]
    kind = _one(rng, "sans", "serif", "palatino")
    face, bold = font(kind, 32), font("serif bold" if kind != "sans" else "sans bold", 33)
    y = 160
    for line in about["sender"]:
        page.text((1454, y), line, face, anchor="ra")
        y += 44
    y = 400
    for line in about["to"]:
        page.text((200, y), line, face)
        y += 44
    page.text((1454, y + 50), about["date"], face, anchor="ra")
    page.text((200, y + 150), about["subject"], bold)
    page.text((200, y + 240), about["greeting"], face)
    y += 320
    for paragraph, _ in zip(_paragraphs(rng, language), range(4), strict=False):
        y = page.paragraph((200, y), 1254, paragraph, face, leading=1.4) + 28
    y += 40
    page.text((200, y), about["close"][0], face)
    page.text((200, y + 80), about["close"][1], font("hand", 62), ink="#1a2a6c")
    page.text((200, y + 180), about["close"][2], face)
    return page


def receipt(rng: np.random.Generator, language: str) -> Page:
    """A receipt: names at the left, prices at the right of the same row."""
    about = texts.RECEIPTS[language]
    rows = len(about["items"]) + len(about["sums"])
    page = Page(760, 560 + 56 * rows, "#f6f5f0", "#2a2a2a")
    face = font(_one(rng, "mono", "dejavu mono", "typewriter"), 34)
    big = font("mono", 42)
    y = 60
    for index, line in enumerate(about["head"]):
        page.text((380, y), line, big if index == 0 else face, anchor="ma")
        y += 54
    y += 30
    page.row(y, about["meta"], (50, 710), face, anchors="lr")
    y += 60
    page.draw.line((50, y, 710, y), fill="#555", width=2)
    y += 20
    for row in about["items"]:
        page.row(y, row, (50, 710), face, anchors="lr")
        y += 54
    page.draw.line((50, y + 4, 710, y + 4), fill="#555", width=2)
    y += 24
    for row in about["sums"]:
        page.row(y, row, (50, 710), face, anchors="lr")
        y += 54
    y += 30
    for line in about["foot"]:
        page.text((380, y), line, face, anchor="ma")
        y += 50
    return page


def columns(count: int) -> Form:
    """A newspaper: a heading over ``count`` columns, which are read one after the other."""

    def draw(rng: np.random.Generator, language: str) -> Page:
        page = Page(*A4, "#fbfaf5")
        headings, paragraphs = _headings(rng, language), _paragraphs(rng, language)
        size = 33 if count == 2 else 28
        face = font(_one(rng, "serif", "schoolbook", "palatino"), size)
        small = font("serif bold", size + 8)
        page.text((827, 110), next(headings), font("serif bold", 84), anchor="ma")
        page.draw.line((110, 240, 1544, 240), fill="#333", width=3)
        gap = 60
        width = (1434 - gap * (count - 1)) / count
        for column in range(count):
            x, y = 110 + column * (width + gap), 290.0
            if column:
                page.text((x, y), next(headings), small)
                y += size * 2
            while y < 1700:
                y = page.paragraph(
                    (x, y), width, next(paragraphs), face, leading=1.3, justify=count == 2
                )
                y += size * 0.8
        return page

    return draw


def captions(rng: np.random.Generator, language: str) -> Page:
    """A magazine page: headings, a picture with a caption in each of two columns."""
    page = Page(*A4)
    headings, paragraphs = _headings(rng, language), _paragraphs(rng, language)
    face, head = font("roboto", 31), font("roboto bold", 50)
    note = font("serif italic", 26)
    known = rng.permutation(texts.CAPTIONS)
    for column in range(2):
        x, y = 120 + column * 740, 180.0
        page.text((x, y), next(headings), head)
        y += 90
        y = page.paragraph((x, y), 670, next(paragraphs), face) + 30
        height = int(rng.integers(340, 460))
        _photo(page, rng, (x, int(y), x + 670, int(y) + height))
        page.text((x, y + height + 16), str(known[column]), note, ink="#444")
        y += height + 90
        while y < 1750:
            y = page.paragraph((x, y), 670, next(paragraphs), face) + 24
    return page


def table(name: str, ruled: bool = True, dark: bool = False) -> Form:
    """A table, which is read row by row."""

    def draw(rng: np.random.Generator, language: str) -> Page:
        rows = texts.TABLES[name]
        page = Page(1600, 210 + 84 * len(rows), *(("#1d1f24", "#e6e6e6") if dark else ("white",)))
        kind = _one(rng, "sans", "roboto", "dejavu")
        face, bold = font(kind, 36), font(f"{kind} bold", 36)
        count = len(rows[0])
        widths = [box_width([row[i] for row in rows], bold) + 60 for i in range(count)]
        scale = 1400 / sum(widths)
        lefts = [100.0]
        for width in widths[:-1]:
            lefts.append(lefts[-1] + width * scale)
        ends = [*lefts[1:], 1500.0]
        numbers = [i > 0 and name in ("wages", "nutrition") for i in range(count)]
        at = [ends[i] - 20 if numbers[i] else lefts[i] + 20 for i in range(count)]
        line = "#5a5d66" if dark else "#999999"
        for index, row in enumerate(rows):
            y = 100 + 84 * index
            if ruled:
                page.draw.line((100, y - 20, 1500, y - 20), fill=line, width=2)
            page.row(
                y,
                row,
                at,
                face if index else bold,
                anchors="".join("r" if number else "l" for number in numbers),
            )
        bottom = 80 + 84 * len(rows)
        if ruled:
            page.draw.line((100, bottom, 1500, bottom), fill=line, width=2)
            for x in (*lefts, 1500):
                page.draw.line((x, 80, x, bottom), fill=line, width=2)
        return page

    return draw


def chat(dark: bool = False) -> Form:
    """A conversation: bubbles at the left and at the right, the time in each."""

    def draw(rng: np.random.Generator, language: str) -> Page:
        name, messages = texts.CHATS[language]
        page = Page(1080, 1920, *(("#0f1418", "#e9edef") if dark else ("#e8e1d8",)))
        face, small = font("roboto", 40), font("roboto", 28)
        page.draw.rectangle((0, 0, 1080, 150), fill="#1f2c33" if dark else "#0b6b5d")
        page.draw.ellipse((40, 30, 130, 120), fill="#8aa29a")
        page.text((165, 50), name, font("roboto bold", 44), ink="white")
        y = 200.0
        for mine, message, when in messages:
            width = min(760, face.getlength(message) + 4)
            left = 1040 - width - 60 if mine else 40
            lines = Page(1, 1)
            height = lines.paragraph((0, 0), width, message, face) + 60
            colors = ("#075e54", "#23313a") if dark else ("#d5f5c3", "white")
            page.draw.rounded_rectangle(
                (left, y, left + width + 60, y + height + 20), 30, fill=colors[0 if mine else 1]
            )
            page.paragraph((left + 30, y + 18), width, message, face)
            page.text(
                (left + width + 36, y + height - 34),
                when,
                small,
                ink="#9fb3b8" if dark else "#667",
                anchor="ra",
            )
            y += height + 50
        return page

    return draw


def web(dark: bool = False) -> Form:
    """A web page: a bar, an article, and beside it a list that is read afterwards."""

    def draw(rng: np.random.Generator, language: str) -> Page:
        about = texts.WEB[language]
        paper, ink = ("#16181c", "#dcdcdc") if dark else ("white", "#222222")
        page = Page(*SCREEN, paper, ink)
        headings, paragraphs = _headings(rng, language), _paragraphs(rng, language)
        face = font("sans", 18)
        page.draw.rectangle((0, 0, 1280, 64), fill="#26323f")
        lefts = [40, 420, 540, 660, 790]
        page.row(
            22,
            [about["site"], *about["nav"][1:]],
            lefts,
            font("sans bold", 17),
            ink="#f0f0f0",
        )
        page.text((60, 100), next(headings), font("serif bold", 40))
        page.text((60, 160), about["by"], font("sans", 14), ink="#8a8a8a" if dark else "#666")
        y = 205.0
        while y < 620:
            y = page.paragraph((60, y), 720, next(paragraphs), face, leading=1.5) + 16
        for index, line in enumerate(about["aside"]):
            page.text(
                (900, 110 + 42 * index),
                line,
                font("sans bold", 19) if index == 0 else face,
                ink=None if index == 0 else ("#7db4ff" if dark else "#1a4fa3"),
            )
        page.draw.line((860, 100, 860, 620), fill="#888")
        page.text((60, 765), about["foot"], font("sans", 13), ink="#8a8a8a" if dark else "#666")
        return page

    return draw


def code(dark: bool, numbers: bool) -> Form:
    """An editor; numbers of lines are part of their lines."""

    def draw(rng: np.random.Generator, language: str) -> Page:
        page = Page(*SCREEN, *(("#1e1e1e", "#d4d4d4") if dark else ("#fdfdfd",)))
        face = font("dejavu mono", 17)
        page.draw.rectangle((0, 0, 1280, 40), fill="#333" if dark else "#dddddd")
        page.text((30, 10), "orders.py", font("dejavu", 15), ink="#ccc" if dark else "#222")
        colors = ("#c586c0", "#9cdcfe", "#d4d4d4") if dark else ("#8b1a8b", "#124a9e", "#222222")
        for index, line in enumerate(texts.CODE):
            y = 64 + 30 * index
            if numbers:
                page.text((60, y), str(index + 1), face, ink="#858585", anchor="ra", known=False)
                page.lines.append(f"{index + 1} {line.strip()}".strip())
            elif line:
                page.lines.append(line.strip())
            color = colors[0 if line.startswith(("import", "from", "def", "if")) else 2]
            page.text((90, y), line, face, ink=color, known=False)
        return page

    return draw


def slide(plain: bool) -> Form:
    """A slide: a title and points; not ``plain``: white on a colour, with a picture beside it."""

    def draw(rng: np.random.Generator, language: str) -> Page:
        title, points = texts.SLIDES[language]
        paper, ink = ("white", "#202020") if plain else ("#123b52", "#f5f5f5")
        page = Page(1600, 900, paper, ink)
        page.text((100, 90), title, font("sans bold" if plain else "gothic", 66))
        face = font("sans" if plain else "roboto", 44)
        for index, point in enumerate(points):
            y = 280 + 120 * index
            page.draw.ellipse((110, y + 18, 128, y + 36), fill="#e07b39")
            page.text((160, y), point, face)
        if not plain:
            _photo(page, rng, (1080, 300, 1500, 700))
        page.text((1520, 840), str(rng.integers(3, 40)), font("sans", 26), anchor="ra")
        return page

    return draw


def form(rng: np.random.Generator, language: str) -> Page:
    """A form that was filled in: printed labels, values in another hand."""
    title, fields, promise = texts.FORMS[language]
    page = Page(*A4)
    page.text((160, 180), title, font("sans bold", 52))
    label, value = font("sans", 32), font(_one(rng, "typewriter", "comic"), 40)
    y = 340
    for name, entry in fields:
        page.draw.rectangle((560, y - 16, 1480, y + 62), outline="#777", width=2)
        page.text((160, y), name, label, known=False)
        page.text((590, y - 4), entry, value, ink="#1b2f78", known=False)
        page.lines.append(f"{name} {entry}")
        y += 130
    page.draw.rectangle((160, y + 10, 200, y + 50), outline="#555", width=3)
    page.draw.line((166, y + 30, 178, y + 44, 198, y + 6), fill="#1b2f78", width=5)
    page.text((230, y + 10), promise, label)
    return page


def menu(two_columns: bool, board: bool = False) -> Form:
    """A menu: dishes and prices in rows; in two columns the left one comes first."""

    def draw(rng: np.random.Generator, language: str) -> Page:
        name, sections = texts.MENUS[language]
        paper, ink = ("#23282b", "#f2efe6") if board else ("#f7f0e0", "#3a2a1a")
        page = Page(1500 if two_columns else 1100, 1150 if two_columns else 1560, paper, ink)
        kind = ("comic bold", "comic") if board else ("schoolbook bold", "schoolbook")
        page.text((page.width / 2, 80), name, font(kind[0], 74), anchor="ma")
        head, face = font(kind[0], 44), font(kind[1], 34)
        groups = [sections[: len(sections) // 2], sections[len(sections) // 2 :]]
        if not two_columns:
            groups = [sections]
        width = 600 if two_columns else 860
        for column, group in enumerate(groups):
            x, y = 110 + column * 700, 240
            for title, dishes in group:
                page.text((x, y), title, head)
                y += 80
                for dish, price in dishes:
                    page.row(y, (dish, price), (x, x + width), face, anchors="lr")
                    y += 62
                y += 40
        return page

    return draw


def poster(name: str) -> Form:
    """A poster: few words, large, on a colour."""

    def draw(rng: np.random.Generator, language: str) -> Page:
        big, small = texts.POSTERS[name]
        top, bottom = rng.uniform(20, 110, 3), rng.uniform(60, 150, 3)
        page = Page(1200, 1700, ink="white")
        for y in range(1700):
            color = tuple(int(v) for v in top + (bottom - top) * y / 1700)
            page.draw.line((0, y, 1200, y), fill=color)
        _photo(page, rng, (150, 900, 1050, 1250))
        kind = _one(rng, "gothic", "condensed bold", "roboto bold")
        size = int(min(210, 210 * 1000 / box_width(big, font(kind, 210))))
        y = 180
        for line in big:
            page.text((600, y), line, font(kind, size), anchor="ma", ink="#ffe9a8")
            y += int(size * 1.15)
        for index, line in enumerate(small):
            page.text((600, 1330 + 90 * index), line, font("roboto", 54), anchor="ma")
        return page

    return draw


def plate(number: str) -> Form:
    """A number plate."""

    def draw(rng: np.random.Generator, language: str) -> Page:
        page = Page(1040, 220, "#f7d117" if language == "en" else "#f2f2f2", "#111111")
        page.draw.rounded_rectangle((6, 6, 1034, 214), 20, outline="#111", width=6)
        left = 60
        if language != "en":
            page.draw.rectangle((12, 12, 90, 208), fill="#1d3fa0")
            left = 120
        face = font("narrow bold", 190)
        # The letters of a plate stand apart; spaces in it are as wide as a letter.
        widths = [face.getlength(letter) for letter in number]
        gap = (1000 - left - sum(widths)) / max(1, len(number) - 1)
        x = float(left)
        for letter, width in zip(number, widths, strict=True):
            page.text((x, 110), letter, face, anchor="lm", known=False)
            x += width + min(gap, 24)
        page.lines.append(number)
        return page

    return draw


def sign(name: str) -> Form:
    """A sign at a wall or a street."""

    def draw(rng: np.random.Generator, language: str) -> Page:
        paper, ink, lines = texts.SIGNS[name]
        kind = "narrow bold" if name in ("street", "exit") else "sans bold"
        size = 120 if len(lines) <= 2 else 80
        face = font(kind, size)
        width = int(box_width(lines, face)) + 140
        page = Page(width, int(size * 1.5 * len(lines)) + 90, paper, ink)
        page.draw.rectangle((12, 12, width - 12, page.height - 12), outline=ink, width=5)
        for index, line in enumerate(lines):
            page.text((width / 2, 60 + size * 1.5 * index), line, face, anchor="ma")
        return page

    return draw


def package(name: str) -> Form:
    """The label of a jar, a tin or a tube."""

    def draw(rng: np.random.Generator, language: str) -> Page:
        brand, what, small = texts.PACKAGES[name]
        paper = tuple(int(v) for v in rng.uniform(190, 250, 3))
        page = Page(1500, 1100, "#{:02x}{:02x}{:02x}".format(*paper), "#2a1a12")
        page.draw.rectangle((0, 0, 1500, 40), fill="#7a1f2b")
        page.draw.rectangle((0, 1060, 1500, 1100), fill="#7a1f2b")
        page.text((750, 110), brand, font("palatino italic", 88), anchor="ma", ink="#7a1f2b")
        size = int(min(150, 150 * 1000 / font("gothic", 150).getlength(what)))
        page.text((750, 270), what, font("gothic", size), anchor="ma")
        face = font(_one(rng, "condensed", "sans", "narrow"), 48)
        for index, line in enumerate(small):
            page.text((750, 540 + 88 * index), line, face, anchor="ma")
        return page

    return draw


def small_print(rng: np.random.Generator, language: str) -> Page:
    """Conditions in type of 6 points, numbered."""
    page = Page(*A4)
    face = font(_one(rng, "sans", "narrow", "serif"), 18)
    titles = {"en": "Terms and conditions", "de": "Geschäftsbedingungen"}
    page.text((160, 140), titles[language], font("sans bold", 26))
    y = 210.0
    for number, paragraph in zip(range(1, 15), _paragraphs(rng, language), strict=False):
        y = page.paragraph((160, y), 1334, f"{number}. {paragraph}", face, leading=1.3) + 14
    return page


def _book_page(page: Page, rng: np.random.Generator, language: str, left: int, number: int) -> None:
    kind = "schoolbook"
    face = font(kind, 33)
    paragraphs = _paragraphs(rng, language)
    title = "THE PATIENT NOTEBOOKS" if language == "en" else "GEDULDIGE HEFTE"
    page.text((left + 480, 130), title, font(kind, 24), anchor="ma")
    y = 220.0
    while y < 1380:
        y = page.paragraph(
            (left, y), 960, next(paragraphs), face, leading=1.45, justify=True, indent=50
        )
    page.text((left + 480, 1680), str(number), font(kind, 28), anchor="ma")


def book(rng: np.random.Generator, language: str) -> Page:
    """A page of a book, set justified, with a title above and its number below."""
    page = Page(1240, 1800, "#f8f4e8", "#26201a")
    _book_page(page, rng, language, 140, int(rng.integers(10, 300)))
    return page


def facing(rng: np.random.Generator, language: str) -> Page:
    """Two facing pages of a book: the left one is read to its end first."""
    page = Page(2480, 1800, "#f8f4e8", "#26201a")
    number = 2 * int(rng.integers(5, 150))
    _book_page(page, rng, language, 130, number)
    _book_page(page, rng, language, 1390, number + 1)
    return page


def mail(rng: np.random.Generator, language: str) -> Page:
    """The list of a mail program in dark mode."""
    page = Page(*SCREEN, "#202124", "#e8eaed")
    page.text((40, 24), "Inbox (8)", font("roboto bold", 26))
    bold, face = font("roboto bold", 17), font("roboto", 17)
    for index, (who, subject, when) in enumerate(texts.MAILS):
        y = 96 + 76 * index
        page.draw.line((20, y - 26, 1260, y - 26), fill="#3c4043")
        page.text((60, y), who, bold if index < 3 else face, known=False)
        page.text((340, y), subject, bold if index < 3 else face, known=False)
        page.text((1230, y), when, face, anchor="ra", ink="#9aa0a6", known=False)
        page.lines.append(f"{who} {subject} {when}")
    return page


def settings(rng: np.random.Generator, language: str) -> Page:
    """A window with settings in dark mode."""
    title, rows, buttons = texts.SETTINGS
    page = Page(*SCREEN, "#2b2b2b", "#eeeeee")
    face = font("dejavu", 17)
    page.text((90, 60), title, font("dejavu bold", 26))
    for index, (name, value) in enumerate(rows):
        y = 140 + 80 * index
        page.draw.rounded_rectangle((80, y - 18, 1200, y + 42), 8, fill="#383838")
        page.row(y, (name, value), (110, 1170), face, anchors="lr")
    for index, name in enumerate(buttons):
        x = 960 + 130 * index
        page.draw.rounded_rectangle((x, 700, x + 110, 744), 8, fill="#3d6fb4" if index else "#555")
        page.text((x + 55, 722), name, face, anchor="mm", known=False)
    page.lines.append(" ".join(buttons))
    return page


def note(rng: np.random.Generator, language: str) -> Page:
    """A note in a hand that prints its letters, on lined paper."""
    page = Page(1200, 1500, "#fdf9d8", "#22357a")
    for y in range(180, 1460, 76):
        page.draw.line((0, y, 1200, y), fill="#b9c6e0", width=2)
    face = font(_one(rng, "comic", "comic bold"), 50)
    y = 122.0
    for paragraph, _ in zip(_paragraphs(rng, language), range(3), strict=False):
        y = page.paragraph((80, y), 1060, paragraph, face, leading=76 / face.size) + 76
    return page
