"""The decoder that ships, and the captioner around any decoder."""

import keras
import numpy as np
import pytest

from image_describer.train.data.vocabulary import START
from image_describer.train.models.attention_lstm import AttentionLstm
from image_describer.train.models.captioner import RARE, Captioner

VOCABULARY, CAPTIONS, STEPS = 11, 2, 5


@pytest.fixture(scope="module")
def decoder():
    """A decoder, and regions of three pictures that it has been called on."""
    keras.utils.set_random_seed(2)
    regions = np.random.default_rng(4).normal(size=(3, 4, 5)).astype(np.float32)
    made = AttentionLstm(VOCABULARY, 8, 6, 2, 0.5)
    made(regions, words())
    return made, regions


def words():
    found = np.random.default_rng(3).integers(4, VOCABULARY, (3, CAPTIONS, STEPS), np.int32)
    found[:, :, 0] = START
    return found


def test_steps_give_the_same_logits_as_teacher_forcing(decoder):
    decoder, regions = decoder
    expected = np.asarray(decoder(regions, words()))
    assert expected.shape == (3, CAPTIONS, STEPS, VOCABULARY)
    prepared, state = decoder.prepare(regions), decoder.begin(3, CAPTIONS)
    for step in range(STEPS):
        logits, state, attention = decoder.step(words()[:, :, step], state, prepared)
        np.testing.assert_allclose(np.asarray(logits), expected[:, :, step], rtol=1e-4, atol=1e-5)
        assert attention.shape == (3, CAPTIONS, regions.shape[1])
        np.testing.assert_allclose(np.asarray(attention).sum(axis=2), 1.0, rtol=1e-5)


def test_a_word_depends_on_the_picture_and_the_words_before_it_alone(decoder):
    decoder, regions = decoder
    expected, other = np.asarray(decoder(regions, words())), words()
    other[0, :, 3:] = 9
    found = np.asarray(decoder(regions, other))
    np.testing.assert_allclose(found[0, :, :3], expected[0, :, :3], atol=1e-6)
    np.testing.assert_allclose(found[1:], expected[1:], atol=1e-6)
    assert np.abs(found[0, :, 3:] - expected[0, :, 3:]).max() > 1e-3
    found = np.asarray(decoder(regions[::-1], words()))
    assert np.abs(found - expected)[[0, 2]].max() > 1e-3


def test_dropout_is_in_training_only(decoder):
    decoder, regions = decoder
    runs = [np.asarray(decoder(regions, words(), training=True)) for _ in range(2)]
    assert (runs[0] != runs[1]).any()
    assert (np.asarray(decoder(regions, words())) == np.asarray(decoder(regions, words()))).all()


def test_a_captioner_predicts_words_presence_and_labels(decoder):
    decoder, regions = decoder
    model = Captioner(None, decoder, VOCABULARY, labels=6)
    outputs = model({"picture": regions.astype(np.float16), "words": words()})
    expected = decoder(regions.astype(np.float16).astype(np.float32), words())
    np.testing.assert_allclose(outputs["words"], expected, rtol=1e-4, atol=1e-5)
    assert outputs["presence"].shape == (3, VOCABULARY)
    assert outputs["labels"].shape == (3, 6)
    assert np.asarray(model.presence.bias).tolist() == [RARE] * VOCABULARY
    assert "labels" not in Captioner(None, decoder, VOCABULARY)(
        {"picture": regions, "words": words()}
    )
