"""Recipes of the original systems through all stages, at small sizes."""

import dataclasses
import json

import keras
import numpy as np
import pytest

from image_describer.captioner.bundle import ENCODER, open_bundle
from image_describer.captioner.describer import Describer
from image_describer.captioner.encoder import Encoder
from image_describer.errors import TrainingError
from image_describer.train import recipe
from image_describer.train.captioning import Captioning
from image_describer.train.evaluate import captions
from image_describer.train.features import encoders
from image_describer.train.pipeline import Pipeline
from image_describer.train.recipe import Reward
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


def test_resuming_a_finished_run_keeps_how_it_was_made(pipeline):
    stages = pipeline("image-describer", epochs=1)
    stages("fit")
    file = stages.run.folder / "made.json"
    made = file.read_text("utf-8").replace('"tensorflow"', '"a GPU"')
    file.write_text(made, "utf-8")
    stages.run.options = dataclasses.replace(stages.run.options, resume=True)
    stages("fit")
    assert file.read_text("utf-8") == made


def test_only_a_run_that_has_ended_is_exported(pipeline):
    run = pipeline("image-describer", epochs=1).run
    run.recipe = dataclasses.replace(run.recipe, reward=Reward(epochs=1))
    run.folder.mkdir(parents=True)
    (run.folder / "fit.weights.npz").touch()
    for checkpoint, state in ((False, "not there"), (True, "not finished")):
        if checkpoint:
            (run.folder / "reward.npz").touch()
        with pytest.raises(TrainingError, match=f"is {state}.*Run the stage 'fit' first"):
            Captioning(run).trained()


def test_a_teachers_labels_must_be_in_a_set(pipeline):
    run = pipeline("image-describer", epochs=1).run
    fit = dataclasses.replace(run.recipe.fit, labels_weight=0.1)
    run.recipe = dataclasses.replace(run.recipe, fit=fit)
    with pytest.raises(TrainingError, match=r"teacher's labels.*labels_weight"):
        Captioning(run)


def test_a_frozen_encoder_of_keras_is_exported_in_float32(pipeline, monkeypatch):
    def small(weights, include_top, input_shape):
        pixels = keras.Input(input_shape)
        padded = keras.layers.ZeroPadding2D()(pixels)
        return keras.Model(pixels, keras.layers.Conv2D(8, 3, 32)(padded))

    monkeypatch.setattr(keras.applications, "ResNet50", small)
    run = pipeline("keras-captioning", epochs=1).run
    features = dataclasses.replace(run.recipe.features, encoder="resnet50", train_size=64)
    run.recipe = dataclasses.replace(run.recipe, features=features, precision="mixed_bfloat16")
    stages = Pipeline(run)
    stages("fit")
    stages("export")
    bundle = open_bundle(run.bundle)
    encoder = Encoder(bundle.path(ENCODER), threads=1)
    assert encoder.size == features.size
    network = encoders.build(dataclasses.replace(features, train_size=0), "float32")
    pixels = np.random.default_rng(0).integers(0, 256, (96, 96, 3)).astype(np.uint8)
    expected = network(pixels[np.newaxis])[0, 0]
    np.testing.assert_allclose(encoder.encode(pixels).pooled, expected, rtol=0.01)


def test_without_pictures_there_is_nothing_to_export(pipeline):
    run = pipeline("image-describer", epochs=1).run
    run.data.files.clear()
    with pytest.raises(TrainingError, match="no pictures"):
        Captioning(run)._calibration()


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
