"""An int8 encoder is close to the float one, and reads and writes float32."""

import keras
import numpy as np

from image_describer.runtime import load
from image_describer.train.export.litert import export_encoder

SIDE = 8


def test_an_int8_encoder_is_close_to_the_float_one(tmp_path, capfd):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    pixels = keras.Input((SIDE, SIDE, 3))
    x = layers.Rescaling(1 / 127.5, -1.0)(pixels)
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    x = layers.Add()([x, layers.Conv2D(16, 1)(x)])
    x = layers.Conv2D(16, 1)(x)
    model = keras.Model(pixels, layers.Reshape((SIDE * SIDE, 16))(x))
    rng = np.random.default_rng(2)
    pictures = rng.integers(0, 256, (32, SIDE, SIDE, 3)).astype(np.uint8)
    pictures[0] = 255 * (np.indices((SIDE, SIDE)).sum(axis=0) % 2)[..., np.newaxis]  # an outlier
    export_encoder(model, pictures, tmp_path / "encoder.tflite")
    assert "Calibration" not in capfd.readouterr().err  # the quantizer's own progress bar

    interpreter = load(tmp_path / "encoder.tflite", 1)
    entry, out = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    assert entry["dtype"] == out["dtype"] == np.float32
    assert any(tensor["dtype"] == np.int8 for tensor in interpreter.get_tensor_details())
    found = []
    for picture in pictures[1:]:
        interpreter.set_tensor(entry["index"], picture[np.newaxis].astype(np.float32))
        interpreter.invoke()
        found.append(interpreter.get_tensor(out["index"])[0])
    expected = np.asarray(model(pictures[1:].astype(np.float32)))
    assert np.abs(np.array(found) - expected).mean() < 0.02 * expected.std()
