"""A few steps of each kind of training, for comparing the backends of Keras.

As a script it runs in a process with another KERAS_BACKEND, from the weights that a run in this one
left: python -m tests.support.steps FOLDER
"""

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

from image_describer.train.baselines.joint_embedding import DualEncoder
from image_describer.train.data.batches import Arrays
from image_describer.train.fit import checkpoint
from image_describer.train.fit.loop import Training
from image_describer.train.fit.losses import CrossEntropy, PairHinge
from image_describer.train.fit.optimizer import averaged
from image_describer.train.fit.self_critical import SelfCriticalSteps
from image_describer.train.heads.joint_space import ContrastiveLoss
from image_describer.train.models.joint_space import JointSpaceNetwork, Standardization, Words
from image_describer.train.recipe import Fit, Reward
from tests.support.small_networks import SmallCaptioning

STEPS, BATCH = 3, 12


class RandomBatches:
    """Features (B, 8), and random captions in the shape that a loss needs."""

    def __init__(self, counts: bool) -> None:
        self._counts = counts

    def __len__(self) -> int:
        return STEPS

    def batch(self, epoch: int, step: int) -> Arrays:
        rng = np.random.default_rng((epoch, step))
        picture = rng.random((BATCH, 8)).astype(np.float32)
        if self._counts:
            words = rng.integers(0, 2, (5 * BATCH, 9)).astype(np.float32)
            return {"picture": picture, "words": words}
        own, others = rng.integers(1, 9, (2, BATCH, 4)).astype(np.int32)
        return {"picture": picture, "words": own, "others": others}


def compare(folder: Path, start: bool) -> dict[str, Any]:
    """Values of each step: cross-entropy, its moving average, rewards, pairs and a joint space.

    ``start`` saves the initial weights in ``folder``; otherwise they are loaded from there.
    """

    def begin(name: str, network: keras.Model) -> None:
        action = checkpoint.save_weights if start else checkpoint.load_weights
        action(folder / f"{name}.npz", network)

    def losses(training: Training) -> list[float]:
        found = []
        for step in range(STEPS):
            training.wrapper.reset_metrics()
            training.wrapper.train_on_batch(training._prepare(training.train.batch(0, step), step))
            found.append(float(training.wrapper.means[0].result()))
        return found

    small = SmallCaptioning()
    begin("captioner", small.model)
    settings = Fit(epochs=2, learning_rate=0.05, warmup_steps=0, ema_decay=0.5)
    fit = Training(
        settings, small.model, CrossEntropy(0.1, 0.0), small.train,
        scales=lambda variables: [0.5 if i % 2 else 1.0 for i in range(len(variables))],
    )  # fmt: skip
    values: dict[str, Any] = {"cross-entropy": losses(fit)}
    bias = small.model.decoder.to_words.bias
    values["weights"] = np.asarray(bias).tolist()
    with averaged(fit.wrapper):
        values["average"] = np.asarray(bias).tolist()

    steps = SelfCriticalSteps(
        Reward(), small.model, small.data, small.vocabulary, small.train, small.dev, 1
    )
    reward = Training(Reward(), small.model, steps.loss, small.train, prepare=steps.prepare)
    values["reward"] = losses(reward)
    values["dev reward"] = steps.judge()["dev_reward"]

    settings = Fit(epochs=2, learning_rate=0.005, warmup_steps=0)  # Adam magnifies rounding
    pairs = DualEncoder(8, 9, 6, 5)
    begin("pairs", pairs)
    values["pairs"] = losses(Training(settings, pairs, PairHinge(1.0), RandomBatches(False)))

    words = Words(np.arange(9, dtype=np.int32), np.ones(9, np.float32))
    scaling = Standardization.fit(np.random.default_rng(0).random((20, 8)), 4)
    joint = JointSpaceNetwork(scaling, words, 2, 6, 0.0, seed=1)
    values["joint space"] = losses(
        Training(settings, joint, ContrastiveLoss(0.1), RandomBatches(True))
    )
    return values


if __name__ == "__main__":
    found = compare(Path(sys.argv[1]), start=False)
    print(json.dumps({"backend": keras.backend.backend(), **found}))
