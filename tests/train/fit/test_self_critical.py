"""Self-critical training: what is drawn, its baseline, and that rewards rise and resume."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

from image_describer.errors import TrainingError
from image_describer.train import recipe
from image_describer.train.data.dataset import read_flickr8k
from image_describer.train.data.vocabulary import END, PAD, START, UNKNOWN
from tests.support import tiny
from tests.support import training as small

WORDS = np.zeros((1, 1, 2), np.int32)
REWARD = recipe.Reward(epochs=3, rate=0.002, batch=6, samples=5, mirror=False)


@pytest.fixture(scope="module")
def data(tiny_data):
    return read_flickr8k(tiny_data)


@pytest.fixture
def start(tiny_run, data, tmp_path):
    """Makes the tiny training's run in a folder of its own, and its captioner as it ended."""
    from image_describer.train import pipeline
    from image_describer.train.fit import checkpoint

    def make(stage, resume=False):
        chosen = dataclasses.replace(recipe.load(str(tiny.RECIPE)), scst=stage)
        folder = tmp_path / "runs"
        if not folder.exists():
            shutil.copytree(tiny_run / "runs", folder)
        run = pipeline.prepare(chosen, data, "random", folder, resume)
        model = pipeline.build_whole(run)
        checkpoint.load_weights(folder / chosen.name / "whole.npz", model)
        return run, model

    return make


