"""Losses: the numbers by hand, padding left out, guesses only where they may be."""

import math

import numpy as np
import pytest

PAD, START, END = 0, 1, 2


@pytest.fixture(scope="module")
def losses():
    from image_describer.train.fit import losses

    return losses


def by_hand(logits, targets, smoothing=0.0):
    total, count = 0.0, 0
    for row, target in zip(logits.reshape(-1, logits.shape[-1]), targets.ravel(), strict=True):
        if target == PAD:
            continue
        log_p = row - math.log(np.exp(row).sum())
        share = np.full(row.size, smoothing / row.size)
        share[target] += 1 - smoothing
        total, count = total - float((share * log_p).sum()), count + 1
    return total / count


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4)])
def test_words_cross_entropy_is_that_of_the_words_without_padding(losses, smoothing, shape):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(*shape, 7)).astype(np.float32)
    targets = rng.integers(0, 7, shape).astype(np.int32)
    loss, cross_entropy, count = losses.word_losses(logits, targets, smoothing)
    assert float(loss) == pytest.approx(by_hand(logits, targets, smoothing), rel=1e-5)
    assert float(cross_entropy) == pytest.approx(by_hand(logits, targets), rel=1e-5)
    assert int(count) == (targets != PAD).sum()


def test_a_batch_of_padding_alone_has_no_loss(losses):
    loss, _, count = losses.word_losses(np.ones((1, 2, 5), np.float32), np.zeros((1, 2), np.int32))
    assert (float(loss), float(count)) == (0.0, 0.0)


def test_scheduled_sampling_puts_guesses_where_words_were_and_nowhere_else(losses):
    import keras

    words = np.tile(np.array([[START, 5, 6, END, PAD]], np.int32), (400, 1))
    logits = np.full((400, 5, 9), -30.0, np.float32)
    logits[:, :, 8] = 30.0  # what the network would say each time
    seed = keras.random.SeedGenerator(1)
    none = np.asarray(losses.mix_in_guesses(words, logits, 0.0, seed))
    every = np.asarray(losses.mix_in_guesses(words, logits, 1.0, seed))
    half = np.asarray(losses.mix_in_guesses(words, logits, 0.5, seed))
    assert (none == words).all()
    # The word after the end is padding, and no word's guess may take its place or the start's.
    assert (every[:, :3] == [START, 8, 8]).all()
    assert (every[:, 4] == PAD).all()
    assert 0.4 < (half[:, 1] == 8).mean() < 0.6
    assert set(np.unique(half[:, 1:3])) == {5, 6, 8}


def test_a_guess_is_of_the_place_before(losses):
    import keras

    words = np.array([[START, 3, 3, 3]], np.int32)
    logits = np.full((1, 4, 9), -30.0, np.float32)
    for place, word in enumerate((5, 6, 7, 8)):
        logits[0, place, word] = 30.0
    mixed = losses.mix_in_guesses(words, logits, 1.0, keras.random.SeedGenerator(1))
    assert np.asarray(mixed).tolist() == [[START, 5, 6, 7]]


def test_the_hinge_with_shuffled_negatives(losses):
    positive, negative = np.array([3.0, 0.5, 1.0], "f"), np.array([1.0, 1.0, 1.5], "f")
    loss, accuracy = losses.hinge_shuffled(positive, negative, 1.0)
    assert float(loss) == pytest.approx(0.0 + 1.5 + 1.5)
    assert float(accuracy) == pytest.approx(1 / 3)


def test_the_hinge_finds_the_hardest_negative_of_each_way(losses):
    scores = np.array([[5.0, 4.5, 0.0], [0.0, 2.0, 0.5], [1.0, 3.0, 1.0]], "f")
    loss, accuracy = losses.hinge_hardest(scores, np.array([0, 1, 2]), 1.0)
    by_caption = [max(0, 1 - 5 + 4.5), max(0, 1 - 2 + 0.5), max(0, 1 - 1 + 3)]
    by_picture = [max(0, 1 - 5 + 1), max(0, 1 - 2 + 4.5), max(0, 1 - 1 + 0.5)]
    assert float(loss) == pytest.approx(sum(by_caption) + sum(by_picture))
    assert float(accuracy) == pytest.approx(2 / 3)


def test_another_caption_of_the_same_picture_is_no_negative(losses):
    scores = np.array([[5.0, 9.0, 0.0], [9.0, 5.0, 0.0], [0.0, 0.0, 5.0]], "f")
    loss, accuracy = losses.hinge_hardest(scores, np.array([0, 0, 1]), 1.0)
    assert float(loss) == 0.0
    assert float(accuracy) == 1.0


def test_self_critical_gradient_raises_what_beat_its_baseline(losses):
    import tensorflow as tf

    logits = tf.zeros((1, 2, 3, 6))
    drawn = np.array([[[3, END, PAD], [4, 5, END]]], np.int32)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = losses.self_critical(logits, drawn, np.array([[1.0, -0.5]], "f"))
    slope = -tape.gradient(loss, logits).numpy()
    assert slope[0, 0, 0, 3] > 0 > slope[0, 0, 0, 4]
    assert slope[0, 1, 0, 4] < 0 < slope[0, 1, 0, 3]
    assert (slope[0, 0, 2] == 0).all()  # padding learns nothing
    # By hand: a mean over the five words drawn, each at 1/6.
    assert float(loss) == pytest.approx((2 * 1.0 - 3 * 0.5) * math.log(6) / 5)
