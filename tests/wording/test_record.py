"""Descriptions as JSON: strict, rounded, and read back unchanged from storage."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.captioner.description import (
    Alternative,
    Description,
    DoubtfulWord,
    Seconds,
    Word,
)
from image_describer.imaging.notes import EARLIER_NOT_A_PHOTOGRAPH, NOT_A_PHOTOGRAPH
from image_describer.reading.text import Code, PictureText, ReadWord, TextLine
from image_describer.wording.record import from_record, text_record, to_record

BOX = (0.1, 0.2, 0.9, 0.3)
TEXT = PictureText(
    lines=(
        TextLine("Fire exit", BOX, 0.9, (ReadWord("Fire", BOX, 0.85), ReadWord("exit", BOX, 0.95))),
        TextLine("Push", BOX, 0.7, (), block=1, heading=True),
    ),
    codes=(Code("QR code", "BEGIN:VCARD\nN:Ann", BOX),),
    is_page=True,
    quarters=3,
)
DOG = "a brown dog runs through the grass"
texts = st.text(st.characters(), max_size=40)  # surrogates and control characters included


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
        doubt=DoubtfulWord(2, "dog", "fox"),
    )


def test_fields_and_rounding() -> None:
    assert to_record(full_description()) == {
        "file": "holiday.jpg",
        "language": "en",
        "caption": DOG,
        "sentence": "The picture is blurred. Probably: a brown dog or fox runs through the grass.",
        "confidence": 0.812,
        "alternatives": [{"caption": "a dog in a field", "confidence": 0.512}],
        "doubt": {"position": 2, "word": "dog", "other": "fox"},
        "words": [{"word": "dog", "region": [0.123, 0.2, 1.0, 0.5]}],
        "notes": ["The picture is blurred."],
        "alt_text": None,
        "text": None,
        "codes": [],
        "is_page": False,
        "has_scene": True,
        "seconds": {"read": 0.0123, "extract": 0.04, "decode": 0.02, "read_text": 0.0},
        "width": 640,
        "height": 480,
    }


@given(
    texts,
    st.floats(),
    st.one_of(st.none(), texts),
    st.tuples(st.floats(), st.floats(), st.floats(), st.floats()),
)
def test_any_description_is_strict_json_in_utf_8(
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
    line = json.dumps(to_record(description), ensure_ascii=False, allow_nan=False)
    record = json.loads(line.encode("utf-8"))
    assert 0 <= record["confidence"] <= 1
    assert all(0 <= edge <= 1 for edge in record["words"][0]["region"])
    assert all(seconds >= 0 for seconds in record["seconds"].values())


def test_numpy_numbers_can_be_serialized() -> None:
    word = Word("dog", np.float32(0.5), tuple(np.float32([0, 0.5, 1, 1])))  # type: ignore[arg-type]
    description = Description(DOG, np.float32(0.25), words=(word,), width=np.int64(5))  # type: ignore[arg-type]
    assert json.loads(json.dumps(to_record(description)))["confidence"] == 0.25


def test_a_file_name_is_only_escaped_if_json_can_not_hold_it() -> None:
    assert to_record(Description(DOG, 0.5, file="two\nlines.jpg"))["file"] == "two\nlines.jpg"
    assert to_record(Description(DOG, 0.5, file="raw\udcff.jpg"))["file"] == "raw\\xff.jpg"


def test_a_stored_record_keeps_everything_but_the_embedding() -> None:
    description = dataclasses.replace(
        full_description(),
        confidence=0.812,
        alternatives=(Alternative("a dog in a field", 0.512),),
        words=(Word("dog", 0.9123, (0.123, 0.2, 1.0, 0.5)),),
        seconds=Seconds(0.0123, 0.04, 0.02, 0.2),
        text=TEXT,
        file="/photos/raw\udcff.jpg",
        alt_text="a dog named Rex",
        embedding=np.ones(4, np.float32),
    )
    record = json.loads(json.dumps(to_record(description, for_storage=True)))
    assert from_record(record) == description
    assert from_record(record).embedding is None


def test_a_record_of_an_earlier_version_is_english_without_doubt_and_text() -> None:
    description = dataclasses.replace(full_description(), file=None, language="de")
    record = to_record(description, for_storage=True)
    assert from_record(record).language == "de"
    del record["doubt"], record["text"], record["seconds"]["read_text"], record["language"]
    restored = from_record(record)
    assert restored.language == "en"
    assert (restored.doubt, restored.text, restored.seconds.read_text) == (None, None, 0.0)


def test_what_an_earlier_version_found_surer_or_worded_differently() -> None:
    description = dataclasses.replace(full_description(), file=None)
    record = to_record(description, for_storage=True)
    record["alternatives"][0]["confidence"] = 0.93
    record["notes"] = [EARLIER_NOT_A_PHOTOGRAPH]
    restored = from_record(record)
    assert restored.alternatives[0].confidence == restored.confidence == 0.812
    assert restored.notes == (NOT_A_PHOTOGRAPH,)


def test_the_text_is_a_string_and_codes_are_kept_as_they_are() -> None:
    description = dataclasses.replace(full_description(), text=TEXT)
    code = {"format": "QR code", "content": "BEGIN:VCARD\nN:Ann", "box": list(BOX)}
    record = to_record(description)
    assert (record["text"], record["codes"]) == ("Fire exit\n\nPush", [code])
    assert text_record(TEXT) == {
        "text": "Fire exit\n\nPush",
        "lines": [
            {
                "text": "Fire exit",
                "box": list(BOX),
                "confidence": 0.9,
                "block": 0,
                "heading": False,
            },
            {"text": "Push", "box": list(BOX), "confidence": 0.7, "block": 1, "heading": True},
        ],
        "codes": [code],
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("confidence", 1.5),
        ("notes", [None]),
        ("width", 0.5),
        ("language", None),
        ("language", 'de">'),
        ("file", "a.jpg"),
        ("doubt", "dog"),
        ("text", "Exit"),
        ("text", {"lines": [], "codes": [], "is_page": 1, "unknown_script": False, "quarters": 0}),
        ("doubt", {"position": 0.5, "word": "dog", "other": "fox"}),
    ],
)
def test_a_damaged_record_is_refused(field: str, value: object) -> None:
    record = to_record(dataclasses.replace(full_description(), file=None), for_storage=True)
    with pytest.raises(ValueError, match="not"):
        from_record({**record, field: value})
