"""Captions of a split and their figures: with Java as published, without it the others."""

import os
import shutil
import sys

import pytest

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.sets import read
from image_describer.train.evaluate import captions as evaluation
from tests.support import tiny

REFERENCES = {
    "dog": ["A brown dog runs through the grass .", "The dog is running fast in a field ."],
    "man": ["A man in a red shirt sits on a bench .", "The man is sitting down outside ."],
    "cat": ["A grey cat sleeps on the bed .", "The cat is lying asleep on a pillow ."],
}
PERFECT = {name: several[0] for name, several in REFERENCES.items()}


@pytest.fixture
def no_java(monkeypatch):
    monkeypatch.setattr(evaluation.shutil, "which", lambda _: None)


def figures(captions):
    tokenized = evaluation.tokenize({name: [caption] for name, caption in captions.items()})
    return evaluation.score(tokenized, evaluation.tokenize(REFERENCES))


def test_without_java_only_meteor_is_missing(no_java):
    perfect = figures(PERFECT)
    wrong = figures(dict.fromkeys(REFERENCES, "two zebras swim across an ocean"))
    assert "METEOR" not in perfect
    assert perfect["BLEU-4"] == pytest.approx(1.0)
    assert perfect["CIDEr"] > 3.0 > 0.5 > wrong["CIDEr"]


def test_a_java_that_does_not_run_is_as_good_as_none(monkeypatch):
    monkeypatch.setattr(evaluation.shutil, "which", lambda _: sys.executable)
    assert not evaluation.has_java()  # Python has no option -version


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("java") is None and not os.environ.get("CI"), reason="Java is missing"
)
def test_with_java_a_perfect_caption_has_perfect_figures(capfd):
    found = figures(PERFECT)
    assert found["BLEU-4"] == pytest.approx(1.0)
    assert found["ROUGE-L"] == pytest.approx(1.0)
    assert found["METEOR"] == pytest.approx(1.0, abs=0.01)
    assert capfd.readouterr().err == ""  # the tokenizer's messages


def test_a_caption_is_acceptable_if_a_human_one_scores_no_better():
    human = {
        "beach": ["a dog runs on the beach", "a dog runs along the beach", "the dog is running",
                  "a brown dog on a beach", "dog at the sea"],
        "street": ["a man walks", "a man walks down a street", "a man on a street",
                   "the man walks", "someone walks down the street"],
    }  # fmt: skip
    captions = {
        "beach": ["a dog runs on the beach", "two cats"],
        "street": ["a zebra swims"],
        "few": ["a dog"],
    }
    found = evaluation.acceptable(captions, {**human, "few": ["a dog"]})
    assert found == {"beach": [True, False], "street": [False]}  # "few" has one reference only


def test_each_set_of_a_mixture_is_evaluated_apart(tiny_bundle, tiny_data, no_java):
    data = read(tiny_data)
    keys = data.splits["dev"]
    alone = evaluation.evaluate(tiny_bundle, _mixture(data, keys[:4], []))
    both = evaluation.evaluate(tiny_bundle, _mixture(data, keys[:4], keys[4:]))
    assert list(alone.metrics) == ["dev"]
    assert list(both.metrics) == ["dev", "dev/squares", "dev/more"]
    assert both.metrics["dev"]["pictures"] == len(keys)
    assert both.metrics["dev/more"]["pictures"] == len(keys) - 4
    # The figures of a set don't depend on the other one.
    assert both.metrics["dev/squares"] == alone.metrics["dev"]
    assert (list(alone.sets), list(both.sets)) == ([], ["squares", "more"])
    said = {word for key in both.sets["more"] for word in both.captions[key].split()}
    assert both.metrics["dev/more"]["different words"] == len(said)
    assert set(both.captions) == set(both.measures) == set(both.acceptable)
    some = next(iter(both.captions))
    assert len(both.measures[some]) == len(both.acceptable[some]) > 1


def test_another_language_is_evaluated_beside_english(tiny_bundle, tiny_data, no_java):
    data = read(tiny_data)
    data.english = data.captions
    data.captions = {k: [tiny.in_german(c) for c in some] for k, some in data.captions.items()}
    found = evaluation.evaluate(tiny_bundle, data, "de")
    assert list(found.metrics) == ["dev", "dev in English"]
    dev = found.metrics["dev"]
    assert min(dev["BLEU-1"], found.metrics["dev in English"]["BLEU-1"]) > 0.5
    assert "doubtful word" not in dev
    assert found.demographics == {}
    assert found.metrics["dev in English"]["pictures"] == dev["pictures"]
    assert all("Quadrat" in caption for caption in found.captions.values())


def test_words_of_german_are_compared_in_lower_case():
    assert evaluation.tokenize({"a": ["Ein Mädchen, im Schnee."]}, "de") == {
        "a": ["ein mädchen im schnee"]
    }


def test_a_damaged_picture_is_left_out(tiny_bundle, tiny_data, tmp_path, caplog):
    data = read(tiny_data)
    damaged, *others = data.splits["dev"][:2]
    data.files = {**data.files, damaged: tmp_path / "damaged.jpg"}
    data.files[damaged].write_bytes(b"no picture")
    assert list(evaluation.generate(tiny_bundle, data, [damaged, *others])) == others
    assert damaged in caplog.text


def test_data_without_dev_pictures_is_refused(tiny_bundle, tiny_data, no_java):
    data = read(tiny_data)
    data.splits["dev"] = []
    with pytest.raises(TrainingError, match="no dev picture"):
        evaluation.evaluate(tiny_bundle, data)


def _mixture(data, squares, more):
    """The pictures of ``data`` as the sets "squares" and "more"."""
    names = {f"squares/{key}": key for key in squares} | {f"more/{key}": key for key in more}
    return Dataset(
        files={name: data.files[key] for name, key in names.items()},
        captions={name: data.captions[key] for name, key in names.items()},
        splits={"train": [], "dev": list(names)},
        sources=[{"set": "squares"}, {"set": "more/captions.json"}],
    )
