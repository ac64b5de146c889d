"""Equalising: the same results, in channels of the same range."""

import numpy as np
import pytest


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "rescaled"])
def rescaled(request):
    return request.param


@pytest.fixture(scope="module")
def parts(rescaled):
    import keras

    from image_describer.train.models import xception

    keras.utils.set_random_seed(0)
    lower = xception.build_lower(96, 0.06, 2, rescaled=rescaled)
    upper = xception.build_upper(lower.output_shape[1], lower.output_shape[-1], 0.06)
    rng = np.random.default_rng(0)
    for part in (lower, upper):
        for layer in part.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                # Channels that differ by orders of magnitude, as those of a trained tower do.
                spread = rng.lognormal(0.0, 1.5, layer.gamma.shape)
                layer.gamma.assign(spread)
                layer.beta.assign(0.3 * spread * rng.normal(size=spread.shape))
    return lower, upper


def test_the_regions_are_the_same_but_for_the_factors_and_the_ranges_are_even(parts):
    from image_describer.train.export.cross_layer_equalization import equalise

    lower, upper = parts
    pixels = np.random.default_rng(1).uniform(-1, 1, (4, 96, 96, 3))
    pixels = pixels.astype(np.float32)

    def regions():
        return np.asarray(upper.predict_on_batch(lower.predict_on_batch(pixels)))

    before = regions()
    factors = equalise(lower, upper, [pixels])
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


def test_a_block_with_factors_of_its_own_ends_in_even_channels(parts, rescaled):
    import keras

    from image_describer.train.export.cross_layer_equalization import equalise
    from image_describer.train.models import xception

    lower, upper = parts
    pixels = np.random.default_rng(1).uniform(-1, 1, (4, 96, 96, 3)).astype(np.float32)
    equalise(lower, upper, [pixels])
    own = [layer for layer in lower.layers if layer.name.endswith("_rescale")]
    assert len(own) == (2 if rescaled else 0)  # the network has blocks 5 and 6
    for layer in own:
        assert layer.name in [f"block{block}_rescale" for block in xception.RESCALED]
        peaks = keras.Model(lower.input, layer.input).predict_on_batch(pixels)
        peaks = np.abs(peaks).max(axis=(0, 1, 2))
        assert peaks.max() < 1.5 * np.median(peaks)
