"""Training on several machines at once: one process on each, told of the others by TF_CONFIG.

Each worker holds the whole network and takes its share of the rows of every batch; before a step
is made, the gradients of all are added up, so that every worker makes the very step that one
process would have made of the whole batch.

``tf.distribute.MultiWorkerMirroredStrategy`` connects the workers, adds, and notices who is gone.
Keras 3's own ``fit`` doesn't work under it, and its optimizers would clip each worker's gradient
before the sum; so the strategy carries numbers only, and variables are plain ones, kept equal by
equal steps.
"""

import faulthandler
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from image_describer.captioner import bundle_files
from image_describer.errors import TrainingError
from image_describer.train import meeting
from image_describer.train.classic_data import Arrays
from image_describer.train.classic_fit import Batches, Task, best_file, fit_task
from image_describer.train.classic_joint import PairTask
from image_describer.train.recipe import Stage

log = logging.getLogger(__name__)

ANSWER_WITHIN_S = 60.0  # a sum; a worker that is killed is noticed at once, one that hangs by this
CONNECT_WITHIN_S = 120.0  # from the moment that all workers have been seen
PIECE_BYTES = 16 << 20  # of a file that is handed on at a time
LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
)
WAY_ON = (
    "The checkpoint is written: start the same command on every machine again, with --resume. "
    "Worker 0's checkpoint is the one that counts; the others keep theirs in worker-1 and so on."
)


