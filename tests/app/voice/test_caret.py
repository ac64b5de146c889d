"""What the caret's moves, selections and changes sound like."""

import pytest

from image_describer.app.voice import caret
from image_describer.app.voice.caret import CaretState


@pytest.mark.parametrize(
    ("char", "text"), [("a", "a"), ("A", "capital A"), (" ", "space"), (".", "full stop")]
)
def test_characters(char: str, text: str) -> None:
    assert caret.spoken_character(char) == text


@pytest.mark.parametrize(
    ("before", "now", "text"),
    [
        (CaretState(3, "b", "abc"), CaretState(3, "", "axyc"), "xy"),
        (CaretState(3, "abc", "abc"), CaretState(4, "", "wxyz"), "wxyz"),
        (CaretState(3, "abc", "abc"), CaretState(0, "", ""), "abc deleted"),
        (CaretState(3, "bc", "abcd"), CaretState(1, "", "ad"), "bc deleted"),
        (CaretState(0, "", "abc def"), CaretState(0, "", "def"), "abc  deleted"),
        (CaretState(1, "", "l"), CaretState(2, "", "ll"), "l"),
        (CaretState(2, "", "ll"), CaretState(1, "", "l"), "l deleted"),
    ],
)
def test_what_was_typed_or_deleted(before: CaretState, now: CaretState, text: str) -> None:
    assert caret._typed_or_deleted(before, now) == text


@pytest.mark.parametrize(
    ("before", "now", "text"),
    [
        ("", "ab", "ab selected"),
        ("ab", "abc", "c selected"),
        ("bc", "abc", "a selected"),
        ("abc", "ab", "c not selected"),
        ("abc", "bc", "a not selected"),
        ("abc", "x", "x selected"),
        ("abc", "", "nothing selected"),
    ],
)
def test_selections(before: str, now: str, text: str) -> None:
    assert caret._selection(before, now) == text
