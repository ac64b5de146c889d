"""Recipes: defaults, and what is refused."""

import dataclasses

import pytest

from image_describer.errors import TrainingError
from image_describer.train import recipe


def write(tmp_path, text):
    file = tmp_path / "mine.toml"
    file.write_text(text, "utf-8")
    return str(file)


def test_every_shipped_recipe_can_be_read():
    assert "best" in recipe.names()
    for name in recipe.names():
        assert recipe.load(name).name == name


def test_what_a_recipe_leaves_out_is_the_default(tmp_path):
    mine = recipe.load(write(tmp_path, "[head]\nepochs = 3\n"))
    assert mine.head == dataclasses.replace(recipe.Stage(), epochs=3.0)
    assert mine.network == recipe.Network()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sed = 1", "There are: name, about, seed"),
        ("[head]\nepoch = 3", "There are: epochs"),
        ("[head]\nbatch = 'many'", "int"),
        ("[head]\nbatch = -1", "not negative"),
        ("[head]\nmirror = 1", "bool"),
        ("head = 3", r"Write it as \[head\]"),
        ("[head", "can't be read"),
        ("precision = 'float8'", "one of: float32, mixed_bfloat16"),
        ("[network]\nkind = 'transformer'", "one of: attention-lstm, merge-lstm, bahdanau-gru"),
        ("[text]\nrules = 'mine'", "one of: plain, image-describer"),
        ("[head]\nbatch = 0", "from 1 to"),
        ("[network]\ndropout = 1.0", "from 0.0 to 0.95"),
        ("[head]\nrate = nan", "not negative"),
        ("extends = 3", "a recipe's name"),
        ("[refine]\nkept = false", "Only .head. heeds it"),
        ("[head_scst]\naveraged = 2", "Only .scst. heeds it"),
        ("[scst]\naveraged = 2\naveraging = 0.9", "give one of them"),
        ("extends = 'besst'", r"No recipe 'besst'. There are: .*best"),
    ],
)
def test_a_wrong_key_or_value_is_refused_with_what_is_allowed(tmp_path, text, told):
    with pytest.raises(TrainingError, match=told):
        recipe.load(write(tmp_path, text))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(TrainingError, match=r"No recipe 'besst'. There are: .*best"):
        recipe.load("besst")


def test_a_recipe_takes_what_it_does_not_say_from_the_one_it_extends(tmp_path):
    (tmp_path / "base.toml").write_text(
        "about = 'the base'\nseed = 7\n[head]\nepochs = 3\nbatch = 2\n", "utf-8"
    )
    mine = recipe.load(write(tmp_path, "extends = 'base'\n[head]\nepochs = 4\n"))
    assert (mine.name, mine.about, mine.seed) == ("mine", "", 7)
    assert (mine.head.epochs, mine.head.batch) == (4.0, 2)


def test_a_recipe_extends_a_shipped_one_from_any_folder(tmp_path):
    best = recipe.load("best")
    mine = recipe.load(write(tmp_path, "extends = 'best'\n[scst]\nepochs = 2\n"))
    assert mine.scst.epochs == 2.0
    assert dataclasses.replace(mine, name="best", about=best.about, scst=best.scst) == best


def test_recipes_that_build_on_each_other_are_refused(tmp_path):
    (tmp_path / "other.toml").write_text("extends = 'mine'", "utf-8")
    with pytest.raises(TrainingError, match="builds on itself"):
        recipe.load(write(tmp_path, "extends = 'other'"))
