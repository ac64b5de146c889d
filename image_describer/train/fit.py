"""Fitting: first block 14 and the decoder on cached maps, then every layer on pixels."""

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from image_describer.train import checkpoint
from image_describer.train.batches import Batches, Loader, steps_an_epoch
from image_describer.train.captioner import AttentionDecoder, Captioner
from image_describer.train.data import Dataset
from image_describer.train.recipe import Recipe, Reward, Stage
from image_describer.train.text import Vocabulary

CHECKPOINT_EVERY_S = 300.0  # what a power cut may cost
RARE = -4.0  # the log-odds to start from: of all words, a picture's captions hold one in fifty


class RunStoppedError(Exception):
    """The user asked for an end; the checkpoint is written."""


@contextlib.contextmanager
def precision(policy: str) -> Iterator[None]:
    """Layers built inside compute as ``policy`` says, one of Keras's dtype policies."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def build_captioner(recipe: Recipe, tower: keras.Model, vocabulary: Vocabulary) -> Captioner:
    """A captioner over ``tower``, its decoder as drawn from the recipe's seed."""
    net = recipe.network
    decoder = AttentionDecoder(len(vocabulary), net.units, net.embedding, net.heads, net.dropout)
    presence = keras.layers.Dense(
        len(vocabulary), bias_initializer=keras.initializers.Constant(RARE), name="presence"
    )
    return Captioner(
        tower, decoder, presence, recipe.loss.label_smoothing, recipe.loss.presence_weight
    )


def freeze_normalisation(model: keras.Model) -> None:
    """Batch normalisation keeps its statistics: a batch of 16 is too small to better them."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False


def fit_stage(
    name: str,
    stage: Stage,
    model: Captioner,
    data: Dataset,
    vocabulary: Vocabulary,
    loader: Loader,
    run: Path,
    seed: int,
    resume: bool,
) -> None:
    """Train ``model`` by ``stage``; checkpoint ``run/<name>.npz``, losses ``run/<name>.jsonl``.

    Raises RunStoppedError after Ctrl+C, with the checkpoint written.
    """
    train, dev = data.splits["train"], data.splits["dev"]
    an_epoch = steps_an_epoch(len(train), stage.batch, training=True)
    total = max(1, round(stage.epochs * an_epoch))
    compile_for(model, stage, total)
    options: dict[str, Any] = {"batch": stage.batch, "seed": seed, "mirror": stage.mirror}
    first, _ = Batches(data, train, vocabulary, loader, count=1, **options)[0]
    model(first)  # creates the weights
    model.optimizer.build(model.trainable_variables)
    file = run / f"{name}.npz"
    step = checkpoint.load(file, model) if resume and file.exists() else 0
    if step == 0:
        (run / f"{name}.jsonl").unlink(missing_ok=True)
    with Interrupt() as interrupt, tqdm(total=total, initial=step, desc=name, unit="batch") as bar:
        watch = _Watch(bar, interrupt, lambda at: checkpoint.save(file, model, at), step)
        while step < total:
            count = min(total - step, an_epoch - step % an_epoch)
            batches = Batches(data, train, vocabulary, loader, start=step, count=count, **options)
            # Batches are in order already; Keras's own shuffling would not survive a resume.
            model.fit(batches, epochs=1, verbose=0, shuffle=False, callbacks=[watch])
            step = watch.step
            checkpoint.save(file, model, step)
            if interrupt.asked:
                raise RunStoppedError(f"Stopped at step {step} of {total} of '{name}'.")
            losses = {"step": step, "epoch": step / an_epoch, "loss": watch.loss}
            losses |= _dev_losses(model, data, dev, vocabulary, loader, stage.batch)
            _append(run / f"{name}.jsonl", losses)
            tqdm.write(" ".join(f"{key} {value:.4g}" for key, value in losses.items()))


def schedule(stage: Stage | Reward, total: int) -> Any:
    """The step size over ``total`` steps: it rises, and by a cosine falls to 0, or it stays."""
    if isinstance(stage, Stage) and stage.schedule == "constant":
        return stage.rate
    warmup = min(stage.warmup_steps, total // 10)
    return keras.optimizers.schedules.CosineDecay(
        0.01 * stage.rate,
        max(1, total - warmup),
        warmup_target=stage.rate,
        warmup_steps=warmup,
    )


def compile_for(model: keras.Model, stage: Stage | Reward, total: int) -> None:
    """Give ``model`` the optimizer of the stage."""
    optimizer = keras.optimizers.Adam(schedule(stage, total), global_clipnorm=stage.clip or None)
    model.compile(optimizer=optimizer, jit_compile=False)


def _dev_losses(
    model: Captioner,
    data: Dataset,
    dev: list[str],
    vocabulary: Vocabulary,
    loader: Loader,
    batch: int,
) -> dict[str, float]:
    if not dev:
        return {}
    batches = Batches(data, dev, vocabulary, loader, batch=batch, seed=0, training=False)
    found = model.evaluate(batches, verbose=0, return_dict=True)
    return {f"dev_{key}": float(value) for key, value in found.items()}


def _append(file: Path, record: dict[str, float]) -> None:
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(record) + "\n")


class _Watch(keras.callbacks.Callback):
    """Moves the bar, keeps the loss, writes a checkpoint now and then, hears Ctrl+C."""

    def __init__(
        self, bar: tqdm, interrupt: "Interrupt", save: Callable[[int], None], step: int
    ) -> None:
        super().__init__()
        self._bar, self._interrupt, self._save = bar, interrupt, save
        self.step, self.loss = step, float("nan")
        self._saved = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.step += 1
        self.loss = float((logs or {}).get("loss", np.nan))
        self._bar.update()
        self._bar.set_postfix(loss=f"{self.loss:.3f}", refresh=False)
        if time.monotonic() - self._saved > CHECKPOINT_EVERY_S:
            self._save(self.step)
            self._saved = time.monotonic()
        if self._interrupt.asked:
            self.model.stop_training = True


class Interrupt:
    """Turns the first Ctrl+C into a wish, so that no step is torn; the second one ends at once."""

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def __enter__(self) -> "Interrupt":
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _ask(self, _signal: int, _frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        os.write(2, b"\nFinishing this step, then writing the checkpoint ...\n")
