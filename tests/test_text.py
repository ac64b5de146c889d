"""Cleaning and shortening of text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.text import file_name, file_size, natural_key, shorten, visible


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Grüße 写真 'b' \"c\".jpg", "Grüße 写真 'b' \"c\".jpg"),
        ("two\nlines\t.jpg", "two\\nlines\\t.jpg"),
        ("raw\udcff.jpg", "raw\\xff.jpg"),
        ("lone\ud800.jpg", "lone\\ud800.jpg"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\u2028b", "a\\u2028b"),
    ],
)
def test_visible_escapes_what_would_hide_or_break_a_line(name: str, shown: str) -> None:
    assert visible(name) == shown
    shown.encode("utf-8")


@given(st.text(max_size=400), st.integers(10, 300))
def test_shortened_text_fits_and_begins_the_same(text: str, limit: int) -> None:
    result = shorten(text, limit)
    assert len(result) <= limit
    assert result == text or text.startswith(result.removesuffix("..."))


def test_a_text_without_spaces_is_cut_anywhere() -> None:
    assert shorten("x" * 500, 100) == "x" * 97 + "..."


@given(st.lists(st.text(min_size=1, max_size=20), max_size=20))
def test_natural_order_does_not_depend_on_the_given_order(names: list[str]) -> None:
    backwards = list(reversed(names))
    assert sorted(names, key=natural_key) == sorted(backwards, key=natural_key)


@given(st.integers(0, 10**30), st.integers(0, 10**30), st.integers(0, 3), st.integers(0, 3))
def test_numbers_in_names_are_compared_by_value(one: int, two: int, zeros: int, more: int) -> None:
    left, right = f"img{'0' * zeros}{one}.jpg", f"img{'0' * more}{two}.jpg"
    if one != two:
        assert (natural_key(left) < natural_key(right)) == (one < two)
    assert (natural_key(left) == natural_key(right)) == (left == right)


def test_numbers_of_any_length_are_compared() -> None:
    assert natural_key("9" * 10_000) < natural_key("1" + "0" * 10_000)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1 kilobyte"),
        (1_234_567, "1.2 megabytes"),
        (2_500_000_000_000, "2.5 terabytes"),
    ],
)
def test_file_sizes_in_words(size: int, text: str) -> None:
    assert file_size(size) == text


@pytest.mark.parametrize(
    ("path", "name"),
    [("/a/b.jpg", "b.jpg"), ("/a/b/", "b"), ("/", "/"), ("", ""), ("a\nb", "a\\nb")],
)
def test_the_name_of_a_file_is_visible(path: str, name: str) -> None:
    assert file_name(path) == name
