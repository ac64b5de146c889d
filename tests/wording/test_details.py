"""The details of a description, as Ctrl+D says them."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.captioner.description import Alternative, Description, Word
from image_describer.imaging.notes import DRAWING
from image_describer.imaging.region import Region
from image_describer.reading.text import PictureText, TextLine
from image_describer.wording import details

LOW = (0.1, 0.7, 0.9, 1.0)
MIDDLE = (0.4, 0.35, 0.6, 0.6)
DOG_WORDS = ("a", "brown", "dog", "runs", "through", "the", "grass")
DOG = Description(
    "a brown dog runs through the grass",
    0.716,
    alternatives=(
        Alternative("a brown dog runs through the grass", 0.716),
        Alternative("a dog plays", 0.2),
        Alternative("two dogs run", 0.051),
    ),
    words=tuple(Word(word, 0.5, LOW if word == "grass" else MIDDLE) for word in DOG_WORDS),
    notes=("The picture is very dark.",),
    width=300,
    height=200,
)


def test_all_details_in_order() -> None:
    assert details.sentences(DOG) == [
        "The picture is very dark.",
        "I am 72 percent sure of this.",
        "It could also be: a dog plays, 20 percent; or two dogs run, 5 percent.",
        "What is where: dog: centre; grass: bottom.",
        "The picture has 300 by 200 pixels.",
    ]


@pytest.mark.parametrize(
    ("language", "captions", "told"),
    [
        (
            "en",
            ("a man is riding a bike", "the man riding a bike", "a man riding on a bike"),
            ["a man riding on a bike"],
        ),
        (
            "de",
            ("Ein Mann ist am Strand", "Der Mann am Strand", "Ein Mann geht am Strand"),
            ["Ein Mann geht am Strand"],
        ),
    ],
)
def test_alternatives_that_say_the_same_are_left_out(
    language: str, captions: tuple[str, ...], told: list[str]
) -> None:
    own, *others = captions
    description = Description(
        own,
        0.5,
        tuple(Alternative(caption, 0.1) for caption in (*others, *others)),
        language=language,
    )
    text = " ".join(details.sentences(description))
    assert [caption for caption in others if f"{caption}, " in text] == told
    assert text.count(told[0]) == 1


def test_unknown_details_are_left_out() -> None:
    assert details.sentences(Description("a dog", 0.5)) == ["I am 50 percent sure of this."]


def test_nothing_is_invented_for_a_blank_picture() -> None:
    blank = Description("a dog", 0.9, words=DOG.words, notes=("The picture is blank.",), width=9)
    assert details.sentences(blank) == ["The picture is blank."]


def test_the_guess_at_a_drawing_is_told_with_how_unsure_it_is() -> None:
    drawing = dataclasses.replace(DOG, notes=(DRAWING,), confidence=0.05)
    assert details.sentences(drawing) == [
        "This looks like a drawing.",
        "Unsure. My guess: a brown dog runs through the grass.",
        "I am 5 percent sure of this.",
        "The picture has 300 by 200 pixels.",
    ]


def test_of_a_page_the_text_is_told_and_no_scene() -> None:
    text = PictureText((TextLine("Exit", LOW, 0.9),), is_page=True)
    page = dataclasses.replace(DOG, text=text, notes=())
    size = "The picture has 300 by 200 pixels."
    assert details.sentences(page) == ["It says: Exit.", size]
    said = details.spoken_with_details(page)
    assert (said.own, said.written) == (size, "It says: Exit.")


@pytest.mark.parametrize(
    ("region", "position"),
    [
        ((0.0, 0.0, 0.2, 0.2), "top left"),
        ((0.4, 0.4, 0.6, 0.6), "centre"),
        ((0.8, 0.4, 1.0, 0.6), "right"),
        ((0.0, 0.7, 1.0, 1.0), "bottom"),
        ((0.0, 0.0, 1.0, 1.0), "everywhere"),
        ((math.nan, 0.0, 1.0, 1.0), "somewhere"),
    ],
)
def test_positions(region: Region, position: str) -> None:
    assert details.position_of(region) == position


def test_only_objects_have_a_position_and_duplicates_are_dropped() -> None:
    caption = "two young men wearing red shirts are standing near a building , men"
    words = tuple(Word(word, 0.5, MIDDLE) for word in caption.split())
    positions = details.what_is_where(Description(caption, 0.5, words=words))
    assert [word for word, _position in positions] == ["men", "shirts", "building"]


def test_the_same_object_in_two_positions_is_listed_twice() -> None:
    words = (Word("dog", 0.5, MIDDLE), Word("dog", 0.5, LOW))
    assert details.what_is_where(Description("", 0.5, words=words)) == [
        ("dog", "centre"),
        ("dog", "bottom"),
    ]


NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


@given(
    st.text(max_size=20),
    NUMBERS,
    st.lists(st.tuples(st.text(max_size=8), NUMBERS), max_size=9),
    st.lists(st.tuples(st.text(max_size=8), st.tuples(*[NUMBERS] * 4)), max_size=5),
    st.lists(st.text(max_size=8), max_size=3),
)
def test_any_description_gives_sentences(
    caption: str,
    confidence: float,
    others: list[tuple[str, float]],
    words: list[tuple[str, Region]],
    notes: list[str],
) -> None:
    result = details.sentences(
        Description(
            caption,
            confidence,
            tuple(Alternative(*other) for other in others),
            tuple(Word(word, 0.5, region) for word, region in words),
            tuple(notes),
        )
    )
    assert result
    assert all(sentence.endswith(".") for sentence in result)


def test_the_whole_alt_text_is_in_the_details_and_never_in_our_own_words() -> None:
    long = " ".join(["word"] * 300)
    description = dataclasses.replace(DOG, alt_text=long)
    assert details.sentences(description)[0] == f"Alt text by its author: {long}."
    assert details.spoken_with_details(description).own == details.spoken_with_details(DOG).own


def test_on_top_of_is_no_object() -> None:
    caption = "a top lies on top of a group of boxes"
    words = tuple(Word(word, 0.5, MIDDLE) for word in caption.split())
    found = details.what_is_where(Description("", 0.5, words=words))
    assert found == [("top", "centre"), ("boxes", "centre")]


def test_german_objects_are_the_words_with_capitals() -> None:
    caption = "eine Gruppe von Männern , die auf einer Bank sitzen"
    words = tuple(Word(word, 0.5, MIDDLE) for word in caption.split())
    found = details.what_is_where(Description("", 0.5, words=words, language="de"))
    assert [word for word, _position in found] == ["Männern", "Bank"]
