"""The stages of a training, each of which takes up what the one before left in the run's folder.

``best`` and its like (an attention LSTM) go through ``pipeline``, the original systems through
``classic``; what a stage is called, and what it leaves, is the same for both.
"""

import json
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from image_describer.captioner import bundle_files
from image_describer.errors import TrainingError
from image_describer.train.data import cleaning, feature_pickle
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.verify_images import without_broken
from image_describer.train.recipe import Recipe

log = logging.getLogger(__name__)

STAGES = {
    "prepare": "reads the data, reports what doesn't fit, builds the vocabulary",
    "features": "computes what the extractor sees of each picture, as far as it is missing",
    "fit": "trains; a checkpoint and the losses lie in the run's folder",
    "evaluate": "judges what was trained on dev",
    "export": "writes the files that the program, or another one, can use",
    "refine": "trains the decoder of a finished bundle on, over what the bundle's extractor sees",
    "report": "draws losses, figures, captions and attention into one page",
}
WITH_FEATURES = ("features", "fit", "all")  # the stages after which they are there
OURS = "attention-lstm"  # the network whose bundle ships
SPACE = "joint-space"  # the towers that go into it
BROKEN = "broken.json"  # in the folder of runs: the pictures that can't be read


@dataclass(frozen=True)
class Choices:
    """What a user says beside recipe and data; "" and None leave it to the recipe."""

    runs: Path = Path("train/runs")
    results: Path = Path("train/results")
    output: Path = Path("models")
    bundle: Path | None = None
    extractor: str = ""
    weights: str = ""
    vectors: Path | None = None
    resume: bool = False
    read_features: Path | None = None
    write_features: Path | None = None


def run(stage: str, chosen: Recipe, data: Dataset, choices: Choices) -> dict[str, Any]:
    """One stage, or "all"; returns what is to be told. Raises TrainingError, RunStoppedError.

    Pictures that can't be decoded are left out of all of them, counted among the problems.
    """
    ours = chosen.network.kind == OURS
    if ours:
        _refuse_what_is_for_originals(chosen, data, choices)
    elif choices.write_features is not None and stage not in WITH_FEATURES:
        raise TrainingError(
            f"The stage '{stage}' computes no features.",
            "Give --write-features to one of: " + ", ".join(WITH_FEATURES) + ".",
        )
    if choices.read_features is not None:
        data = feature_pickle.read_into(data, choices.read_features)
    data = without_broken(data, lambda sentence: log.debug("%s", sentence), choices.runs / BROKEN)
    if stage == "refine" and not ours:
        raise TrainingError(
            f"'{chosen.name}' makes no bundle whose decoder could be refined.",
            "Only 'best' and its like do.",
        )
    if ours:
        return _ours(stage, chosen, data, choices)
    if chosen.network.kind == SPACE:
        return _space(stage, chosen, data, choices)
    return _originals(stage, chosen, data, choices)


def _refuse_what_is_for_originals(chosen: Recipe, data: Dataset, choices: Choices) -> None:
    name = chosen.name
    if choices.extractor not in ("", "xception"):
        raise TrainingError(f"'{name}' trains its own Xception.", "Leave out --extractor.")
    if choices.vectors is not None:
        raise TrainingError(f"'{name}' learns its own word vectors.", "Leave out --vectors.")
    if choices.read_features is not None or choices.write_features is not None:
        raise TrainingError(
            f"'{name}' learns what it sees: features that stay as they are don't serve it.",
            "Leave out --read-features and --write-features, or choose joint-embedding or one of "
            "the merge LSTMs.",
        )
    if data.features is not None:
        raise TrainingError(
            f"'{name}' needs photographs, and this data brings only features.",
            "Choose joint-embedding or one of the merge LSTMs.",
        )


# The network that ships


def _ours(stage: str, chosen: Recipe, data: Dataset, choices: Choices) -> dict[str, Any]:
    from image_describer.train import pipeline
    from image_describer.train.evaluate import captions as judging

    if stage == "evaluate":
        found = judging.evaluate(choices.bundle or choices.output, data)
        judging.keep(found, choices.results / chosen.name)
        return found
    if stage == "report":
        return report(chosen, data, choices)
    if stage == "refine":
        return _refined(chosen, data, choices)
    prepared = pipeline.prepare(
        chosen, data, choices.weights or "bundled", choices.runs, choices.resume
    )
    _keep_words(prepared, data, chosen)
    if stage == "prepare":
        return _counts(data, len(prepared.vocabulary) - 4)
    if stage == "features":
        return _timed(data, lambda: pipeline.lower_maps(prepared))
    if stage == "export":
        model = _trained(prepared)
    else:
        model = pipeline.fit_scst(
            prepared, pipeline.fit_whole(prepared, pipeline.fit_head(prepared))
        )
        if stage == "fit":
            return _last_losses(prepared.folder)
    manifest = pipeline.export(prepared, model, choices.output)
    keep_figures(prepared.folder, choices.results / chosen.name)
    if stage == "all":
        report(chosen, data, choices)
    return dict(manifest["metrics"])


def _refined(chosen: Recipe, data: Dataset, choices: Choices) -> dict[str, Any]:
    from image_describer import paths
    from image_describer.train.evaluate import captions as judging
    from image_describer.train.refine import refine_bundle

    bundle, folder = choices.bundle or paths.bundle_folder(), choices.runs / chosen.name
    results = choices.results / chosen.name
    found = refine_bundle(bundle, chosen, data, folder, choices.output, choices.resume)
    judging.keep(found, results)
    keep_figures(folder, results)
    return dict(found["metrics"])


