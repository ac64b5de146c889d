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
    ],
)
def test_a_wrong_key_or_value_is_refused_with_what_is_allowed(tmp_path, text, told):
    with pytest.raises(TrainingError, match=told):
        recipe.load(write(tmp_path, text))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(TrainingError, match=r"No recipe 'besst'. There are: .*best"):
        recipe.load("besst")
