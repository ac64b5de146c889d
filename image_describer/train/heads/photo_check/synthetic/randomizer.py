"""Random fonts, palettes, words and numbers; each half of the pictures has its own."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Half = Literal["fit", "test"]
Color = tuple[int, int, int]
Point = tuple[float, float]
T = TypeVar("T")

# All of them come with matplotlib; "" is the one of Pillow.
FONTS: dict[Half, tuple[str, ...]] = {
    "fit": tuple(
        f"DejaVu{n}"
        for n in ["Sans", "Sans-Bold", "Sans-Oblique", "SansMono", "Serif", "Serif-Bold"]
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
DARK_SHARE = 0.3  # of the pictures


class Randomizer:
    """Chooses the look of a picture from what belongs to its half of them: a palette, a background
    and foreground color and a font, and then numbers, colors and words. It depends on the seed."""

    def __init__(self, half: Half, seed: Sequence[int]) -> None:
        self.half = half
        self.generator = np.random.default_rng(seed)
        self.palette = [rgb(word) for word in self.choice(PALETTES[half]).split()]
        self.is_dark = self.chance(DARK_SHARE)
        self.bg = rgb(self.choice((DARK if self.is_dark else LIGHT)[half]))
        level = self.integer(190, 256) if self.is_dark else self.integer(0, 70)
        self.fg: Color = (level, level, level)
        self.font_name = self.choice(FONTS[half])

    def uniform(self, low: float, high: float) -> float:
        return float(self.generator.uniform(low, high))

    def integer(self, low: int, high: int) -> int:
        return int(self.generator.integers(low, high))

    def chance(self, share: float) -> bool:
        return bool(self.generator.random() < share)

    def choice(self, several: Sequence[T]) -> T:
        return several[int(self.generator.integers(len(several)))]

    def color(self) -> Color:
        return self.choice(self.palette)

    def blend(self, share: float, color: Color | None = None) -> Color:
        """A color of the palette (or this one), with the opacity ``share`` on the background."""
        pairs = zip(color or self.color(), self.bg, strict=True)
        red, green, blue = (round(share * c + (1 - share) * g) for c, g in pairs)
        return red, green, blue

    def font(self, size: float, name: str | None = None) -> ImageFont.FreeTypeFont:
        return _font(self.font_name if name is None else name, max(6, round(size)))

    def words(self, count: int) -> str:
        every = WORDS[self.half].split()
        return " ".join(self.choice(every) for _ in range(count))

    def canvas(self, width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        image = Image.new("RGB", (width, height), self.bg)
        return image, ImageDraw.Draw(image)

    def write(
        self, draw: ImageDraw.ImageDraw, position: Point, text: str, size: float,
        fill: Color | None = None, anchor: str | None = None,
    ) -> None:  # fmt: skip
        """Write ``text``, in the foreground color unless ``fill`` is given."""
        draw.text(position, text, self.fg if fill is None else fill, self.font(size), anchor)

    def gradient(self, width: int, height: int) -> Image.Image:
        """The first color of the palette below, the second one above."""
        first, second = (Image.new("RGB", (width, height), color) for color in self.palette[:2])
        mask = Image.linear_gradient("L").resize((width, height))
        return Image.composite(first, second, mask)

    def paragraph(
        self, draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], size: float,
        gap: float = 1.4,
    ) -> float:  # fmt: skip
        """Write lines of words into a box (left, top, right, bottom); returns where they end."""
        left, top, right, bottom = box
        font = self.font(size)
        while top + size < bottom:
            line = self.words(2 + int((right - left) / (3 * size)))
            while line and font.getlength(line) > right - left:
                line = line.rpartition(" ")[0]
            if self.chance(0.12):
                line = line[: len(line) // 2]
            draw.text((left, top), line, self.fg, font)
            top += size * gap
        return top


def rgb(digits: str) -> Color:
    """ "ff8800" -> (255, 136, 0)."""
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


@cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    if not name:
        own = ImageFont.load_default(size)
        assert isinstance(own, ImageFont.FreeTypeFont)
        return own
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / f"{name}.ttf"), size)


Styles = dict[Half, tuple[Callable[[Randomizer], Image.Image], ...]]
"""Functions that draw a picture each."""
