"""The sentence that is spoken: hedged, on one line, the author's words kept apart."""

import dataclasses
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.captioner.description import Description, DoubtfulWord
from image_describer.imaging.notes import BLANK, DARK
from image_describer.wording.sentence import (
    AUTHOR_LIMIT,
    HIGH,
    MIDDLE,
    SpokenDescription,
    part_sentence,
    sentence,
    spoken,
)

DOG = "a brown dog runs through the grass"
REX = Description("a brown dog runs", 0.8, alt_text="a dog named Rex")


@pytest.mark.parametrize("confidence", [HIGH, 0.85, 1.0])
def test_high_confidence_is_still_hedged(confidence: float) -> None:
    assert sentence(Description(DOG, confidence)) == f"Probably: {DOG}."


@pytest.mark.parametrize("confidence", [MIDDLE, 0.5, HIGH - 1e-9])
def test_middle_confidence_warns(confidence: float) -> None:
    expected = f"It might be: {DOG}. This could be wrong."
    assert sentence(Description(DOG, confidence)) == expected


@pytest.mark.parametrize("confidence", [0.0, MIDDLE - 1e-9, -1.0, float("nan")])
def test_low_confidence_says_so_first(confidence: float) -> None:
    expected = f"I can't tell what this is. My best guess, likely wrong: {DOG}."
    assert sentence(Description(DOG, confidence)) == expected


@pytest.mark.parametrize("brief", [True, False])
def test_a_doubtful_word_is_told_with_the_other_one(brief: bool) -> None:
    phone = Description(
        "a man holding a phone in his hand", 0.8, doubt=DoubtfulWord(4, "phone", "remote")
    )
    expected = "Probably: a man holding a phone or remote in his hand."
    assert sentence(phone, brief=brief) == expected
    # The bare caption is what is exported.
    assert sentence(phone, hedged=False) == "A man holding a phone in his hand."


@pytest.mark.parametrize("doubt", [DoubtfulWord(1, "cat", "dog"), DoubtfulWord(99, "dog", "cat")])
def test_a_doubt_about_a_word_that_is_not_there_is_ignored(doubt: DoubtfulWord) -> None:
    assert sentence(Description("a dog runs", 0.8, doubt=doubt)) == "Probably: a dog runs."


def test_notes_come_first_and_end_with_a_full_stop() -> None:
    notes = ("The picture is very dark.", "The picture is blurred", " ")
    expected = f"The picture is very dark. The picture is blurred. Probably: {DOG}."
    assert sentence(Description(DOG, 0.9, notes=notes)) == expected


def test_nothing_is_invented_for_a_blank_picture() -> None:
    assert sentence(Description(DOG, 0.9, notes=(BLANK,))) == "The picture is blank."
    assert sentence(Description("", 0.0, notes=(BLANK,))) == "The picture is blank."


@pytest.mark.parametrize("caption", ["", " \n", " ..."])
def test_an_empty_caption_is_admitted(caption: str) -> None:
    assert sentence(Description(caption, 0.9)) == "I can't tell what this is."


def test_a_caption_with_a_full_stop_gets_no_second() -> None:
    assert sentence(Description(f"{DOG} .", 0.9)) == f"Probably: {DOG}."


texts = st.text(st.characters(), max_size=40)  # surrogates and control characters included


@given(texts, st.floats(), st.lists(texts, max_size=3))
def test_any_sentence_is_one_clean_line(caption: str, confidence: float, notes: list[str]) -> None:
    text = sentence(Description(caption, confidence, notes=tuple(notes)))
    assert text == text.strip()
    assert text.endswith((".", "!", "?"))
    assert text.splitlines() == [text]
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in text)
    assert any(hedge in text for hedge in ("Probably: ", "might be: ", "I can't tell", BLANK))


def test_the_authors_words_come_first() -> None:
    assert sentence(REX) == "Its author says: a dog named Rex. Probably: a brown dog runs."
    assert sentence(REX, hedged=False) == "Its author says: a dog named Rex. A brown dog runs."
    blank = dataclasses.replace(REX, notes=(BLANK,), alt_text="Fog!")
    assert sentence(blank) == "Its author says: Fog! The picture is blank."


@pytest.mark.parametrize("alt_text", [None, " \n", "A brown dog runs."])
def test_an_empty_alt_text_or_the_caption_itself_is_not_an_authors(alt_text: str | None) -> None:
    description = dataclasses.replace(REX, alt_text=alt_text)
    assert spoken(description) == SpokenDescription("", "Probably: a brown dog runs.")


def test_a_long_alt_text_is_cut_between_words() -> None:
    text = sentence(dataclasses.replace(REX, alt_text=" ".join(["word"] * 300)))
    assert len(text) < AUTHOR_LIMIT + 60
    assert "word word... Probably: a brown dog runs." in text


@given(texts, st.booleans(), st.booleans())
def test_our_own_words_never_contain_the_authors(text: str, hedged: bool, brief: bool) -> None:
    result = spoken(dataclasses.replace(REX, alt_text=text), hedged=hedged, brief=brief)
    without = spoken(dataclasses.replace(REX, alt_text=None), hedged=hedged, brief=brief)
    assert result.own == without.text
    assert f"{result.author} {result.own}".strip() == result.text


def test_a_reworded_prefix_keeps_the_authors_words_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("image_describer.wording.sentence.AUTHOR_PREFIX", "Sein Autor sagt: ")
    assert spoken(REX) == SpokenDescription(
        "Sein Autor sagt: a dog named Rex.", "Probably: a brown dog runs."
    )


def test_a_part_is_said_briefly() -> None:
    assert part_sentence(Description(DOG, 0.5)) == f"Perhaps: {DOG}."
    assert part_sentence(Description(DOG, 0.5, notes=(DARK,))) == f"Very dark. Perhaps: {DOG}."
    assert part_sentence(Description(DOG, 0.5, notes=(BLANK,))) == "Plain, nothing stands out."
    assert part_sentence(Description(DOG, 0.5), hedged=False) == f"{DOG.capitalize()}."
