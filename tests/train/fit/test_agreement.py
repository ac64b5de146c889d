"""Pairs of German words that nobody wrote."""

import numpy as np

from image_describer.train.data.vocabulary import END, PAD, Vocabulary
from image_describer.train.fit.rewards.agreement import Agreement, pairs

CAPTIONS = {
    "a": ["ein kleiner Hund steht vor einem Haus", "ein Hund läuft über einen Weg"] * 6,
    "b": ["eine kleine Katze sitzt vor einer Kamera", "eine Katze liegt auf einer Decke"] * 6,
    "c": ["ein kleines Kind winkt einer Kamera", "ein Kind spielt mit einem Ball"] * 6,
}
VOCABULARY = Vocabulary.build(
    [one for some in CAPTIONS.values() for one in some], 1, 12, rules="german"
)
AGREEMENT = Agreement.of(CAPTIONS, list(CAPTIONS), VOCABULARY)


def odd(caption):
    return [pair[1:] for pair in AGREEMENT.odd(caption.split())]


def test_what_people_wrote_agrees():
    assert not any(odd(caption) for some in CAPTIONS.values() for caption in some)


def test_a_word_in_the_wrong_gender_is_odd():
    assert odd("ein Hund steht vor einem Kamera") == [("einem", "Kamera")]
    assert ("er", "Katze") in odd("eine kleiner Katze sitzt")
    assert odd("ein Hund steht vor einem Zebra") == []  # nothing is known of it


def test_a_caption_does_not_end_before_its_noun():
    many = Agreement.of(
        {"a": [one for some in CAPTIONS.values() for one in some]}, ["a"], VOCABULARY
    )
    assert many.odd(["ein", "Hund", "läuft", "über", "ein"])[-1] == ("end", "ein", "")
    assert many.odd(["ein", "Hund"]) == []


def test_an_adjective_may_be_between_a_determiner_and_its_noun():
    found = set(pairs(["vor", "einem", "kleinen", "braunen", "Hund"]))
    assert ("determiner", "einem", "Hund") in found
    assert ("preposition", "vor", "einem") in found
    assert ("adjective", "einem", "en") in found
    assert ("ending", "en", "Hund") in found


def test_captions_are_scored_up_to_their_end():
    rows = VOCABULARY.encode(["ein Hund vor einem Kamera", "ein Hund vor einer Kamera"])[:, 1:]
    rows[1, -3:] = VOCABULARY.encode(["einem Kamera"])[0, 1:4]  # after the end
    assert END in rows[0]
    assert PAD in rows[0]
    assert AGREEMENT.score(rows, np.zeros(2)).tolist() == [1.0, 0.0]


def test_a_verb_and_an_adjective_agree_with_their_noun():
    people = [
        *["ein Mann in einem Shirt geht im Park"] * 5,
        *["ein Mann geht mit einem Shirt"] * 20,
        *["zwei Hunde gehen mit einer Katze"] * 20,
    ]
    agreement = Agreement([one.split() for one in people], [])
    found = {
        text: [pair[0] for pair in agreement.odd(text.split()) if pair[0] != "end"]
        for text in (
            "zwei Hunde geht",
            "zwei Hunde gehen",
            "ein Mann geht gehen",
            "mit roten Shirt",
        )
    }
    assert found == {
        "zwei Hunde geht": ["number"], "zwei Hunde gehen": [], "ein Mann geht gehen": ["verbs"],
        "mit roten Shirt": ["weak"],
    }  # fmt: skip
