"""The ranges of activations in int8: compared with a search, and what they improve."""

import numpy as np
import pytest

SIDE = 8


def error_of(numbers, low, high):
    step = (high - low) / 255
    rounded = np.round((np.clip(numbers, low, high) - low) / step) * step + low
    return np.mean((rounded - numbers) ** 2)


@pytest.mark.parametrize("tails", ["none", "heavy"])
def test_the_best_range_has_the_least_error_of_all(tails):
    from image_describer.train.export.calibration import best_range

    rng = np.random.default_rng(0)
    heavy = tails == "heavy"
    numbers = rng.standard_t(3, 100_000) if heavy else rng.uniform(-2.0, 2.0, 100_000)
    widest = np.abs(numbers).max()
    counts, edges = np.histogram(numbers, 4096, (-widest, widest))
    low, high = best_range(counts, edges)
    others = [error_of(numbers, -x, x) for x in np.linspace(0.1, 1.0, 91) * widest]
    assert error_of(numbers, low, high) < 1.03 * min(others)
    if heavy:
        assert high < 0.8 * widest
        assert error_of(numbers, low, high) < 0.7 * error_of(numbers, -widest, widest)
    else:
        assert (low, high) == pytest.approx((-widest, widest))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_range_of_one_sign_begins_at_zero(sign):
    from image_describer.train.export.calibration import best_range

    numbers = sign * np.abs(np.random.default_rng(1).normal(size=50_000))
    counts, edges = np.histogram(numbers, 4096, sorted((0.0, sign * np.abs(numbers).max())))
    low, high = best_range(counts, edges)
    assert 0.0 in (low, high)
    assert high - low > 2.0
    empty = best_range(np.zeros(4096, int), edges)
    assert empty[1] > empty[0]


def test_narrow_ranges_bring_an_exported_encoder_closer_to_the_float_one(tmp_path, monkeypatch):
    import keras

    from image_describer.captioner.runtime import load
    from image_describer.train.export import calibration
    from image_describer.train.export.litert import export_encoder

    keras.utils.set_random_seed(0)
    layers = keras.layers
    pixels = keras.Input((SIDE, SIDE, 3))
    x = layers.Rescaling(1 / 127.5, -1.0)(pixels)
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(16, 1, activation="relu")(x)
    x = layers.Conv2D(16, 1)(x)
    model = keras.Model(pixels, layers.Reshape((SIDE * SIDE, 16))(x))
    rng = np.random.default_rng(2)
    # Most of a picture is gray, and a few dots are far brighter or darker.
    dots = 128 + 2.0 * rng.standard_t(1.5, (32, SIDE, SIDE, 3))
    pictures = dots.clip(0, 255).astype(np.uint8)
    exact = np.asarray(model(pictures.astype(np.float32)))

    def error():
        file = tmp_path / "encoder.tflite"
        export_encoder(model, pictures, file)
        interpreter = load(file, 1)
        entry, out = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        found = []
        for picture in pictures:
            interpreter.set_tensor(entry["index"], picture[np.newaxis].astype(np.float32))
            interpreter.invoke()
            found.append(interpreter.get_tensor(out["index"])[0])
        return np.square(np.array(found) - exact).mean()

    narrow = error()
    monkeypatch.setattr(calibration, "narrow_ranges", lambda calibrated, pictures: calibrated)
    assert narrow < 0.8 * error()
