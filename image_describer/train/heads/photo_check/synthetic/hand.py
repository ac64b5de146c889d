"""What draws: chance, fonts, palettes and words, other ones for each half of the set."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Half = Literal["fit", "test"]
Colour = tuple[int, int, int]
Point = tuple[float, float]
Some = TypeVar("Some")

# All of them come with matplotlib; "" is Pillow's own.
FONTS: dict[Half, tuple[str, ...]] = {
    "fit": (
        "DejaVuSans",
        "DejaVuSans-Bold",
        "DejaVuSans-Oblique",
        "DejaVuSansMono",
        "DejaVuSerif",
        "DejaVuSerif-Bold",
    ),
    "test": ("", "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "cmr10", "cmss10", "cmtt10"),
}
PALETTES: dict[Half, tuple[str, ...]] = {
    "fit": (
        "1f77b4 ff7f0e 2ca02c d62728 9467bd 8c564b e377c2",
        "f44336 3f51b5 009688 ffeb3b 795548 607d8b 00bcd4",
        "0000ff ff0000 00aa00 ffff00 ff00ff 00ffff 000000",
        "222222 555555 888888 aaaaaa cccccc",
        "a6cee3 b2df8a fb9a99 fdbf6f cab2d6 ffff99",
        "6272a4 8be9fd 50fa7b ffb86c ff79c6 bd93f9",
    ),
    "test": (
        "b58900 cb4b16 dc322f d33682 6c71c4 268bd2 859900",
        "5e81ac 88c0d0 a3be8c ebcb8b d08770 bf616a b48ead",
        "66c2a5 fc8d62 8da0cb e78ac3 a6d854 ffd92f e5c494",
        "cc241d 98971a d79921 458588 b16286 689d6a a89984",
        "003f5c 58508d bc5090 ff6361 ffa600",
        "264653 2a9d8f e9c46a f4a261 e76f51",
    ),
}
LIGHT: dict[Half, tuple[str, ...]] = {
    "fit": ("ffffff", "ffffff", "f5f5f5", "e8eaf6", "fffde7", "d0d0d0"),
    "test": ("ffffff", "fdf6e3", "eceff4", "fbf1c7", "f0ead6", "dfe7df"),
}
DARK: dict[Half, tuple[str, ...]] = {
    "fit": ("000000", "1e1e1e", "282a36", "121a2b", "0d1117"),
    "test": ("002b36", "2e3440", "282828", "1b1030", "10231c"),
}
WORDS: dict[Half, str] = {
    "fit": "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor "
    "incididunt ut labore et dolore magna aliqua enim ad minim veniam quis nostrud File Edit View "
    "Total 2024 17.5 1,204 Name Open Cancel Settings",
    "test": "the house stands by the river and every morning somebody opens window after window "
    "to look for ships Report Kapitel cafe naive Summary Monday April 03:45 88% $12.99 No. "
    "Inbox Reply Archive Avenue between thousand quarterly",
}
DARK_THEME = 0.3  # of what is drawn


class Hand:
    """Draws with what belongs to its half; the same seed draws the same."""

    def __init__(self, half: Half, seed: Sequence[int]) -> None:
        self.half = half
        self.rng = np.random.default_rng(seed)
        self.palette = [rgb(word) for word in self.one(PALETTES[half]).split()]
        self.is_dark = self.chance(DARK_THEME)
        self.ground = rgb(self.one((DARK if self.is_dark else LIGHT)[half]))
        level = self.whole(190, 256) if self.is_dark else self.whole(0, 70)
        self.ink: Colour = (level, level, level)
        self.face = self.one(FONTS[half])

    def number(self, least: float, most: float) -> float:
        return float(self.rng.uniform(least, most))

    def whole(self, least: int, below: int) -> int:
        return int(self.rng.integers(least, below))

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def one(self, several: Sequence[Some]) -> Some:
        return several[int(self.rng.integers(len(several)))]

    def colour(self) -> Colour:
        return self.one(self.palette)

    def mixed(self, share: float, colour: Colour | None = None) -> Colour:
        """A colour of the palette (or this one), ``share`` of it in the ground's."""
        pairs = zip(colour or self.colour(), self.ground, strict=True)
        red, green, blue = (round(share * c + (1 - share) * g) for c, g in pairs)
        return red, green, blue

    def font(self, size: float, face: str | None = None) -> ImageFont.FreeTypeFont:
        return _font(self.face if face is None else face, max(6, round(size)))

    def words(self, count: int) -> str:
        every = WORDS[self.half].split()
        return " ".join(self.one(every) for _ in range(count))

    def canvas(self, width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        image = Image.new("RGB", (width, height), self.ground)
        return image, ImageDraw.Draw(image)

    def paragraph(
        self,
        draw: ImageDraw.ImageDraw,
        box: tuple[float, float, float, float],
        size: float,
        fill: Colour | None = None,
        gap: float = 1.4,
    ) -> float:
        """Lines of words in a box (left, top, right, bottom); returns where they end."""
        left, top, right, bottom = box
        font = self.font(size)
        while top + size < bottom:
            line = self.words(2 + int((right - left) / (3 * size)))
            while line and font.getlength(line) > right - left:
                line = line.rpartition(" ")[0]
            if self.chance(0.12):
                line = line[: len(line) // 2]
            draw.text((left, top), line, self.ink if fill is None else fill, font)
            top += size * gap
        return top


def rgb(digits: str) -> Colour:
    """ "ff8800" -> (255, 136, 0)."""
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


@cache
def _font(face: str, size: int) -> ImageFont.FreeTypeFont:
    if not face:
        own = ImageFont.load_default(size)
        assert isinstance(own, ImageFont.FreeTypeFont)
        return own
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / f"{face}.ttf"), size)
