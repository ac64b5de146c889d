"""What disturbs a tower while it trains, the average of its weights, and what is left of both."""

import dataclasses
import json

import numpy as np
import pytest

from image_describer.train import recipe
from image_describer.train.data.sets import read
from tests.support import tiny
from tests.support import training as small

STAGE = recipe.Stage(epochs=3, rate=0.01, batch=10, mirror=False)


@pytest.fixture
def maps():
    import keras

    keras.utils.set_random_seed(3)
    return np.random.default_rng(0).uniform(1, 2, (64, 14, 14, 6)).astype(np.float32)


def layers():
    from image_describer.train.models import regularization

    return [
        regularization.StochasticDepth(0.5, "depth"),
        regularization.CutOut(0.5, "cut"),
        regularization.Overlaid(0.5, "over"),
    ]


def test_nothing_is_disturbed_but_in_training(maps):
    for layer in layers():
        np.testing.assert_array_equal(np.asarray(layer(maps)), maps)
        seen = [np.asarray(layer(maps, training=True)) for _ in range(4)]
        assert all(one.shape == maps.shape for one in seen)
        assert any((one != maps).any() for one in seen)
        layer.rate = 0.0
        np.testing.assert_array_equal(np.asarray(layer(maps, training=True)), maps)


def test_a_branch_is_left_out_for_whole_batches_and_as_much_stronger_where_it_stays(maps):
    from image_describer.train.models.regularization import StochasticDepth

    layer = StochasticDepth(0.25, "depth")
    factors = []
    for _ in range(200):
        factor = np.asarray(layer(maps[:2], training=True)) / maps[:2]
        assert np.ptp(factor) < 1e-5
        factors.append(factor.mean())
    assert {round(float(factor), 4) for factor in factors} == {0.0, 1.3333}
    assert np.mean(factors) == pytest.approx(1.0, abs=0.15)


def test_half_of_the_maps_have_one_rectangle_of_zeros(maps):
    from image_describer.train.models.regularization import CutOut

    found = np.asarray(CutOut(0.5, "cut")(maps, training=True))
    gone = found == 0
    assert (gone.all(axis=3) == gone.any(axis=3)).all()  # of every channel or of none
    np.testing.assert_array_equal(found[~gone], maps[~gone])
    cut = [one[..., 0] for one in gone if one.any()]
    assert 0.3 < len(cut) / len(maps) < 0.7
    for one in cut:
        rows, columns = one.any(axis=1), one.any(axis=0)
        assert one.sum() == rows.sum() * columns.sum()
        for side in (rows, columns):
            first, last = np.flatnonzero(side)[[0, -1]]
            assert last - first + 1 == side.sum()
            assert 3 <= side.sum() <= 8


def test_the_next_picture_lies_faintly_over_some(maps):
    from image_describer.train.models.regularization import STRONGEST, Overlaid

    found = np.asarray(Overlaid(0.5, "over")(maps, training=True))
    other = np.roll(maps, 1, axis=0)
    shares = ((found - maps) / (other - maps)).reshape(len(maps), -1)
    touched = np.median(shares, axis=1)
    share = touched.reshape(-1, 1, 1, 1)
    np.testing.assert_allclose(found, maps * (1 - share) + other * share, rtol=1e-4)
    assert 0.3 < (touched > 1e-3).mean() < 0.7
    assert touched.min() > -1e-3
    assert touched.max() < STRONGEST + 1e-3


def tower(strength, seed=0):
    import keras

    from image_describer.train.models import xception

    keras.utils.set_random_seed(seed)
    return xception.build_upper(8, 43, 0.06, 3, 5, strength)


def test_a_disturbed_tower_is_the_same_one_when_training_is_over():
    from image_describer.train.models import regularization
    from image_describer.train.pipeline import _carry

    plain, disturbed = tower(0.0), tower(1.0, seed=1)
    _carry((plain,), (disturbed,))
    assert [layer.name for layer in regularization.layers_of(disturbed)] == [
        "overlaid", "cut_out", "block6_depth", "block7_depth",
        "drop_before", "drop_between", "drop_after",
    ]  # fmt: skip
    assert not regularization.layers_of(plain)
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 43)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(disturbed(x)), np.asarray(plain(x)), rtol=1e-5)
    depths = [la.rate for la in regularization.layers_of(disturbed) if la.name.endswith("depth")]
    assert depths == [
        pytest.approx(regularization.SKIPPED / 2),
        pytest.approx(regularization.SKIPPED),
    ]
    rates = [layer.rate for layer in regularization.layers_of(disturbed)]
    with regularization.silenced(disturbed):
        assert not any(layer.rate for layer in regularization.layers_of(disturbed))
    assert [layer.rate for layer in regularization.layers_of(disturbed)] == rates


