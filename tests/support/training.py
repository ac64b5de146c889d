"""Small recipes and word vectors, for training in seconds."""

from pathlib import Path

import numpy as np

from image_describer.train import recipe
from tests.support import tiny

WORDS = ["a", "red", "green", "blue", "square", "is", "on", "the", "left", "right", "side"]
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
