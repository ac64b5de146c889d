"""The extractors' one interface, and the store of what they see."""

import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset, load_pixels
from image_describer.train.data.sets import read
from tests.support import tiny

pytest.importorskip("keras")

from image_describer.train.features import extractors
from image_describer.train.features import store as feature_store
from image_describer.train.features.store import (
    FeatureStore,
    MatrixFeatures,
    fill_together,
)

SMALL = {"width": 0.06, "middle_blocks": 1, "precision": "float32"}


@pytest.fixture(scope="module")
def xception():
    return extractors.build("xception", "random", tiny.SIZE, **SMALL)


@pytest.fixture
def data(tiny_data):
    return read(tiny_data)


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(feature_store, "BATCH", 4)


def never(sentence):
    pytest.fail(sentence)


# Extractors ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size"), [("inception_v3", 107), ("resnet50", 64)])
def test_every_extractor_gives_a_grid_of_regions(name, size):
    extractor = extractors.build(name, "random", size, precision="float32")
    grid = 2
    assert (extractor.size, extractor.grid, extractor.channels) == (size, grid, 2048)
    pixels = np.zeros((2, size, size, 3), np.uint8)
    pixels[1, : size // 2] = 255
    regions = extractor.regions(pixels)
    assert regions.shape == (2, grid * grid, 2048)
    assert regions.dtype == np.float32
    assert np.abs(regions[0] - regions[1]).max() > 0


def test_scaling_is_what_each_network_was_trained_on(xception):
    pixels = np.array([[[[0, 255, 51]]]], np.uint8)
    assert np.allclose(xception.scale(pixels), [[[[-1, 1, -0.6]]]])
    scaled = extractors.KINDS["resnet50"].scaling(pixels)
    assert np.allclose(scaled, [[[[51 - 103.939, 255 - 116.779, 0 - 123.68]]]], atol=1e-4)


def test_random_weights_are_the_same_in_every_process(xception):
    again = extractors.build("xception", "random", tiny.SIZE, **SMALL)
    assert again.digest == xception.digest


def test_the_digest_tells_sizes_precisions_and_weights_apart(xception):
    larger = extractors.build("xception", "random", tiny.SIZE + 32, **SMALL)
    rounded = extractors.build(
        "xception", "random", tiny.SIZE, **{**SMALL, "precision": "mixed_bfloat16"}
    )
    other = extractors.build("xception", "random", tiny.SIZE, **SMALL)
    kernel = other.model.weights[0]
    kernel.assign(kernel * 1.001)
    digests = {e.digest for e in (xception, larger, rounded)}
    assert len(digests | {extractors._digest("xception", "float32", other.model)}) == 4


def test_the_bundled_tower_sees_what_the_bundle_sees(shipped_bundle, monkeypatch):
    from image_describer.captioner.bundle import open_bundle
    from image_describer.captioner.encoder import Encoder

    monkeypatch.delenv("IMAGE_DESCRIBER_BUNDLE", raising=False)
    extractor = extractors.build("xception", "bundled", precision="float32")
    pixels = load_pixels(tiny.REPO / "assets" / "samples" / "astronaut.jpg", extractor.size)
    here = extractor.regions(pixels[np.newaxis])[0]
    there = Encoder.from_bundle(open_bundle(shipped_bundle)).encode(pixels).regions
    assert np.corrcoef(here.ravel(), there.ravel())[0, 1] > 0.9  # activations are int8 there


@pytest.mark.slow
def test_weights_come_from_a_file_of_keras(tmp_path):
    extractor = extractors.build("resnet50", "random", 64, precision="float32")
    file = tmp_path / "resnet.weights.h5"
    kernel = extractor.model.weights[0]
    kernel.assign(kernel * 2)
    extractor.model.save_weights(file)
    loaded = extractors.build("resnet50", str(file), 64, precision="float32")
    assert np.array_equal(np.asarray(loaded.model.weights[0]), np.asarray(kernel))


@pytest.mark.parametrize(
    ("name", "weights", "size", "word"),
    [
        ("vgg", "random", None, "xception, inception_v3, resnet50"),
        ("xception", "random", 32, "71"),
        ("resnet50", "bundled", 64, "--extractor xception"),
        ("inception_v3", "nowhere.weights.h5", 107, "--extractor xception"),
        ("xception", "nowhere.npz", 96, "imagenet"),
    ],
)
def test_what_can_t_be_built_is_refused_with_the_way_out(name, weights, size, word):
    with pytest.raises(TrainingError) as caught:
        extractors.build(name, weights, size)
    assert word in caught.value.way_out


def test_a_part_of_xception_is_no_extractor(tmp_path):
    np.savez(tmp_path / "part.npz", **{"block1_conv1/kernel": np.zeros((3, 3, 3, 32))})
    with pytest.raises(TrainingError, match="lacks"):
        extractors.build("xception", str(tmp_path / "part.npz"), 96)


def test_xception_s_grid_follows_its_input(xception):
    assert (xception.size, xception.grid, xception.channels) == (96, 3, 122)


# The store -----------------------------------------------------------------------------------


@pytest.mark.parametrize("pooled", [True, False])
def test_features_are_the_extractor_s_whatever_the_order_of_names(
    xception, data, tmp_path, pooled, small_batches
):
    names = data.splits["train"]
    store = FeatureStore(tmp_path, xception, names, pooled)
    store.fill(data, never)
    wanted = [names[5], names[0]]
    pixels = np.stack([load_pixels(data.path(name), xception.size) for name in wanted])
    expected = xception.regions(pixels)
    expected = expected.mean(axis=1) if pooled else expected
    found = store.take(wanted)
    assert found.dtype == np.float16
    assert found.shape == expected.shape
    assert np.allclose(found, expected, atol=1e-3)
    again = FeatureStore(tmp_path, xception, reversed(names), pooled)
    assert again.complete
    assert np.array_equal(again.take(wanted), found)


def test_both_kinds_are_filled_in_one_pass(xception, data, tmp_path, small_batches, monkeypatch):
    stores = [FeatureStore(tmp_path, xception, data.captions, pooled) for pooled in (True, False)]
    calls = []
    whole = extractors.Extractor.regions
    monkeypatch.setattr(
        extractors.Extractor, "regions", lambda self, p: calls.append(len(p)) or whole(self, p)
    )
    fill_together(stores, data, never)
    assert sum(calls) == 24
    pooled, grid = (store.take(stores[0].names) for store in stores)
    assert np.allclose(grid.astype(np.float32).mean(axis=1), pooled, atol=1e-3)


def test_what_was_computed_is_not_computed_again(xception, data, tmp_path, monkeypatch):
    names = data.splits["dev"]
    FeatureStore(tmp_path, xception, names, True).fill(data, never)
    monkeypatch.setattr(extractors.Extractor, "regions", lambda *_: pytest.fail("computed again"))
    FeatureStore(tmp_path, xception, names, True).fill(data, never)


def test_a_fill_that_is_stopped_goes_on_where_it_was(
    xception, data, tmp_path, small_batches, monkeypatch
):
    names = sorted(data.captions)
    whole = FeatureStore(tmp_path / "whole", xception, names, False)
    whole.fill(data, never)
    seen = []

    def stopped(self, pixels):
        if len(seen) == 3:
            raise KeyboardInterrupt
        seen.append(1)
        return computed(self, pixels)

    computed = extractors.Extractor.regions
    monkeypatch.setattr(extractors.Extractor, "regions", stopped)
    store = FeatureStore(tmp_path / "part", xception, names, False)
    with pytest.raises(KeyboardInterrupt):
        store.fill(data, never)
    with pytest.raises(TrainingError, match="12"):
        store.take(names)
    monkeypatch.setattr(
        extractors.Extractor, "regions", lambda self, p: seen.append(1) or computed(self, p)
    )
    again = FeatureStore(tmp_path / "part", xception, names, False)
    again.fill(data, never)
    assert len(seen) == 6
    assert np.array_equal(again.take(names), whole.take(names))


def test_a_changed_picture_is_seen_anew(xception, tiny_data, data, tmp_path):
    own = Dataset(shutil.copytree(data.pictures, tmp_path / "own"), data.captions, data.splits)
    names = data.splits["dev"]
    store = FeatureStore(tmp_path / "features", xception, names, True)
    store.fill(own, never)
    before = store.take(names[:1])
    Image.new("RGB", (96, 96), "white").save(own.path(names[0]))
    store = FeatureStore(tmp_path / "features", xception, names, True)
    store.fill(own, never)
    assert not np.array_equal(store.take(names[:1]), before)


def test_broken_pictures_are_told_each_time_and_leave_zeros(
    xception, data, tmp_path, small_batches
):
    own = Dataset(shutil.copytree(data.pictures, tmp_path / "own"), data.captions, data.splits)
    names = sorted(data.captions)
    own.path(names[6]).write_bytes(b"\xff\xd8\xff no picture")
    own.path(names[20]).unlink()
    for _ in range(2):
        told = []
        store = FeatureStore(tmp_path / "features", xception, names, False)
        store.fill(own, told.append)
        assert len(told) == 2
        assert any(names[6] in sentence for sentence in told)
        assert set(store.broken) == {names[6], names[20]}
        features = store.take(names)
        assert not features[[6, 20]].any()
        assert features[[5, 7, 19, 21]].any(axis=(1, 2)).all()


@pytest.mark.parametrize("damage", ["mark", "cut", "gone", "odd mark"])
def test_damaged_files_are_computed_anew(xception, data, tmp_path, damage):
    names = data.splits["dev"]
    store = FeatureStore(tmp_path, xception, names, True)
    store.fill(data, never)
    expected = store.take(names)
    mark, features = next(tmp_path.glob("*.json")), next(tmp_path.glob("*.f16"))
    if damage == "mark":
        mark.write_text("{", "utf-8")
    elif damage == "odd mark":
        mark.write_text(json.dumps({"rows": 10**9, "pictures": "", "broken": 5}), "utf-8")
    elif damage == "cut":
        features.write_bytes(features.read_bytes()[:100])
    else:
        features.unlink()
    store = FeatureStore(tmp_path, xception, names, True)
    assert not store.complete
    store.fill(data, never)
    assert np.array_equal(store.take(names), expected)


def test_a_disk_without_room_is_told_and_nothing_is_left(xception, data, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    store = FeatureStore(tmp_path, xception, data.captions, False)
    with pytest.raises(TrainingError, match="No space left"):
        store.fill(data, never)
    assert not list(tmp_path.glob("*.f16"))


def test_unknown_names_and_empty_stores_are_told(xception, data, tmp_path):
    store = FeatureStore(tmp_path, xception, data.splits["dev"], True)
    store.fill(data, never)
    with pytest.raises(TrainingError, match=r"stranger\.jpg"):
        store.take(["stranger.jpg"])
    nothing = FeatureStore(tmp_path, xception, [], True)
    nothing.fill(data, never)
    assert nothing.take([]).shape == (0, xception.channels)


def test_features_that_came_with_the_data_are_a_store_too(tmp_path):
    matrix = np.arange(12, dtype=np.float64).reshape(4, 3)
    data = Dataset(tmp_path, {"b": ["x"], "a": ["y"]}, {}, [], matrix, {"b": 3, "a": 1})
    store = MatrixFeatures(data)
    store.fill(data, never)
    assert store.take(["a", "b"]).tolist() == [[3, 4, 5], [9, 10, 11]]
    assert store.shape == (2, 3)
    with pytest.raises(TrainingError, match="no features of c"):
        store.take(["c"])
    with pytest.raises(TrainingError, match="brings no features"):
        MatrixFeatures(Dataset(tmp_path, {}, {}))
