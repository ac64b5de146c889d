"""The joint embedding: what is nearest, how often that is right, and that training gets there."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_describer.train.data.dataset import Dataset
from image_describer.train.evaluate import retrieval
from tests.support import training as small

COLOURS = ("red", "green", "blue")
PLACES = ("left", "right")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 30), st.integers(1, 40), st.integers(0, 2**16))
def test_the_nearest_are_those_that_sorting_finds(size, count, seed):
    rng = np.random.default_rng(seed)
    among = rng.integers(-2, 3, (size, 3)).astype(np.float32)  # many ties
    query = rng.integers(-2, 3, 3).astype(np.float32)
    places, scores = retrieval.nearest(query, among, count)
    wanted = np.argsort(-(among @ query), kind="stable")[:count]
    assert places.tolist() == wanted.tolist()
    assert scores.tolist() == (among @ query)[wanted].tolist()


def test_recall_by_hand():
    pictures = np.eye(3, dtype=np.float32)
    captions = np.array([[1, 0, 0], [0, 3, 2], [0, 1, 0], [0, 0, 1]], np.float32)
    owners = [0, 2, 1, 2]
    figures = retrieval.recalls(pictures, captions, owners)
    # Picture 1's own caption scores 1, that of picture 2 scores 3; picture 2 finds one of its own.
    assert figures["captions of a picture: R@1"] == pytest.approx(2 / 3, abs=1e-4)
    assert figures["captions of a picture: R@5"] == 1.0
    # Caption 1 looks to picture 1 first.
    assert figures["picture of a caption: R@1"] == pytest.approx(3 / 4)
    assert figures["picture of a caption: median rank"] == 1.0


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 2**16))
def test_recall_is_that_of_a_search_one_by_one(count, each, seed):
    rng = np.random.default_rng(seed)
    pictures, captions = rng.normal(size=(count, 5)), rng.normal(size=(count * each, 5))
    owners = np.repeat(np.arange(count), each)
    figures = retrieval.recalls(pictures, captions, owners)
    for k in retrieval.AT:
        found = [set(owners[retrieval.nearest(p, captions, k)[0]]) for p in pictures]
        share = np.mean([i in those for i, those in enumerate(found)])
        assert figures[f"captions of a picture: R@{k}"] == pytest.approx(share, abs=1e-4)
        found = [retrieval.nearest(c, pictures, k)[0] for c in captions]
        share = np.mean([owner in those for owner, those in zip(owners, found, strict=True)])
        assert figures[f"picture of a caption: R@{k}"] == pytest.approx(share, abs=1e-4)


def test_a_space_in_which_all_is_one_point_finds_nothing():
    same = np.ones((40, 3), np.float32)
    figures = retrieval.recalls(same, same, np.arange(40))
    assert figures["captions of a picture: R@10"] == 0.0
    assert figures["picture of a caption: R@10"] == 0.0


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Features that say colour and side, a matrix row for each picture, five captions each."""
    rng = np.random.default_rng(0)
    features = rng.normal(0, 0.1, (48, 12)).astype(np.float32)
    captions, names = {}, []
    for i in range(48):
        colour, side = i % 3, i // 3 % 2
        features[i, colour] += 1.0
        features[i, 3 + side] += 1.0
        names.append(f"{i}.jpg")
        text = f"a {COLOURS[colour]} square on the {PLACES[side]} side"
        captions[names[-1]] = [text, f"the {COLOURS[colour]} square is {PLACES[side]}"]
    return Dataset(
        tmp_path_factory.mktemp("none"),
        captions,
        {"train": names[:36], "dev": names[36:]},
        features=features,
        rows={name: i for i, name in enumerate(names)},
    )


@pytest.fixture(scope="module", params=["joint-embedding", "joint-embedding-hardest"])
def trained(request, data, tmp_path_factory):
    from image_describer.train.baselines import stages

    folder = tmp_path_factory.mktemp("joint")
    chosen = small.small_recipe(folder, request.param, epochs=60)
    chosen = dataclasses.replace(chosen, data=dataclasses.replace(chosen.data, captions=0))
    options = stages.Options(
        runs=folder / "runs", results=folder / "results", vectors=small.write_word_vectors(folder)
    )
    run = stages.prepare(chosen, data, options)
    model = stages.fit(run)
    return run, model, stages.evaluate(run, model)["metrics"]


@pytest.mark.slow
def test_training_tells_pairs_apart_and_finds_what_belongs_together(trained):
    _, _, metrics = trained
    # Two of twelve captions drawn at random say the very same of a picture.
    assert metrics["train"]["pair_accuracy"] > 0.8
    dev = metrics["dev"]
    assert dev["pictures"] == 12
    assert dev["captions"] == 24
    # Six kinds of pictures, two of each in dev: half of what is found first is the other one.
    assert dev["picture of a caption: R@5"] == 1.0


def test_the_captions_nearest_to_a_picture_say_what_it_shows(trained, data):
    from image_describer.train.baselines.joint import nearest_captions

    run, model, _ = trained
    name = run.names["dev"][4]  # picture 40: green, right
    found = nearest_captions(run, model, data.features[data.rows[name]], "dev", 4)
    assert all("green" in text and "right" in text for text, _ in found)
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)


def test_the_pictures_nearest_to_a_sentence_show_what_it_says(trained):
    from image_describer.train.baselines.joint import nearest_pictures

    run, model, _ = trained
    found = nearest_pictures(run, model, "a blue square on the right side", "dev", 2)
    assert {int(name.split(".")[0]) % 6 for name, _ in found} == {5}


def test_towers_and_representations_are_saved_and_agree(trained):
    import keras

    run, _, _ = trained
    sentences = keras.models.load_model(run.folder / "sentence_tower.keras")
    pictures = keras.models.load_model(run.folder / "picture_tower.keras")
    names = run.names["dev"]
    seen = np.asarray(pictures.predict(run.reader()(names), verbose=0))
    np.testing.assert_allclose(seen, np.load(run.folder / "pictures.dev.npy"), atol=1e-5)
    read = np.asarray(sentences.predict(run.captions("dev").words, verbose=0))
    np.testing.assert_allclose(read, np.load(run.folder / "captions.dev.npy"), atol=1e-5)
    lines = (run.folder / "captions.dev.txt").read_text("utf-8").splitlines()
    assert len(lines) == len(read)
    assert lines[2].split("\t") == [names[1], run.data.captions[names[1]][0]]


@pytest.mark.slow
def test_a_matrix_with_its_captions_is_read_trained_on_and_judged(tmp_path, data):
    from image_describer.train.baselines import stages
    from image_describer.train.data.dataset import read

    folder = tmp_path / "coco"
    folder.mkdir()
    names = data.splits["train"]
    lines = [f"{name} {data.captions[name][0]}\n" for name in names]
    (folder / "annotations.36.txt").write_text("".join(lines), "utf-8")
    np.save(folder / "features.36.npy", data.features[: len(names)])
    chosen = small.small_recipe(tmp_path, "joint-embedding", epochs=20)
    options = stages.Options(
        runs=tmp_path / "runs",
        results=tmp_path / "results",
        vectors=small.write_word_vectors(tmp_path),
    )
    found = stages.train(chosen, read(folder), options)
    assert found["extractor"] == {"name": "given with the data"}
    assert found["pictures"]["train"] + found["pictures"]["dev"] == 36
    assert found["metrics"]["train"]["pair_accuracy"] > 0.8
