"""The noise of training: what each layer does, and that nothing of it remains in inference."""

import keras
import numpy as np
import pytest

from image_describer.train.captioning import PixelEncoder, copy_weights, freeze_normalization
from image_describer.train.models import regularization, xception
from image_describer.train.models.regularization import Cutout, FaintMixup, StochasticDepth


@pytest.fixture
def maps():
    keras.utils.set_random_seed(3)
    return np.random.default_rng(0).uniform(1, 2, (64, 14, 14, 6)).astype(np.float32)


@pytest.mark.parametrize("kind", [StochasticDepth, Cutout, FaintMixup])
def test_noise_is_in_training_only(kind, maps):
    layer = kind(0.5, "noise")
    np.testing.assert_array_equal(np.asarray(layer(maps)), maps)
    noisy = [np.asarray(layer(maps, training=True)) for _ in range(4)]
    assert all(one.shape == maps.shape for one in noisy)
    assert any((one != maps).any() for one in noisy)
    layer.rate = 0.0
    np.testing.assert_array_equal(np.asarray(layer(maps, training=True)), maps)


def test_stochastic_depth_skips_whole_batches_and_scales_the_others(maps):
    layer, factors = StochasticDepth(0.25, "depth"), []
    for _ in range(200):
        factor = np.asarray(layer(maps[:2], training=True)) / maps[:2]
        assert np.ptp(factor) < 1e-5
        factors.append(factor.mean())
    assert {round(float(factor), 4) for factor in factors} == {0.0, 1.3333}
    assert np.mean(factors) == pytest.approx(1.0, abs=0.15)


def test_cutout_zeros_one_rectangle_of_half_of_the_maps(maps):
    found = np.asarray(Cutout(0.5, "cutout")(maps, training=True))
    hidden = found == 0
    assert (hidden.all(axis=3) == hidden.any(axis=3)).all()  # in all channels or in none
    np.testing.assert_array_equal(found[~hidden], maps[~hidden])
    cut = [one[..., 0] for one in hidden if one.any()]
    assert 0.3 < len(cut) / len(maps) < 0.7
    for one in cut:
        rows, columns = one.any(axis=1), one.any(axis=0)
        assert one.sum() == rows.sum() * columns.sum()
        for side in (rows, columns):
            first, last = np.flatnonzero(side)[[0, -1]]
            assert last - first + 1 == side.sum()
            assert 3 <= side.sum() <= 8


def test_faint_mixup_adds_a_little_of_the_next_picture_to_half_of_the_maps(maps):
    found = np.asarray(FaintMixup(0.5, "mixup")(maps, training=True))
    other = np.roll(maps, 1, axis=0)
    shares = np.median(((found - maps) / (other - maps)).reshape(len(maps), -1), axis=1)
    share = shares.reshape(-1, 1, 1, 1)
    np.testing.assert_allclose(found, maps * (1 - share) + other * share, rtol=1e-4)
    assert 0.3 < (shares > 1e-3).mean() < 0.7
    assert shares.min() > -1e-3
    assert shares.max() < regularization.MIXUP_SHARE[1] + 1e-3


def upper(strength, seed=0):
    keras.utils.set_random_seed(seed)
    return xception.build_upper(8, 43, 0.06, 3, 5, strength)


def test_a_regularized_encoder_is_the_plain_one_in_inference():
    plain, noisy = upper(0.0), upper(1.0, seed=1)
    copy_weights(plain.layers, noisy.layers)
    rates = {layer.name: layer.rate for layer in noisy.layers if hasattr(layer, "rate")}
    assert list(rates) == [
        "faint_mixup", "cutout", "block6_depth", "block7_depth",
        "drop_before", "drop_between", "drop_after",
    ]  # fmt: skip
    assert not [layer for layer in plain.layers if hasattr(layer, "rate")]
    # Deeper blocks are skipped more often.
    assert rates["block6_depth"] == pytest.approx(regularization.SKIP_RATE / 2)
    assert rates["block7_depth"] == pytest.approx(regularization.SKIP_RATE)
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 43)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(noisy(x)), np.asarray(plain(x)), rtol=1e-5)
    with regularization.disabled(noisy):
        assert not any(noisy.get_layer(name).rate for name in rates)
    assert {name: noisy.get_layer(name).rate for name in rates} == rates


def test_normalization_is_settled_on_maps_without_noise():
    encoder = upper(1.0)
    freeze_normalization(encoder, 13)
    frozen, last = (encoder.get_layer(f"block{n}_bn") for n in ("13_sepconv2", "14_sepconv1"))
    before, momentum = np.asarray(frozen.moving_mean).copy(), last.momentum
    batches = list(np.random.default_rng(0).normal(size=(4, 16, 8, 8, 43)).astype(np.float32))
    regularization.settle_normalization(encoder, batches)
    normalized = keras.Model(encoder.input, last.output)
    found = np.asarray(normalized(np.concatenate(batches)))
    np.testing.assert_allclose(found.mean(axis=(0, 1, 2)), 0.0, atol=0.02)
    np.testing.assert_allclose(found.std(axis=(0, 1, 2)), 1.0, atol=0.05)
    np.testing.assert_array_equal(np.asarray(frozen.moving_mean), before)
    assert last.momentum == momentum
    first = np.asarray(last.moving_variance).copy()
    regularization.settle_normalization(encoder, batches)  # without noise: the same again
    np.testing.assert_allclose(np.asarray(last.moving_variance), first, rtol=1e-5)


def test_normalization_is_settled_inside_an_encoder_of_pixels():
    lower = xception.build_lower(96, 0.06, 1, 12)
    upper = xception.build_upper(6, 43, 0.06, 1, 12, 1.0)
    encoder = PixelEncoder("xception", xception.join(lower, upper))
    variance = upper.get_layer("block14_sepconv1_bn").moving_variance
    pictures = np.random.default_rng(0).integers(0, 256, (2, 4, 96, 96, 3)).astype(np.uint8)
    settled = []
    for _ in range(2):
        regularization.settle_normalization(encoder, list(pictures))
        settled.append(np.asarray(variance).copy())
    assert np.abs(settled[0] - 1.0).max() > 0.1  # the initial value
    np.testing.assert_allclose(*settled, rtol=1e-5)  # without noise
