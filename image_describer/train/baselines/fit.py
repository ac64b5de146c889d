"""Fitting a network to features that stay as they are: steps, checkpoints, losses, an end."""

import logging
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from image_describer.train.baselines.batches import Arrays
from image_describer.train.fit import checkpoint
from image_describer.train.fit.log import History
from image_describer.train.fit.loop import (
    CHECKPOINT_EVERY_S,
    Interrupt,
    RunStoppedError,
    compile_for,
)
from image_describer.train.recipe import Stage

log = logging.getLogger(__name__)

BETTER_BY = "dev_loss"


class Batches(Protocol):
    """Arrays that follow from the epoch and the step alone."""

    def __len__(self) -> int: ...

    def batch(self, epoch: int, step: int) -> Arrays: ...


class Task(Protocol):
    """What is fitted: a model, its batches and its losses."""

    @property
    def model(self) -> keras.Model: ...

    @property
    def train(self) -> Batches: ...

    @property
    def dev(self) -> Batches | None: ...

    def losses(self, batch: Mapping[str, Any], share: Any, training: bool) -> dict[str, Any]:
        """Scalars: ``objective``, what is made smaller; ``weight``, how many a mean is over; means.

        ``share`` in [0, 1] is how much of the stage is over.
        """
        ...


def fit_task(
    name: str, stage: Stage, task: Task, folder: Path, resume: bool
) -> list[dict[str, Any]]:
    """Train ``task.model``; checkpoint ``folder/<name>.npz``, losses ``folder/<name>.jsonl``.

    Returns the losses of each epoch. Raises RunStoppedError after Ctrl+C, with the checkpoint
    written.
    """
    total = max(1, round(stage.epochs * len(task.train)))
    compile_for(task.model, stage, total)
    task.losses(_tensors(task.train.batch(0, 0)), tf.constant(0.0), False)  # creates the weights
    task.model.optimizer.build(task.model.trainable_variables)
    file = folder / f"{name}.npz"
    step, sums = 0, dict[str, float]()
    if resume and file.exists():
        step, sums = checkpoint.load(file, task.model), checkpoint.sums(file)
    history = History(folder / f"{name}.jsonl", step)
    fitting = _Fitting(task, stage, total, file, history, sums)
    with Interrupt() as interrupt, tqdm(total=total, initial=step, desc=name, unit=" steps") as bar:
        fitting.run(step, interrupt, bar)
    if stage.patience and best_file(file).exists():
        checkpoint.load_weights(best_file(file), task.model)
    return history.records


class _Fitting:
    """The loop, and what it carries from step to step."""

    def __init__(
        self,
        task: Task,
        stage: Stage,
        total: int,
        file: Path,
        history: History,
        sums: dict[str, float],
    ) -> None:
        self._task, self._stage, self._total = task, stage, total
        self._file, self._history, self._sums = file, history, sums
        # Compiled for each shape of a batch: relaxed shapes would take the length from networks
        # that walk along the words.
        self._train_step = tf.function(self._descend)
        self._dev_step = tf.function(self._judge)

    def run(self, step: int, interrupt: Interrupt, bar: tqdm) -> None:
        an_epoch, saved = len(self._task.train), time.monotonic()
        for batch in self._ahead(step):
            if self._history.out_of_patience(BETTER_BY, self._stage.patience):
                tqdm.write(f"No better {BETTER_BY} for {self._stage.patience} epochs: done.")
                return
            share = tf.constant(step / self._total, tf.float32)
            self._add(self._train_step(batch, share))
            step += 1
            bar.update()
            bar.set_postfix(loss=f"{self._means()['loss']:.4f}", refresh=False)
            if step % an_epoch == 0 or step == self._total:
                self._end_epoch(step, step / an_epoch)
            if time.monotonic() - saved > CHECKPOINT_EVERY_S or interrupt.asked:
                self._save(step)
                saved = time.monotonic()
            if interrupt.asked and step < self._total:
                raise RunStoppedError(f"Stopped at step {step} of {self._total}.")

    def _ahead(self, step: int) -> Iterator[dict[str, tf.Tensor]]:
        """Batches from ``step`` on; the next one is read while one is worked on."""
        an_epoch, train = len(self._task.train), self._task.train
        with ThreadPoolExecutor(1, "next batch") as pool:
            coming = (
                pool.submit(train.batch, *divmod(step, an_epoch)) if step < self._total else None
            )
            while coming is not None:
                batch, step = _tensors(coming.result()), step + 1
                coming = None
                if step < self._total:
                    coming = pool.submit(train.batch, *divmod(step, an_epoch))
                yield batch

    def _descend(self, batch: dict[str, tf.Tensor], share: tf.Tensor) -> dict[str, tf.Tensor]:
        model = self._task.model
        with tf.GradientTape() as tape:
            found = self._task.losses(batch, share, True)
        weights = model.trainable_variables
        gradients = tape.gradient(found["objective"], weights)
        model.optimizer.apply(gradients, weights)
        return found

    def _judge(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return self._task.losses(batch, tf.constant(1.0), False)

    def _add(self, found: Mapping[str, tf.Tensor]) -> None:
        weight = float(found["weight"])
        for key, value in found.items():
            if key not in ("weight", "objective"):
                self._sums[key] = self._sums.get(key, 0.0) + weight * float(value)
        self._sums["weight"] = self._sums.get("weight", 0.0) + weight

    def _means(self) -> dict[str, float]:
        weight = max(self._sums.get("weight", 0.0), 1e-9)
        return {key: value / weight for key, value in self._sums.items() if key != "weight"}

    def _end_epoch(self, step: int, epoch: float) -> None:
        record: dict[str, Any] = {"step": step, "epoch": round(epoch, 4), **self._means()}
        self._sums.clear()
        if self._task.dev is not None and len(self._task.dev):
            for at in range(len(self._task.dev)):
                self._add(self._dev_step(_tensors(self._task.dev.batch(0, at))))
            record |= {f"dev_{key}": value for key, value in self._means().items()}
            self._sums.clear()
        self._history.append(record)
        tqdm.write(" ".join(f"{key} {value:.4g}" for key, value in record.items()))
        if self._stage.patience and self._history.is_best(BETTER_BY):
            checkpoint.save(best_file(self._file), self._task.model, step)
        self._save(step)

    def _save(self, step: int) -> None:
        checkpoint.save(self._file, self._task.model, step, self._sums)


def best_file(file: Path) -> Path:
    return file.with_name(f"{file.stem}.best.npz")


def _tensors(batch: Arrays) -> dict[str, tf.Tensor]:
    return {key: tf.convert_to_tensor(np.ascontiguousarray(value)) for key, value in batch.items()}
