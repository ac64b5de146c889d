"""What is written in a picture: its words, its blocks, and what of it is in a part."""

from image_describer.reading.text import Code, PictureText, TextLine

TITLE = TextLine("Dear Ann,", (0.1, 0.1, 0.5, 0.2), 0.9)
BODY = TextLine("see you soon", (0.1, 0.3, 0.5, 0.4), 0.9)
RIGHT = TextLine("Page 2", (0.6, 0.1, 0.9, 0.2), 0.9, block=1)
CODE = Code("QR code", "https://example.org", (0.6, 0.6, 0.9, 0.9))
LETTER = PictureText((TITLE, BODY, RIGHT), (CODE,), is_page=True)


def test_blocks_are_apart() -> None:
    assert LETTER.text == "Dear Ann,\nsee you soon\n\nPage 2"
    assert LETTER.word_count == 7
    assert (PictureText().text, PictureText().word_count) == ("", 0)


def test_a_line_on_the_border_is_in_one_part() -> None:
    upper, lower = LETTER.within((0.0, 0.0, 1.0, 0.35)), LETTER.within((0.0, 0.35, 1.0, 1.0))
    assert (upper.lines, lower.lines) == ((TITLE, RIGHT), (BODY,))
    assert (upper.codes, lower.codes) == ((), (CODE,))
    assert upper.is_page
