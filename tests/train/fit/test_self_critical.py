"""Self-critical training: what is sampled, its advantage, and that the reward rises."""

import numpy as np
import pytest

from image_describer.train.data.vocabulary import END, PAD, START, UNKNOWN
from image_describer.train.fit.log import TrainingLog
from image_describer.train.fit.loop import Training
from image_describer.train.fit.losses import CrossEntropy
from image_describer.train.fit.rewards.bleu_meteor import BleuMeteor
from image_describer.train.fit.rewards.cider import CiderD
from image_describer.train.fit.sampler import Sampler
from image_describer.train.fit.self_critical import (
    SelfCriticalSteps,
    advantages,
    longest,
    rewards_of,
    scale_logits,
)
from image_describer.train.recipe import Fit, Reward
from tests.support.small_networks import SmallCaptioning

REWARD = Reward(epochs=16, batch=12, learning_rate=0.01, samples=5, bleu=1.0, meteor=1.0)


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A captioner after a few steps of cross-entropy, and its weights."""
    small, folder = SmallCaptioning(dropout=0.1), tmp_path_factory.mktemp("fit")
    settings = Fit(epochs=5, batch=12, learning_rate=0.05, warmup_steps=2)
    Training(settings, small.model, CrossEntropy(0.0, 0.0), small.train).fit("fit", folder, False)
    return small, small.model.get_weights()


@pytest.fixture
def small(learned):
    small, weights = learned
    small.model.set_weights(weights)
    return small


def rewarded(small, settings=REWARD):
    steps = SelfCriticalSteps(
        settings, small.model, small.data, small.vocabulary, small.train, small.dev, seed=1
    )
    return steps, Training(
        settings, small.model, steps.loss, small.train, prepare=steps.prepare, judge=steps.judge
    )


def test_captions_are_sampled_by_their_probability(small):
    picture = small.dev.batch(0, 0)["picture"][:2]
    sampler = Sampler(small.model, small.vocabulary, 500)
    sampled = sampler.sample(picture, (1, 2))
    assert sampled.shape == (2, 500, small.vocabulary.max_length + 1)
    assert not np.isin(sampled, (START, UNKNOWN)).any()
    for row in sampled.reshape(-1, sampled.shape[-1]):
        ends = np.flatnonzero(row == END)
        assert (row[ends[0] + 1 :] == PAD).all() if ends.size else (row != PAD).all()
    words = np.full((2, 1, 1), START, np.int32)
    logits = np.asarray(small.model({"picture": picture, "words": words})["words"])[:, 0, 0]
    logits = logits.astype(np.float64)
    logits[:, [PAD, START, UNKNOWN]] = -np.inf
    likely = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for row in range(2):
        share = np.bincount(sampled[row, :, 0], minlength=likely.shape[1]) / 500
        np.testing.assert_allclose(share, likely[row], atol=0.09)
    greedy = Sampler(small.model, small.vocabulary, 1).sample(picture, (0, 0))
    assert (greedy[:, 0, 0] == likely.argmax(axis=1)).all()
    again, other = (sampler.sample(picture, (1, seed)) for seed in (2, 3))
    assert (again == sampled).all()
    assert (other != sampled).any()


def test_advantages_by_hand():
    assert advantages(np.array([[1.0, 2.0, 6.0]])).tolist() == [[-3.0, -1.5, 4.5]]


def test_a_batch_has_what_was_sampled_and_its_reward(small):
    settings = Reward(samples=5, bleu=0.5, meteor=3.0)
    steps, _ = rewarded(small, settings)
    batch = small.train.batch(0, 1)
    made = steps.prepare(batch, 1)
    sampled = made["targets"]
    assert (made["words"][:, :, 0] == START).all()
    assert (made["words"][:, :, 1:] == sampled[:, :, :-1]).all()
    cider, overlap = (
        kind.of(small.data.captions, small.train.keys, small.vocabulary)
        for kind in (CiderD, BleuMeteor)
    )
    reward = rewards_of(cider, sampled, batch["index"])
    np.testing.assert_allclose(made["reward"], reward, rtol=1e-5)
    reward = reward + rewards_of(overlap, sampled, batch["index"]) @ [0.5, 3.0]
    np.testing.assert_allclose(made["advantage"], advantages(reward), rtol=1e-4, atol=1e-5)
    assert np.ptp(made["advantage"]) > 0
    # After a resume, the same step samples the same captions.
    again, other = (rewarded(small, settings)[0].prepare(batch, step) for step in (1, 2))
    assert (again["targets"] == sampled).all()
    assert (other["targets"] != sampled).any()


@pytest.mark.slow
def test_the_reward_rises_and_banned_words_learn_nothing(small, tmp_path):
    before = np.asarray(small.model.decoder.to_words.bias).copy()
    rewarded(small)[1].fit("reward", tmp_path, False)
    found = TrainingLog.read(tmp_path / "reward.jsonl")
    for name in ("reward", "dev_reward"):
        values = [record[name] for record in found]
        assert sum(values[-4:]) > 1.2 * sum(values[:4])
    changed = np.asarray(small.model.decoder.to_words.bias) != before
    assert not changed[[PAD, START, UNKNOWN]].any()
    assert changed[END]


def test_the_scale_of_logits(small):
    inputs = {
        "picture": small.dev.batch(0, 0)["picture"],
        "words": np.full((12, 1, 2), START, np.int32),
    }
    before = np.asarray(small.model(inputs)["words"])
    scale_logits(small.model, 1.5)
    np.testing.assert_allclose(np.asarray(small.model(inputs)["words"]), 1.5 * before, rtol=1e-4)


def test_the_longest_captions_of_a_picture_count():
    captions = {"a": ["one", "one two three", "one two"], "b": ["four"]}
    assert longest(captions, 2) == {"a": ["one two three", "one two"], "b": ["four"]}
    assert len(longest(captions, 0)["a"]) == 3