@dataclass
class Team:
    """The workers together; ``index`` 0 is the chief, who evaluates and keeps what is made."""

    index: int
    size: int
    strategy: tf.distribute.Strategy
    errors: tuple[type[Exception], ...] = LOST

    def gather(self, gradients: Sequence[Any]) -> list[Any]:
        """Each gradient summed over the workers; None stays None.

        An embedding's gradient stays in its rows: Keras 3 squares them one by one in Adam, and
        would make other steps of their sum.
        """
        added = iter(self.add([g for g in gradients if g is not None]))
        return [None if g is None else next(added) for g in gradients]

    def add(self, values: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Sums over the workers. Raises one of ``errors`` when a worker is gone."""

        def together(*mine: tf.Tensor) -> list[tf.Tensor]:
            context = tf.distribute.get_replica_context()
            # Of a graph's tensors the strategy knows no device until they are made inside.
            return context.all_reduce(
                tf.distribute.ReduceOp.SUM, [tf.identity(x) for x in mine], options=_options()
            )

        return list(self.strategy.run(together, args=tuple(values)))

    def from_chief(self, values: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """What worker 0 has, on every worker."""
        mine = [x if self.index == 0 else tf.zeros_like(x) for x in values]
        return self.add(mine)

    def begin(self, model: keras.Model) -> None:
        """Let each worker draw its own dropout: the same on all would be a choice among fewer."""
        for variable in model.variables:
            if "seed_generator_state" in variable.path and self.index:
                seed, drawn = np.asarray(variable)
                variable.assign(np.asarray([seed + np.uint32(self.index), drawn]))

    def agree(self, what: str, content: bytes) -> None:
        """Raises TrainingError, on every worker, where one's ``content`` is not the chief's."""
        digest = np.frombuffer(hashlib.sha256(content).digest(), np.uint32)
        (chiefs,) = self.from_chief([tf.constant(digest, tf.float64)])
        same = float(np.array_equal(chiefs.numpy(), digest))
        (agreeing,) = self.add([tf.constant(same)])
        if float(agreeing) < self.size:
            raise TrainingError(
                f"The workers don't start from the same {what}.",
                "Give each the same command, data, weights and versions of TensorFlow and Keras.",
            )

    def hand_on(self, file: Path) -> None:
        """The chief's ``file``, or its absence, on every worker."""
        content = file.read_bytes() if self.index == 0 and file.exists() else b""
        (told,) = self.from_chief([tf.constant(float(len(content)), tf.float64)])
        size, pieces = int(told), []
        for start in range(0, size, PIECE_BYTES):
            length = min(PIECE_BYTES, size - start)
            padded = content[start : start + length].ljust(-(-length // 4) * 4, b"\0")
            # Sums of bytes are what no device has; a float64 holds four of them exactly.
            numbers = np.zeros(-(-length // 4), np.float64)
            if self.index == 0:
                numbers[:] = np.frombuffer(padded, np.uint32)
            (whole,) = self.from_chief([tf.constant(numbers)])
            pieces.append(whole.numpy().astype(np.uint32).tobytes()[:length])
        if self.index and size:
            bundle_files.write(file, b"".join(pieces))
        elif self.index:
            file.unlink(missing_ok=True)


def join(settings: str | None = None) -> Team | None:
    """The team that TF_CONFIG names, once all its workers are there; None where it names none.

    Must come before anything else that TensorFlow is asked. Raises TrainingError for a TF_CONFIG
    that makes no sense, and when a worker doesn't come in time.
    """
    settings = os.environ.get("TF_CONFIG", "") if settings is None else settings
    place = meeting.parse(settings)
    if place is None:
        return None
    meeting.meet(place)
    log.info("All %d workers are there; this is number %d.", len(place.workers), place.index)
    try:
        # TensorFlow holds Python's lock while it connects: no thread could end this wait.
        with tempfile.TemporaryFile() as nobody_reads:
            faulthandler.dump_traceback_later(CONNECT_WITHIN_S, exit=True, file=nobody_reads)
            strategy = tf.distribute.MultiWorkerMirroredStrategy(communication_options=_options())
            faulthandler.cancel_dump_traceback_later()
    except (tf.errors.OpError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise TrainingError(f"The workers can't be connected: {reason}.") from error
    if strategy.num_replicas_in_sync != len(place.workers):
        raise TrainingError(
            f"{strategy.num_replicas_in_sync} devices share the work of "
            f"{len(place.workers)} workers.",
            "Start one worker for each GPU, and show it that one alone: CUDA_VISIBLE_DEVICES=0.",
        )
    return Team(place.index, len(place.workers), strategy)


def fit_together(
    team: Team, name: str, stage: Stage, task: Task, folder: Path, resume: bool
) -> list[dict[str, Any]]:
    """`fit_task` by the whole team; every worker ends with the same weights.

    The chief's checkpoint and losses lie in ``folder``, those of worker k in ``worker-k`` below it;
    on ``resume`` all go on from the chief's. Raises TrainingError when a worker is gone.
    """
    mine = folder / f"worker-{team.index}" if team.index else folder
    mine.mkdir(parents=True, exist_ok=True)
    try:
        for what in ("recipe", "vocabulary"):
            team.agree(what, _content(folder / f"{what}.json"))
        team.agree("weights", b"".join(np.asarray(v).tobytes() for v in task.model.variables))
        if resume:
            checkpoint = mine / f"{name}.npz"
            for file in (checkpoint, best_file(checkpoint), mine / f"{name}.jsonl"):
                team.hand_on(file)
        return fit_task(name, stage, ShareOfTask(task, team), mine, resume, team)
    except LOST as error:
        raise TrainingError("Another worker is gone.", WAY_ON) from error


class ShareOfTask:
    """A task of which this worker does its share; what it tells of is of the whole."""

    def __init__(self, task: Task, team: Team) -> None:
        self._task, self._team = task, team
        self._summed = isinstance(task, PairTask)
        self.model: keras.Model = task.model
        self.train: Batches = ShareOfBatches(task.train, team)
        self.dev = task.dev

    def losses(self, batch: Mapping[str, Any], share: Any, training: bool) -> dict[str, Any]:
        """Dev is judged whole by every worker, and the chief's figures hold: all stop at once."""
        found = self._task.losses(batch, share, training)
        if not training:
            return dict(zip(found, self._team.from_chief(list(found.values())), strict=True))
        weight = tf.cast(found.pop("weight"), tf.float32)
        objective = found.pop("objective")
        parts = tf.stack([weight, *(tf.cast(x, tf.float32) * weight for x in found.values())])
        total, *sums = tf.unstack(self._team.add([tf.stop_gradient(parts)])[0])
        # A mean over this worker's words counts as much as it has words.
        scaled = objective if self._summed else objective * (weight / total)
        means = {key: part / total for key, part in zip(found, sums, strict=True)}
        return {"objective": scaled, "weight": total, **means}


class ShareOfBatches:
    """Every ``size``-th row of each batch, from the worker's index on."""

    def __init__(self, batches: Batches, team: Team) -> None:
        self._batches, self._team = batches, team

    def __len__(self) -> int:
        return len(self._batches)

    def batch(self, epoch: int, step: int) -> Arrays:
        whole = self._batches.batch(epoch, step)
        rows = min(len(value) for value in whole.values())
        if rows < self._team.size:
            raise TrainingError(
                f"A batch of {rows} can't be shared by {self._team.size} workers.",
                "Give the recipe a larger 'batch', or the training more pictures.",
            )
        return {key: value[self._team.index :: self._team.size] for key, value in whole.items()}


def _options() -> Any:
    communication = tf.distribute.experimental
    return communication.CommunicationOptions(
        implementation=communication.CommunicationImplementation.AUTO
        if tf.config.list_physical_devices("GPU")
        else communication.CommunicationImplementation.RING,
        timeout_seconds=ANSWER_WITHIN_S,
    )


def _content(file: Path) -> bytes:
    try:
        return json.dumps(json.loads(file.read_text("utf-8"))).encode()
    except (OSError, ValueError):
        return b""
