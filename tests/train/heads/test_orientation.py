"""Fitting the head that recognizes rotated pictures."""

import shutil

import numpy as np
import pytest

from image_describer.captioner.bundle import ORIENTATION, open_bundle
from image_describer.captioner.orientation import OrientationHead
from image_describer.train.data.dataset import read_flickr8k
from image_describer.train.heads import orientation as fitting


@pytest.fixture
def bundle(tiny_bundle, tmp_path):
    return shutil.copytree(tiny_bundle, tmp_path / "bundle")


def test_learning_finds_what_differs():
    chance = np.random.default_rng(0)
    turns = np.arange(200) % 4
    summaries = chance.normal(5, 3, (200, 300)).astype(np.float32)
    summaries[np.arange(200), turns] += 12
    summaries[:, 4:200] += chance.normal(0, 2, (4, 196)).astype(np.float32)[turns]
    weights = fitting.learn(fitting.Seen(summaries[:100], turns[:100]))
    figures = fitting.judge(weights, 0.5, fitting.Seen(summaries[100:], turns[100:]))
    assert figures["turn_right"] > 0.9
    assert figures["found"] > figures["false_alarms"] + 0.5


def test_fitting_leaves_a_bundle_that_opens(bundle, tiny_data):
    before = open_bundle(bundle).manifest
    figures = fitting.fit(bundle, read_flickr8k(tiny_data), pictures=6)
    after = open_bundle(bundle)
    assert OrientationHead.from_bundle(after) is not None
    assert set(after.manifest["files"]) == {*before["files"], ORIENTATION}
    assert after.manifest["orientation"].items() >= figures.items()
    assert figures["false_alarms"] <= 1 / 6
    assert after.manifest["metrics"] == before["metrics"]
