"""A head that sees its pictures anew at each step, over frozen blocks of which nothing is kept."""

import dataclasses
import json

import numpy as np
import pytest

from image_describer.errors import TrainingError
from image_describer.train import recipe
from image_describer.train.data.dataset import read_flickr8k
from tests.support import tiny


@pytest.fixture
def data(tiny_data):
    return read_flickr8k(tiny_data)


@pytest.fixture
def chosen():
    tiny_one = recipe.load(str(tiny.RECIPE))
    head = dataclasses.replace(
        tiny_one.head, epochs=2.0, frozen=4, kept=False, crops=50, grey=0.3, noise=0.5
    )
    reward = recipe.Reward(epochs=1.0, rate=0.002, batch=6)
    return dataclasses.replace(tiny_one, head=head, head_scst=reward)


def weights(model):
    return {layer.name: [np.asarray(w) for w in layer.weights] for layer in model.layers}


def test_the_joined_tower_sees_what_its_two_parts_see():
    from image_describer.train.models import xception
    from image_describer.train.pipeline import _carry

    size, width = 96, 0.06
    lower = xception.build_lower(size, width, 1, 4)
    upper = xception.build_upper(lower.output_shape[1], lower.output_shape[-1], width, 1, 4, 1.0)
    whole = xception.build_joined(lower, width, 1, 4, 1.0)
    _carry((lower, upper), (whole,))
    pixels = np.random.default_rng(0).uniform(-1, 1, (2, size, size, 3)).astype(np.float32)
    seen = np.asarray(whole(pixels))
    np.testing.assert_allclose(seen, np.asarray(upper(lower(pixels))), atol=1e-5)
    assert np.abs(seen - np.asarray(whole(pixels, training=True))).max() > 0.01  # noise came along


@pytest.mark.slow
def test_the_frozen_blocks_stay_and_the_others_learn(chosen, data, tmp_path):
    from image_describer.train import pipeline

    run = pipeline.prepare(chosen, data, "random", tmp_path, resume=True)
    lower, upper = weights(run.lower), weights(run.upper)
    model = pipeline.fit_head(run)
    assert not (tmp_path / "features").exists()
    for name in ("head.jsonl", "head-scst.jsonl"):
        records = [json.loads(line) for line in (run.folder / name).read_text("utf-8").splitlines()]
        assert records
        assert all(np.isfinite(list(record.values())).all() for record in records)

    def same(name, before, part):
        now = weights(part)[name]
        return all((old == new).all() for old, new in zip(before[name], now, strict=True))

    for name in ("block1_conv1", "block4_sepconv2", "block4_sepconv2_bn"):
        assert same(name, lower, run.lower)
    assert not same("block5_sepconv1", lower, run.lower)
    assert not same("block14_sepconv2", upper, run.upper)
    # Taken up when it is over, it is the same one.
    again = pipeline.fit_head(pipeline.prepare(chosen, data, "random", tmp_path, resume=True))
    for a, b in zip(model.trainable_weights, again.trainable_weights, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_crops_without_colours_come_from_files_too(data):
    from image_describer.train.data.batches import from_files

    names = data.splits["train"][:1] * 40
    seen = from_files(data, 48, grey=0.5)(names, np.arange(2, 82, 2))
    grey = np.abs(seen - seen[..., :1]).max(axis=(1, 2, 3)) == 0
    assert 10 <= grey.sum() <= 30
    assert not (seen[1:] == seen[0]).all(axis=(1, 2, 3)).any()


def test_there_is_nothing_to_compute_before(chosen, data, tmp_path):
    from image_describer.train import pipeline

    run = pipeline.prepare(chosen, data, "random", tmp_path, resume=False)
    with pytest.raises(TrainingError, match="kept = false"):
        pipeline.lower_maps(run)


@pytest.mark.parametrize(("batch", "batches"), [(1, 48), (32, 48), (96, 16), (5000, 1)])
def test_statistics_are_settled_by_no_more_pictures_where_batches_are_large(batch, batches):
    from image_describer.train.fit import loop

    assert loop.settling(batch) == batches
