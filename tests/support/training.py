"""Small recipes, data and captioners that train in seconds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from image_describer.train import recipe
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.vocabulary import Vocabulary
from tests.support import tiny

COLORS, SIDES = ("red", "green", "blue"), ("left", "right")
WORDS = ["a", "red", "green", "blue", "square", "is", "on", "the", "left", "right", "side"]
NETWORK = recipe.Network(units=24, embedding=12, heads=2, attention=16, dropout=0.1)
SMALL = """\
extends = "{name}"
precision = "float32"
[data]
min_count = 1
[features]
encoder = "xception"
weights = "random"
size = {size}
width = 0.06
middle_blocks = 1
[network]
units = 24
embedding = 12
attention = 16
dropout = 0.1
[fit]
epochs = {epochs}
batch = {batch}
learning_rate = 0.02
"""


def small_recipe(folder: Path, name: str, epochs: int = 2, batch: int = 6) -> recipe.Recipe:
    """A shipped recipe with small sizes, written to ``folder`` and loaded like a user's recipe."""
    file = folder / f"{name}.small.toml"
    file.write_text(SMALL.format(name=name, size=tiny.SIZE, epochs=epochs, batch=batch), "utf-8")
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
    """Data whose regions (4, 8) encode color and side, and how batches load them."""
    rng = np.random.default_rng(0)
    keys = [f"{i}.jpg" for i in range(pictures)]
    captions, regions = {}, {}
    for i, key in enumerate(keys):
        color, side = i % 3, i // 3 % 2
        captions[key] = [f"a {COLORS[color]} square on the {SIDES[side]} side"] * 5
        grid = rng.normal(0, 0.1, (2, 2, 8)).astype(np.float32)
        grid[:, side, color] += 2.0
        grid[:, :, 4 + side] += 2.0
        regions[key] = grid.reshape(4, 8)
    data = Dataset(captions=captions, splits={"train": keys[:-dev], "dev": keys[-dev:]})
    return data, lambda some, views: np.stack([regions[key] for key in some])


def build_small_captioner(
    data: Dataset, network: recipe.Network = NETWORK
) -> tuple[Any, Vocabulary]:
    """A captioner for such regions, without an encoder."""
    import keras

    from image_describer.train.captioning import build_decoder
    from image_describer.train.models.captioner import Captioner

    captions = [caption for several in data.captions.values() for caption in several]
    vocabulary = Vocabulary.build(captions, 1, 8)
    keras.utils.set_random_seed(1)
    decoder = build_decoder(network, len(vocabulary), network.embedding)
    model = Captioner(None, decoder, len(vocabulary))
    model.create_weights((4, 8))
    return model, vocabulary
