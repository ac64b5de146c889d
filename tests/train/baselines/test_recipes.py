"""Recipes of the original systems through all stages, at small sizes."""

import json

import numpy as np
import pytest

from image_describer.captioner.bundle import open_bundle
from image_describer.captioner.describer import Describer
from image_describer.train import recipe
from image_describer.train.evaluate import captions
from image_describer.train.pipeline import Pipeline
from image_describer.train.run import Options, Run
from tests.support.training import small_recipe, write_word_vectors

NAMES = ("image-describer", "keras-captioning", "audio-captions", "attend-and-tell")


@pytest.fixture
def pipeline(tiny_data, tmp_path, monkeypatch):
    """Makes the stages of a recipe in a folder of its own."""
    monkeypatch.setattr(captions, "has_java", lambda: False)  # METEOR is tested elsewhere

    def make(name, epochs):
        options = Options(
            data=tiny_data, runs=tmp_path / "runs", results=tmp_path / "results",
            vectors=write_word_vectors(tmp_path),
        )  # fmt: skip
        return Pipeline(Run(small_recipe(tmp_path, name, epochs), options))

    return make


def metrics(run):
    return json.loads((run.results / "metrics.json").read_text("utf-8"))["metrics"]


@pytest.mark.slow
def test_a_bundle_with_frozen_word_vectors_describes_pictures(pipeline, tiny_data):
    stages = pipeline("keras-captioning", epochs=10)
    stages("all")
    run = stages.run
    dev = metrics(run)["dev"]
    assert dev["pictures"] == 6
    assert dev["BLEU-1"] > 0.4  # "a ... square is on the ... side"
    red = run.vocabulary.words.index("red")
    table = np.asarray(stages.system.trained().decoder.embed.embeddings)
    np.testing.assert_array_equal(table[red], run.vectors.matrix[red])
    assert run.vectors.covered[red]
    description = Describer(run.bundle).describe(tiny_data / "Flicker8k_Dataset" / "picture0.jpg")
    assert "square" in description.caption
    assert open_bundle(run.bundle).manifest["decode"]["beams"] == 3


@pytest.mark.slow
def test_the_joint_embedding_learns_from_pictures(pipeline):
    stages = pipeline("joint-embedding", epochs=10)
    stages("all")
    figures = metrics(stages.run)
    assert figures["dev"]["pictures"] == 6
    assert figures["dev"]["captions"] == 30
    assert 0.0 <= figures["train"]["pair_accuracy"] <= 1.0
    assert (stages.run.results / "report.md").exists()


@pytest.mark.parametrize("name", [*NAMES, "joint-embedding"])
def test_the_recipes_keep_the_settings_of_the_originals(name):
    chosen = recipe.load(name)
    assert chosen.features.frozen_blocks == recipe.BLOCKS  # no encoder is trained
    assert chosen.data.rules == name
    assert (chosen.fit.schedule, chosen.fit.clip_norm) == ("constant", 0)
    merge = {"image-describer": 0, "keras-captioning": 50, "audio-captions": 200}
    if name in merge:
        network = (chosen.network.kind, chosen.network.units, chosen.network.vectors)
        assert network == ("merge-lstm", 256, merge[name])
        assert not chosen.network.train_vectors
