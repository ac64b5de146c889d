"""The training loop: one for every network, given its loss and its batches."""

import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

import keras

from image_describer.errors import TrainingError
from image_describer.train.data.batches import Arrays, Batches
from image_describer.train.fit import checkpoint, optimizer
from image_describer.train.fit.log import TrainingLog
from image_describer.train.fit.losses import Loss
from image_describer.train.progress import Progress

log = logging.getLogger(__name__)

CHECKPOINT_EVERY_S = 300.0  # what a power cut can cost


class RunStoppedError(Exception):
    """The user stopped the run; a checkpoint was written."""


class LossWrapper(keras.Model):
    """A network and its loss, as Keras trains them: called on a batch, it returns the loss."""

    def __init__(self, network: keras.Model, loss: Loss) -> None:
        super().__init__(name="training")
        self.network, self.loss_function = network, loss
        self.means = [keras.metrics.Mean(name=name) for name in loss.metrics]

    def call(self, batch: Any, training: bool = False) -> Any:
        return self.loss_function(self.network, batch, training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Called by Keras with what `call` returned."""
        objective, values = y_pred
        for mean, (value, weight) in zip(self.means, values, strict=True):
            mean.update_state(value, weight)
        return objective


class Training:
    """One phase of a run: a network, its loss, its batches, and how it is optimized.

    ``settings`` is a recipe's `Fit`, `Reward` or `JointSpace`. ``scales`` are learning rate scales,
    one for each trainable variable of the network. ``prepare(batch, step)`` completes a batch
    before a step, ``judge()`` returns further measures of dev at the end of an epoch, and
    ``settle()`` is called before dev is measured and once at the end.
    """

    def __init__(
        self,
        settings: Any,
        network: keras.Model,
        loss: Loss,
        train: Batches,
        dev: Batches | None = None,
        *,
        scales: Callable[[Sequence[keras.Variable]], list[float]] | None = None,
        prepare: Callable[[Arrays, int], Arrays] | None = None,
        judge: Callable[[], dict[str, float]] | None = None,
        settle: Callable[[], None] | None = None,
        better_by: str = "dev_loss",
    ) -> None:
        self.settings, self.network, self.train, self.dev = settings, network, train, dev
        self._prepare = prepare or (lambda batch, step: batch)
        self._judge, self._settle = judge or dict, settle or (lambda: None)
        self.better_by, self.patience = better_by, getattr(settings, "patience", 0)
        self.steps = max(1, round(settings.epochs * len(train)))
        self.wrapper = LossWrapper(network, loss)
        variables = network.trainable_variables
        self.wrapper.compile(
            optimizer=optimizer.build(settings, self.steps, scales(variables) if scales else None),
            jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
        )
        self.wrapper.built = True
        self.wrapper.optimizer.build(variables)

    def fit(self, name: str, folder: Path, resume: bool, overwrite: bool = False) -> bool:
        """Train. ``folder/<name>.npz`` is the checkpoint, ``<name>.jsonl`` the log, and
        ``<name>.weights.npz`` the result, which is loaded if it is there and ``resume`` is set;
        then the return value is False.

        Raises RunStoppedError after Ctrl+C, with the checkpoint written, and TrainingError if there
        is a run already and it is neither resumed nor overwritten.
        """
        files = RunFiles(folder, name)
        files.check(resume, overwrite)
        if files.weights.exists():
            checkpoint.load_weights(files.weights, self.network)
            return False
        step, sums = 0, dict[str, float]()
        if files.checkpoint.exists():
            step, sums = checkpoint.load(files.checkpoint, self.wrapper)
        self._run(name, files, TrainingLog(files.log, step), step, sums)
        if self.patience and files.best.exists():
            checkpoint.load_weights(files.best, self.network)
        else:
            optimizer.use_average(self.wrapper)
            self._settle()
        checkpoint.save_weights(files.weights, self.network)
        return True

    def _run(
        self, name: str, files: "RunFiles", records: TrainingLog, step: int, sums: dict[str, float]
    ) -> None:
        epoch_steps, saved = len(self.train), time.monotonic()
        means = _Means(self.wrapper, sums)
        with Interrupt() as interrupt, Progress(name, self.steps, "steps", step) as progress:
            for batch in self._read_ahead(step):
                if records.out_of_patience(self.better_by, self.patience):
                    log.info("No lower %s for %d epochs.", self.better_by, self.patience)
                    return
                batch = self._prepare(batch, step)
                self.wrapper.reset_metrics()
                self.wrapper.train_on_batch(batch)
                means.add()
                step += 1
                progress.advance(1, means.brief())
                if step % epoch_steps == 0 or step == self.steps:
                    self._end_epoch(files, records, step, step / epoch_steps, means)
                    saved = -math.inf
                if interrupt.asked or time.monotonic() - saved > CHECKPOINT_EVERY_S:
                    checkpoint.save(files.checkpoint, self.wrapper, step, means.sums)
                    saved = time.monotonic()
                if interrupt.asked and step < self.steps:
                    raise RunStoppedError(f"Stopped at step {step} of {self.steps} of '{name}'.")

    def _read_ahead(self, step: int) -> Iterator[Arrays]:
        """Batches from ``step`` on; the next one is read while the network works on one."""

        def read(step: int) -> Arrays:
            return self.train.batch(*divmod(step, len(self.train)))

        with ThreadPoolExecutor(1, "next batch") as pool:
            coming = pool.submit(read, step) if step < self.steps else None
            while coming is not None:
                batch, step = coming.result(), step + 1
                coming = pool.submit(read, step) if step < self.steps else None
                yield batch

    def _end_epoch(
        self, files: "RunFiles", records: TrainingLog, step: int, epoch: float, means: "_Means"
    ) -> None:
        record: dict[str, Any] = {"step": step, "epoch": round(epoch, 4), **means.values()}
        means.sums.clear()
        with optimizer.averaged(self.wrapper):
            self._settle()
            record |= self._measure_dev()
            records.append(record)
            if self.patience and records.is_best(self.better_by):
                checkpoint.save_weights(files.best, self.network)
        described = (f"{k} {v:.4g}" for k, v in record.items() if k not in ("step", "epoch"))
        log.info("%s, epoch %.4g: %s", files.log.stem, record["epoch"], ", ".join(described))

    def _measure_dev(self) -> dict[str, float]:
        found = {}
        if self.dev is not None and len(self.dev):
            means = _Means(self.wrapper)
            for step in range(len(self.dev)):
                self.wrapper.reset_metrics()
                self.wrapper.test_on_batch(self.dev.batch(0, step))
                means.add()
            found = {f"dev_{key}": value for key, value in means.values().items()}
        return {**found, **self._judge()}


class RunFiles:
    """The files of one phase of a run."""

    def __init__(self, folder: Path, name: str) -> None:
        self.log = folder / f"{name}.jsonl"
        self.checkpoint = folder / f"{name}.npz"
        self.best = folder / f"{name}.best.npz"
        self.weights = folder / f"{name}.weights.npz"

    def trained(self) -> Path:
        """The weights after training. Raises TrainingError if it has not ended."""
        if not self.weights.exists():
            unfinished = "not finished" if self.checkpoint.exists() else "not there"
            raise TrainingError(
                f"Training in {self.log.parent} is {unfinished}.", "Run the stage 'fit' first."
            )
        return self.weights

    def check(self, resume: bool, overwrite: bool) -> None:
        """Raise TrainingError if an earlier run would be lost; ``overwrite`` deletes it."""
        mine = (self.checkpoint, self.best, self.weights, self.log)
        if overwrite:
            for file in mine:
                file.unlink(missing_ok=True)
        elif not resume and any(file.exists() for file in mine[:3]):
            raise TrainingError(
                f"There is already a run in {self.log.parent}.",
                "Continue it with --resume, or replace it with --overwrite.",
            )


class _Means:
    """The metrics of an epoch so far, those from before a resume included.

    Keras's own start anew with each batch.
    """

    def __init__(self, wrapper: LossWrapper, sums: dict[str, float] | None = None) -> None:
        self._wrapper, self.sums = wrapper, dict(sums or {})

    def add(self) -> None:
        """Add the batch that was just trained or tested."""
        for mean in self._wrapper.means:
            for key, value in ((mean.name, mean.total), (f"{mean.name}/weight", mean.count)):
                self.sums[key] = self.sums.get(key, 0.0) + float(value)

    def values(self) -> dict[str, float]:
        names = [mean.name for mean in self._wrapper.means]
        return {name: self._value(name) for name in names}

    def brief(self) -> str:
        name = self._wrapper.means[0].name
        return f"{name} {self._value(name):.3f}"

    def _value(self, name: str) -> float:
        return self.sums.get(name, 0.0) / max(self.sums.get(f"{name}/weight", 0.0), 1e-9)


class Interrupt:
    """Ctrl+C stops after the current step; a second Ctrl+C stops at once."""

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
        # Not through the buffer, which may be in use at this moment.
        os.write(sys.stderr.fileno(), b"\nFinishing this step, then writing the checkpoint ...\n")
