"""The losses, against values computed by hand."""

import math

import numpy as np
import pytest
from keras import ops

from image_describer.train.data.vocabulary import END, PAD
from image_describer.train.fit import losses, optimizer
from image_describer.train.recipe import Fit


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
def test_the_cross_entropy_is_a_mean_over_words_without_padding(smoothing):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, 3, 4, 7)).astype(np.float32)
    targets = rng.integers(0, 7, (2, 3, 4)).astype(np.int32)
    loss, cross_entropy, count = losses.word_losses(logits, targets, smoothing)
    assert float(loss) == pytest.approx(by_hand(logits, targets, smoothing), rel=1e-5)
    assert float(cross_entropy) == pytest.approx(by_hand(logits, targets), rel=1e-5)
    assert int(count) == (targets != PAD).sum()


def test_a_batch_of_padding_has_no_loss():
    loss, _, count = losses.word_losses(np.ones((1, 2, 5), np.float32), np.zeros((1, 2), np.int32))
    assert (float(loss), float(count)) == (0.0, 0.0)


class Outputs:
    """A model with given outputs, whatever it is called on."""

    def __init__(self, **outputs):
        self.outputs = outputs

    def __call__(self, inputs, training=False):
        return self.outputs


def test_presence_counts_captioned_pictures_and_labels_count_labeled_ones():
    words = np.zeros((2, 1, 2, 4), np.float32)
    model = Outputs(words=words, presence=np.zeros((2, 4), "f"), labels=np.zeros((2, 3), "f"))
    batch = {
        "picture": words, "words": words,
        "targets": np.array([[[3, END]], [[PAD, PAD]]], np.int32),
        "presence": np.eye(2, 4, dtype=np.float32),
        "captioned": np.array([1, 0], np.float32),
        "labels": np.full((2, 3), 0.3, np.float32),
        "labeled": np.array([0, 1], np.float32),
    }  # fmt: skip
    loss = losses.CrossEntropy(0.1, presence_weight=0.5, labels_weight=2.0)
    objective, values = loss(model, batch, training=False)
    word, labels = math.log(4), 3 * math.log(2)
    whole = word + 0.5 * 4 * math.log(2) + 2 * labels
    assert float(objective) == pytest.approx(whole, rel=1e-5)
    assert loss.metrics == ("loss", "word_loss", "label_loss")
    found = [float(value) for value, _ in values]
    assert found == pytest.approx([whole, word, labels], rel=1e-5)
    assert [float(weight) for _, weight in values] == [2, 2, 1]  # words, words, pictures


def test_the_self_critical_loss_by_hand():
    logits = np.zeros((1, 2, 3, 6), np.float32)
    sampled = np.array([[[3, END, PAD], [4, 5, END]]], np.int32)
    loss = losses.self_critical(logits, sampled, np.array([[1.0, -0.5]], np.float32))
    # A mean over the five words sampled, each of probability 1/6.
    assert float(loss) == pytest.approx((2 * 1.0 - 3 * 0.5) * math.log(6) / 5)


class Embeddings:
    def __init__(self, pictures):
        self.pictures = pictures

    def embed_pictures(self, pictures, training):
        return self.pictures

    def embed_captions(self, words, training):
        return words


def test_the_pair_hinge_by_hand():
    # Scores of the own captions: 3.0, 0.5 and 1.0; of the others: 1.0, 1.0 and 1.5.
    model = Embeddings(np.eye(3, dtype=np.float32))
    own, other = (np.diag(x).astype("f") for x in ([3.0, 0.5, 1.0], [1.0, 1.0, 1.5]))
    batch = {"picture": None, "words": own, "others": other}
    objective, [(loss, count), (accuracy, _)] = losses.PairHinge(1.0)(model, batch, True)
    assert float(objective) == pytest.approx(0.0 + 1.5 + 1.5)
    assert float(loss) == pytest.approx(1.0)
    assert float(count) == 3
    assert float(accuracy) == pytest.approx(1 / 3)


def test_the_contrastive_loss_by_hand():
    # scores[i, j, k]: picture i with caption k of picture j.
    scores = np.array([[[2.0, 0.0], [1.0, 0.5]], [[0.0, 1.0], [3.0, -1.0]]], np.float32)
    captions, pictures, right = 0.0, 0.0, 0
    for j in range(2):
        others = [scores[j, 1 - j, k] for k in range(2)]
        for k in range(2):
            own = scores[j, j, k]
            captions += math.log(np.exp(scores[:, j, k]).sum()) - own
            pictures += math.log(math.exp(own) + np.exp(others).sum()) - own
            right += own >= scores[:, j, k].max()
    loss, accuracy = losses.contrastive(ops.convert_to_tensor(scores))
    assert float(loss) == pytest.approx((captions + pictures) / 4, rel=1e-5)
    assert float(accuracy) == right / 4


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_the_learning_rate_warms_up_and_falls_to_zero(schedule):
    rate = optimizer.schedule(Fit(learning_rate=0.1, schedule=schedule, warmup_steps=10), 200)
    if schedule == "constant":
        assert rate == 0.1
    else:
        found = [float(rate(step)) for step in (0, 10, 105, 200)]
        assert found == pytest.approx([0.001, 0.1, 0.05, 0.0], abs=1e-4)
