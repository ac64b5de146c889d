"""Drawing text that is known: the picture, and what is written in it in reading order."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONT_FOLDER = Path("/usr/share/fonts")
FONTS = {
    "sans": "LiberationSans-Regular.ttf",
    "sans bold": "LiberationSans-Bold.ttf",
    "narrow": "LiberationSansNarrow-Regular.ttf",
    "narrow bold": "LiberationSansNarrow-Bold.ttf",
    "serif": "LiberationSerif-Regular.ttf",
    "serif bold": "LiberationSerif-Bold.ttf",
    "serif italic": "LiberationSerif-Italic.ttf",
    "mono": "LiberationMono-Regular.ttf",
    "dejavu": "DejaVuSans.ttf",
    "dejavu bold": "DejaVuSans-Bold.ttf",
    "dejavu serif": "DejaVuSerif.ttf",
    "dejavu mono": "DejaVuSansMono.ttf",
    "schoolbook": "C059-Roman.otf",
    "schoolbook bold": "C059-Bold.otf",
    "palatino": "P052-Roman.otf",
    "palatino italic": "P052-Italic.otf",
    "gothic": "URWGothic-Demi.otf",
    "typewriter": "NimbusMonoPS-Bold.otf",
    "roboto": "Roboto-Regular.ttf",
    "roboto bold": "Roboto-Bold.ttf",
    "condensed": "RobotoCondensed-Regular.ttf",
    "condensed bold": "RobotoCondensed-Bold.ttf",
    "comic": "ComicNeue-Regular.otf",
    "comic bold": "ComicNeue-Bold.otf",
    "hand": "dkg.ttf",
}
PACKAGES = (
    "fonts-dejavu-core fonts-liberation fonts-urw-base35 fonts-roboto-unhinted fonts-comic-neue "
    "fonts-dkg-handwriting"
)


class FontsMissingError(Exception):
    """Fonts are not installed."""


@cache
def _font_files() -> dict[str, Path]:
    found = {path.name: path for path in FONT_FOLDER.rglob("*.[ot]tf")}
    missing = sorted(name for name in FONTS.values() if name not in found)
    if missing:
        raise FontsMissingError(
            f"{len(missing)} fonts are missing, such as {missing[0]}: apt-get install {PACKAGES}"
        )
    return found


@cache
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A font of FONTS; ``size`` is that of its square in pixels."""
    return ImageFont.truetype(_font_files()[FONTS[name]], size)


class Page:
    """A picture and the lines on it.

    What is drawn first is read first: whoever draws keeps to the order in which a person reads.
    """

    def __init__(self, width: int, height: int, paper: str = "white", ink: str = "#141414") -> None:
        self.image = Image.new("RGB", (width, height), paper)
        self.draw = ImageDraw.Draw(self.image)
        self.paper = paper
        self.ink = ink
        self.lines: list[str] = []

    @property
    def width(self) -> int:
        return self.image.width

    @property
    def height(self) -> int:
        return self.image.height

    def text(
        self,
        at: tuple[float, float],
        string: str,
        face: ImageFont.FreeTypeFont,
        *,
        ink: str | None = None,
        anchor: str = "la",
        known: bool = True,
    ) -> None:
        """Draw one line; with ``known`` false the caller adds what it says to ``lines``."""
        self.draw.text(at, string, font=face, fill=ink or self.ink, anchor=anchor)
        if known:
            self.lines.append(string)

    def row(
        self,
        y: float,
        cells: Sequence[str],
        lefts: Sequence[float],
        face: ImageFont.FreeTypeFont,
        *,
        ink: str | None = None,
        anchors: str = "",
    ) -> None:
        """Draw the cells of a row, which is read as one line.

        anchors: "l" or "r" for each cell; a cell that is set right ends at its place.
        """
        for index, cell in enumerate(cells):
            side = anchors[index] if anchors else "l"
            self.text((lefts[index], y), cell, face, ink=ink, anchor=side + "a", known=False)
        self.lines.append(" ".join(cell for cell in cells if cell))

    def paragraph(
        self,
        at: tuple[float, float],
        width: float,
        string: str,
        face: ImageFont.FreeTypeFont,
        *,
        ink: str | None = None,
        leading: float = 1.35,
        justify: bool = False,
        indent: float = 0,
    ) -> float:
        """Draw a paragraph in lines of at most ``width``; return where the next one may begin."""
        x, y = at
        lines = wrap(string, face, width, indent)
        for index, line in enumerate(lines):
            left = x + (indent if index == 0 else 0)
            if justify and index < len(lines) - 1:
                self._justified((left, y), x + width - left, line, face, ink)
            else:
                self.text((left, y), line, face, ink=ink)
            y += face.size * leading
        return y

    def _justified(
        self,
        at: tuple[float, float],
        width: float,
        line: str,
        face: ImageFont.FreeTypeFont,
        ink: str | None,
    ) -> None:
        words = line.split()
        space = (width - sum(face.getlength(word) for word in words)) / max(1, len(words) - 1)
        x = at[0]
        for word in words:
            self.text((x, at[1]), word, face, ink=ink, known=False)
            x += face.getlength(word) + space
        self.lines.append(line)


def wrap(string: str, face: ImageFont.FreeTypeFont, width: float, indent: float = 0) -> list[str]:
    """Break ``string`` at spaces into lines that fit ``width``, the first ``indent`` less."""
    lines, line = [], ""
    for word in string.split(" "):
        longer = f"{line} {word}" if line else word
        room = width - (0 if lines else indent)
        if line and face.getlength(longer) > room:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line]


def box_width(strings: Sequence[str], face: ImageFont.FreeTypeFont) -> float:
    """The width of the longest."""
    return max(face.getlength(string) for string in strings)
