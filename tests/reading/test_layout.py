"""The order in which a person reads, on pages made by hand."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.reading.layout import Fragment, reading_order

HEIGHT, PITCH = 10, 14  # of a line, and from one to the next


class Page:
    """Fragments under names; they are given to the layout in a random order."""

    def __init__(self):
        self.names = []
        self.fragments = []

    def line(self, name, x0, y0, x1, words=6, height=HEIGHT):
        self.fragments.append(Fragment(len(self.names), x0, y0, x1, y0 + height, words))
        self.names.append(name)

    def column(self, name, x0, x1, y0=0, count=8, shift=0):
        """Lines of prose; the last one is short."""
        for number in range(count):
            end = x0 + (x1 - x0) * (0.4 if number == count - 1 else 0.98 - 0.05 * (number % 3))
            self.line(f"{name}{number}", x0, y0 + number * PITCH + shift, end)

    def table(self, name, starts, y0=0, count=6, ragged=0):
        for row in range(count):
            for column, x0 in enumerate(starts):
                y = y0 + row * PITCH + ragged * (column % 2)
                self.line(f"{name}{row}{column}", x0, y, x0 + 30 + 7 * ((row + column) % 3), 1)

    def rows(self):
        shuffled = random.Random(1).sample(self.fragments, len(self.fragments))
        return reading_order(shuffled)

    def read(self):
        """The names, those of a row joined."""
        return [" ".join(self.names[f.index] for f in row.fragments) for row in self.rows()]


def names(*counted):
    """("a", 2), ("b", 1) -> a0 a1 b0"""
    return [f"{name}{number}" for name, count in counted for number in range(count)]


def test_nothing_and_a_single_line():
    assert reading_order([]) == []
    page = Page()
    page.line("only", 5, 5, 90)
    assert page.read() == ["only"]
    assert [(row.block, row.heading) for row in page.rows()] == [(0, False)]


def test_one_column():
    page = Page()
    page.column("a", 0, 300)
    page.column("b", 0, 300, y0=8 * PITCH + 20)
    assert page.read() == names(("a", 8), ("b", 8))
    assert [row.block for row in page.rows()] == [0] * 8 + [1] * 8


@pytest.mark.parametrize("shift", [0, 4, 7])
@pytest.mark.parametrize("gutter", [12, 30, 80])
def test_two_columns(gutter, shift):
    """Whether or not their lines are level."""
    page = Page()
    page.column("a", 0, 200)
    page.column("b", 200 + gutter, 400 + gutter, shift=shift)
    assert page.read() == names(("a", 8), ("b", 8))
    assert [row.block for row in page.rows()] == [0] * 8 + [1] * 8


def test_three_columns():
    page = Page()
    for number, name in enumerate("abc"):
        page.column(name, number * 220, number * 220 + 200, shift=2 * number)
    assert page.read() == names(("a", 8), ("b", 8), ("c", 8))


def test_a_heading_close_to_its_paragraph_is_a_block_of_its_own():
    heading = Fragment(0, 0, 0, 300, 28, 4)
    paragraph = [Fragment(1 + i, 0, 30 + 24 * i, 600, 50 + 24 * i, 9) for i in range(3)]
    rows = reading_order([heading, *paragraph])
    assert [(row.block, row.heading) for row in rows] == [(0, True), *[(1, False)] * 3]


def test_paragraphs_are_blocks_although_little_more_space_is_between_them():
    tops = [0, 30, 60, 102, 132, 162, 204, 234]  # lines of 26, and 16 instead of 4 between
    rows = reading_order([Fragment(i, 0, y, 600, y + 26, 9) for i, y in enumerate(tops)])
    assert [row.block for row in rows] == [0, 0, 0, 1, 1, 1, 2, 2]


def test_headings_over_two_columns():
    """Each stands before the columns below it, and the last line of the page after them."""
    page = Page()
    page.line("first", 60, 0, 360, words=3, height=20)
    page.column("a", 0, 200, y0=30)
    page.column("b", 220, 420, y0=30, shift=3)
    page.line("second", 60, 160, 360, words=3, height=20)
    page.column("c", 0, 200, y0=190)
    page.column("d", 220, 420, y0=190, shift=3)
    page.line("last", 100, 320, 320)
    expected = ["first", *names(("a", 8), ("b", 8)), "second", *names(("c", 8), ("d", 8)), "last"]
    assert page.read() == expected
    headings = [row.fragments[0].index for row in page.rows() if row.heading]
    assert [page.names[index] for index in headings] == ["first", "second"]


def test_a_caption_below_a_figure_between_the_columns():
    page = Page()
    page.column("a", 0, 200)
    page.column("b", 220, 420, shift=3)
    for number in range(2):  # the figure is between y = 120 and y = 250
        page.line(f"caption{number}", 40, 260 + number * PITCH, 380)
    page.column("c", 0, 200, y0=310)
    page.column("d", 220, 420, y0=310, shift=3)
    expected = names(("a", 8), ("b", 8), ("caption", 2), ("c", 8), ("d", 8))
    assert page.read() == expected


@pytest.mark.parametrize("ragged", [0, 3])
@pytest.mark.parametrize("starts", [(0, 100), (0, 80, 160, 240)])
def test_a_table_is_read_row_by_row(starts, ragged):
    page = Page()
    page.table("t", starts, ragged=ragged)
    columns = range(len(starts))
    assert page.read() == [" ".join(f"t{row}{c}" for c in columns) for row in range(6)]


def test_a_table_with_empty_cells():
    page = Page()
    page.table("t", (0, 100, 200))
    page.fragments = [f for f in page.fragments if page.names[f.index] not in ("t11", "t22", "t40")]
    assert page.read()[:5] == ["t00 t01 t02", "t10 t12", "t20 t21", "t30 t31 t32", "t41 t42"]


def test_a_receipt():
    """Each item stands beside its price."""
    page = Page()
    page.line("shop", 60, 0, 140, words=2)
    for number in range(7):
        y = 30 + number * PITCH
        page.line(f"item{number}", 0, y, 60 + 8 * (number % 4), words=2)
        page.line(f"price{number}", 170, y + 1, 200, words=1)
    page.line("thanks", 50, 150, 150, words=3)
    expected = [f"item{number} price{number}" for number in range(7)]
    assert page.read() == ["shop", *expected, "thanks"]


def test_a_form():
    """Each label stands beside what was filled in."""
    page = Page()
    for number in range(6):
        page.line(f"label{number}", 0, number * 20, 50 + 10 * (number % 3), words=2)
        page.line(f"value{number}", 120, number * 20, 300 - 20 * (number % 3), words=3)
    assert page.read() == [f"label{number} value{number}" for number in range(6)]


def test_chat_bubbles_at_the_left_and_at_the_right():
    page = Page()
    y = 0
    expected = []
    for number in range(8):
        left = number % 2 == 0
        for part in range(1 + number % 3):
            x0, x1 = (0, 180 - 30 * part) if left else (140 + 30 * part, 320)
            page.line(f"{number}.{part}", x0, y, x1, words=4)
            expected.append(f"{number}.{part}")
            y += PITCH
        y += 16
    assert page.read() == expected


def test_a_sidebar_of_short_entries_beside_an_article():
    page = Page()
    for number in range(6):
        page.line(f"entry{number}", 0, number * 23, 50 + 5 * (number % 3), words=1)
    page.column("a", 100, 500, count=12)
    assert page.read() == names(("entry", 6), ("a", 12))


def test_facing_pages_of_two_columns_each():
    page = Page()
    for number, name in enumerate("abcd"):
        page.column(name, number * 215 + 60 * (number > 1), number * 215 + 60 * (number > 1) + 200,
                    shift=number)  # fmt: skip
    page.line("12", 203, 180, 213, words=1)
    page.line("13", 693, 181, 703, words=1)
    left, right = names(("a", 8), ("b", 8)), names(("c", 8), ("d", 8))
    assert page.read() == [*left, "12", *right, "13"]


def test_a_footer_and_a_page_number_come_last():
    page = Page()
    page.column("a", 0, 200)
    page.column("b", 220, 420, shift=3)
    page.line("footer", 100, 160, 330)
    page.line("7", 208, 180, 214, words=1)
    assert page.read() == [*names(("a", 8), ("b", 8)), "footer", "7"]


def test_pieces_of_a_line_are_joined_from_the_left_to_the_right():
    page = Page()
    page.line("c", 130, 1, 200, words=2)
    page.line("a", 0, 0, 60, words=2)
    page.line("b", 66, -1, 122, words=2)
    page.line("d", 0, PITCH, 190)
    assert page.read() == ["a b c", "d"]


FRAGMENTS = st.lists(
    st.builds(
        lambda x, y, width, height, words: (x, y, x + width, y + height, words),
        st.integers(0, 60), st.integers(0, 60), st.integers(1, 40), st.integers(1, 6),
        st.integers(0, 9),
    ),
    max_size=30,
)  # fmt: skip


def ordered(boxes, factor=1.0, x=0.0, y=0.0):
    fragments = [
        Fragment(index, x0 * factor + x, y0 * factor + y, x1 * factor + x, y1 * factor + y, words)
        for index, (x0, y0, x1, y1, words) in enumerate(boxes)
    ]
    return [
        (row.block, row.heading, [f.index for f in row.fragments])
        for row in reading_order(fragments)
    ]


@given(FRAGMENTS)
def test_each_fragment_is_read_once_and_blocks_are_in_order(boxes):
    rows = ordered(boxes)
    read = [index for *_, row in rows for index in row]
    assert sorted(read) == list(range(len(boxes)))
    blocks = [block for block, *_ in rows]
    assert blocks == sorted(blocks)
    assert set(blocks) == set(range(len(set(blocks))))


@given(FRAGMENTS, st.sampled_from([0.25, 4.0, 64.0]), st.integers(-64, 64), st.integers(-64, 64))
def test_the_order_does_not_depend_on_size_and_position(boxes, factor, x, y):
    """Powers of two, which round nothing."""
    assert ordered(boxes, factor, x, y) == ordered(boxes)


def test_thousands_of_scattered_fragments():
    """Trying every gutter with every number of crossing lines would take minutes."""
    rng = random.Random(0)
    boxes = []
    for _ in range(2_000):
        x, y = rng.random() * 1500, rng.random() * 1500
        boxes.append((x, y, x + 10 + rng.random() * 60, y + 8, 6))
    assert len([index for *_, row in ordered(boxes) for index in row]) == 2_000
