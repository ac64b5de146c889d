"""Networks and data that train in a second, for tests of the training loop on any backend."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from image_describer.train.data.batches import Arrays, PictureBatches
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.vocabulary import Vocabulary
from image_describer.train.fit.loop import Training
from image_describer.train.models.attention_lstm import AttentionLstm
from image_describer.train.models.captioner import Captioner
from image_describer.train.recipe import Fit

COLORS, SIDES = ("red", "green", "blue"), ("left", "right")
REGIONS, CHANNELS = 4, 8
STEPS = 5  # in an epoch of `NumberBatches`


class NumberBatches:
    """Points (8, 3) and their sums."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def __len__(self) -> int:
        return STEPS

    def batch(self, epoch: int, step: int) -> Arrays:
        points = np.random.default_rng((self._seed, epoch, step)).normal(size=(8, 3))
        return {"x": points.astype(np.float32), "y": points.sum(1).astype(np.float32)}


class SquaredError:
    metrics = ("loss",)

    def __call__(self, model: Any, batch: Any, training: bool) -> Any:
        loss = ops.mean((model(batch["x"], training=training)[:, 0] - batch["y"]) ** 2)
        return loss, [(loss, 8.0)]


def number_training(settings: Fit, dropout: float = 0.0, **more: Any) -> Training:
    """Training of a small network to add numbers."""
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Dense(4, "relu"), keras.layers.Dropout(dropout), keras.layers.Dense(1)]
    network = keras.Sequential([keras.Input((3,)), *layers])
    return Training(settings, network, SquaredError(), NumberBatches(), NumberBatches(1), **more)


def make_captions(pictures: int = 48, dev: int = 12) -> tuple[Dataset, dict[str, np.ndarray]]:
    """Captions of pictures, and their regions (4, 8), which show color and side."""
    rng = np.random.default_rng(0)
    captions, regions = {}, {}
    for number in range(pictures):
        color, side = number % 3, number // 3 % 2
        name = f"{number}.jpg"
        captions[name] = [f"{COLORS[color]} {SIDES[side]}"] * 5
        regions[name] = rng.normal(0, 0.1, (REGIONS, CHANNELS)).astype(np.float32)
        regions[name][:, color] += 2.0
        regions[name][:, 4 + side] += 2.0
    names = list(captions)
    splits = {"train": names[:-dev], "dev": names[-dev:]}
    return Dataset({name: Path(name) for name in names}, captions, splits), regions


class SmallCaptioning:
    """An attention LSTM on such regions, without an encoder, and its batches."""

    def __init__(self, dropout: float = 0.0) -> None:
        self.data, regions = make_captions()
        captions = (c for several in self.data.captions.values() for c in several)
        self.vocabulary = Vocabulary.build(captions, 1, 2)
        keras.utils.set_random_seed(1)
        decoder = AttentionLstm(len(self.vocabulary), 12, 8, 2, dropout)
        self.model = Captioner(None, decoder, len(self.vocabulary))
        self.model.create_weights((REGIONS, CHANNELS))
        self.model.presence.trainable = False  # there is no encoder that it would help

        def load(keys: Any, views: Any) -> np.ndarray:
            return np.stack([regions[key] for key in keys])

        def batches(split: str, training: bool) -> PictureBatches:
            return PictureBatches(
                self.data, self.data.splits[split], self.vocabulary, load,
                batch=12, seed=1, training=training,
            )  # fmt: skip

        self.train, self.dev = batches("train", True), batches("dev", False)
