"""The decoders of the original systems: the interface, and what each does with a picture."""

import keras
import numpy as np
import pytest
from keras import ops

from image_describer.train.baselines.bahdanau_gru import BahdanauGru
from image_describer.train.baselines.merge_lstm import MergeLstm

VOCABULARY = 11
BEAMS = 3


@pytest.fixture(params=["merge-lstm", "bahdanau-gru"])
def decoder(request, regions, words):
    keras.utils.set_random_seed(2)
    merge = request.param == "merge-lstm"
    made = MergeLstm(VOCABULARY, 8, 6, 0.5) if merge else BahdanauGru(VOCABULARY, 8, 6, 7, 0.5)
    made(regions, words)
    return made


@pytest.fixture
def regions():
    """Of two pictures: (2, 4, 5)."""
    return np.random.default_rng(4).normal(size=(2, 4, 5)).astype(np.float32)


@pytest.fixture
def words():
    """Three captions of each: (2, 3, 6)."""
    return np.random.default_rng(3).integers(3, VOCABULARY, (2, BEAMS, 6)).astype(np.int32)


def test_steps_give_the_logits_of_the_whole_caption(decoder, regions, words):
    whole = np.asarray(decoder(regions, words))
    prepared, state = decoder.prepare(regions), decoder.begin(2, BEAMS)
    for t in range(words.shape[2]):
        logits, state, attention = decoder.step(words[:, :, t], state, prepared)
        np.testing.assert_allclose(np.asarray(logits), whole[:, :, t], rtol=1e-4, atol=1e-5)
        assert attention.shape == (2, BEAMS, 4)
        np.testing.assert_allclose(np.asarray(attention).sum(axis=2), 1.0, rtol=1e-5)


def test_logits_depend_only_on_earlier_words_of_the_same_caption(decoder, regions, words):
    other = words.copy()
    other[:, :, 3:] = 9
    other[:, 2] = 8
    a, b = (np.asarray(decoder(regions, w)) for w in (words, other))
    np.testing.assert_allclose(a[:, :2, :3], b[:, :2, :3], atol=1e-6)
    assert np.abs(a[:, :2, 3:] - b[:, :2, 3:]).max() > 1e-3


def test_logits_depend_on_the_picture(decoder, regions, words):
    a, b = (np.asarray(decoder(r, words)) for r in (regions, regions[::-1]))
    assert np.abs(a - b).max() > 1e-3


def test_dropout_is_active_only_in_training(decoder, regions, words):
    plain, again = (np.asarray(decoder(regions, words)) for _ in range(2))
    np.testing.assert_array_equal(plain, again)
    assert np.abs(np.asarray(decoder(regions, words, training=True)) - plain).max() > 1e-3


def test_a_merge_network_attends_to_all_regions_equally(regions, words):
    decoder = MergeLstm(VOCABULARY, 8, 6, 0.0)
    _, _, attention = decoder.step(
        words[:, :, 0], decoder.begin(2, BEAMS), decoder.prepare(regions)
    )
    np.testing.assert_allclose(np.asarray(attention), 0.25)
    mean = np.repeat(regions.mean(axis=1, keepdims=True), 4, axis=1)
    np.testing.assert_allclose(
        np.asarray(decoder(regions, words)), np.asarray(decoder(mean, words)), atol=1e-5
    )


def test_additive_attention_depends_on_the_words_so_far(regions, words):
    decoder = BahdanauGru(VOCABULARY, 8, 6, 7, 0.0)
    prepared, state = decoder.prepare(regions), decoder.begin(2, BEAMS)
    _, state, first = decoder.step(words[:, :, 0], state, prepared)
    _, _, second = decoder.step(words[:, :, 1], state, prepared)
    assert np.ptp(np.asarray(first)[0], axis=0).max() < 1e-6  # all rows are in the same state
    assert np.ptp(np.asarray(second)[0], axis=0).max() > 1e-5


def test_the_exported_decoder_agrees_with_the_network(decoder, regions, words, tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    from image_describer.train.export import litert

    file = tmp_path / "decoder.tflite"
    litert.export_decoder(decoder, regions.shape[1:], BEAMS, file)
    interpreter = Interpreter(str(file))
    prepare, step = (interpreter.get_signature_runner(name) for name in ("prepare", "step"))
    exported = prepare(regions=regions[:1])
    prepared, state = decoder.prepare(regions[:1]), decoder.begin(1, BEAMS)
    states = {name: np.asarray(value) for name, value in state.items()}
    for t in range(2):
        found = step(words=words[:1, :, t], **states, **exported)
        logits, state, attention = decoder.step(words[:1, :, t], state, prepared)
        np.testing.assert_allclose(
            found["log_probs"], np.asarray(ops.log_softmax(logits)), atol=1e-4
        )
        np.testing.assert_allclose(found["attention"], np.asarray(attention)[0], atol=1e-5)
        states = {name: found[name] for name in states}
