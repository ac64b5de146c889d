"""History entries: each comes back from its line of JSON as it was."""

import json
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.captioner.description import Alternative, Description, Seconds, Word
from image_describer.wording.record import HistoryEntry, entry_of, line_of

DOG = Description(
    caption="a brown dog runs through the grass",
    confidence=0.734,
    alternatives=(Alternative("a dog runs", 0.5),),
    words=(Word("dog", 0.9, (0.0, 0.25, 0.5, 1.0)),),
    notes=("The picture is very dark.",),
    seconds=Seconds(0.1, 0.2, 0.3),
    file="/photos/dog.jpg",
    width=640,
    height=480,
)
SENTENCE = "Probably: a brown dog runs through the grass."
NOON = datetime(2031, 5, 6, 12, 0, 7, tzinfo=timezone.utc)

fractions = st.floats(0, 1).map(lambda value: round(value, 3))
edges = st.tuples(fractions, fractions, fractions, fractions)
seconds = st.floats(0, 1e4).map(lambda value: round(value, 4))
texts = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=40)
probabilities = st.floats(0, 1).map(lambda value: round(value, 4))
descriptions = st.builds(
    Description,
    caption=texts,
    confidence=fractions,
    alternatives=st.lists(st.builds(Alternative, texts, fractions), max_size=3).map(tuple),
    words=st.lists(st.builds(Word, texts, probabilities, edges), max_size=3).map(tuple),
    notes=st.lists(texts, max_size=2).map(tuple),
    seconds=st.builds(Seconds, seconds, seconds, seconds),
    # Any name that a file can have, be it Unicode or not.
    file=st.none() | st.text(st.characters(exclude_characters="\0")).map(lambda name: f"/{name}"),
    width=st.integers(0, 100_000),
    height=st.integers(0, 100_000),
)
moments = st.datetimes(
    datetime(1971, 1, 1), datetime(9998, 12, 31), timezones=st.just(timezone.utc)
).map(lambda moment: moment.replace(microsecond=0))


@given(entry=st.builds(HistoryEntry, st.just("k"), moments, texts, texts, descriptions))
def test_round_trip(entry: HistoryEntry) -> None:
    line = line_of(entry)
    assert b"\n" not in line
    assert entry_of(line) == entry


@given(
    caption=st.text(),
    confidence=st.floats(),
    sentence=st.text(),
    name=st.text(),
    width=st.integers(0, 10**9),
)
def test_every_written_line_can_be_read(
    caption: str, confidence: float, sentence: str, name: str, width: int
) -> None:
    word = Word(caption, confidence, (confidence, 0.0, 1.0, 1.0))
    wild = Description(caption, confidence, words=(word,), notes=(name,), width=width)
    line = line_of(HistoryEntry("k", NOON, name, sentence, wild))
    assert line_of(entry_of(line)) == line


def changed(**more: object) -> bytes:
    record = json.loads(line_of(HistoryEntry("k", NOON, "dog.jpg", SENTENCE, DOG)))
    return json.dumps({**record, **more}).encode()


@pytest.mark.parametrize(
    "line",
    [
        changed(time="yesterday"),
        changed(time="2031-05-06T12:00:00"),
        changed(time="0001-01-01T00:00:00+00:00"),
        changed(confidence=1.5),
        changed(confidence=True),
        changed(confidence=10**400),
        changed(confidence=float("nan")),
        changed(file="dog.jpg"),
        changed(file="/a\0b"),
        changed(words=[{"word": "dog", "region": [0, 0, 1], "probability": 1}]),
        changed(words="dog"),
        changed(notes=[None]),
        changed(seconds=[]),
        changed(width=-1),
        changed(width=0.5),
        changed(sentence=None),
        b"[" * 5000,
        b"null",
        b"[]",
    ],
    ids=lambda line: line[-40:].decode(),
)
def test_a_damaged_line_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message is for the log
        entry_of(line)


def test_unknown_fields_are_ignored() -> None:
    assert entry_of(changed(scent="pine")) == entry_of(changed())


def test_control_characters_of_a_tampered_line_are_escaped() -> None:
    entry = entry_of(changed(caption="a\u202edog\x07", sentence="\n"))
    assert (entry.caption, entry.sentence) == ("a\\u202edog\\x07", "\\n")
