"""Fitting: first block 14 and the decoder on cached maps, then every layer on pixels."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from image_describer.train.data.batches import Batches, Loader, steps_an_epoch
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.vocabulary import Vocabulary
from image_describer.train.fit import checkpoint, optimizer
from image_describer.train.fit.log import History
from image_describer.train.models import regularization
from image_describer.train.models.attention_lstm import AttentionDecoder, Captioner
from image_describer.train.models.xception import LAST_BLOCK, block_of, leaves
from image_describer.train.recipe import BLOCKS, Recipe, Reward, Stage

CHECKPOINT_EVERY_S = 300.0  # what a power cut may cost
BETTER_BY = "dev_word_loss"
SETTLED, SETTLED_BATCHES = 1536, 48  # pictures that block 14's statistics are taken from, at most
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
        tower,
        decoder,
        presence,
        recipe.loss.label_smoothing,
        recipe.loss.presence_weight,
        recipe.loss.sampling,
    )


def freeze_normalisation(model: keras.Model, last: int = BLOCKS) -> None:
    """Batch normalisation keeps its statistics, up to that of block ``last``: a batch of 16 is too
    small to better them."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization) and block_of(layer.name) <= last:
            layer.trainable = False


def settling(batch: int) -> int:
    """How many batches of ``batch`` pictures settle the statistics of block 14."""
    return min(SETTLED_BATCHES, max(1, SETTLED // batch))


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
    options: dict[str, Any] = {
        "batch": stage.batch, "seed": seed, "mirror": stage.mirror, "crops": stage.crops,
    }  # fmt: skip
    first, _ = Batches(data, train, vocabulary, loader, count=1, **options)[0]
    model(first)  # creates the weights
    compile_for(model, stage, total)
    model.optimizer.build(model.trainable_variables)
    file, best = run / f"{name}.npz", run / f"{name}.best.npz"

    def settle() -> None:
        if stage.noise:
            count = settling(stage.batch)
            clean = Batches(data, train, vocabulary, loader, count=count, **options)
            regularization.settle_normalisation(model.tower, (clean.maps(i) for i in range(count)))

    step, sums = 0, dict[str, float]()
    if resume and file.exists():
        step, sums = checkpoint.load(file, model), checkpoint.sums(file)
    history = History(run / f"{name}.jsonl", step)
    with Interrupt() as interrupt, tqdm(total=total, initial=step, desc=name, unit="batch") as bar:
        watch = _Watch(bar, interrupt, file, step, total, sums)
        while step < total and not history.out_of_patience(BETTER_BY, stage.patience):
            count = min(total - step, an_epoch - step % an_epoch)
            batches = Batches(data, train, vocabulary, loader, start=step, count=count, **options)
            # Batches are in order already; Keras's own shuffling would not survive a resume.
            model.fit(batches, epochs=1, verbose=0, shuffle=False, callbacks=[watch])
            step = watch.step
            if step % an_epoch == 0 or step == total:
                losses = {"step": step, "epoch": step / an_epoch, "loss": watch.end_epoch()}
                with optimizer.averaged(model):
                    settle()
                    losses |= _dev_losses(model, data, dev, vocabulary, loader, stage.batch)
                    history.append(losses)
                    if stage.patience and history.is_best(BETTER_BY):
                        checkpoint.save(best, model, step)
                tqdm.write(" ".join(f"{key} {value:.4g}" for key, value in losses.items()))
            watch.save()
            if interrupt.asked and step < total:
                raise RunStoppedError(f"Stopped at step {step} of {total} of '{name}'.")
    if stage.patience and best.exists():
        checkpoint.load_weights(best, model)
        return
    optimizer.take_average(model)
    settle()


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


def compile_for(
    model: keras.Model,
    stage: Stage | Reward,
    total: int,
    learning: list[keras.Variable] | None = None,
) -> None:
    """Give ``model`` the optimizer of the stage, for ``learning``: None are all that can learn."""
    learning = model.trainable_variables if learning is None else learning
    options: dict[str, Any] = {"global_clipnorm": stage.clip or None}
    rate, shares = schedule(stage, total), None
    if stage.pretrained != 1.0:
        known = {
            id(v)
            for layer in leaves(model.tower)
            if 0 < block_of(layer.name) <= LAST_BLOCK
            for v in layer.trainable_variables
        }
        shares = [stage.pretrained if id(v) in known else 1.0 for v in learning]
    if shares or stage.averaging:
        adam: keras.optimizers.Adam = optimizer.UnevenAdam(
            rate, shares=shares, averaging=stage.averaging, **options
        )
    else:
        adam = keras.optimizers.Adam(rate, **options)
    model.compile(optimizer=adam, jit_compile=False)


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


class _Watch(keras.callbacks.Callback):
    """Moves the bar, keeps the loss, writes a checkpoint now and then, hears Ctrl+C.

    ``sums`` are those of the checkpoint that the run goes on from: Keras itself forgets the part
    of an epoch that came before.
    """

    def __init__(
        self,
        bar: tqdm,
        interrupt: "Interrupt",
        file: Path,
        step: int,
        total: int,
        sums: dict[str, float],
    ) -> None:
        super().__init__()
        self._bar, self._interrupt, self._file, self._total = bar, interrupt, file, total
        self.step = step
        self._loss, self._batches = sums.get("loss", 0.0), sums.get("batches", 0.0)
        self._before = (0.0, 0.0)
        self._saved = time.monotonic()

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self._before = (self._loss, self._batches)

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if self.model.sampling:
            self.model.progress.assign(self.step / self._total)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.step += 1
        mean = float((logs or {}).get("loss", np.nan))  # of the batches since on_train_begin
        self._loss, self._batches = (
            self._before[0] + mean * (batch + 1),
            self._before[1] + batch + 1,
        )
        self._bar.update()
        self._bar.set_postfix(loss=f"{self._loss / self._batches:.3f}", refresh=False)
        if time.monotonic() - self._saved > CHECKPOINT_EVERY_S:
            self.save()
        if self._interrupt.asked:
            self.model.stop_training = True

    def end_epoch(self) -> float:
        """The mean loss of the epoch, which ends here."""
        mean = self._loss / max(1.0, self._batches)
        self._loss = self._batches = 0.0
        return mean

    def save(self) -> None:
        sums = {"loss": self._loss, "batches": self._batches}
        checkpoint.save(self._file, self.model, self.step, sums)
        self._saved = time.monotonic()


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
