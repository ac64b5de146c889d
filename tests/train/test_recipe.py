"""Recipes: defaults, extension, and what is refused."""

import dataclasses

import pytest

from image_describer.captioner.bundle import open_bundle
from image_describer.errors import TrainingError
from image_describer.train import recipe


def write(tmp_path, text, name="mine"):
    file = tmp_path / f"{name}.toml"
    file.write_text(text, "utf-8")
    return str(file)


@pytest.mark.parametrize("name", recipe.names())
def test_every_shipped_recipe_loads(name):
    loaded = recipe.load(name)
    assert loaded.name == name
    assert loaded.about


def test_there_are_the_recipes_of_the_bundle_and_of_the_five_systems():
    assert set(recipe.names()) >= {
        "best", "flickr8k", "image-describer", "keras-captioning", "audio-captions",
        "attend-and-tell", "joint-embedding",
    }  # fmt: skip


def test_missing_settings_are_the_defaults(tmp_path):
    mine = recipe.load(write(tmp_path, "[fit]\nepochs = 3\n[heads.joint_space]\nunits = 8"))
    assert mine.fit == recipe.Fit(epochs=3.0)
    assert mine.network == recipe.Network()
    assert mine.heads == recipe.Heads(joint_space=recipe.JointSpaceSettings(units=8))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sed = 1", r"mine: no key 'sed'.*There are: name, about, seed"),
        ("[fit]\nepoch = 3", r"mine\.fit: no key 'epoch'.*There are: epochs"),
        ("[heads.joint_space]\naxis = 3", r"mine\.heads\.joint_space: no key 'axis'"),
        ("[fit]\nbatch = 'many'", r"mine\.fit\.batch is 'many'.*int"),
        ("[fit]\nbatch = true", r"mine\.fit\.batch is True.*int"),
        ("[fit]\nbatch = -1", "not negative"),
        ("[fit]\nbatch = 0", "from 1 to"),
        ("[fit]\nlearning_rate = nan", "not negative"),
        ("[features]\npooled = 1", "bool"),
        ("[features]\nfrozen_blocks = 3", "from 4 to 14"),
        ("[network]\ndropout = 1.0", "from 0.0 to 0.95"),
        ("[network]\nkind = 'transformer'", "one of: attention-lstm, merge-lstm, bahdanau-gru"),
        ("[heads]\nparts = ['wings']", "one of: joint_space, joint_words, genders"),
        ("[heads]\nparts = 'novelty'", "It must be a list"),
        ("[data]\nsets = [3]", "str"),
        ("[data]\nsets = ['a', 'b']\nweights = [1.0]", "2 sets and .*data 1 weights.*one weight"),
        ("[reward]\nweights = [1.0, 2.0]", "1 sets and .*reward 2 weights"),
        ("precision = 'float8'", "one of: float32, mixed_bfloat16"),
        ("fit = 3", r"Write it as \[fit\]"),
        ("[fit", "can't be read"),
        ("extends = 3", "the name of a recipe"),
        ("extends = 'besst'", r"no recipe 'besst'\. There are: .*best"),
        ("extends = 'mine'", "extends itself"),
    ],
)
def test_a_wrong_recipe_is_refused_in_one_sentence(text, message, tmp_path):
    with pytest.raises(TrainingError, match=message) as caught:
        recipe.load(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(TrainingError, match=r"no recipe 'besst'\. There are: .*best"):
        recipe.load("besst")


def test_a_recipe_has_the_settings_of_its_base_except_for_its_own(tmp_path):
    write(tmp_path, "about = 'base'\nseed = 7\n[fit]\nepochs = 3\nbatch = 2\n", "base")
    mine = recipe.load(write(tmp_path, "extends = 'base'\n[fit]\nepochs = 4\n"))
    assert (mine.name, mine.about, mine.seed) == ("mine", "", 7)
    assert (mine.fit.epochs, mine.fit.batch) == (4.0, 2)


def test_a_recipe_extends_a_shipped_one_from_any_folder(tmp_path):
    best = recipe.load("best")
    mine = recipe.load(write(tmp_path, "extends = 'best'\n[reward]\nepochs = 2.5\n"))
    assert mine.reward.epochs == 2.5
    assert dataclasses.replace(mine, name="best", about=best.about, reward=best.reward) == best


def test_recipes_that_extend_each_other_are_refused(tmp_path):
    write(tmp_path, "extends = 'mine'", "other")
    with pytest.raises(TrainingError, match="extends itself through"):
        recipe.load(write(tmp_path, "extends = 'other'"))


def test_the_shipped_bundle_decodes_as_its_recipe_says(shipped_bundle):
    manifest = open_bundle(shipped_bundle).manifest
    best = recipe.load(manifest["name"])
    for setting in ("beams", "length_norm", "match_weight", "ngram_weight"):
        assert manifest["decode"][setting] == getattr(best.export, setting)
