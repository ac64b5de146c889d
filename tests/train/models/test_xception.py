"""Xception in two parts, split after any block, and its weights."""

import keras
import numpy as np
import pytest

from image_describer.errors import TrainingError
from image_describer.train.captioning import copy_weights, freeze_normalization
from image_describer.train.models import xception

SIZE, SHAPE = 64, (0.06, 2)  # width, middle blocks


def parts(last, seed=0):
    keras.utils.set_random_seed(seed)
    lower = xception.build_lower(SIZE, *SHAPE, last)
    grid, channels = lower.output_shape[2:]
    return lower, xception.build_upper(grid, channels, *SHAPE, last)


@pytest.fixture(scope="module")
def whole():
    return parts(13)


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).uniform(-1, 1, (2, SIZE, SIZE, 3)).astype(np.float32)


@pytest.mark.parametrize("last", [4, 6])
def test_the_regions_are_the_same_wherever_it_is_split(last, whole, pixels):
    lower, upper = split = parts(last, seed=1)
    copy_weights([layer for part in whole for layer in part.layers], lower.layers + upper.layers)
    assert split[0].output_shape != whole[0].output_shape
    found, expected = (np.asarray(two(one(pixels))) for one, two in (split, whole))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_frozen_normalization_is_that_of_the_pretrained_blocks():
    _, upper = parts(5)
    freeze_normalization(upper, 13)
    trained = {layer.name for layer in upper.layers if layer.trainable and layer.weights}
    assert "block14_sepconv1_bn" in trained
    assert "block13_sepconv2" in trained
    assert "block13_sepconv2_bn" not in trained
    freeze_normalization(upper, 14)
    assert not upper.get_layer("block14_sepconv1_bn").trainable


def test_the_block_of_a_layer():
    names = ("block9_sepconv1_bn", "block14_sepconv2", "lower")
    assert [xception.block_of(name) for name in names] == [9, 14, 0]


def test_weights_come_from_an_npz_file_and_missing_ones_are_named(whole, tmp_path):
    weights = {
        f"{layer.name}/{xception._variable_name(variable)}": np.asarray(variable) + 1
        for part in whole
        for layer in part.layers
        for variable in layer.weights
    }
    missing = weights.pop("block14_sepconv2_bn/gamma")
    np.savez(tmp_path / "weights.npz", **weights)
    lower, upper = parts(13, seed=1)
    source = str(tmp_path / "weights.npz")
    assert xception.load_weights(lower, upper, source) == ["block14_sepconv2_bn/gamma"]
    kernel = np.asarray(lower.get_layer("block1_conv1").kernel)
    np.testing.assert_array_equal(kernel, weights["block1_conv1/kernel"])
    np.savez(tmp_path / "weights.npz", **weights, **{"block14_sepconv2_bn/gamma": missing[:-1]})
    with pytest.raises(TrainingError, match=r"block14_sepconv2_bn/gamma as \(\d+,\)"):
        xception.load_weights(lower, upper, source)
    (tmp_path / "weights.npz").write_bytes(b"PK")
    with pytest.raises(TrainingError, match="can't be read"):
        xception.load_weights(lower, upper, source)
