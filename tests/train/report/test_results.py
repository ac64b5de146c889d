"""Results are filed under the bundle's own name, and a bundle takes them over."""

import json
import shutil

import numpy as np
import pytest

from image_describer.captioner.bundle import open_bundle, write_manifest
from image_describer.captioner.confidence import invalid_field
from image_describer.train.evaluate import demographics
from image_describer.train.evaluate.captions import Evaluation
from image_describer.train.heads import confidence
from image_describer.train.report import results


@pytest.fixture
def bundle(tiny_bundle, tmp_path):
    folder = tmp_path / "bundle"
    shutil.copytree(tiny_bundle, folder)
    fields = {**open_bundle(folder).manifest, "name": "mine, tuned"}
    write_manifest(folder, {**fields, "files": list(fields["files"])})
    return folder


@pytest.fixture
def judgement():
    """That of 300 made-up captions."""
    rng = np.random.default_rng(0)
    keys = [f"{number}.jpg" for number in range(300)]
    measures = {key: [{"mean_log_prob": rng.normal(), "length": rng.normal()}] for key in keys}
    good = {key: [bool(rng.normal() < measures[key][0]["mean_log_prob"])] for key in keys}
    people = demographics.compare({"dog": "a dog"}, {"dog": ["a brown dog", "the dog"]})
    sets = {"squares": keys[:200], "bars": keys[200:]}
    metrics = {name: {"CIDEr": 0.5} for name in ("dev", "dev/squares", "dev/bars")}
    captions = dict.fromkeys(keys, "a dog")
    return results.Judgement(
        Evaluation(metrics, sets, captions, measures, good, people),
        confidence.fit_all(measures, good),
        confidence.held_out(measures, good, sets),
    )


def test_results_are_filed_under_the_name_of_the_bundle(bundle, tmp_path):
    assert results.folder_of(bundle, tmp_path) == tmp_path / "mine-tuned"


def test_everything_that_was_measured_is_written(bundle, judgement, tmp_path):
    folder = tmp_path / "results"
    results.write(folder, bundle, judgement, {"vocabulary": 12})
    metrics = results.read(folder)
    assert metrics["recipe"] == "mine, tuned"
    assert metrics["vocabulary"] == 12
    for split in ("dev", "dev/squares", "dev/bars"):
        assert set(metrics["metrics"][split]) == {"CIDEr", "confidence ECE", "confidence AUC"}
    assert results.read(folder, results.CONFIDENCE)["held_out"] == judgement.held_out
    assert results.read(folder, results.CAPTIONS)["7.jpg"] == "a dog"
    assert results.read(folder, results.DEMOGRAPHICS) == judgement.evaluation.demographics


def test_a_bundle_takes_over_what_was_measured(bundle, judgement):
    old = open_bundle(bundle).manifest
    results.update(bundle, judgement)
    manifest = open_bundle(bundle).manifest
    assert manifest["confidence"] == json.loads(json.dumps(judgement.table))
    assert invalid_field(manifest["confidence"]) is None
    assert manifest["metrics"] == judgement.metrics
    judged = manifest["judged"]["confidence"]
    assert "roc" not in judged["both"]
    assert "roc" not in judged["sets"]["bars"]["both"]
    assert manifest["files"] == old["files"]
    auc = judgement.metrics["dev"]["confidence AUC"]
    assert str(auc) in (bundle / "MODEL_CARD.md").read_text("utf-8")


@pytest.mark.parametrize(("encoder", "instead_of"), [("xception", "resnet50"), ("resnet50", None)])
def test_an_encoder_in_place_of_the_recipes_is_recorded(encoder, instead_of):
    recipe = {"features": {"encoder": encoder, "weights": "bundled"}}
    facts = results.facts({"name": "keras-captioning", "recipe": recipe})
    assert facts["encoder"].get("instead_of") == instead_of
