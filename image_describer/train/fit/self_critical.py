"""Self-critical training: captions that beat their baseline by CIDEr-D become likelier.

After Rennie et al. 2017 (arXiv:1612.00563): several captions of each picture are drawn from the
captioner, scored against the picture's own, and weighed by how much better they are than what the
captioner would have said (``greedy``), or than the mean of the others drawn (``mean-of-others``,
Luo 2020, arXiv:2003.09971, which needs no decoding of its own).
"""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from image_describer.errors import TrainingError
from image_describer.train.data.batches import Batches, Loader, steps_an_epoch
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.vocabulary import START, Vocabulary
from image_describer.train.fit import checkpoint, optimizer
from image_describer.train.fit.log import History
from image_describer.train.fit.loop import (
    CHECKPOINT_EVERY_S,
    Interrupt,
    RunStoppedError,
    compile_for,
    settling,
)
from image_describer.train.fit.losses import self_critical
from image_describer.train.fit.rewards.bleu_meteor import Overlap
from image_describer.train.fit.rewards.cider import CiderD
from image_describer.train.fit.sampler import Sampler
from image_describer.train.models import regularization
from image_describer.train.models.attention_lstm import Captioner
from image_describer.train.recipe import Reward

DEV_BATCH = 32  # pictures


def advantages(rewards: np.ndarray, baseline: np.ndarray | None) -> np.ndarray:
    """rewards (B, K) less their baseline: (B,) where one is given, else the mean of the others.

    Raises TrainingError where there are no others.
    """
    if baseline is not None:
        return rewards - baseline[:, None]
    count = rewards.shape[1]
    if count == 1:
        raise TrainingError(
            "One caption of a picture has no others to be compared with.",
            "In [scst] give samples = 2 or more, or baseline = 'greedy'.",
        )
    others = (rewards.sum(axis=1, keepdims=True) - rewards) / (count - 1)
    return rewards - others


def fit_scst(
    name: str,
    stage: Reward,
    model: Captioner,
    data: Dataset,
    vocabulary: Vocabulary,
    loader: Loader,
    run: Path,
    seed: int,
    resume: bool,
    at_epoch_end: Callable[[int], None] = lambda step: None,
    disturbed: bool = False,
) -> None:
    """Train ``model`` by ``stage``; checkpoint ``run/<name>.npz``, rewards ``run/<name>.jsonl``.

    ``at_epoch_end`` is called with the step, before the checkpoint is written. A tower that is
    ``disturbed`` while it learns (see ``noise``) is so here too: captions are drawn from what it
    sees then, and are learnt by the same. Raises RunStoppedError after Ctrl+C, with the checkpoint
    written.
    """
    train = data.splits["train"]
    an_epoch = steps_an_epoch(len(train), stage.batch, training=True)
    total = max(1, round(stage.epochs * an_epoch))
    batches = Batches(
        data, train, vocabulary, loader,
        batch=stage.batch, seed=seed, count=total, mirror=stage.mirror, crops=stage.crops,
    )  # fmt: skip
    weights = _learning(model)
    compile_for(model, stage, total, weights)
    model.optimizer.build(weights)

    def settle() -> None:
        if disturbed:
            clean = (batches.maps(i) for i in range(min(settling(stage.batch), total)))
            regularization.settle_normalisation(model.tower, clean)

    file = run / f"{name}.npz"
    step, sums = 0, dict[str, float]()
    if resume and file.exists():
        step, sums = checkpoint.load(file, model), checkpoint.sums(file)
    else:
        _sharpen(model, stage.sharpen)
    history = History(run / f"{name}.jsonl", step)
    cider = CiderD.of(data.captions, train, vocabulary)
    overlap = Overlap.of(data.captions, train, vocabulary) if stage.bleu or stage.meteor else None
    climb = _Climb(stage, model, cider, overlap, vocabulary, seed, disturbed)
    place = {picture: number for number, picture in enumerate(train)}
    saved = time.monotonic()
    with Interrupt() as interrupt, tqdm(total=total, initial=step, desc=name, unit=" steps") as bar:
        for names, pictures in _ahead(batches, loader, step, total):
            reward = climb.step(step, pictures, np.array([place[n] for n in names]))
            step += 1
            sums = {
                "reward": sums.get("reward", 0.0) + reward,
                "steps": sums.get("steps", 0.0) + 1.0,
            }
            bar.update()
            bar.set_postfix(reward=f"{sums['reward'] / sums['steps']:.3f}", refresh=False)
            ends = step % an_epoch == 0 or step == total
            if ends:
                record = {"step": step, "epoch": step / an_epoch}
                record |= {"reward": sums["reward"] / sums["steps"]}
                with optimizer.averaged(model, weights):
                    settle()
                    record |= _dev_reward(model, climb.sampler, data, vocabulary, loader)
                history.append(record)
                tqdm.write(" ".join(f"{key} {value:.4g}" for key, value in record.items()))
                sums = {}
                at_epoch_end(step)
            if ends or interrupt.asked or time.monotonic() - saved > CHECKPOINT_EVERY_S:
                checkpoint.save(file, model, step, sums)
                saved = time.monotonic()
            if interrupt.asked and step < total:
                raise RunStoppedError(f"Stopped at step {step} of {total} of '{name}'.")
    optimizer.take_average(model, weights)
    settle()


