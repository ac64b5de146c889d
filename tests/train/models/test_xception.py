"""The tower in two parts, apart after any block; what is cached of it; what learns of it."""

import dataclasses

import numpy as np
import pytest

from image_describer.train import recipe
from image_describer.train.data import augment
from image_describer.train.data.sets import read
from tests.support import tiny

SIZE = 64


@pytest.fixture(scope="module")
def data(tiny_data):
    return read(tiny_data)


def parts(last, seed=0):
    import keras

    from image_describer.train.models import xception

    keras.utils.set_random_seed(seed)
    lower = xception.build_lower(SIZE, 0.06, 2, last)
    grid, channels = lower.output_shape[2:]
    return lower, xception.build_upper(grid, channels, 0.06, 2, last)


@pytest.mark.slow
@pytest.mark.parametrize("last", [4, 5, 6])
def test_the_regions_are_the_same_wherever_the_tower_is_parted(last):
    from image_describer.train.pipeline import _carry

    whole, split = parts(13), parts(last, seed=1)
    _carry(whole, split)
    pixels = np.random.default_rng(0).uniform(-1, 1, (2, SIZE, SIZE, 3)).astype(np.float32)

    def regions(lower, upper):
        return np.asarray(upper.predict_on_batch(lower.predict_on_batch(pixels)))

    assert split[0].output_shape != whole[0].output_shape
    np.testing.assert_allclose(regions(*split), regions(*whole), rtol=1e-5, atol=1e-6)


def test_a_layer_tells_its_block():
    from image_describer.train.models.xception import block_of

    assert [block_of(n) for n in ("block9_sepconv1_bn", "block14_sepconv2", "lower")] == [9, 14, 0]


class Counted:
    """Stands for blocks of a tower: says how bright a picture is, and how often it was asked."""

    name, size, shape = "counted", tiny.SIZE, (1,)

    def __init__(self):
        self.looks = 0

    def __call__(self, pixels):
        self.looks += len(pixels)
        return pixels.reshape(len(pixels), -1).mean(axis=1, keepdims=True)

    def digest(self):
        return b"counted"


def test_a_cache_without_mirror_images_looks_at_dev_once(data, tmp_path):
    from image_describer.train.data.dataset import load_pixels
    from image_describer.train.features.cache import filled

    source = Counted()
    cache = filled(tmp_path, source, data, augment.Views(3, mirror=False, grey=0.2))
    train, dev = data.splits["train"], data.splits["dev"]
    assert cache.views == 4
    assert source.looks == 4 * len(train) + len(dev)
    name = train[2]
    seen = cache.take([name] * 4, np.array([0, 2, 4, 6]))[:, 0]
    plain = load_pixels(data.path(name), tiny.SIZE)
    views = [plain, *(augment.other_view(plain, augment.rng_of(name, v), 0.2) for v in (2, 4, 6))]
    np.testing.assert_allclose(seen, [view.mean() for view in views], rtol=1e-3)
    # Whole already: nothing is looked at again.
    again = Counted()
    filled(tmp_path, again, data, augment.Views(3, mirror=False, grey=0.2))
    assert again.looks == 0


def test_some_other_views_are_grey_and_half_are_mirrored():
    pixels = np.zeros((96, 96, 3), np.uint8)
    pixels[:, :, 0] = np.linspace(40, 200, 96, dtype=np.uint8)
    views = [augment.other_view(pixels, augment.rng_of(f"{n}.jpg", 2), 0.2) for n in range(300)]
    grey = np.mean([(view[..., 0] == view[..., 2]).all() for view in views])
    assert 0.1 < grey < 0.3
    turned = np.mean([view[:, 0, 0].mean() > view[:, -1, 0].mean() for view in views])
    assert 0.4 < turned < 0.6


