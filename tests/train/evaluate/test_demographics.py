"""Whom and what captions name, against people's; and the card that tells it."""

import pytest

from image_describer.train.evaluate import demographics
from image_describer.train.export import model_card

REFERENCES = {
    "1": ["a man runs", "a man on a road", "someone runs", "a runner", "a man jogs"],
    "2": ["a woman sings", "the lady sings", "a singer", "a woman", "a person sings"],
    "3": ["a woman reads", "a man reads", "a person reads", "two women", "a reader"],
    "4": ["a girl jumps", "a little girl", "a child jumps", "a girl", "the girl leaps"],
    "5": ["a boy and a kite", "boys with kites", "a kite", "a kid", "a boy"],
}
SAID = {
    "1": "a man is running",
    "2": "a man is singing",
    "3": "a woman is sitting",
    "4": "a boy and a girl",
    "5": "a dog on a road",
}


@pytest.fixture(scope="module")
def found():
    return demographics.compare(SAID, REFERENCES)


def test_the_rates_count_captions_with_a_word_of_the_group(found):
    assert found["rates"]["man"] == {"said": 0.4, "written": 4 / 25}
    assert found["rates"]["woman"] == {"said": 0.2, "written": 5 / 25}
    assert found["rates"]["child"] == {"said": 0.0, "written": 2 / 25}


def test_confusion_counts_only_where_people_agree(found):
    # People say both of picture 3: whatever is said of it, they don't contradict it.
    told = found["confused"]
    assert told["men or boys"] == {"pictures": 2, "right": 1, "wrong": 0, "both": 0, "neither": 1}
    assert told["women or girls"] == {
        "pictures": 2,
        "right": 0,
        "wrong": 1,
        "both": 1,
        "neither": 0,
    }
    assert told["young"]["pictures"] == 2


def test_what_is_never_said_are_things_and_none_in_another_number(found):
    never = found["words"]["never said"]
    assert "kite" in never
    assert "kites" not in never
    assert "women" in never  # its singular is not made by leaving out an s
    assert not {"road", "the", "runs", "little", "boys"} & set(never)


def test_the_card_tells_what_was_found_and_what_was_not_measured(found, tmp_path):
    level = {"least": 0.7, "share": 0.25, "acceptable": 0.8}
    half = {"levels": {"high": level, "low": {"least": 0.0, "share": 0.0}}}
    mean = {"ece": 0.0444, "auc": 0.7016, "chance": 0.0399}
    manifest = {
        "name": "tiny",
        "created": "2026-01-01T00:00:00Z",
        "data": {"train": 6000, "dev": 1000},
        "recipe": {"seed": 1},
        "decode": {"beams": 5},
        "metrics": {"dev": {"CIDEr": 0.5}},
        "files": {"decoder.tflite": {"bytes": 1234}},
        "licence": "MIT",
        "confidence": {"offset": 0.1, "weights": {"rarity": {}}},
        "judged": {"people": found, "confidence": {"both": half, "mean": mean}},
    }
    card = tmp_path / "MODEL_CARD.md"
    model_card.write(card, manifest)
    text = card.read_text("utf-8")
    for told in (
        "| CIDEr | 0.5 |", "error 0.044 (", "have 0.040)", "\n0.702:", '| "Probably: ..." | 0.70 |',
        "25% | 80% |", "how rare the words are", "| man | 40.0% | 16.0% |",
        "| women or girls | 2 | 0 (0%) | 1 (50%) | 1 (50%) | 0 (0%) |", "kite",
    ):  # fmt: skip
        assert told in text, told
    assert max(map(len, text.splitlines())) < 200
    assert "recipe tiny`." in text
    assert "every layer was trained" in text
    upper = {"seed": 1, "head": {"frozen": 8}, "whole": {"epochs": 0}}
    model_card.write(card, {**manifest, "recipe": upper, model_card.MADE: "by hand"})
    text = card.read_text("utf-8")
    assert "2026-01-01 by hand." in text
    assert "blocks 9 to 14 were trained" in text
    del manifest["judged"]
    model_card.write(card, {**manifest, "confidence": {"slope": 1.0, "offset": 0.0}})
    text = card.read_text("utf-8")
    assert "was not measured on pictures" in text
    assert "It was not measured." in text
