"""The model card says what the manifest says, and what was not measured."""

from image_describer.train.evaluate import demographics
from image_describer.train.export import model_card

REFERENCES = {
    "1": ["a woman sings", "the lady sings", "a singer", "a woman", "a person sings"],
    "2": ["a boy and a kite", "boys with kites", "a kite", "a kid", "a boy"],
}
CAPTIONS = {"1": "a man is singing", "2": "a dog on a road"}
RECIPE = {
    "name": "tiny",
    "seed": 1,
    "features": {"encoder": "xception", "weights": "imagenet", "frozen_blocks": 8},
    "network": {"kind": "bahdanau-gru"},
    "heads": {"parts": [], "joint_space": {"units": 8}},
}
MANIFEST = {
    "name": "tiny",
    "created": "2026-01-01T00:00:00Z",
    "decode": {"beams": 5},
    "metrics": {"dev": {"CIDEr": 0.5, "acceptable": 0.4}, "dev/everyday": {"CIDEr": 0.25}},
    "files": {"decoder.tflite": {"bytes": 1234}},
    "confidence": {"offset": 0.1, "weights": {"rarity": {}}},
}


def card_of(folder, **changes):
    model_card.write(folder / model_card.NAME, {**MANIFEST, **changes})
    return " ".join((folder / model_card.NAME).read_text("utf-8").split())  # without line breaks


def test_figures_are_in_the_card(tmp_path):
    half = {"levels": {"high": {"least": 0.7, "share": 0.25, "acceptable": 0.8}}}
    half["levels"]["low"] = {"least": 0.0, "share": 0.0}
    mean = {"ece": 0.0444, "auc": 0.7016, "chance": 0.0399}
    people = demographics.compare(CAPTIONS, REFERENCES)
    mean_of_set = {**mean, "ece": 0.0876}
    confidence = {"both": half, "mean": mean, "sets": {"day": {"both": half, "mean": mean_of_set}}}
    card = card_of(tmp_path, judged={"people": people, "confidence": confidence})
    for text in (
        "| measure | dev | dev/everyday |",
        "| CIDEr | 0.5 | 0.25 |",
        "| acceptable | 0.4 | |",
        "| dev | 0.044 | 0.040 | 0.702 |",
        "| dev/day | 0.088 | 0.040 | 0.702 |",
        '| "Probably: ..." | 0.70 | dev | 25% | 80% |',
        'My guess: ..." | 0.00 | dev/day | 0% | – |',
        "logarithms of the words' ranks",
        "| man | 50.0% | 0.0% |",
        "| women or girls | 1 | 0 (0%) | 1 (100%) | 0 (0%) | 0 (0%) |",
        "kite",
        "| `decoder.tflite` | 1,234 | decoder",
    ):
        assert text in card, text


def test_each_data_set_has_its_figures_of_people(tmp_path):
    sets = {"one": ["1"], "two": ["2"]}
    people = demographics.compare(CAPTIONS, REFERENCES, sets)
    assert people["sets"]["one"] == demographics.compare({"1": CAPTIONS["1"]}, REFERENCES)
    card = card_of(tmp_path, judged={"people": people})
    assert "captions of dev/one mention people: | word for" in card
    assert "| man | 100.0% | 0.0% |" in card
    assert "On dev/two it used 4 different words" in card
    assert "captions of dev mention" not in card


def test_what_the_data_is_is_in_the_card(tmp_path):
    data = [
        {"set": "everyday", "format": "coco", "pictures": 2423, "captions": 10092},
        {"set": "labels.npz", "format": "labels", "pictures": 14461, "captions": 0},
    ]
    recipe = {**RECIPE, "data": {"pseudo_captions": 10}}
    made = {"data": data, "started_from": "the bundle of 2026-11-27"}
    card = card_of(tmp_path, made=made, recipe=recipe)
    for text in ("Flickr30k", "SSD-MobileNetV2", "with 10 sentences", "the bundle of 2026-11-27"):
        assert text in card, text
    assert "COCO (T.-Y. Lin" not in card_of(tmp_path, made={"data": data[1:]})


def test_the_recipe_is_in_the_card(tmp_path):
    card = card_of(tmp_path, recipe=RECIPE)
    for text in (
        "Xception and a GRU with additive attention",
        "ImageNet",
        "Its blocks 9 to 14 were",
        "| features | encoder xception, weights imagenet, frozen_blocks 8 |",
        "| heads | parts none, joint_space.units 8 |",
    ):
        assert text in card, text
    frozen = {**RECIPE["features"], "frozen_blocks": 14}
    assert "It was not trained." in card_of(tmp_path, recipe={**RECIPE, "features": frozen})


def test_what_was_not_measured_or_recorded_is_said(tmp_path):
    card = card_of(tmp_path, metrics={}, confidence={"slope": 1.0, "offset": 0.0})
    assert "Confidence was not evaluated" in card
    assert "mentions people was not measured" in card
    assert card.count("Not measured.") == 1
    assert card.count("Not recorded.") == 3  # data, recipe, licence
