"""The networks: step by step as in one go, prefixes as whole captions, nothing leaks backwards."""

import numpy as np
import pytest

from image_describer.train.baselines.batches import (
    CaptionBatches,
    Captions,
    PairBatches,
    PrefixBatches,
)

VOCABULARY = 11
PAD, START, END = 0, 1, 2


@pytest.fixture(scope="module", params=["merge-lstm", "bahdanau-gru"])
def network(request):
    import keras

    from image_describer.train.baselines.bahdanau_gru import BahdanauGru
    from image_describer.train.baselines.merge_lstm import MergeLstm

    keras.utils.set_random_seed(2)
    if request.param == "merge-lstm":
        return MergeLstm(VOCABULARY, 8, 6, 0.5), (5,)
    return BahdanauGru(VOCABULARY, 8, 6, 7, 0.5), (4, 5)


@pytest.fixture
def captions():
    """Seven captions of three pictures, of all lengths."""
    rng = np.random.default_rng(3)
    lengths = np.array([3, 8, 5, 2, 6, 4, 7])  # with start and end
    words = np.zeros((7, 10), np.int32)
    for row, length in enumerate(lengths):
        words[row, :length] = [START, *rng.integers(3, VOCABULARY, length - 2), END]
    return Captions(["a", "b", "c"], np.array([0, 0, 0, 1, 1, 2, 2]), words, lengths)


def pictures(shape, count=3):
    return np.random.default_rng(4).normal(size=(count, *shape)).astype(np.float32)


def features(shape):
    seen = dict(zip("abc", pictures(shape), strict=True))
    return lambda names: np.stack([seen[name] for name in names])


def test_word_by_word_gives_what_the_whole_caption_gives(network, captions):
    model, shape = network
    words = captions.words[[1, 4, 6]]
    whole = np.asarray(model({"picture": pictures(shape), "words": words}))
    state = model.begin(pictures(shape))
    for t in range(words.shape[1]):
        logits, state, attention = model.step(words[:, t], state)
        np.testing.assert_allclose(np.asarray(logits), whole[:, t], rtol=1e-4, atol=1e-5)
        if attention is not None:
            assert attention.shape == (3, shape[0])
            np.testing.assert_allclose(np.asarray(attention).sum(axis=1), 1.0, rtol=1e-5)


def test_a_word_is_said_without_knowledge_of_those_after_it(network, captions):
    model, shape = network
    words = captions.words[[1, 4, 6]]
    other = words.copy()
    other[:, 3:] = 9
    a, b = (np.asarray(model({"picture": pictures(shape), "words": w})) for w in (words, other))
    np.testing.assert_allclose(a[:, :3], b[:, :3], atol=1e-6)
    assert np.abs(a[:, 3:] - b[:, 3:]).max() > 1e-3


def test_the_picture_matters(network, captions):
    model, shape = network
    words = captions.words[:3]
    a = np.asarray(model({"picture": pictures(shape), "words": words}))
    b = np.asarray(model({"picture": pictures(shape)[::-1], "words": words}))
    assert np.abs(a - b).max() > 1e-3


def test_prefix_by_prefix_is_the_same_loss_and_the_same_gradient_as_under_a_mask(network, captions):
    import tensorflow as tf

    from image_describer.train.baselines.words import caption_losses
    from image_describer.train.recipe import Loss

    model, shape = network
    loss = Loss(label_smoothing=0.0)
    found = []
    for kind in (CaptionBatches, PrefixBatches):
        batches = kind(captions, features(shape), 100, 0, False)
        assert len(batches) == 1
        batch = {key: tf.constant(value) for key, value in batches.batch(0, 0).items()}
        with tf.GradientTape() as tape:
            losses = caption_losses(model, loss, batch, 0.0, False)
        gradient = tape.gradient(losses["objective"], model.trainable_variables)
        flat = [np.asarray(tf.convert_to_tensor(g)).ravel() for g in gradient]
        found.append((float(losses["loss"]), float(losses["weight"]), np.concatenate(flat)))
    (a, count, slope), (b, prefixes, slope_b) = found
    assert count == prefixes == (captions.lengths - 1).sum()
    assert a == pytest.approx(b, rel=1e-5)
    np.testing.assert_allclose(slope, slope_b, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("kind", [CaptionBatches, PrefixBatches, PairBatches])
def test_batches_follow_from_the_seed_and_the_step_alone(kind, captions):
    one, other = (kind(captions, features((5,)), 2, 7, True) for _ in range(2))
    other.batch(0, 1)
    for epoch, step in ((3, 1), (0, 0)):
        a, b = one.batch(epoch, step), other.batch(epoch, step)
        assert a.keys() == b.keys()
        assert all((a[key] == b[key]).all() for key in a)
    different = [one.batch(epoch, 0)["words"] for epoch in range(6)]
    assert len({w.tobytes() for w in different}) > 1


@pytest.mark.parametrize(("kind", "samples"), [(CaptionBatches, 7), (PrefixBatches, 28)])
def test_an_epoch_meets_each_sample_once(kind, samples, captions):
    batches = kind(captions, features((5,)), 1, 7, True)
    assert len(batches) == samples
    met = [batches.batch(1, step) for step in range(len(batches))]
    words = sum(np.count_nonzero(batch["targets"]) for batch in met)
    assert words == (captions.lengths - 1).sum()
    seen = {
        (batch["owners"][0], batch["words"].tobytes(), batch["targets"].tobytes()) for batch in met
    }
    assert len(seen) == samples


def test_a_prefix_holds_the_words_before_its_target_and_no_more(captions):
    batches = PrefixBatches(captions, features((5,)), 1, 7, False)
    pairs = set()
    for step in range(len(batches)):
        batch = batches.batch(0, step)
        last = int(batch["last"][0])
        assert (batch["words"][0, last + 1 :] == PAD).all()
        prefix = tuple(int(w) for w in batch["words"][0, : last + 1])
        pairs.add((prefix, int(batch["targets"][0])))
    whole = {
        tuple(int(w) for w in row[:n])
        for row, n in zip(captions.words, captions.lengths, strict=True)
    }
    assert pairs == {(row[:k], row[k]) for row in whole for k in range(1, len(row))}


def test_pairs_are_shuffled_anew_each_epoch(captions):
    batches = PairBatches(captions, features((5,)), 7, 7, True)
    first, second = (batches.batch(epoch, 0) for epoch in (0, 1))
    assert first["others"].shape[0] == 7
    assert sorted(map(bytes, first["others"])) == sorted(map(bytes, second["others"]))
    assert first["others"].tobytes() != second["others"].tobytes()
