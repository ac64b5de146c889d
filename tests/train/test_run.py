"""A run's data, words and folders."""

import dataclasses
import json
import shutil

import pytest

from image_describer.errors import TrainingError
from image_describer.train import recipe
from image_describer.train.recipe import Network
from image_describer.train.run import Options, Run
from tests.support import tiny


@pytest.fixture
def make(tiny_data, tmp_path):
    def make(data=tiny_data, network=Network(), **settings):  # noqa: B008
        chosen = recipe.load(str(tiny.RECIPE))
        settings = dataclasses.replace(chosen.data, **settings)
        chosen = dataclasses.replace(chosen, data=settings, network=network)
        return Run(chosen, Options(data=data, runs=tmp_path / "runs"))

    return make


def test_preparing_writes_the_recipe_the_words_and_figures(make):
    run = make()
    facts = run.prepare()
    assert facts["pictures"] == {"train": 18, "dev": 6, "uncaptioned": 0}
    assert (facts["captions"], facts["vocabulary"], facts["longest_caption"]) == (90, 11, 10)
    kept = {file.name for file in run.folder.iterdir()}
    assert kept == {"recipe.json", "vocabulary.json", "descriptions.txt", "data.json"}
    saved = json.loads((run.folder / "recipe.json").read_text("utf-8"))
    assert saved["data"]["min_count"] == 1


def test_a_recipe_limits_pictures_captions_and_words(make):
    run = make(pictures=4, captions=1, min_count=2)
    assert len(run.data.splits["train"]) == 4
    known = set(run.vocabulary.words)
    assert {"red", "left"} <= known
    assert "blue" not in known  # one picture of four, and one caption of it


def test_words_of_dev_count_only_if_the_recipe_says_so(make, tiny_data, tmp_path):
    copy = shutil.copytree(tiny_data, tmp_path / "data")
    file = copy / "Flickr8k_text" / "Flickr8k.token.txt"
    text = file.read_text("utf-8").replace("picture23.jpg#0\tA", "picture23.jpg#0\tzebra")
    file.write_text(text, "utf-8")
    assert "zebra" not in make(copy).vocabulary.words
    assert "zebra" in make(copy, count_dev=True).vocabulary.words


def test_damaged_pictures_are_left_out_and_reported(make, tiny_data, tmp_path, caplog):
    copy = shutil.copytree(tiny_data, tmp_path / "data")
    (copy / "Flicker8k_Dataset" / "picture3.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    run = make(copy)
    assert run.prepare()["pictures"]["train"] == 17
    assert "picture3.jpg" not in run.data.captions
    assert "can't be read: 1" in caplog.text
    assert "picture3.jpg" in caplog.text


def test_word_vectors_that_the_recipe_needs_are_asked_for(make):
    with pytest.raises(TrainingError, match=r"word vectors of 200 numbers.*--vectors"):
        make(network=Network(vectors=200)).prepare()
