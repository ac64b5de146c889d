"""The original systems, stage by stage: ``prepare``, ``features``, ``fit``, ``evaluate``.

Each stage takes up what the one before left in the run's folder, so that it can be run alone.
"""

import logging
import shutil
from typing import Any

import keras

from image_describer.errors import TrainingError
from image_describer.train.baselines import joint as classic_joint
from image_describer.train.baselines import words
from image_describer.train.baselines.fit import BETTER_BY, Task, best_file, fit_task
from image_describer.train.baselines.run import Options, Run, prepare, write_json
from image_describer.train.data.dataset import Dataset
from image_describer.train.fit import checkpoint
from image_describer.train.fit.log import History
from image_describer.train.fit.loop import precision
from image_describer.train.recipe import Recipe

log = logging.getLogger(__name__)

STAGE = "fit"


def train(chosen: Recipe, data: Dataset, options: Options) -> dict[str, Any]:
    """Every stage of a recipe; returns its figures. Raises TrainingError and RunStoppedError."""
    run = prepare(chosen, data, options)
    features(run)
    return evaluate(run, fit(run))


def features(run: Run) -> None:
    """Compute what the extractor sees of each picture, as far as it is not on disk yet.

    A picture that turned out to be broken only now, and has zeros for features, is left out.
    """
    run.store.fill(run.data, lambda sentence: log.warning("%s", sentence))
    _leave_out_broken(run)


def _leave_out_broken(run: Run) -> None:
    broken = run.store.broken
    if not broken:
        return
    run.names = {split: [n for n in some if n not in broken] for split, some in run.names.items()}
    if not run.names["train"]:
        raise TrainingError("None of the training pictures can be read.")
    run.facts["pictures"] = {split: len(some) for split, some in run.names.items()}


def fit(run: Run) -> keras.Model:
    """Train the recipe's network; its checkpoint and losses lie in the run's folder."""
    model = build(run)
    records = fit_task(STAGE, run.recipe.fit, _task(run, model), run.folder, run.options.resume)
    log.info("%s: %d epochs, loss %.4f", run.recipe.name, len(records), records[-1]["loss"])
    return model


def build(run: Run) -> keras.Model:
    """The recipe's network as it is before training, in the recipe's precision."""
    keras.utils.set_random_seed(run.recipe.seed)
    with precision(run.recipe.precision):
        if run.recipe.network.kind == "joint":
            joint = classic_joint.build(run)
            words.use_vectors(joint.embed, run)
            return joint
        model = words.build(run)
        words.create_weights(model, run)
        return model


def trained(run: Run) -> keras.Model:
    """The network as its training left it. Raises TrainingError where there was none."""
    file = run.folder / f"{STAGE}.npz"
    if not file.exists():
        raise TrainingError(
            f"The recipe '{run.recipe.name}' has not been trained in {run.options.runs}.",
            "Run the stage 'fit' first.",
        )
    _leave_out_broken(run)
    model = build(run)
    best = best_file(file)
    use_best = run.recipe.fit.patience and best.exists()
    checkpoint.load_weights(best if use_best else file, model)
    return model


def evaluate(run: Run, model: keras.Model) -> dict[str, Any]:
    """Judge on dev and write ``metrics.json`` and ``history.jsonl`` into the results."""
    history = History.read(run.folder / f"{STAGE}.jsonl")
    if run.recipe.network.kind == "joint":
        found = classic_joint.judge(run, model)
    else:
        found = {"dev": words.judge(run, model)}
    last = history[-1] if history else {}
    facts = {
        **run.facts,
        "samples": run.recipe.fit.samples,
        "epochs": last.get("epoch"),
        "kept_epoch": _kept_epoch(run, history),
        "final": {key: value for key, value in last.items() if key not in ("step", "epoch")},
        "metrics": found,
    }
    write_json(run.results / "metrics.json", facts)
    shutil.copyfile(run.folder / f"{STAGE}.jsonl", run.results / "history.jsonl")
    return facts


def _kept_epoch(run: Run, history: list[dict[str, Any]]) -> float | None:
    """The epoch whose weights are judged: the last, or under early stopping the best one."""
    if not history:
        return None
    patient = run.recipe.fit.patience and all(BETTER_BY in record for record in history)
    kept = min(history, key=lambda record: record[BETTER_BY]) if patient else history[-1]
    return float(kept["epoch"])


def _task(run: Run, model: keras.Model) -> Task:
    if run.recipe.network.kind == "joint":
        return classic_joint.PairTask(run, model)
    return words.WordsTask(run, model)
