"""Text is cleaned, shortened, counted and sorted."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer import text


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
    assert text.visible(name) == shown
    shown.encode("utf-8")


def test_encodable_only_escapes_undecodable_bytes() -> None:
    assert text.encodable("two\nlines \udcff") == "two\nlines \\xff"


@pytest.mark.parametrize(
    ("path", "name"),
    [("/a/b.jpg", "b.jpg"), ("/a/b/", "b"), ("/", "/"), ("", ""), ("a\nb", "a\\nb")],
)
def test_the_name_of_a_file_is_visible(path: str, name: str) -> None:
    assert text.file_name(path) == name


@given(st.text(max_size=300))
def test_one_line_has_no_breaks_or_controls_and_is_idempotent(content: str) -> None:
    line = text.one_line(content)
    assert line.splitlines() in ([], [line])
    assert not {unicodedata.category(char) for char in line} & {"Cc", "Cs", "Zl", "Zp"}
    assert text.one_line(line) == line


@pytest.mark.parametrize(
    ("content", "cleaned"),
    [
        ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
        ("<b>A</b> &amp; B &lt;script&gt;", "A & B"),
        ("one\n\ttwo\u2028three", "one two three"),
        ("\u202egpj.exe\u202c \u200fRex\u200e\u2066x\u2069", "gpj.exe Rexx"),
        ("\ufefftag\U000e0041s\u200b", "tags"),
        ("\U0001f468\u200d\U0001f33e farms", "\U0001f468\u200d\U0001f33e farms"),
    ],
)
def test_text_of_strangers_is_cleaned(content: str, cleaned: str) -> None:
    assert text.clean(content, 100) == cleaned


@given(st.text(max_size=400), st.integers(10, 300))
def test_shortened_text_fits_and_begins_the_same(content: str, limit: int) -> None:
    result = text.shorten(content, limit)
    assert len(result) <= limit
    assert result == content or content.startswith(result.removesuffix("..."))


def test_text_is_cut_between_words_where_possible() -> None:
    assert text.shorten("one two three, four", 17) == "one two three..."
    assert text.shorten("x" * 500, 100) == "x" * 97 + "..."


def test_a_sentence_gets_one_full_stop() -> None:
    assert [text.finish(end) for end in ("A dog", "A dog.", "A dog?")] == [
        "A dog.",
        "A dog.",
        "A dog?",
    ]


def test_counts_have_plurals_and_separators() -> None:
    assert text.plural("{count} folder", "{count} folders", 1) == "1 folder"
    assert text.plural("{count} folder", "{count} folders", 0) == "0 folders"
    assert text.plural("{count} folder", "{count} folders", 12_000) == "12,000 folders"


@pytest.mark.parametrize(
    ("size", "words", "brief"),
    [
        (1, "1 byte", "1 byte"),
        (999, "999 bytes", "999 bytes"),
        (1_000, "1 kilobyte", "1 kB"),
        (1_234_567, "1.2 megabytes", "1.2 MB"),
        (300_000_000, "300 megabytes", "300 MB"),
        (5_000_000_000_000, "5 terabytes", "5 TB"),
    ],
)
def test_sizes_have_a_fitting_unit(size: int, words: str, brief: str) -> None:
    assert text.file_size(size) == words
    assert text.file_size(size, brief=True) == brief


@pytest.mark.parametrize(
    ("fraction", "words"),
    [(0.0, "0"), (0.57, "57"), (0.764, "76"), (1.0, "100"), (2.0, "100"), (float("nan"), "0")],
)
def test_fractions_are_said_as_percents(fraction: float, words: str) -> None:
    assert text.percent(fraction) == f"{words} percent"


def test_fold_removes_case_and_accents() -> None:
    assert text.fold("Été") == text.fold("E\u0301TE\u0301") == "ete"
    assert text.fold("Straße") == "strasse"


@given(st.lists(st.text(min_size=1, max_size=20), max_size=20))
def test_natural_order_does_not_depend_on_the_given_order(names: list[str]) -> None:
    backwards = list(reversed(names))
    assert sorted(names, key=text.natural_key) == sorted(backwards, key=text.natural_key)


@given(st.integers(0, 10**30), st.integers(0, 10**30), st.integers(0, 3), st.integers(0, 3))
def test_numbers_in_names_are_compared_by_value(one: int, two: int, zeros: int, more: int) -> None:
    left, right = f"img{'0' * zeros}{one}.jpg", f"img{'0' * more}{two}.jpg"
    if one != two:
        assert (text.natural_key(left) < text.natural_key(right)) == (one < two)
    assert (text.natural_key(left) == text.natural_key(right)) == (left == right)


def test_digits_of_any_script_and_length_are_compared() -> None:
    names = ["img10", "IMG2", "img\u0663", "img1"]
    assert sorted(names, key=text.natural_key) == ["img1", "IMG2", "img\u0663", "img10"]
    assert text.natural_key("9" * 10_000) < text.natural_key("1" + "0" * 10_000)


def test_the_common_prefix_is_what_both_begin_with() -> None:
    assert text.common_prefix("img1.jpg", "img10.jpg") == "img1"
    assert text.common_prefix("img", "img1") == "img"
    assert text.common_prefix("a", "") == ""
