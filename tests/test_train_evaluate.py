"""The figures: with Java as published, without it the rest."""

import os
import shutil

import pytest

from image_describer.train import evaluate

REFERENCES = {
    "dog": ["A brown dog runs through the grass .", "The dog is running fast in a field ."],
    "man": ["A man in a red shirt sits on a bench .", "The man is sitting down outside ."],
    "cat": ["A grey cat sleeps on the bed .", "The cat is lying asleep on a pillow ."],
}


def figures(captions):
    given = evaluate.tokenize({name: [caption] for name, caption in captions.items()})
    return evaluate.score(given, evaluate.tokenize(REFERENCES))


def test_without_java_all_but_meteor_is_given(monkeypatch):
    monkeypatch.setattr(evaluate.shutil, "which", lambda _: None)
    perfect = figures({name: several[0] for name, several in REFERENCES.items()})
    wrong = figures(dict.fromkeys(REFERENCES, "two zebras swim across an ocean"))
    assert "METEOR" not in perfect
    assert perfect["BLEU-4"] == pytest.approx(1.0)
    assert perfect["CIDEr"] > 3.0 > 0.5 > wrong["CIDEr"]


@pytest.mark.skipif(
    shutil.which("java") is None and not os.environ.get("CI"), reason="there is no Java here"
)
def test_with_java_a_perfect_caption_has_perfect_figures():
    found = figures({name: several[0] for name, several in REFERENCES.items()})
    assert found["BLEU-4"] == pytest.approx(1.0)
    assert found["ROUGE-L"] == pytest.approx(1.0)
    assert found["METEOR"] == pytest.approx(1.0, abs=0.01)