def test_statistics_are_settled_on_undisturbed_maps():
    from image_describer.train.fit import loop
    from image_describer.train.models import regularization

    disturbed = tower(1.0)
    loop.freeze_normalisation(disturbed, 13)
    normal = {la.name: la for la in disturbed.layers if la.name.endswith("_bn")}
    frozen = np.array(normal["block13_sepconv2_bn"].moving_mean)
    momentum = normal["block14_sepconv1_bn"].momentum
    batches = list(np.random.default_rng(0).normal(size=(4, 16, 8, 8, 43)).astype(np.float32))
    regularization.settle_normalisation(disturbed, batches)
    first = np.array(normal["block14_sepconv2_bn"].moving_variance)
    # What comes out before the last activation has the mean and the deviation that were learnt.
    import keras

    inside = keras.Model(disturbed.input, normal["block14_sepconv1_bn"].output)
    seen = np.asarray(inside(np.concatenate(batches)))
    np.testing.assert_allclose(seen.mean(axis=(0, 1, 2)), 0.0, atol=0.02)
    np.testing.assert_allclose(seen.std(axis=(0, 1, 2)), 1.0, atol=0.05)
    np.testing.assert_array_equal(np.asarray(normal["block13_sepconv2_bn"].moving_mean), frozen)
    assert normal["block14_sepconv1_bn"].momentum == momentum
    regularization.settle_normalisation(disturbed, batches)  # nothing is drawn: the same again
    again = np.asarray(normal["block14_sepconv2_bn"].moving_variance)
    np.testing.assert_allclose(again, first, rtol=1e-5)


def fitted(folder, stage, resume=False):
    from image_describer.train.fit import loop

    folder.mkdir(exist_ok=True)
    data, loader = small.make_feature_data()
    model, vocabulary = small.build_small_captioner(data, recipe.load(str(tiny.RECIPE)))
    loop.fit_stage("head", stage, model, data, vocabulary, loader, folder, 1, resume)
    return model


def last_dev_loss(folder):
    return json.loads((folder / "head.jsonl").read_text("utf-8").splitlines()[-1])["dev_word_loss"]


@pytest.mark.slow
def test_the_average_of_the_weights_takes_their_place_and_training_goes_on_without(tmp_path):
    from image_describer.train.fit import optimizer

    plain = fitted(tmp_path / "plain", STAGE)
    stage = dataclasses.replace(STAGE, averaging=0.9)
    model = fitted(tmp_path / "averaged", stage)
    kernel = model.decoder.to_words.kernel
    # Training itself is the same: the weights before they were averaged are the plain run's.
    assert (np.asarray(kernel) != np.asarray(plain.decoder.to_words.kernel)).any()
    assert last_dev_loss(tmp_path / "averaged") != last_dev_loss(tmp_path / "plain")
    again = fitted(tmp_path / "averaged", stage, resume=True)
    np.testing.assert_array_equal(np.asarray(again.decoder.to_words.kernel), np.asarray(kernel))
    saved = np.load(tmp_path / "averaged" / "head.npz")
    reference = np.load(tmp_path / "plain" / "head.npz")
    for key in reference.files:
        if key.startswith("model/"):
            np.testing.assert_allclose(saved[key], reference[key], rtol=1e-5, atol=1e-7)
    # Inside `averaged` the average, outside what was there before.
    live = np.array(plain.decoder.to_words.kernel)
    kernel.assign(live)
    with optimizer.averaged(model):
        assert (np.asarray(kernel) != live).any()
    np.testing.assert_array_equal(np.asarray(kernel), live)


def test_the_average_is_that_of_every_step():
    import keras

    from image_describer.train.fit.optimizer import UnevenAdam

    weight = keras.Variable(np.zeros(2))
    adam = UnevenAdam(0.1, averaging=0.8)
    adam.build([weight])
    mean = None
    for _ in range(5):
        adam.apply([np.ones(2, np.float32)], [weight])
        now = np.array(weight)
        mean = now if mean is None else 0.8 * mean + 0.2 * now
    adam.finalize_variable_values([weight])  # what Keras calls after each epoch: nothing happens
    np.testing.assert_array_equal(np.asarray(weight), now)
    adam.take_average([weight])
    np.testing.assert_allclose(np.asarray(weight), mean, rtol=1e-5)


@pytest.mark.slow
def test_a_head_that_is_disturbed_learns_and_its_losses_are_of_what_is_left(tiny_data, tmp_path):
    from image_describer.train import pipeline

    data = read(tiny_data)
    chosen = recipe.load(str(tiny.RECIPE))
    head = dataclasses.replace(
        chosen.head, epochs=3.0, frozen=4, pretrained=0.5, noise=1.0, averaging=0.9, mirror=False
    )
    run = pipeline.prepare(dataclasses.replace(chosen, head=head), data, "random", tmp_path, False)
    model = pipeline.fit_head(run)
    lines = (run.folder / "head.jsonl").read_text("utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    assert found[-1]["dev_word_loss"] < found[0]["dev_word_loss"]
    # The tower that goes on has no noise in it, and sees what the disturbed one sees at rest.
    maps = np.random.default_rng(0).normal(size=(2, *model.tower.input_shape[1:]))
    clean = pipeline._tower_parts(run.recipe, head.size, head.frozen)[1]
    pipeline._carry((run.upper, run.lower), (clean,))
    np.testing.assert_allclose(
        np.asarray(clean(maps.astype(np.float32)), np.float32),
        np.asarray(model.tower(maps.astype(np.float32)), np.float32),
        rtol=1e-3, atol=1e-3,
    )  # fmt: skip


@pytest.mark.parametrize(
    "text", ["[whole]\nnoise = 1.0", "[refine]\nnoise = 0.5", "[fit]\naveraging = 0.9"]
)
def test_a_recipe_refuses_what_a_stage_would_not_heed(text, tmp_path):
    from image_describer.errors import TrainingError

    file = tmp_path / "odd.toml"
    file.write_text(text + "\n", "utf-8")
    with pytest.raises(TrainingError, match="is not 0"):
        recipe.load(str(file))
