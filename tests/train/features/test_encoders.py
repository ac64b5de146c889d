"""The frozen encoders: what they compute, their digests, and the weights that they refuse."""

import keras
import numpy as np
import pytest

from image_describer.captioner.bundle import ENCODER, open_bundle
from image_describer.captioner.encoder import Encoder
from image_describer.errors import TrainingError
from image_describer.train.features import encoders
from image_describer.train.recipe import FeatureSettings

SMALL = {"weights": "random", "size": 96, "width": 0.06, "middle_blocks": 1}


def build(policy="float32", **settings):
    return encoders.build(FeatureSettings(**{**SMALL, **settings}), policy)


@pytest.fixture(scope="module")
def xception():
    return build()


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    ("settings", "shape"),
    [({}, (9, 122)), ({"pooled": True}, (1, 122)), ({"frozen_blocks": 13}, (3, 3, 61)),
     ({"frozen_blocks": 4}, (6, 6, 43)), ({"train_size": 128}, (16, 122))],
)  # fmt: skip
def test_the_output_of_the_frozen_blocks_of_xception(settings, shape):
    encoder = build(**settings)
    assert encoder.shape == shape
    size = settings.get("train_size", 96)
    assert encoder.size == size
    assert encoder(np.zeros((2, size, size, 3), np.uint8)).shape == (2, *shape)


def test_pooled_features_are_the_mean_of_the_regions(xception, pixels):
    pooled = encoders.KerasEncoder("xception", xception.model, pooled=True)
    expected = xception(pixels).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(pooled(pixels), expected, rtol=1e-5)


@pytest.mark.slow
def test_other_encoders_return_regions_and_load_files_of_keras(tmp_path):
    encoder = build(encoder="resnet50", size=64)
    assert (encoder.size, encoder.shape) == (64, (4, 2048))
    pixels = np.zeros((2, 64, 64, 3), np.uint8)
    pixels[1, :32] = 255
    regions = encoder(pixels)
    assert regions.shape == (2, 4, 2048)
    assert np.abs(regions[0] - regions[1]).max() > 0
    kernel, file = encoder.model.weights[0], tmp_path / "resnet.weights.h5"
    kernel.assign(kernel * 2)
    encoder.model.save_weights(file)
    loaded = build(encoder="resnet50", size=64, weights=str(file))
    np.testing.assert_array_equal(np.asarray(loaded.model.weights[0]), np.asarray(kernel))


def test_preprocessing_is_that_of_the_pretrained_networks():
    pixels = np.array([[[[0, 255, 51]]]], np.float32)
    np.testing.assert_allclose(encoders.PREPROCESS["xception"](pixels), [[[[-1, 1, -0.6]]]])
    expected = [[[[51 - 103.939, 255 - 116.779, 0 - 123.68]]]]
    np.testing.assert_allclose(encoders.PREPROCESS["resnet50"](pixels), expected, rtol=1e-5)


def test_the_digest_depends_on_size_precision_and_weights_alone(xception):
    assert build().digest() == xception.digest()  # random weights are always the same
    larger, rounded, changed = build(size=128), build("mixed_bfloat16"), build()
    kernel = changed.model.weights[0]
    kernel.assign(kernel * 1.001)
    assert len({one.digest() for one in (xception, larger, rounded, changed)}) == 4
    assert keras.config.dtype_policy().name == "float32"


def test_a_bundle_is_an_encoder_with_the_numbers_of_its_users(tiny_bundle, pixels):
    bundle = open_bundle(tiny_bundle)
    encoder = build(weights=str(tiny_bundle))
    expected = Encoder(bundle.path(ENCODER), threads=1).encode(pixels[0])
    np.testing.assert_allclose(encoder(pixels)[0], expected.regions)
    pooled = build(weights=str(tiny_bundle), pooled=True)
    np.testing.assert_allclose(pooled(pixels)[0, 0], expected.pooled)
    assert encoder.digest() != pooled.digest()


@pytest.mark.parametrize(
    ("name", "weights", "way_out"),
    [
        ("resnet50", "bundled", "--encoder xception"),
        ("inception_v3", "nowhere.weights.h5", "--encoder xception"),
        ("xception", "nowhere.npz", "imagenet"),
    ],
)
def test_missing_weights_are_refused_with_a_way_out(name, weights, way_out):
    with pytest.raises(TrainingError) as caught:
        build(encoder=name, weights=weights)
    assert way_out in caught.value.way_out


def test_a_file_with_some_of_the_weights_is_refused(tmp_path):
    file = tmp_path / "part.npz"
    np.savez(file, **{"block1_conv1/kernel": np.zeros((3, 3, 3, 8))})
    with pytest.raises(TrainingError, match="lacks"):
        build(weights=str(file))


def test_random_weights_are_the_same_each_time():
    parts = []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        settings = FeatureSettings(**SMALL, frozen_blocks=13)
        parts.append(encoders.build_xception(settings, 96))
    for part, other in zip(*parts, strict=True):
        for weight, same in zip(part.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(weight, same)


def test_an_encoder_can_be_trained_on_from_any_bundle(tiny_bundle):
    settings = FeatureSettings(**{**SMALL, "weights": str(tiny_bundle), "frozen_blocks": 13})
    lower, upper = encoders.build_xception(settings, 96)
    pixels = np.random.default_rng(0).integers(0, 256, (96, 96, 3)).astype(np.uint8)
    regions = upper(lower(encoders.PREPROCESS["xception"](pixels[np.newaxis].astype(np.float32))))
    expected = Encoder.from_bundle(open_bundle(tiny_bundle), 1).encode(pixels).regions
    assert np.corrcoef(np.asarray(regions).ravel(), expected.ravel())[0, 1] > 0.9
