"""Texts as a reader of pictures returns them."""

from image_describer.reading.text import PictureText, ReadWord, TextLine

SURE, DOUBTFUL = 0.99, 0.6


def text_line(
    text: str, row: float, *, block: int = 0, heading: bool = False, doubtful: str = ""
) -> TextLine:
    """A line at ``row`` (a fraction of the picture), in its left half; ``doubtful`` is a word."""
    box = (0.05, row, 0.4, row + 0.03)
    words = tuple(
        ReadWord(word, box, DOUBTFUL if word == doubtful else SURE) for word in text.split()
    )
    confidence = sum(word.confidence for word in words) / len(words)
    return TextLine(text, box, confidence, words, block, heading)


LETTER = PictureText(
    lines=(
        text_line("Einladung", 0.05, heading=True),
        text_line("Liebe Frau Weber, wir laden Sie und", 0.15, block=1),
        text_line("Ihre Familie herzlich zum Sommer-", 0.2, block=1),
        text_line("fest ein. Bitte sagen Sie uns bis", 0.25, block=1),
        text_line("zum 12. Juli, ob Sie kommen.", 0.3, block=1, doubtful="Juli,"),
        text_line("Programm", 0.5, block=2, heading=True),
        text_line("15 Uhr Begrüßung", 0.6, block=2),
        text_line("16 Uhr Tombola", 0.65, block=2, doubtful="Tombola"),
    ),
    is_page=True,
)
