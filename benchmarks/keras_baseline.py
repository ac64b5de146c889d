"""The same job written with Keras, as the first image-describer did it: the baseline.

Xception without its top, pooled to 2,048 numbers; a network that merges them with an LSTM over the
words so far; `predict` for one word at a time, greedily. The weights are random, which makes no
difference to the work. They are saved once and read at each start, like those of a real program.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from PIL import Image

SIZE = 299
UNITS = 256
VOCABULARY = 8_000
LONGEST = 34  # words of a caption, as in the original
ENCODER = "encoder.weights.h5"
CAPTIONER = "captioner.keras"


def encoder(weights: Path | None) -> keras.Model:
    """(N, 299, 299, 3) in [-1, 1] -> (N, 2048)."""
    model = keras.applications.Xception(weights=None, include_top=False, pooling="avg")
    if weights:
        model.load_weights(weights)
    return model


def new_captioner() -> keras.Model:
    """Features (N, 2048) and words so far (N, 34) -> probabilities of the next one (N, 8000)."""
    features = keras.Input((2048,))
    picture = keras.layers.Dense(UNITS, activation="relu")(keras.layers.Dropout(0.5)(features))
    words = keras.Input((LONGEST,))
    embedded = keras.layers.Embedding(VOCABULARY, UNITS, mask_zero=True)(words)
    sequence = keras.layers.LSTM(UNITS)(keras.layers.Dropout(0.5)(embedded))
    merged = keras.layers.Dense(UNITS, activation="relu")(keras.layers.add([picture, sequence]))
    return keras.Model(
        [features, words], keras.layers.Dense(VOCABULARY, activation="softmax")(merged)
    )


def describe(picture: Path, weights: Path, words: int) -> list[int]:
    """Return the ids of ``words`` words, chosen greedily."""
    encode, decode = encoder(weights / ENCODER), keras.saving.load_model(weights / CAPTIONER)
    with Image.open(picture) as image:
        pixels = np.asarray(image.convert("RGB").resize((SIZE, SIZE)), np.float32)
    features = encode.predict(pixels[None] / 127.5 - 1.0, verbose=0)
    ids = [1]
    for _ in range(words):
        so_far = keras.utils.pad_sequences([ids], maxlen=LONGEST)
        ids.append(int(np.argmax(decode.predict([features, so_far], verbose=0))))
    return ids[1:]


def main() -> int:
    parser = argparse.ArgumentParser(description="Describe a picture with Keras.")
    parser.add_argument("weights", type=Path, help="the folder of --prepare")
    parser.add_argument("picture", type=Path, nargs="?")
    parser.add_argument("--prepare", action="store_true", help="create the weights and exit")
    parser.add_argument("--words", type=int, default=LONGEST, help="length of the caption")
    options = parser.parse_args()
    if options.prepare:
        encoder(None).save_weights(options.weights / ENCODER)
        new_captioner().save(options.weights / CAPTIONER)
    elif options.picture is None:
        parser.error("which picture?")
    else:
        print(*describe(options.picture, options.weights, options.words))
    return 0


if __name__ == "__main__":
    sys.exit(main())