def _trained(prepared: Any) -> Any:
    """The captioner as its last checkpoint has it. Raises TrainingError where there is none."""
    from image_describer.train import pipeline
    from image_describer.train.baselines.fit import best_file
    from image_describer.train.fit import checkpoint, loop

    last = prepared.folder / "whole.npz"
    if not last.exists():
        raise _not_yet(prepared.recipe.name, prepared.folder.parent, "fit")
    with loop.precision(prepared.recipe.precision):
        model = pipeline.build_whole(prepared)
    best = best_file(last)
    use_best = prepared.recipe.whole.patience and best.exists()
    checkpoint.load_weights(best if use_best else last, model)
    prepared.resume = True  # self-critical training that is over gives its result at once
    return pipeline.fit_scst(prepared, model)


def keep_figures(folder: Path, results: Path) -> None:
    """Copy figures and losses of a run to its results, to be kept when checkpoints go."""
    results.mkdir(parents=True, exist_ok=True)
    for file in (folder / "metrics.json", *sorted(folder.glob("*.jsonl"))):
        if file.exists():
            shutil.copyfile(file, results / file.name)
    if (results / "metrics.json").exists():
        from image_describer.train.evaluate import captions as judging

        judging.keep(json.loads((results / "metrics.json").read_text("utf-8")), results)


# The joint space


def _space(stage: str, chosen: Recipe, data: Dataset, choices: Choices) -> dict[str, Any]:
    from image_describer.train.heads import joint_export, joint_run

    if stage == "report":
        return report(chosen, data, choices)
    prepared = joint_run.prepare(chosen, data, choices)
    if stage == "prepare":
        return prepared.facts
    if stage == "features":
        return _timed(data, lambda: joint_run.features(prepared))
    if stage in ("evaluate", "export"):
        model, standard = joint_run.trained(prepared)
    else:
        joint_run.features(prepared)
        model, standard = joint_run.fit(prepared)
        if stage == "fit":
            return _last_losses(prepared.folder)
    found = joint_run.judge(prepared, model, standard)
    if stage == "evaluate":
        return found
    written = joint_export.export(prepared, model, standard, found.get("dev", {}))
    if stage == "all":
        report(chosen, data, choices)
    return written


# The original systems


def _originals(stage: str, chosen: Recipe, data: Dataset, choices: Choices) -> dict[str, Any]:
    from image_describer.train.baselines import export, stages
    from image_describer.train.baselines import run as classic_run

    if stage == "report":
        return report(chosen, data, choices)
    options = classic_run.Options(
        choices.runs, choices.results, choices.extractor, choices.weights, choices.vectors,
        choices.resume,
    )  # fmt: skip
    prepared = classic_run.prepare(chosen, data, options)
    _keep_words(prepared, data, chosen)
    if stage == "prepare":
        return prepared.facts
    if stage == "features":
        return _timed(data, lambda: _features(prepared, choices))
    if stage in ("evaluate", "export"):
        model = stages.trained(prepared)
        if stage == "export":
            return export.export(prepared, model)
        return stages.evaluate(prepared, model)
    _features(prepared, choices)
    model = stages.fit(prepared)
    if stage == "fit":
        return _last_losses(prepared.folder)
    found = stages.evaluate(prepared, model)
    export.export(prepared, model)
    report(chosen, data, choices)
    return found


def _features(prepared: Any, choices: Choices) -> None:
    """Compute them; write them as the original kept its own, where that is asked for."""
    from image_describer.train.baselines import stages

    stages.features(prepared)
    if choices.write_features is not None:
        feature_pickle.write(choices.write_features, prepared.store)
        log.info("The features are in %s.", choices.write_features)


# Both


def report(chosen: Recipe, data: Dataset, choices: Choices) -> dict[str, Any]:
    """Draw the recipe's page, and the table over all recipes. Raises TrainingError."""
    from image_describer.train.report import page as pages

    folder = choices.results / chosen.name
    if not (folder / "metrics.json").exists():
        raise _not_yet(chosen.name, choices.results, "evaluate")
    page = pages.write(chosen, data, choices)
    return {"page": str(page), "bytes": sum(f.stat().st_size for f in folder.iterdir())}


def _keep_words(prepared: Any, data: Dataset, chosen: Recipe) -> None:
    """``vocabulary.json`` and ``descriptions.txt``, as the original kept its cleaned captions."""
    content = json.dumps(prepared.vocabulary.tokenizer(), indent=2) + "\n"
    bundle_files.write(prepared.folder / "vocabulary.json", content.encode())
    cleaning.write_descriptions(
        prepared.folder / "descriptions.txt", data.captions, chosen.text.rules
    )


def _counts(data: Dataset, words: int) -> dict[str, Any]:
    return {
        "pictures": {split: len(names) for split, names in data.splits.items()},
        "captions": sum(len(several) for several in data.captions.values()),
        "vocabulary": words,
        "problems": data.problems,
    }


def _timed(data: Dataset, work: Callable[[], object]) -> dict[str, Any]:
    began = time.monotonic()
    work()
    return {
        "pictures": sum(len(names) for names in data.splits.values()),
        "seconds": round(time.monotonic() - began, 1),
    }


def _last_losses(folder: Path) -> dict[str, Any]:
    """The last record of each stage's losses."""
    from image_describer.train.fit.log import History

    last = {}
    for file in sorted(folder.glob("*.jsonl")):
        records = History.read(file)
        if records:
            last[file.stem] = records[-1]
    return last


def _not_yet(name: str, place: Path, stage: str) -> TrainingError:
    return TrainingError(f"There is nothing of '{name}' in {place} yet.", f"Run '{stage}' first.")
