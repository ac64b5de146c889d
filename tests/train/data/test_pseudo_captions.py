import json

import numpy as np
import pytest

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.pseudo_captions import PseudoCaptions, choose

ANIMALS = ("dog", "cat", "horse", "bird")
PLACES = ("grass", "water", "sand", "snow", "kitchen")
VERBS = ("runs", "sits", "stands", "sleeps")
SENTENCES = [
    f"A {animal} {verb} in the {place} today" for animal in ANIMALS for verb in VERBS
    for place in PLACES
]  # fmt: skip


def picture(animal: int, place: int) -> np.ndarray:
    """Features from which a linear map can tell the animal and the place."""
    features = np.zeros(len(ANIMALS) + len(PLACES))
    features[[animal, len(ANIMALS) + place]] = 1.0
    return features


def test_pictures_get_sentences_with_the_words_that_their_features_predict():
    pairs = [(animal, place) for animal in range(4) for place in range(5)]
    features = {f"{a}-{p}": picture(a, p) for a, p in pairs}
    captions = {
        f"{a}-{p}": [f"the {ANIMALS[a]} in the {PLACES[p]}"] for a, p in pairs if (a, p) != (1, 2)
    }
    found = choose(features, captions, SENTENCES, ["1-2"], 3)
    assert len(found.captions["1-2"]) == 3
    for sentence in found.captions["1-2"]:
        assert {"cat", "sand"} <= set(sentence.split())


def test_the_score_is_lower_for_a_picture_unlike_those_with_captions():
    features = {f"{a}-{p}": picture(a, p) for a in range(4) for p in range(5)}
    captions = {f"{a}-{p}": [f"{ANIMALS[a]} {PLACES[p]}"] for a in range(4) for p in range(4)}
    features["nothing"] = np.zeros(9)
    scores = choose(features, captions, SENTENCES, ["2-1", "nothing"], 1).scores
    assert scores["nothing"] < scores["2-1"]


def test_too_few_sentences_are_one_sentence_with_a_way_out():
    with pytest.raises(TrainingError, match="there are 10 of 6 to 14 words") as raised:
        choose({}, {}, [*SENTENCES[:10], "too short"], [], 5)
    assert "data.sets" in raised.value.way_out


def test_pictures_are_shown_more_often_the_better_their_captions_fit(tmp_path):
    names = ["a", "b", "c", "d"]
    data = Dataset(
        files={name: tmp_path / name for name in names},
        captions={"a": ["a dog"]}, uncaptioned=["b", "c", "d"],
        splits={"train": ["a"], "dev": []}, weights={"d": 2.0},
    )  # fmt: skip
    found = PseudoCaptions({"b": ["x"], "d": ["y", "z"]}, {"b": 0.1, "d": 0.7})
    found.add_to(data)
    assert data.splits["train"] == ["a", "b", "d"]
    assert data.uncaptioned == ["c"]
    assert data.captions["d"] == ["y", "z"]
    assert data.weights == {"b": 0.5, "d": 3.0}


def test_they_are_the_same_when_they_are_read_again(tmp_path):
    found = PseudoCaptions({"b": ["x"]}, {"b": 0.25})
    found.write(tmp_path / "pseudo.json")
    assert PseudoCaptions.read(tmp_path / "pseudo.json") == found
    (tmp_path / "pseudo.json").write_text(json.dumps({"captions": {}})[:-1])
    with pytest.raises(TrainingError, match="can't be read"):
        PseudoCaptions.read(tmp_path / "pseudo.json")
