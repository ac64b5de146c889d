"""Exported networks compute what the Keras networks compute."""

import keras
import numpy as np
import pytest

from image_describer.captioner.decoder import BATCH_SIZE, Decoder
from image_describer.errors import TrainingError
from image_describer.runtime import load
from image_describer.train.baselines.bahdanau_gru import BahdanauGru
from image_describer.train.baselines.merge_lstm import MergeLstm
from image_describer.train.export import litert
from image_describer.train.models.attention_lstm import AttentionLstm

WORDS, CELLS, CHANNELS, BEAMS = 15, 6, 8, 3
DECODERS = {
    "attention-lstm": lambda: AttentionLstm(WORDS, 16, 8, 2, 0.4),
    "merge-lstm": lambda: MergeLstm(WORDS, 16, 8, 0.4),
    "bahdanau-gru": lambda: BahdanauGru(WORDS, 16, 8, 12, 0.4),
}


@pytest.fixture(scope="module", params=DECODERS)
def exported(request, tmp_path_factory):
    """A decoder with random weights, and the file that it was exported to."""
    keras.utils.set_random_seed(1)
    decoder = DECODERS[request.param]()
    decoder(np.zeros((1, CELLS, CHANNELS), np.float32), np.zeros((1, 1, 2), np.int32))
    file = tmp_path_factory.mktemp(request.param) / "decoder.tflite"
    litert.export_decoder(decoder, (CELLS, CHANNELS), BEAMS, file)
    return decoder, Decoder(file, start=1, end=2, banned=(0, 1, 3), max_length=5)


def pictures(count):
    return list(np.random.default_rng(0).random((count, CELLS, CHANNELS), np.float32))


def test_the_probabilities_are_those_of_teacher_forcing(exported):
    decoder, shipped = exported
    (regions,), ids = pictures(1), np.array([[[1, 5, 7, 4]]], np.int32)
    logits = np.asarray(decoder(regions[np.newaxis], ids))[0, 0]
    expected = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    prepared, state = shipped._prepared_of(regions), shipped._zeros
    for word, log_probs in zip(ids[0, 0], expected, strict=True):
        output = shipped._step(words=np.full((1, BEAMS), word, np.int32), **state, **prepared)
        state = {name: output[name] for name in state}
        np.testing.assert_allclose(output["log_probs"][0], [log_probs] * BEAMS, atol=0.05)
        np.testing.assert_allclose(output["attention"].sum(axis=1), np.ones(BEAMS), atol=1e-3)


def test_several_pictures_are_decoded_together_as_alone(exported):
    _, shipped = exported
    regions = pictures(BATCH_SIZE + 2)
    together = shipped.decode_many(regions, [()] * len(regions))  # one by one if it must be
    for beams, picture in zip(together, regions, strict=True):
        alone = shipped.decode(picture)
        assert [beam.words for beam in beams] == [beam.words for beam in alone]
        assert beams[0].score == pytest.approx(alone[0].score, abs=1e-4)


def test_an_encoder_that_is_not_quantized_is_as_good_as_exact(tmp_path):
    keras.utils.set_random_seed(2)
    pixels = keras.Input((16, 16, 3))
    x = keras.layers.Rescaling(1 / 127.5, -1.0)(pixels)
    x = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(x)
    model = keras.Model(pixels, keras.layers.Reshape((49, 8))(x))
    picture = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3)).astype(np.uint8)
    litert.export_encoder(model, picture, tmp_path / "encoder.tflite", quantize=False)
    interpreter = load(tmp_path / "encoder.tflite", 1)
    entry, out = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    assert entry["dtype"] == out["dtype"] == np.float32
    interpreter.set_tensor(entry["index"], picture.astype(np.float32))
    interpreter.invoke()
    expected = np.asarray(model(picture.astype(np.float32)))
    np.testing.assert_allclose(interpreter.get_tensor(out["index"]), expected, atol=2e-3)


def test_another_backend_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(TrainingError, match="backend jax") as refused:
        litert.export_decoder(None, (CELLS, CHANNELS), BEAMS, tmp_path / "decoder.tflite")
    assert "KERAS_BACKEND=tensorflow" in refused.value.way_out
    assert not list(tmp_path.iterdir())


def test_a_network_that_cannot_be_converted_leaves_no_file(tmp_path):
    class Broken(AttentionLstm):
        def step(self, words, state, prepared):
            import tensorflow as tf

            logits, state, attention = super().step(words, state, prepared)
            return tf.py_function(lambda x: x, [logits], tf.float32), state, attention

    decoder = Broken(WORDS, 16, 8, 2, 0.4)
    decoder(np.zeros((1, CELLS, CHANNELS), np.float32), np.zeros((1, 1, 2), np.int32))
    with pytest.raises(TrainingError, match=r"decoder\.tflite can't be exported"):
        litert.export_decoder(decoder, (CELLS, CHANNELS), BEAMS, tmp_path / "decoder.tflite")
    assert not list(tmp_path.iterdir())
