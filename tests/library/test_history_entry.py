"""History entries: stored as lines of JSON and read back unchanged."""

import dataclasses
import json
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.captioner.description import Alternative, Description, Seconds, Word
from image_describer.library.history_entry import HistoryEntry
from image_describer.wording.details import spoken_with_details
from image_describer.wording.sentence import SpokenDescription, spoken

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
SPOKEN = SpokenDescription("", "Probably: a brown dog runs through the grass.")
REX = dataclasses.replace(DOG, alt_text="a dog named Rex")
NOON = datetime(2031, 5, 6, 12, 0, 7, tzinfo=timezone.utc)

fractions = st.floats(0, 1).map(lambda value: round(value, 3))
edges = st.tuples(fractions, fractions, fractions, fractions)
seconds = st.floats(0, 1e4).map(lambda value: round(value, 4))
texts = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=40)
probabilities = st.floats(0, 1).map(lambda value: round(value, 4))


def without_surer_alternatives(description: Description) -> Description:
    """No description that is kept has any."""
    alternatives = tuple(
        Alternative(other.caption, min(other.confidence, description.confidence))
        for other in description.alternatives
    )
    return dataclasses.replace(description, alternatives=alternatives)


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
).map(without_surer_alternatives)
spoken_texts = st.builds(SpokenDescription, texts, texts, texts)
moments = st.datetimes(
    datetime(1971, 1, 1), datetime(9998, 12, 31), timezones=st.just(timezone.utc)
).map(lambda moment: moment.replace(microsecond=0))


@given(entry=st.builds(HistoryEntry, st.just("k"), moments, texts, spoken_texts, descriptions))
def test_round_trip(entry: HistoryEntry) -> None:
    line = entry.to_line()
    assert b"\n" not in line
    assert HistoryEntry.from_line(line) == entry


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
    line = HistoryEntry("k", NOON, name, SpokenDescription(sentence, sentence), wild).to_line()
    assert HistoryEntry.from_line(line).to_line() == line


def changed(**more: object) -> bytes:
    record = json.loads(HistoryEntry("k", NOON, "dog.jpg", SPOKEN, DOG).to_line())
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
        changed(spoken={"author": ""}),
        changed(spoken={"author": "", "own": "", "written": 7}),
        changed(spoken="Probably: a dog."),
        changed(alt_text=7),
        b"[" * 5000,
        b"null",
        b"[]",
    ],
    ids=lambda line: line[-40:].decode(),
)
def test_a_damaged_line_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message is for the log
        HistoryEntry.from_line(line)


def test_unknown_fields_are_ignored() -> None:
    assert HistoryEntry.from_line(changed(scent="pine")) == HistoryEntry.from_line(changed())


def test_control_characters_of_a_tampered_line_are_escaped() -> None:
    entry = HistoryEntry.from_line(
        changed(caption="a\u202edog\x07", spoken={"author": "", "own": "\n"})
    )
    assert (entry.caption, entry.spoken.own) == ("a\\u202edog\\x07", "\\n")


def old_line(description: Description, sentence: str) -> bytes:
    """A line as earlier versions wrote it, without the author's words in a field of their own."""
    record = json.loads(HistoryEntry("k", NOON, "dog.jpg", SPOKEN, description).to_line())
    del record["spoken"]
    return json.dumps({**record, "sentence": sentence}).encode()


@pytest.mark.parametrize(
    "expected",
    [
        *(spoken(REX, hedged=h, brief=b) for h in (True, False) for b in (True, False)),
        spoken_with_details(REX),
        spoken_with_details(REX, hedged=False),
    ],
    ids=lambda value: value.own,
)
def test_an_old_line_is_split_if_its_sentence_is_ours(expected: SpokenDescription) -> None:
    entry = HistoryEntry.from_line(old_line(REX, expected.text))
    assert entry.spoken == expected
    assert "Rex" in entry.spoken.author
    assert "Rex" not in entry.spoken.own


@pytest.mark.parametrize(
    "sentence",
    [
        "Sein Autor sagt: a dog named Rex. Probably: a brown dog runs through the grass.",
        "Its author says: a dog named Ann. Probably: a brown dog runs through the grass.",
        f"{spoken(REX).text} Alt text by its author: a dog named Rex.",  # it repeats them
        "Probably: a brown dog runs through the grass.",
    ],
)
def test_any_other_old_sentence_counts_as_the_authors(sentence: str) -> None:
    entry = HistoryEntry.from_line(old_line(REX, sentence))
    assert entry.spoken == SpokenDescription(sentence, "")


def test_an_old_line_without_alt_text_has_no_authors_words() -> None:
    record = json.loads(old_line(DOG, SPOKEN.own))
    del record["alt_text"]  # the first versions did not read it
    assert HistoryEntry.from_line(json.dumps(record).encode()).spoken == SPOKEN


def test_a_reworded_prefix_keeps_the_authors_words_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    old = old_line(REX, spoken(REX).text)
    new = HistoryEntry("k", NOON, "dog.jpg", spoken(REX), REX).to_line()
    monkeypatch.setattr("image_describer.wording.sentence.AUTHOR_PREFIX", "Sein Autor sagt: ")
    assert "Rex" not in HistoryEntry.from_line(old).spoken.own
    assert HistoryEntry.from_line(new).spoken.own == spoken(DOG).own


def test_the_language_of_a_description_is_kept() -> None:
    german = dataclasses.replace(DOG, caption="ein brauner Hund", language="de")
    said = SpokenDescription("", "Wahrscheinlich: ein brauner Hund.", language="de")
    entry = HistoryEntry("k", NOON, "dog.jpg", said, german)
    assert HistoryEntry.from_line(entry.to_line()) == entry
