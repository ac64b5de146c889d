"""The joint embedding: its pairs, and its stages on features that come with the data."""

import dataclasses
import json

import numpy as np
import pytest

from image_describer.errors import TrainingError
from image_describer.train.baselines import joint_embedding
from image_describer.train.baselines.joint_embedding import JointEmbedding, PairBatches, Pairs
from image_describer.train.run import Options, Run
from tests.support.training import small_recipe, write_word_vectors

PICTURES = 48
COLORS, SIDES = ("red", "green", "blue"), ("left", "right")


@pytest.fixture(scope="module")
def matrix(tmp_path_factory):
    """A matrix of features that encode color and side, with one caption for each row."""
    folder = tmp_path_factory.mktemp("matrix")
    features = np.random.default_rng(0).normal(0, 0.1, (PICTURES, 12)).astype(np.float32)
    lines = []
    for i in range(PICTURES):
        color, side = i % 3, i // 3 % 2
        features[i, color] += 1.0
        features[i, 3 + side] += 1.0
        text = f"a {COLORS[color]} square on the {SIDES[side]} side"
        lines.append(f"{i}.jpg {text}\n")
    (folder / "annotations.txt").write_text("".join(lines), "utf-8")
    np.save(folder / "features.npy", features)
    return folder


@pytest.fixture(scope="module")
def trained(matrix, tmp_path_factory):
    """A run of all stages, and its figures."""
    folder = tmp_path_factory.mktemp("joint")
    recipe = small_recipe(folder, "joint-embedding", epochs=15)
    vectors = write_word_vectors(folder)
    run = Run(recipe, Options(data=matrix, runs=folder / "runs", vectors=vectors))
    run.prepare()
    system = JointEmbedding(run)
    system.features()
    system.fit()
    system.export()
    return system, system.evaluate()


@pytest.fixture
def pairs():
    """Seven captions of three pictures."""
    words = np.arange(7)[:, np.newaxis] + np.zeros(4, int)
    return Pairs(["a", "b", "c"], list("tuvwxyz"), np.array([0, 0, 0, 1, 1, 2, 2]), words)


def load(keys):
    return np.array([[ord(key)] for key in keys], np.float32)


def test_an_epoch_has_each_pair_once_with_a_caption_of_another(pairs):
    batches = PairBatches(pairs, load, 2, 0, training=False)
    found = [batches.batch(0, step) for step in range(len(batches))]
    words = np.concatenate([batch["words"][:, 0] for batch in found])
    others = np.concatenate([batch["others"][:, 0] for batch in found])
    pictures = np.concatenate([batch["picture"][:, 0] for batch in found])
    assert sorted(words) == sorted(others) == list(range(7))
    assert (words != others).all()
    assert [chr(int(p)) for p in pictures] == [pairs.keys[pairs.owners[w]] for w in words]


def test_batches_depend_only_on_the_seed_and_the_step(pairs):
    one, other = (PairBatches(pairs, load, 3, 7) for _ in range(2))
    assert len(one) == 2  # the seventh pair would make an incomplete batch
    other.batch(0, 1)
    for epoch, step in ((3, 1), (0, 0)):
        a, b = one.batch(epoch, step), other.batch(epoch, step)
        assert all((a[key] == b[key]).all() for key in a)
    assert len({one.batch(epoch, 0)["others"].tobytes() for epoch in range(6)}) > 1


def test_pair_accuracy_is_the_share_of_captions_that_fit_better_than_others():
    own = np.eye(4, dtype=np.float32)
    owners = np.arange(4)
    assert joint_embedding.pair_accuracy(own, own, owners) == 1.0
    assert joint_embedding.pair_accuracy(own, -own, owners) == 0.0
    assert joint_embedding.pair_accuracy(own[:1], own, np.zeros(4, int)) == 0.0  # no other picture


@pytest.mark.slow
def test_training_finds_the_captions_of_pictures_and_the_pictures_of_captions(trained):
    _, figures = trained
    assert figures["train"]["pair_accuracy"] > 0.8
    dev = figures["dev"]
    assert dev["pictures"] == dev["captions"] == 5
    assert dev["picture of a caption: R@1"] > 0.7


@pytest.mark.slow
def test_the_saved_encoders_agree_with_the_saved_embeddings(trained, matrix):
    import keras

    system, _ = trained
    folder, pairs = system.folder, system.pairs("dev")
    sentences = keras.models.load_model(folder / "sentence_encoder.keras")
    np.testing.assert_allclose(
        sentences.predict(pairs.words, verbose=0), np.load(folder / "captions.dev.npy"), atol=1e-5
    )
    pictures = keras.models.load_model(folder / "picture_encoder.keras")
    rows = [int(key.split(".")[0]) for key in pairs.keys]
    features = np.load(matrix / "features.npy")[rows].astype(np.float16).astype(np.float32)
    np.testing.assert_allclose(
        pictures.predict(features, verbose=0), np.load(folder / "pictures.dev.npy"), atol=1e-5
    )
    lines = (folder / "captions.dev.txt").read_text("utf-8").splitlines()
    assert lines == [f"{k}\t{c}" for k, c in zip(pairs.keys, pairs.captions, strict=True)]
    assert json.loads((folder / "vocab.json").read_text("utf-8"))["<eos>"] == 0


@pytest.mark.slow
def test_word_vectors_are_trained_further(trained):
    system, _ = trained
    red = system.run.vocabulary.words.index("red")
    learned = np.asarray(system.trained().embed.embeddings)[red]
    assert np.abs(learned - system.run.vectors.matrix[red]).max() > 1e-3


@pytest.mark.slow
def test_a_stage_names_the_one_that_it_needs(trained, tmp_path):
    system, _ = trained
    run = system.run
    options = dataclasses.replace(run.options, runs=tmp_path)
    fresh = JointEmbedding(Run(run.recipe, options))
    with pytest.raises(TrainingError, match="stage 'fit'"):
        fresh.export()
    with pytest.raises(TrainingError, match="stage 'export'"):
        fresh.evaluate()
