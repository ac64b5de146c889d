"""Cleaning and shortening of text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.text import shorten, visible


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