def fit_averaged(
    name: str,
    stage: Reward,
    model: Captioner,
    data: Dataset,
    vocabulary: Vocabulary,
    loader: Loader,
    run: Path,
    seed: int,
    resume: bool,
) -> None:
    """`fit_scst`, then ``stage.averaged`` epochs more, and ``model`` gets the mean of the weights
    from before these and from the end of each.

    The mean lies nearer the middle of the flat ground that training walks about on, and does
    better on pictures it has not seen: Izmailov et al. 2018 (arXiv:1803.05407).
    """
    fixed = (model, data, vocabulary, loader, run, seed)
    fit_scst(name, stage, *fixed, resume)
    if not stage.averaged:
        return
    averaged = f"{name}-averaged"

    def file(step: int) -> Path:
        return run / f"{averaged}.{step:08}.npz"

    def keep(step: int) -> None:
        checkpoint.save(file(step), model, step, optimizer=False)

    if not resume or not file(0).exists():
        for old in run.glob(f"{averaged}.*.npz"):
            old.unlink()
        keep(0)
    more = dataclasses.replace(stage, epochs=stage.averaged, sharpen=1.0)
    fit_scst(averaged, more, *fixed, resume, keep)
    checkpoint.load_mean(sorted(run.glob(f"{averaged}.*.npz")), model)


def _sharpen(model: Captioner, by: float) -> None:
    for weight in model.decoder.to_words.weights:
        weight.assign(weight * by)


