"""The own text of a PDF is taken in reading order, and only where it can be trusted."""

import pytest

from image_describer.reading.documents import open_document
from image_describer.reading.text import TextLine
from tests.support.pdfs import pdf, text

LEFT = [
    "The committee met on",
    "Monday in the old town",
    "hall and agreed on the",
    "new timetable of buses",
]
RIGHT = [
    "Visitors may use the",
    "side door until the work",
    "on the roof is finished",
    "at the end of October",
]
SCAN = "q 612 0 0 792 0 0 cm /Im1 Do Q\n"
PROSE = "".join(text(72, 700 - 14 * row, line) for row, line in enumerate(LEFT + RIGHT))
PRIVATE_USE = (
    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def\n"
    "1 begincodespacerange <00> <FF> endcodespacerange\n"
    "1 beginbfrange <21> <7E> <E021> endbfrange\nendcmap end end"
)


def lines_of(content: bytes) -> tuple[TextLine, ...] | None:
    with open_document(content) as document:
        return document.page(0).lines


def texts(content: bytes) -> list[str] | None:
    lines = lines_of(content)
    return None if lines is None else [line.text for line in lines]


def test_columns_written_row_by_row_are_read_one_after_the_other() -> None:
    content = text(72, 740, "News of the week", 24)
    for row, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True)):
        content += text(72, 700 - 14 * row, left) + text(320, 700 - 14 * row, right)
    lines = lines_of(pdf(content))
    assert lines is not None
    assert [line.text for line in lines] == ["News of the week", *LEFT, *RIGHT]
    assert [line.heading for line in lines] == [True] + 8 * [False]
    assert len({line.block for line in lines}) == 3
    assert [word.text for word in lines[1].words] == LEFT[0].split()
    assert all(line.confidence == 1.0 for line in lines)


def test_words_without_spaces_between_them_are_told_apart() -> None:
    content = text(72, 700, "Total") + text(106, 700, "12.50")
    assert texts(pdf(content)) == ["Total 12.50"]


def test_a_ligature_does_not_divide_a_word() -> None:
    ligature = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def\n"
        "1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfchar <57> <00660069>\n"
        "endbfchar 1 beginbfrange <61> <7A> <0061> endbfrange\nendcmap end end"
    )
    content = text(72, 700, "deWnite Wle", 20)
    assert texts(pdf(content, unicode_map=ligature)) == ["definite file"]


def test_text_outside_the_page_is_left_out() -> None:
    content = text(72, 700, "Inside") + text(900, 700, "Outside") + text(72, -300, "Below")
    assert texts(pdf(content)) == ["Inside"]


def test_a_cropped_page_has_its_boxes_on_the_part_that_is_shown() -> None:
    lines = lines_of(pdf(text(306, 396, "Middle"), box="300 390 400 490"))
    assert lines is not None
    (line,) = lines
    assert line.box[0] == pytest.approx(0.06, abs=0.03)
    assert line.box[3] == pytest.approx(0.97, abs=0.03)


def test_letters_without_meaning_are_not_text() -> None:
    assert texts(pdf(PROSE, unicode_map=PRIVATE_USE)) is None


def test_a_stamp_on_a_scanned_page_is_not_its_text() -> None:
    assert texts(pdf(SCAN + text(500, 20, "Page 7"))) is None


def test_invisible_text_behind_a_scanned_page_is_its_text() -> None:
    assert texts(pdf("3 Tr\n" + PROSE + "0 Tr\n" + SCAN)) == LEFT + RIGHT


def test_a_page_that_lies_on_its_side_must_be_recognized() -> None:
    assert texts(pdf(PROSE, page="/Rotate 90")) is None


def test_a_page_that_is_turned_to_be_read_is_read() -> None:
    turned = "q 0 1 -1 0 612 0 cm\n" + text(72, 500, "Landscape table") + "Q\n"
    assert texts(pdf(turned, page="/Rotate 90")) == ["Landscape table"]


@pytest.mark.parametrize("content", ["", SCAN, "0 0 m 612 792 l S\n", text(72, 700, "   ")])
def test_a_page_without_text(content: str) -> None:
    assert texts(pdf(content)) is None
