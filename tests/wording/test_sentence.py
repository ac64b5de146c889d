"""The sentence that is spoken: hedged, on one line, the author's words kept apart."""

import dataclasses
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.captioner.description import Description, DoubtfulWord
from image_describer.imaging.notes import BLANK, DARK, DOCUMENT, DRAWING, NOT_A_PHOTOGRAPH
from image_describer.reading.text import PictureText, TextLine
from image_describer.wording.sentence import (
    AUTHOR_LIMIT,
    HIGH,
    MIDDLE,
    NO_CAPTION,
    PAGE_LIMIT,
    UNKNOWN_SCRIPT,
    SpokenDescription,
    part_sentence,
    sentence,
    spoken,
)

DOG = "a brown dog runs through the grass"
NO_SCENE = (BLANK, DRAWING, DOCUMENT, NOT_A_PHOTOGRAPH)
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
    expected = f"Unsure. My guess: {DOG}."
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


@pytest.mark.parametrize("note", NO_SCENE)
def test_nothing_is_invented_where_there_is_no_scene(note: str) -> None:
    assert sentence(Description(DOG, 0.9, notes=(note,))) == note
    assert sentence(Description("", 0.0, notes=(note,)), hedged=False) == note


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
    hedges = ("Probably: ", "might be: ", "My guess: ", NO_CAPTION, *NO_SCENE)
    assert any(hedge in text for hedge in hedges)


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


def picture_text(*lines: str, is_page: bool = False, sure: float = 0.95) -> PictureText:
    return PictureText(
        tuple(TextLine(line, (0.0, 0.0, 1.0, 0.1), sure) for line in lines), is_page=is_page
    )


def with_text(text: PictureText, *, notes: tuple[str, ...] = ()) -> Description:
    return Description(DOG, 0.8, notes=notes, text=text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (PictureText(), ""),
        (picture_text("Exit"), "It says: Exit."),
        (picture_text("Push", "the bar!"), "It says: Push the bar!"),
        (picture_text("Exlt", sure=0.6), "It might say: Exlt."),
        (picture_text("one two three four", "five six seven eight nine"), "9 words"),
        (picture_text("word " * 123), "120 words"),
        (picture_text("word " * 1250), "1,200 words"),
    ],
)
def test_a_few_words_are_said_and_more_are_counted(text: PictureText, written: str) -> None:
    if "words" in written:
        written = f"There are about {written} in it."
    assert spoken(with_text(text)) == SpokenDescription("", f"Probably: {DOG}.", written)
    assert spoken(with_text(text), hedged=False).written == written.replace("might say", "says")


def test_how_to_read_on_is_said_only_after_a_number_of_words() -> None:
    many = with_text(picture_text("word " * 20))
    assert spoken(many, read_on="Ctrl+T reads them.").written == (
        "There are about 20 words in it. Ctrl+T reads them."
    )
    few = with_text(picture_text("Exit"))
    assert spoken(few, read_on="Ctrl+T reads them.").written == "It says: Exit."


def test_a_page_is_read_and_not_described() -> None:
    page = with_text(picture_text("Dear Ann,", "see you soon.", is_page=True))
    assert spoken(page) == SpokenDescription("", "", "It says: Dear Ann, see you soon.")
    dark = dataclasses.replace(page, notes=(DARK,))
    assert sentence(dark) == f"{DARK} It says: Dear Ann, see you soon."


def test_a_long_page_is_cut_and_counted() -> None:
    page = with_text(picture_text(*["word " * 10] * 30, is_page=True))
    written = spoken(page, read_on="Ctrl+T reads them.").written
    assert written.endswith("word... There are about 300 words in it. Ctrl+T reads them.")
    assert len(written) < PAGE_LIMIT + 80


def test_headings_and_blocks_of_a_page_end_with_a_stop() -> None:
    box = (0.0, 0.0, 1.0, 0.1)
    lines = (
        TextLine("Menu", box, 0.9, heading=True),
        TextLine("Soup of", box, 0.9),
        TextLine("the day", box, 0.9),
        TextLine("Open till 9", box, 0.9, block=1),
    )
    assert sentence(with_text(PictureText(lines, is_page=True))) == (
        "It says: Menu. Soup of the day. Open till 9."
    )


def test_an_unknown_script_is_told_and_not_private() -> None:
    unknown = with_text(PictureText(unknown_script=True))
    assert spoken(unknown) == SpokenDescription("", f"Probably: {DOG}. {UNKNOWN_SCRIPT}")


@given(texts, st.booleans(), st.booleans())
def test_our_own_words_never_contain_what_is_written(text: str, hedged: bool, page: bool) -> None:
    description = with_text(picture_text(text, is_page=page))
    result = spoken(description, hedged=hedged)
    without = spoken(dataclasses.replace(description, text=None), hedged=hedged)
    assert result.own == ("" if page else without.own)
    assert result.text.splitlines() in ([], [result.text])


def test_the_text_of_a_part_is_said_even_if_it_is_long() -> None:
    words = " ".join(["word"] * 20)
    part = with_text(picture_text(words))
    assert part_sentence(part) == f"Probably: {DOG}. It says: {words}."
    blank = dataclasses.replace(part, notes=(BLANK,))
    assert part_sentence(blank) == f"It says: {words}."
    page = with_text(picture_text(words, is_page=True), notes=(DARK,))
    assert part_sentence(page) == f"Very dark. It says: {words}."


def test_a_part_is_said_briefly() -> None:
    assert part_sentence(Description(DOG, 0.5)) == f"Perhaps: {DOG}."
    assert part_sentence(Description(DOG, 0.5, notes=(DARK,))) == f"Very dark. Perhaps: {DOG}."
    assert part_sentence(Description(DOG, 0.5, notes=(BLANK,))) == "Plain, nothing stands out."
    assert part_sentence(Description(DOG, 0.5), hedged=False) == f"{DOG.capitalize()}."
