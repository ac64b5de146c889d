"""The figures: with Java as published, without it the rest."""

import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from image_describer.captioner.bundle import open_bundle, write_manifest
from image_describer.captioner.confidence import invalid_field
from image_describer.train.evaluate import captions as evaluate
from image_describer.train.evaluate import demographics
from image_describer.train.heads import confidence
from tests.support import tiny

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


@pytest.fixture
def found():
    """What `evaluate` returns, of 300 made-up captions."""
    rng = np.random.default_rng(0)
    names = [f"{number}.jpg" for number in range(300)]
    measures = {name: [{"word": rng.normal(), "length": rng.normal()}] for name in names}
    good = {name: [bool(rng.normal() < measures[name][0]["word"])] for name in names}
    held_out = confidence.held_out(measures, good)
    return {
        "split": "dev",
        "metrics": {"pictures": 300, "confidence AUC": held_out["mean"]["auc"]},
        "confidence": confidence.fit_all(measures, good),
        "judged": {
            "confidence": held_out,
            "people": demographics.compare({"dog": "a dog"}, REFERENCES),
        },
    }


def test_what_was_found_is_kept_and_drawn(found, shipped_bundle, tmp_path):
    folder = evaluate.keep_of(shipped_bundle, found, tmp_path, update=False)
    assert folder == tmp_path / "best"
    assert {file.name for file in folder.iterdir()} == {
        "confidence.json", "people.json", "reliability.png", "roc.png",
    }  # fmt: skip
    kept = json.loads((folder / "confidence.json").read_text("utf-8"))
    assert kept["held_out"] == found["judged"]["confidence"]
    for name in ("reliability.png", "roc.png"):
        with Image.open(folder / name) as drawn:
            assert min(drawn.size) > 200


def test_a_bundle_takes_over_what_was_found(found, tmp_path):
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    fields = json.loads((tiny.REPO / "models" / "manifest.json").read_text("utf-8"))
    for name in fields["files"]:
        (bundle / name).write_bytes(b"")
    shipped = tiny.REPO / "models" / "tokenizer.pkl"
    shutil.copyfile(shipped, bundle / "tokenizer.pkl")
    old = write_manifest(bundle, {**fields, "name": "mine, tuned", "files": list(fields["files"])})
    folder = evaluate.keep_of(bundle, found, tmp_path / "results", update=True)
    assert folder.name == "mine-tuned"
    manifest = open_bundle(bundle).manifest
    assert manifest["confidence"] == found["confidence"]
    assert invalid_field(manifest["confidence"]) is None
    assert manifest["metrics"] == {"dev": found["metrics"]}
    assert "roc" not in manifest["judged"]["confidence"]["both"]
    assert (manifest["created"], manifest["files"]) == (old["created"], old["files"])
    area = found["metrics"]["confidence AUC"]
    assert f"| confidence AUC | {area} |" in (bundle / "MODEL_CARD.md").read_text("utf-8")
    assert json.loads((folder / "metrics.json").read_text("utf-8")) == found
