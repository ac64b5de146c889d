"""The original systems' recipes made small: what several tests train in seconds."""

from pathlib import Path

import numpy as np

from image_describer.train import recipe
from tests import tiny

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


def small(
    folder: Path,
    name: str,
    epochs: float = 2,
    samples: str = "captions",
    patience: int = 0,
    dropout: float = 0.1,
) -> recipe.Recipe:
    """A shipped recipe, its sizes made small; written to ``folder`` and read as a user's own."""
    file = folder / f"{name}.small.toml"
    file.write_text(
        SMALL.format(
            name=name, size=tiny.SIZE, epochs=epochs, samples=samples, patience=patience,
            dropout=dropout,
        ),
        "utf-8",
    )  # fmt: skip
    return recipe.load(str(file))


def vectors(folder: Path, dimension: int = 8) -> Path:
    """Word vectors of the tiny captions, in GloVe's format."""
    rng = np.random.default_rng(0)
    lines = [f"{w} {' '.join(f'{x:.3f}' for x in rng.normal(size=dimension))}" for w in WORDS]
    file = folder / "glove.txt"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file
