"""The result of reading a picture."""

from dataclasses import dataclass, replace

from image_describer.imaging.region import Region

FEW_WORDS = 8  # a text that is said as a whole

# Confidence of a word below which it is marked for the reader. Of 5,851 words of drawn pictures, 45
# are below: 13 of them were misread, and 12 of those above. See benchmarks/doubtful_words.py.
DOUBTFUL_WORD = 0.95


@dataclass(frozen=True)
class ReadWord:
    """A word of a line, where it stands in the picture, and how sure its letters are, in [0, 1]."""

    text: str
    box: Region
    confidence: float

    @property
    def is_doubtful(self) -> bool:
        """Whether it may well have been misread."""
        return self.confidence < DOUBTFUL_WORD


@dataclass(frozen=True)
class TextLine:
    """A line of text.

    text: its words, with a space between two.
    box: where it stands in the picture; the rectangle around a line that is not level.
    confidence: how likely its letters are right, in [0, 1].
    block: the number of its column, paragraph or table, from 0; they are in reading order.
    heading: whether it looks like a heading of what follows.
    """

    text: str
    box: Region
    confidence: float
    words: tuple[ReadWord, ...] = ()
    block: int = 0
    heading: bool = False


@dataclass(frozen=True)
class Code:
    """A bar code: its format, such as "QR code" or "EAN-13", what it holds, and where it stands."""

    format: str
    content: str
    box: Region


@dataclass(frozen=True)
class PictureText:
    """What is written in a picture.

    lines: in reading order.
    codes: from the top to the bottom.
    is_page: whether the text is what the picture is about, as in a page or a screenshot.
    unknown_script: whether there is text in letters that can't be read; it is not in ``lines``.
    quarters: how many quarters counterclockwise the picture must be rotated to set the text
    upright.
    """

    lines: tuple[TextLine, ...] = ()
    codes: tuple[Code, ...] = ()
    is_page: bool = False
    unknown_script: bool = False
    quarters: int = 0

    @property
    def text(self) -> str:
        """All lines; those of different blocks have an empty line between them."""
        parts: list[str] = []
        for index, line in enumerate(self.lines):
            if index and line.block != self.lines[index - 1].block:
                parts.append("")
            parts.append(line.text)
        return "\n".join(parts)

    @property
    def word_count(self) -> int:
        """How many words the lines have."""
        return sum(len(line.text.split()) for line in self.lines)

    def within(self, part: Region) -> "PictureText":
        """The lines and codes whose middle is in a part of the picture."""
        return replace(
            self,
            lines=tuple(line for line in self.lines if _is_inside(line.box, part)),
            codes=tuple(code for code in self.codes if _is_inside(code.box, part)),
        )


def _is_inside(box: Region, part: Region) -> bool:
    """Whether the middle of ``box`` is in ``part``; of two parts side by side, in one of them."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return part[0] <= x < part[2] and part[1] <= y < part[3]
