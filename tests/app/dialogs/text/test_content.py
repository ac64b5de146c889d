"""What the text window shows and says of a text, without a window."""

import pytest

from image_describer.app.dialogs.text.content import TextContent
from image_describer.reading.text import Code, PictureText
from image_describer.wording.sentence import UNKNOWN_SCRIPT
from tests.support.texts import LETTER, text_line

CODE = Code("QR code", "https://example.org/a", (0.6, 0.8, 0.9, 0.95))


def said(text: PictureText) -> list[str]:
    return [passage.text for passage in TextContent(text).passages()]


def test_blocks_are_apart_and_what_stands_where_is_found() -> None:
    content = TextContent(LETTER)
    assert content.text.startswith("Einladung\n\nLiebe Frau Weber, wir laden Sie und\nIhre Familie")
    assert content.blocks == [(1, 0), (3, 0), (8, 0)]
    assert content.headings == [(1, 0), (8, 0)]
    assert [(word.text, word.row, word.start) for word in content.doubtful] == [
        ("Juli,", 6, 8),
        ("Tombola", 10, 7),
    ]
    assert content.summary == "8 lines, 33 words, 2 in doubt."
    assert content.language == "de"


def test_sentences_go_on_over_lines_and_rows_of_lists_do_not() -> None:
    assert said(LETTER) == [
        "Einladung",
        "Liebe Frau Weber, wir laden Sie und Ihre Familie herzlich zum Sommerfest ein.",
        "Bitte sagen Sie uns bis zum 12. Juli, ob Sie kommen.",
        "Programm",
        "15 Uhr Begrüßung",
        "16 Uhr Tombola",
    ]
    receipt = ("Milk 1.5 l fresh 1.19", "Bread of rye, sliced 2.49", "Total 3.68")
    lines = tuple(text_line(row, 0.1 * index) for index, row in enumerate(receipt))
    assert said(PictureText(lines)) == list(receipt)


def test_a_hyphen_stays_where_a_name_goes_on() -> None:
    lines = (text_line("a trip with friends to Stratford-", 0.1), text_line("Upon-Avon.", 0.2))
    assert said(PictureText(lines)) == ["a trip with friends to Stratford- Upon-Avon."]


def test_passages_begin_where_the_caret_is() -> None:
    content = TextContent(LETTER)
    first, *_others = content.passages((5, 12))
    assert (first.start, first.doubtful) == ((5, 10), True)
    assert first.text.startswith("Bitte")
    assert content.passages((7, 0))[0] == first  # the empty row before the next block
    assert len(content.passages()) == 6


def test_codes_follow_the_text_in_the_language_of_the_program() -> None:
    content = TextContent(PictureText((text_line("Eingang", 0.1),), codes=(CODE,)))
    assert content.text == "Eingang\n\nA QR code: a web address, example.org."
    assert content.row(3).code is CODE
    assert content.blocks == [(1, 0), (3, 0)]
    assert content.summary == "1 line, 1 word, 1 code."
    assert TextContent(PictureText(codes=(CODE,))).summary == "1 code."


def test_letters_that_can_not_be_read_are_told() -> None:
    content = TextContent(PictureText((text_line("Menu", 0.1),), unknown_script=True))
    assert content.text == f"Menu\n\n{UNKNOWN_SCRIPT}"


@pytest.mark.parametrize("text", ["one\ntwo", "a\u202eb", "a\x07b"])
def test_control_characters_are_escaped(text: str) -> None:
    content = TextContent(PictureText((text_line("x", 0.1), text_line(text, 0.2))))
    assert len(content.rows) == len(content.text.split("\n")) == 2
    assert text not in content.text
