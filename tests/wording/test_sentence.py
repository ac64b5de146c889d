"""What people hear: always hedged, on one line; what programs read: always JSON."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.captioner.description import (
    Alternative,
    Description,
    Seconds,
    Word,
)
from image_describer.imaging.notes import BLANK
from image_describer.text import visible
from image_describer.wording.sentence import HIGH, MIDDLE, as_record, sentence

DOG = "a brown dog runs through the grass"


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


def test_notes_come_first_and_end_with_a_full_stop() -> None:
    notes = ("The picture is very dark.", "The picture is blurred", " ")
    expected = f"The picture is very dark. The picture is blurred. Probably: {DOG}."
    assert sentence(Description(DOG, 0.9, notes=notes)) == expected


def test_nothing_is_invented_for_a_blank_picture() -> None:
    assert sentence(Description(DOG, 0.9, notes=(BLANK,))) == "The picture is blank."
    assert sentence(Description("", 0.0, notes=(BLANK,))) == "The picture is blank."


def test_an_empty_caption_is_admitted() -> None:
    assert sentence(Description("", 0.9)) == "I can't tell what this is."
    assert sentence(Description(" \n", 0.9)) == "I can't tell what this is."
    assert sentence(Description(" ...", 0.9)) == "I can't tell what this is."


def test_a_caption_with_a_full_stop_gets_no_second() -> None:
    assert sentence(Description(f"{DOG} .", 0.9)) == f"Probably: {DOG}."


texts = st.text(st.characters(), max_size=40)  # surrogates and control characters included


@given(texts, st.floats(), st.lists(texts, max_size=3))
def test_any_sentence_is_one_clean_line(caption: str, confidence: float, notes: list[str]) -> None:
    said = sentence(Description(caption, confidence, notes=tuple(notes)))
    assert said == said.strip()
    assert said.endswith((".", "!", "?"))
    assert said.splitlines() == [said]
    assert not any(unicodedata.category(sign) in ("Cc", "Cs") for sign in said)
    assert any(hedge in said for hedge in ("Probably: ", "might be: ", "I can't tell", BLANK))


def full_description() -> Description:
    return Description(
        caption=DOG,
        confidence=0.81234567,
        alternatives=(Alternative("a dog in a field", 0.512345),),
        words=(Word("dog", 0.9, (0.123456, 0.2, 1.0, 0.5)),),
        notes=("The picture is blurred.",),
        seconds=Seconds(0.0123456, 0.04, 0.02),
        file="holiday.jpg",
        width=640,
        height=480,
    )


def test_the_record_holds_what_the_contract_says() -> None:
    assert as_record(full_description()) == {
        "file": "holiday.jpg",
        "caption": DOG,
        "sentence": f"The picture is blurred. Probably: {DOG}.",
        "confidence": 0.812,
        "alternatives": [{"caption": "a dog in a field", "confidence": 0.512}],
        "words": [{"word": "dog", "region": [0.123, 0.2, 1.0, 0.5]}],
        "notes": ["The picture is blurred."],
        "alt_text": None,
        "seconds": {"read": 0.0123, "extract": 0.04, "decode": 0.02},
        "width": 640,
        "height": 480,
    }


@given(
    texts,
    st.floats(),
    st.one_of(st.none(), texts),
    st.tuples(st.floats(), st.floats(), st.floats(), st.floats()),
)
def test_any_record_is_strict_json_in_utf_8(
    text: str, number: float, file: str | None, region: tuple[float, float, float, float]
) -> None:
    description = Description(
        text,
        number,
        (Alternative(text, number),),
        (Word(text, number, region),),
        (text,),
        Seconds(number, number, number),
        file,
    )
    line = json.dumps(as_record(description), ensure_ascii=False, allow_nan=False)
    record = json.loads(line.encode("utf-8"))
    assert 0 <= record["confidence"] <= 1
    assert all(0 <= edge <= 1 for edge in record["words"][0]["region"])
    assert all(seconds >= 0 for seconds in record["seconds"].values())


def test_numbers_of_numpy_are_serialisable() -> None:
    import numpy as np

    word = Word("dog", np.float32(0.5), tuple(np.float32([0, 0.5, 1, 1])))  # type: ignore[arg-type]
    description = Description(DOG, np.float32(0.25), words=(word,), width=np.int64(5))  # type: ignore[arg-type]
    assert json.loads(json.dumps(as_record(description)))["confidence"] == 0.25


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("holiday 2 'b' \"c\".jpg", "holiday 2 'b' \"c\".jpg"),
        ("Grüße 写真.jpg", "Grüße 写真.jpg"),
        ("two\nlines\t.jpg", "two\\nlines\\t.jpg"),
        ("raw\udcff.jpg", "raw\\xff.jpg"),
        ("lone\ud800.jpg", "lone\\ud800.jpg"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\u2028b", "a\\u2028b"),
    ],
)
def test_names_are_shown_on_one_line(name: str, shown: str) -> None:
    assert visible(name) == shown
    shown.encode("utf-8")


def test_a_file_name_stays_as_it_was_given_where_json_can_hold_it() -> None:
    assert as_record(Description(DOG, 0.5, file="two\nlines.jpg"))["file"] == "two\nlines.jpg"
    assert as_record(Description(DOG, 0.5, file="raw\udcff.jpg"))["file"] == "raw\\xff.jpg"
