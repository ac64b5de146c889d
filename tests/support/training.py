"""Small recipes, data and captioners that train in seconds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from image_describer.train import recipe
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.vocabulary import Vocabulary
from tests.support import tiny

COLOURS, SIDES = ("red", "green", "blue"), ("left", "right")

RECIPES = (
    "image-describer",
    "keras-captioning",
    "audio-captions",
    "attend-and-tell",
    "joint-embedding",
    "joint-embedding-hardest",
)
WORDS = ["a", "red", "green", "blue", "square", "is", "on", "the", "left", "right", "side"]
SMALL = """\
extends = "{name}"
precision = "float32"
[text]
min_count = 1
[extractor]
name = "xception"
weights = "random"
size = {size}
[network]
width = 0.06
middle_blocks = 1
units = 24
embedding = 12
attention = 16
dropout = {dropout}
[fit]
epochs = {epochs}
batch = 8
rate = 0.02
samples = "{samples}"
patience = {patience}
"""


def small_recipe(
    folder: Path,
    name: str,
    epochs: float = 2,
    samples: str = "captions",
    patience: int = 0,
    dropout: float = 0.1,
) -> recipe.Recipe:
    """A shipped recipe with small sizes, written to ``folder`` and loaded like a user's recipe."""
    file = folder / f"{name}.small.toml"
    file.write_text(
        SMALL.format(
            name=name, size=tiny.SIZE, epochs=epochs, samples=samples, patience=patience,
            dropout=dropout,
        ),
        "utf-8",
    )  # fmt: skip
    return recipe.load(str(file))


def write_word_vectors(folder: Path, dimension: int = 8) -> Path:
    """Word vectors of the tiny captions, in GloVe's format."""
    rng = np.random.default_rng(0)
    lines = [f"{w} {' '.join(f'{x:.3f}' for x in rng.normal(size=dimension))}" for w in WORDS]
    file = folder / "glove.txt"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def make_feature_data(
    pictures: int = 72, dev: int = 12
) -> tuple[Dataset, Callable[..., np.ndarray]]:
    """Data whose feature maps (2, 2, 8) encode colour and side, and their loader."""
    rng = np.random.default_rng(0)
    names = [f"{i}.jpg" for i in range(pictures)]
    captions, maps = {}, {}
    for i, name in enumerate(names):
        colour, side = i % 3, i // 3 % 2
        captions[name] = [f"a {COLOURS[colour]} square on the {SIDES[side]} side"] * 5
        maps[name] = rng.normal(0, 0.1, (2, 2, 8)).astype(np.float32)
        maps[name][:, side, colour] += 2.0
        maps[name][:, :, 4 + side] += 2.0
    data = Dataset(Path("none"), captions, {"train": names[:-dev], "dev": names[-dev:]})
    return data, lambda some, _: np.stack([maps[name] for name in some])


def build_small_captioner(data: Dataset, chosen: recipe.Recipe) -> tuple[Any, Vocabulary]:
    """An attention LSTM on such feature maps, without a convolutional encoder."""
    import keras

    from image_describer.train.fit import loop

    vocabulary = Vocabulary.build((c for several in data.captions.values() for c in several), 1, 8)
    keras.utils.set_random_seed(1)
    maps = keras.Input((2, 2, 8))
    tower = keras.Model(maps, keras.layers.Reshape((4, 8))(maps))
    return loop.build_captioner(chosen, tower, vocabulary), vocabulary
