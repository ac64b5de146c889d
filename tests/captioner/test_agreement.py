"""German articles and adjectives agree with their nouns."""

import pytest

from image_describer.captioner.agreement import agree, genders_of

GENDERS = {
    **dict.fromkeys(["Katze", "Jacke", "Röhre", "Frau"], "f"),
    **dict.fromkeys(["Hund", "Helm", "Tisch", "Ball"], "m"),
    **dict.fromkeys(["Shirt", "Kind", "Kleid"], "n"),
    "Fahrrad": "mn",
}
KNOWN = {
    *GENDERS, "Haaren", "Mann", "Schnee", "zwei", "sitzt", "mit", "auf", "und", "im", "von", "vor",
    "ein", "eine", "einen", "einem", "einer", "sein", "seine", "ihre", "der", "die", "das", "den",
    "dem", "rote", "roten", "roter", "rotes", "rotem", "kleiner", "kleines", "kleinen", "kleine",
    "tiefer", "tiefen", "tiefem",
}  # fmt: skip


@pytest.mark.parametrize(
    ("decoded", "agreeing"),
    [
        ("ein Katze sitzt auf einem Tisch", "eine Katze sitzt auf einem Tisch"),
        ("eine Hund sitzt im tiefer Schnee", "ein Hund sitzt im tiefen Schnee"),
        ("ein kleiner Kind mit roten Shirt", "ein kleines Kind mit rotem Shirt"),
        ("vor einem roten Jacke", "vor einer roten Jacke"),
        ("auf einer Fahrrad", "auf einem Fahrrad"),
        ("ein Hund und ein Frau", "ein Hund und eine Frau"),
        ("zwei auf eine Ball", "zwei auf einen Ball"),
        ("mit dem Jacke und das Helm", "mit der Jacke und den Helm"),
    ],
)
def test_endings_are_corrected(decoded: str, agreeing: str) -> None:
    assert " ".join(agree(decoded.split(), GENDERS, KNOWN)) == agreeing


@pytest.mark.parametrize(
    "right",
    [
        "ein kleiner Hund mit rotem Helm sitzt auf einem Tisch",
        "eine Frau mit roten Haaren und ein Kind mit einer roten Jacke",
        "der Hund auf der einen Jacke",  # an article before the article
        "ihre Hund",  # it may be a plural
        "einen Mann",  # of unknown gender
        "auf einer Ball Jacke",  # a compound noun in two parts
        "",
    ],
)
def test_what_agrees_or_can_not_be_known_stays(right: str) -> None:
    assert " ".join(agree(right.split(), GENDERS, KNOWN)) == right


def test_no_word_becomes_one_that_the_decoder_does_not_know() -> None:
    assert agree(["ein", "Katze"], GENDERS, KNOWN - {"eine"}) == ["ein", "Katze"]


def test_genders_are_learned_from_articles_and_adjectives() -> None:
    captions = [
        *["eine Katze sieht einen Hund", "ein kleines Kind", "mit einem Fahrrad"] * 3,
        *["ein Katze", "eine kleine Seltene", "ein kleiner Hund"],
        *["der Hund", "ein Ding", "eine Ding", "einen Ding", "einem Ding"] * 2,
    ]
    learned = genders_of([caption.split() for caption in captions])
    assert learned == {"Fahrrad": "mn", "Hund": "m", "Kind": "n"}
