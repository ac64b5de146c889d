"""Starting from a bundle: the tower that comes back sees what the bundle's tower sees."""

import numpy as np
import pytest

from image_describer.captioner.bundle import open_bundle
from image_describer.captioner.encoder import Encoder
from image_describer.train import recipe
from image_describer.train.data.dataset import load_pixels, read_flickr8k
from tests.support import tiny


@pytest.fixture(scope="module")
def trained(tiny_run, tiny_data):
    """The tiny training's run, and its captioner as the last checkpoint has it."""
    from image_describer.train import pipeline
    from image_describer.train.fit import checkpoint

    chosen = recipe.load(str(tiny.RECIPE))
    runs = tiny_run / "runs"
    run = pipeline.prepare(chosen, read_flickr8k(tiny_data), "random", runs, resume=True)
    model = pipeline.build_whole(run)
    checkpoint.load(run.folder / "whole.npz", model)
    return run, model


def correlation(a, b):
    """Of regions, each channel brought to one scale: export multiplies channels by factors."""
    a, b = (regions / (regions.max(axis=0) + 1e-6) for regions in (a, b))
    return np.corrcoef(np.ravel(a), np.ravel(b))[0, 1]


@pytest.mark.slow
def test_the_tower_of_a_bundle_comes_back_from_int8(trained, tiny_bundle, tiny_data, monkeypatch):
    from image_describer.train.models import xception

    run, model = trained
    monkeypatch.setenv("IMAGE_DESCRIBER_BUNDLE", str(tiny_bundle))
    assert xception.load_weights(run.lower, run.upper, "bundled") == []
    pixels = load_pixels(tiny_data / "Flicker8k_Dataset" / "picture4.jpg", tiny.SIZE)
    floats = pixels[np.newaxis].astype(np.float32) / 127.5 - 1.0
    original = np.asarray(model.tower.predict_on_batch(floats))[0]
    restored = np.asarray(run.upper.predict_on_batch(run.lower.predict_on_batch(floats)))[0]
    shipped = Encoder.from_bundle(open_bundle(tiny_bundle)).encode(pixels).regions
    assert correlation(restored, original) > 0.99  # only the weights were rounded
    assert correlation(shipped, original) > 0.85  # and here the activations of a tiny tower too