class _Climb:
    """One step at a time: see, draw, score, learn."""

    def __init__(
        self,
        stage: Reward,
        model: Captioner,
        cider: CiderD,
        overlap: Overlap | None,
        vocabulary: Vocabulary,
        seed: int,
        disturbed: bool = False,
    ) -> None:
        self.sampler = Sampler(model, vocabulary)
        self._stage, self._model, self._seed = stage, model, seed
        self._cider, self._overlap = cider, overlap
        self._see = tf.function(lambda picture: model.tower(picture, training=disturbed))
        self._loss = tf.function(self._loss_of, reduce_retracing=True)
        self._weights = _learning(model)
        self._apply = tf.function(lambda gradients: model.optimizer.apply(gradients, self._weights))

    def step(self, at: int, picture: tf.Tensor, places: np.ndarray) -> float:
        """``places`` (B,) are the pictures' places in the rewards; -> the mean CIDEr-D."""
        with tf.GradientTape() as tape:
            regions = self._see(picture)  # once: noise is never the same again
            with tape.stop_recording():
                drawn, weight, reward = self._drawn(at, regions, places)
            loss = self._loss(regions, tf.constant(drawn), tf.constant(weight))
        self._apply(tape.gradient(loss, self._weights))
        return reward

    def _drawn(
        self, at: int, regions: tf.Tensor, places: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """Captions (B, K, T), what each counts (B, K), and their mean CIDEr-D."""
        drawn = self.sampler.draw(regions, self._stage.samples, (self._seed, at))
        cider = score(self._cider, drawn, places)
        rewards = cider + self._beside(drawn, places)
        baseline = None
        if self._stage.baseline == "greedy":
            likeliest = self.sampler.greedy(regions)
            baseline = score(self._cider, likeliest, places) + self._beside(likeliest, places)
            baseline = baseline[:, 0]
        return drawn, advantages(rewards, baseline).astype(np.float32), float(cider.mean())

    def _beside(self, drawn: np.ndarray, places: np.ndarray) -> np.ndarray:
        """What counts beside CIDEr-D for captions drawn (B, K, T): (B, K)."""
        if self._overlap is None:
            return np.zeros(drawn.shape[:2])
        return score(self._overlap, drawn, places) @ [self._stage.bleu, self._stage.meteor]

    def _loss_of(self, regions: tf.Tensor, drawn: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
        start = tf.fill(tf.shape(drawn[:, :, :1]), START)
        words = tf.concat([start, drawn[:, :, :-1]], axis=2)
        # Without dropout: these are the probabilities that the captions were drawn by.
        # What could not be drawn is barred here too: else its share grows wherever captions
        # are bad, and at last nothing else is learnt.
        logits = self._model.decoder(regions, words, training=False)
        return self_critical(tf.cast(logits, tf.float32) + self.sampler.barred, drawn, weight)


def _learning(model: Captioner) -> list[keras.Variable]:
    """The head that names words is left alone: captions drawn say nothing of it."""
    return [*model.tower.trainable_variables, *model.decoder.trainable_variables]


def _ahead(
    batches: Batches, loader: Loader, step: int, total: int
) -> Iterator[tuple[Sequence[str], tf.Tensor]]:
    """Names and pictures of each step; the next ones are read while some are worked on."""

    def read(at: int) -> tuple[Sequence[str], np.ndarray]:
        names, views, _ = batches.pictures(at)
        return names, loader(names, views)

    with ThreadPoolExecutor(1, "next pictures") as pool:
        coming = pool.submit(read, step) if step < total else None
        while coming is not None:
            names, pictures = coming.result()
            step += 1
            coming = pool.submit(read, step) if step < total else None
            yield names, tf.convert_to_tensor(pictures)


def _dev_reward(
    model: Captioner, sampler: Sampler, data: Dataset, vocabulary: Vocabulary, loader: Loader
) -> dict[str, float]:
    """CIDEr-D of the likeliest words on dev, document frequencies from dev's captions."""
    dev = data.splits["dev"]
    if not dev:
        return {}
    said = []
    for start in range(0, len(dev), DEV_BATCH):
        names = dev[start : start + DEV_BATCH]
        pictures = tf.convert_to_tensor(loader(names, np.zeros(len(names), np.int64)))
        said.append(sampler.greedy(model.tower(pictures, training=False)))
    cider = CiderD.of(data.captions, dev, vocabulary)
    rewards = score(cider, np.concatenate(said), np.arange(len(dev)))
    return {"dev_reward": float(rewards.mean())}


def score(by: CiderD | Overlap, drawn: np.ndarray, places: np.ndarray) -> np.ndarray:
    """What drawn (B, K, T) captions of the pictures at ``places`` (B,) are worth ``by`` either:
    (B, K) of CIDEr-D, (B, K, 2) of an `Overlap`.
    """
    batch, count, steps = drawn.shape
    found = by.score(drawn.reshape(-1, steps), np.repeat(places, count))
    return found.reshape(batch, count, *found.shape[1:])
