"""Fitting the head that recognizes unfamiliar pictures."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from image_describer.captioner.bundle import NOVELTY, open_bundle
from image_describer.captioner.novelty import NoveltyHead
from image_describer.errors import TrainingError
from image_describer.train.data.dataset import read_flickr8k
from image_describer.train.heads import novelty as fitting


@pytest.fixture
def bundle(tiny_bundle, tmp_path):
    return shutil.copytree(tiny_bundle, tmp_path / "bundle")


def test_learning_parts_two_sorts_and_puts_a_third_beyond_the_first():
    chance = np.random.default_rng(1)

    def seen(peak, count):
        return np.abs(chance.normal(0, 0.3, (count, 40))) + 5 * np.eye(40)[peak]

    photographs = np.concatenate([seen(peak, 60) for peak in (0, 1, 2)])
    weights = fitting.learn(photographs[::2], seen(3, 50))
    known = NoveltyHead(weights, usual=-0.5, photograph_limit=0.0)
    usual = [known.score(row) for row in photographs[1::2]]
    assert np.mean(usual) == pytest.approx(-1, abs=0.2)
    assert min(known.score(row) for row in seen(3, 20)) > max(usual)
    other = [known.score(row) for row in seen(9, 20)]  # never seen
    assert np.mean(other) > np.quantile(usual, 0.9)


def test_fitting_leaves_a_bundle_that_opens(bundle, tiny_data):
    before = open_bundle(bundle).manifest
    numbers = fitting.fit(bundle, read_flickr8k(tiny_data), each=1, harmed=1)
    after = open_bundle(bundle)
    assert NoveltyHead.from_bundle(after) is not None
    assert set(after.manifest["files"]) == {*before["files"], NOVELTY}
    assert after.manifest["novelty"] == numbers
    assert numbers["usual"] <= numbers["doubt"]
    assert after.manifest["metrics"] == before["metrics"]


def test_one_picture_is_too_few_to_learn_from(bundle, tiny_data):
    data = read_flickr8k(tiny_data)
    one = replace(data, splits={**data.splits, "train": data.splits["train"][:1]})
    before = sorted(path.name for path in bundle.iterdir())
    with pytest.raises(TrainingError, match="too few"):
        fitting.fit(bundle, one, each=1, harmed=1)
    assert sorted(path.name for path in bundle.iterdir()) == before


def test_the_command_tells_what_it_found_or_why_not(bundle, tmp_path, capsys):
    asked = ["--bundle", str(bundle), "--data", str(tmp_path / "nowhere")]
    assert fitting.main(asked) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