def test_what_was_trained_already_moves_by_its_share():
    import keras

    from image_describer.train.fit.optimizer import UnevenAdam

    known, fresh = keras.Variable(np.zeros(3)), keras.Variable(np.zeros(3))
    optimizer = UnevenAdam(0.1, shares=[0.25, 1.0])
    optimizer.build([known, fresh])
    for _ in range(3):
        optimizer.apply([np.ones(3, np.float32)] * 2, [known, fresh])
    np.testing.assert_allclose(np.asarray(fresh), -0.3, rtol=1e-3)
    np.testing.assert_allclose(np.asarray(known), -0.075, rtol=1e-3)


def test_a_whole_tower_moves_by_its_share_too(data, tmp_path):
    from image_describer.train import pipeline
    from image_describer.train.fit import loop

    chosen = recipe.load(str(tiny.RECIPE))
    run = pipeline.prepare(chosen, data, "random", tmp_path, False)
    model = pipeline.build_whole(run)
    stage = dataclasses.replace(chosen.whole, epochs=1.0, pretrained=0.5)
    loop.compile_for(model, stage, 1)
    model.optimizer.build(model.trainable_variables)
    before = [np.array(v) for v in model.trainable_variables]
    model.optimizer.apply([np.ones(v.shape, np.float32) for v in model.trainable_variables])
    moved = {
        v.path: np.abs(np.array(v) - old).max()
        for v, old in zip(model.trainable_variables, before, strict=True)
    }
    full = [step for path, step in moved.items() if "block14" in path or "/to_words/" in path]
    half = [step for path, step in moved.items() if "block5" in path or "block13" in path]
    assert min(full) == pytest.approx(max(full), rel=1e-2)
    assert min(half) == pytest.approx(max(half), rel=1e-2)
    assert min(half) == pytest.approx(0.5 * min(full), rel=1e-2)


@pytest.mark.slow
def test_blocks_that_learn_are_carried_into_the_tower_and_the_frozen_ones_stay(data, tmp_path):
    from image_describer.train import pipeline
    from image_describer.train.fit import loop

    chosen = recipe.load(str(tiny.RECIPE))
    head = dataclasses.replace(
        chosen.head, epochs=2.0, frozen=4, size=64, pretrained=0.5, crops=1, mirror=False
    )
    run = pipeline.prepare(dataclasses.replace(chosen, head=head), data, "random", tmp_path, False)

    def weights():
        layers = (*run.lower.layers, *run.upper.layers)
        return {w.path: np.array(w) for layer in layers for w in layer.weights}

    before = weights()
    model = pipeline.fit_head(run)
    after = weights()
    moved = {path for path in before if (before[path] != after[path]).any()}
    assert any("block5_sepconv1" in path for path in moved)
    assert any("block13_sepconv2" in path for path in moved)
    assert any("block14_sepconv1_bn" in path for path in moved)
    kept = ("block1_", "block2_", "block3_", "block4_", "block13_sepconv2_bn", "block5_sepconv1_bn")
    assert not [path for path in moved if any(name in path for name in kept)]
    # Without epochs for every layer, what the head learnt is what there is to export.
    whole = dataclasses.replace(chosen.whole, epochs=0.0)
    run.recipe = dataclasses.replace(run.recipe, whole=whole)
    exported = pipeline.fit_whole(run, model)
    assert (run.folder / "whole.npz").exists()
    pixels = np.random.default_rng(0).uniform(-1, 1, (2, tiny.SIZE, tiny.SIZE, 3))
    regions = run.upper.predict_on_batch(run.lower.predict_on_batch(pixels.astype(np.float32)))
    with loop.precision("float32"):
        found = exported.tower.predict_on_batch(pixels.astype(np.float32))
    np.testing.assert_allclose(np.asarray(found), np.asarray(regions), rtol=1e-3, atol=1e-3)


def test_a_recipe_refuses_blocks_that_cannot_be_frozen(tmp_path):
    from image_describer.errors import TrainingError

    file = tmp_path / "odd.toml"
    file.write_text("[head]\nfrozen = 3\n", "utf-8")
    with pytest.raises(TrainingError, match="from 4 to 13"):
        recipe.load(str(file))
