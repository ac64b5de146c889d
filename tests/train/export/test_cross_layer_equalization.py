"""Equalization returns the same results, with channels of the same range."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def parts():
    import keras

    from image_describer.train.models import xception

    keras.utils.set_random_seed(0)
    lower = xception.build_lower(96, 0.06, 2)
    upper = xception.build_upper(lower.output_shape[1], lower.output_shape[-1], 0.06)
    rng = np.random.default_rng(0)
    for part in (lower, upper):
        for layer in part.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                # Channels that differ by orders of magnitude, as those of a trained encoder do.
                spread = rng.lognormal(0.0, 1.5, layer.gamma.shape)
                layer.gamma.assign(spread)
                layer.beta.assign(0.3 * spread * rng.normal(size=spread.shape))
    return lower, upper


def test_the_regions_only_get_factors_and_have_even_ranges(parts):
    from image_describer.train.export.cross_layer_equalization import equalize

    lower, upper = parts
    pictures = np.random.default_rng(1).integers(0, 256, (4, 96, 96, 3)).astype(np.uint8)
    pixels = pictures.astype(np.float32) / 127.5 - 1.0

    def regions():
        return np.asarray(upper.predict_on_batch(lower.predict_on_batch(pixels)))

    before = regions()
    factors = equalize(lower, upper, pictures)
    after = regions()
    assert factors.shape == (before.shape[-1],)
    scale = np.abs(before).max()
    assert np.abs(after / factors - before).max() < 1e-3 * scale

    def unevenness(x):
        peaks = x.max(axis=(0, 1))
        peaks = peaks[peaks > 0]
        return peaks.max() / np.median(peaks)

    assert unevenness(after) < 2.0
    assert unevenness(before) > 3 * unevenness(after)


def test_a_channel_that_relu_stops_is_not_enlarged_again_and_again(parts):
    from image_describer.train.export.cross_layer_equalization import equalize

    lower, upper = parts
    normalization = lower.get_layer("block4_sepconv1_bn")
    normalization.beta.assign(np.where(np.arange(normalization.beta.shape[0]) == 0, -1e4, 0.0))
    pictures = np.random.default_rng(1).integers(0, 256, (4, 96, 96, 3)).astype(np.uint8)
    sizes = []
    for _ in range(3):
        equalize(lower, upper, pictures)
        sizes.append(np.abs(np.asarray(normalization.beta)).max())
    assert sizes[2] <= sizes[0] * 1.5