def rewards(run):
    lines = (run.folder / "scst.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def pixels(data, names):
    from image_describer.train.data.batches import from_files

    return from_files(data, tiny.SIZE)(names, np.zeros(len(names), int))


@pytest.mark.slow
def test_captions_are_drawn_as_likely_as_the_captioner_finds_them(start, data):
    from image_describer.train.fit.sampler import Sampler

    run, model = start(REWARD)
    picture = pixels(data, data.splits["dev"][:2])
    sampler = Sampler(model, run.vocabulary)
    regions = model.tower(picture)
    drawn = sampler.draw(regions, 400, (1, 2))
    assert drawn.shape == (2, 400, run.vocabulary.max_length + 1)
    assert not np.isin(drawn, (START, UNKNOWN)).any()
    for row in drawn.reshape(-1, drawn.shape[-1]):
        ends = np.flatnonzero(row == END)
        assert (row[ends[0] + 1 :] == PAD).all() if ends.size else (row != PAD).all()
    words = np.full((2, 1, 1), START, np.int32)
    logits = np.array(model({"picture": picture, "words": words})["words"], np.float64)[:, 0, 0]
    logits[:, [PAD, START, UNKNOWN]] = -np.inf
    likely = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for place in range(2):
        share = np.bincount(drawn[place, :, 0], minlength=likely.shape[1]) / 400
        np.testing.assert_allclose(share, likely[place], atol=0.09)
    assert (sampler.greedy(regions)[:, 0, 0] == likely.argmax(axis=1)).all()
    again, other = (sampler.draw(regions, 400, (1, seed)) for seed in (2, 3))
    assert (again == drawn).all()
    assert (other != drawn).any()


def test_advantages_by_hand():
    from image_describer.train.fit.self_critical import advantages

    drawn = np.array([[1.0, 2.0, 6.0]])
    assert advantages(drawn, np.array([2.0])).tolist() == [[-1.0, 0.0, 4.0]]
    assert advantages(drawn, None).tolist() == [[-3.0, -1.5, 4.5]]
    with pytest.raises(TrainingError, match="samples = 2"):
        advantages(drawn[:, :1], None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("baseline", "beside"),
    [("mean-of-others", {}), ("greedy", {}), ("mean-of-others", {"bleu": 1.0, "meteor": 2.0}),
     ("greedy", {"bleu": 1.0, "meteor": 2.0})],
)  # fmt: skip
def test_the_reward_of_what_is_drawn_rises(baseline, beside, tmp_path):
    from image_describer.train.fit import loop
    from image_describer.train.fit.self_critical import fit_scst

    data, loader = small.make_feature_data()
    model, vocabulary = small.build_small_captioner(data, recipe.load(str(tiny.RECIPE)))
    learn = recipe.Stage(epochs=10, rate=0.01, batch=10, mirror=False)
    loop.fit_stage("head", learn, model, data, vocabulary, loader, tmp_path, 1, False)
    stage = recipe.Reward(
        epochs=10, rate=0.005, batch=10, samples=5, baseline=baseline, mirror=False, **beside
    )
    before = np.array(model.decoder.to_words.bias)
    fit_scst("scst", stage, model, data, vocabulary, loader, tmp_path, 1, False)
    learnt = np.array(model.decoder.to_words.bias) != before
    assert not learnt[[PAD, START, UNKNOWN]].any()  # what no caption may say takes no share
    assert learnt[END]
    lines = (tmp_path / "scst.jsonl").read_text("utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    assert [record["epoch"] for record in found] == list(range(1, 11))
    drawn = [record["reward"] for record in found]
    assert sum(drawn[-3:]) > 1.1 * sum(drawn[:3])
    assert found[-1]["dev_reward"] > 1.0  # of 10, which is word for word


def test_what_counts_beside_cider_is_bleu_and_meteor_as_often_as_the_recipe_says():
    from image_describer.train.fit.rewards.bleu_meteor import Overlap
    from image_describer.train.fit.rewards.cider import CiderD
    from image_describer.train.fit.self_critical import _Climb

    data, _ = small.make_feature_data()
    model, vocabulary = small.build_small_captioner(data, recipe.load(str(tiny.RECIPE)))
    train = data.splits["train"]
    cider, overlap = (kind.of(data.captions, train, vocabulary) for kind in (CiderD, Overlap))
    said = vocabulary.encode([data.captions[train[0]][0]])[:, 1:]
    drawn = np.repeat(said[np.newaxis], 2, axis=1)  # one picture, twice its first caption
    drawn[0, 1] = [drawn[0, 1, 0], END, *[PAD] * (drawn.shape[2] - 2)]  # its first word alone
    stage = recipe.Reward(bleu=0.5, meteor=3.0)
    found = _Climb(stage, model, cider, overlap, vocabulary, 1)._beside(drawn, np.array([0]))
    alone = overlap.score(drawn[0], np.array([0, 0]))
    np.testing.assert_allclose(found, [alone @ [0.5, 3.0]])
    assert found[0, 0] == pytest.approx(3.5)
    assert found[0, 1] < 1.5


@pytest.mark.slow
@pytest.mark.parametrize("layers", ["head", "whole"])
def test_the_pipeline_trains_the_layers_asked_for(layers, start):
    from image_describer.train import pipeline

    run, model = start(dataclasses.replace(REWARD, epochs=1.0, layers=layers))
    parts = [*model.tower.layers[1:], model.decoder]
    before = [[np.asarray(w) for w in part.trainable_weights] for part in parts]
    assert pipeline.fit_scst(run, model) is model
    changed = [
        any((a != np.asarray(b)).any() for a, b in zip(old, part.trainable_weights, strict=True))
        for old, part in zip(before, parts, strict=True)
    ]
    assert changed == [layers == "whole", True, True]
    assert rewards(run)[0]["reward"] > 0.0


@pytest.mark.slow
def test_a_disturbed_head_learns_by_reward_too(data, tmp_path):
    from image_describer.train import pipeline

    chosen = recipe.load(str(tiny.RECIPE))
    head = dataclasses.replace(
        chosen.head, epochs=10.0, rate=0.01, frozen=4, noise=0.5, mirror=False, averaging=0.9
    )
    reward = dataclasses.replace(REWARD, epochs=0.0)

    def fitted(**more):
        with_reward = dataclasses.replace(reward, **more)
        small_run = dataclasses.replace(chosen, head=head, head_scst=with_reward)
        run = pipeline.prepare(small_run, data, "random", tmp_path, resume=True)
        return run, pipeline.fit_head(run)

    _, before = fitted()
    options = {"epochs": 10.0, "pretrained": 0.5, "averaging": 0.8}
    run, model = fitted(**options)  # the words are learnt already: it goes on from there
    for old, new in zip((before.tower, before.decoder), (model.tower, model.decoder), strict=True):
        pairs = zip(old.trainable_weights, new.trainable_weights, strict=True)
        assert any((np.asarray(a) != np.asarray(b)).any() for a, b in pairs)
    lines = (run.folder / "head-scst.jsonl").read_text("utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    assert [record["epoch"] for record in found] == list(range(1, 11))
    assert found[-1]["reward"] > found[0]["reward"]
    # What was learnt is the average of the weights, and taken up again it is the same one.
    _, again = fitted(**options)
    for a, b in zip(model.trainable_weights, again.trainable_weights, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


@pytest.mark.slow
def test_a_recipe_without_rewards_is_left_alone(start):
    from image_describer.train import pipeline

    run, model = start(dataclasses.replace(REWARD, epochs=0.0))
    assert pipeline.fit_scst(run, model) is model
    assert not (run.folder / "scst.npz").exists()


@pytest.mark.slow
def test_a_stage_taken_up_in_mid_epoch_ends_with_the_same_rewards(start, monkeypatch):
    from image_describer.train import pipeline
    from image_describer.train.fit import checkpoint, self_critical

    stage = REWARD
    run, model = start(stage)
    pipeline.fit_scst(run, model)
    straight = rewards(run)

    class Killed(BaseException):
        pass

    save = checkpoint.save

    def save_then_die(path, model, step, sums=None):
        save(path, model, step, sums)
        if step == 4:  # of 9, one step into the second epoch
            raise Killed

    monkeypatch.setattr(checkpoint, "save", save_then_die)
    monkeypatch.setattr(self_critical, "CHECKPOINT_EVERY_S", 0.0)
    (run.folder / "scst.npz").unlink()
    again, model = start(stage)
    with pytest.raises(Killed):
        pipeline.fit_scst(again, model)
    assert len(rewards(run)) == 1
    monkeypatch.undo()
    resumed, model = start(stage, resume=True)
    pipeline.fit_scst(resumed, model)
    assert [r["step"] for r in rewards(run)] == [3, 6, 9]
    for a, b in zip(rewards(run), straight, strict=True):
        assert a == pytest.approx(b, rel=1e-5)


@pytest.mark.slow
def test_the_mean_over_the_ends_of_more_epochs(tmp_path):
    from image_describer.train.fit import checkpoint
    from image_describer.train.fit.self_critical import fit_averaged

    data, loader = small.make_feature_data()
    model, vocabulary = small.build_small_captioner(data, recipe.load(str(tiny.RECIPE)))
    stage = recipe.Reward(
        epochs=1, averaged=2, rate=0.01, batch=10, samples=3, mirror=False, sharpen=1.5
    )
    model({"picture": loader(data.splits["dev"][:1], np.zeros(1, int)), "words": WORDS})
    fixed = (stage, model, data, vocabulary, loader, tmp_path, 1)
    fit_averaged("scst", *fixed, False)
    found = np.array(model.decoder.to_words.kernel)
    files = sorted(tmp_path.glob("scst-averaged.0*.npz"))
    assert len(files) == 3  # the start, and the end of two epochs
    ends = []
    for file in files:
        checkpoint.load_weights(file, model)
        ends.append(np.array(model.decoder.to_words.kernel))
    assert (ends[0] != ends[2]).any()
    np.testing.assert_allclose(found, np.mean(ends, axis=0), atol=1e-6)
    fit_averaged("scst", *fixed, True)  # it is over: the same comes out, at once
    np.testing.assert_array_equal(np.array(model.decoder.to_words.kernel), found)
