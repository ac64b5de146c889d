"""What the text window shows of a PictureText, and what stands where in it. Needs no Tk."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from image_describer.i18n import _
from image_describer.reading.language import language_of
from image_describer.reading.text import Code, PictureText, TextLine
from image_describer.text import number, plural, visible
from image_describer.wording.codes import code_sentence
from image_describer.wording.sentence import UNKNOWN_SCRIPT

Place = tuple[int, int]  # row, from 1, and character, from 0, as Tk counts them

# A line with fewer words, or one that ends in a number, is a row of a list rather than of a
# paragraph: it is said by itself.
PARAGRAPH_WORDS = 4
_JOINT = "\r"  # the end of a line within a sentence; no line contains one
# Up to the end of a sentence, which is not the stop of "12. July", or of a row.
_PASSAGE = re.compile(r"[^\s].*?(?:(?:[!?…]|(?<!\d)\.)(?=\s)|(?=\n))")
_HYPHENATED = re.compile(rf"(?<=[^\W\d_])-{_JOINT}(?=[^\W\d_A-Z])")


@dataclass(frozen=True)
class TextRow:
    """A row of the window: a line of the text, a code, or neither."""

    text: str
    line: TextLine | None = None
    code: Code | None = None


@dataclass(frozen=True)
class WordInDoubt:
    """A word that may have been misread, and its columns from ``start`` to before ``end``."""

    text: str
    confidence: float
    row: int
    start: int
    end: int


@dataclass(frozen=True)
class Passage:
    """What is said in one breath: a sentence or a row.

    ``doubtful``: whether a word of it may have been misread. ``language`` is as in `Speaker.say`.
    """

    text: str
    start: Place
    doubtful: bool
    language: str


class TextContent:
    """Lays out ``text``: its lines, an empty row between two blocks, then its codes."""

    def __init__(self, text: PictureText) -> None:
        self.language = language_of(text.text)
        self.rows = list(_rows(text))
        self._doubtful = [
            word
            for number, row in enumerate(self.rows, start=1)
            if row.line is not None
            for word in _doubtful_words(row.line, number)
        ]
        self._words = text.word_count
        self._codes = len(text.codes)

    @property
    def text(self) -> str:
        """All rows."""
        return "\n".join(row.text for row in self.rows)

    @property
    def summary(self) -> str:
        """How much there is, in a sentence."""
        parts = []
        if lines := sum(row.line is not None for row in self.rows):
            parts += [
                plural("{count} line", "{count} lines", lines),
                plural("{count} word", "{count} words", self._words),
            ]
        if self._doubtful:
            parts.append(_("{count} in doubt").format(count=number(len(self._doubtful))))
        if self._codes:
            parts.append(plural("{count} code", "{count} codes", self._codes))
        return f"{', '.join(parts)}." if parts else ""

    @property
    def headings(self) -> list[Place]:
        """Where headings begin."""
        return [
            (number, 0)
            for number, row in enumerate(self.rows, start=1)
            if row.line is not None and row.line.heading
        ]

    @property
    def blocks(self) -> list[Place]:
        """Where columns, paragraphs, tables and codes begin."""
        return [
            (number, 0)
            for number, row in enumerate(self.rows, start=1)
            if row.text and (number == 1 or not self.rows[number - 2].text)
        ]

    @property
    def doubtful(self) -> list[WordInDoubt]:
        """The words that may have been misread."""
        return self._doubtful

    def doubtful_between(self, row: int, start: int, end: int) -> list[WordInDoubt]:
        """The doubtful words that share a column with those from ``start`` to ``end`` of a row."""
        return [
            word
            for word in self._doubtful
            if word.row == row and word.start <= end and word.end >= start
        ]

    def row(self, number: int) -> TextRow:
        """The row with this number, from 1."""
        return self.rows[min(number, len(self.rows)) - 1]

    def line_number(self, number: int) -> int:
        """The number of the line in this row among all lines, from 1."""
        return sum(row.line is not None for row in self.rows[:number])

    @property
    def line_count(self) -> int:
        return self.line_number(len(self.rows))

    def passages(self, after: Place = (1, 0)) -> list[Passage]:
        """What is said from the passage with this place in it to the end."""
        passages = list(self._passages())
        begun = [index for index, passage in enumerate(passages) if passage.start <= after]
        return passages[begun[-1] if begun else 0 :]

    def _passages(self) -> Iterator[Passage]:
        starts = [0]
        for row in self.rows:
            starts.append(starts[-1] + len(row.text) + 1)
        joined = "".join(
            row.text + (_JOINT if _goes_on(row, following) else "\n")
            for row, following in zip(self.rows, [*self.rows[1:], TextRow("")], strict=True)
        )
        doubtful = [starts[word.row - 1] + word.start for word in self._doubtful]
        number = 0
        for match in _PASSAGE.finditer(joined):
            while starts[number + 1] <= match.start():
                number += 1
            row = self.rows[number]
            yield Passage(
                _HYPHENATED.sub("", match.group()).replace(_JOINT, " "),
                (number + 1, match.start() - starts[number]),
                any(match.start() <= position < match.end() for position in doubtful),
                self.language if row.line is not None else "",
            )


def _rows(text: PictureText) -> Iterator[TextRow]:
    block = None
    for line in text.lines:
        if block is not None and line.block != block:
            yield TextRow("")
        block = line.block
        yield TextRow(visible(line.text), line=line)
    for code in text.codes:
        if block is not None:
            yield TextRow("")
        block = -1
        yield TextRow(code_sentence(code), code=code)
    if text.unknown_script:
        if block is not None:
            yield TextRow("")
        yield TextRow(_(UNKNOWN_SCRIPT))


def _doubtful_words(line: TextLine, number: int) -> Iterator[WordInDoubt]:
    """Those of a line in this row."""
    text, end = visible(line.text), 0
    for word in line.words:
        shown = visible(word.text)
        start = text.find(shown, end)
        if start < 0:  # the line was put together in another way
            return
        end = start + len(shown)
        if word.is_doubtful:
            yield WordInDoubt(shown, word.confidence, number, start, end)


def _goes_on(row: TextRow, following: TextRow) -> bool:
    """Whether a sentence may go on in the following row."""
    return (
        row.line is not None
        and following.line is not None
        and row.line.block == following.line.block
        and not (row.line.heading or following.line.heading)
        and len(row.text.split()) >= PARAGRAPH_WORDS
        and not row.text[-1:].isdigit()
    )
