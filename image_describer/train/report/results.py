"""The results of a run, as files in a folder that keeps them when the run is deleted.

``metrics.json`` has the facts of the run ("recipe", "about", "network", "made", ...) and its
"metrics" by split; ``captions.json`` the captions of the split; ``confidence.json`` how good the
confidence is; ``demographics.json`` whom captions name; ``<part>.json`` the figures of a part of
the bundle; ``<stage>.jsonl`` the losses.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from image_describer import files
from image_describer.captioner.bundle import open_bundle
from image_describer.errors import TrainingError
from image_describer.i18n import ENGLISH
from image_describer.train import recipe as recipes
from image_describer.train.data.dataset import Dataset
from image_describer.train.evaluate import captions
from image_describer.train.export import bundle as bundles
from image_describer.train.heads import confidence

METRICS = "metrics.json"
CAPTIONS = "captions.json"
CONFIDENCE = "confidence.json"
DEMOGRAPHICS = "demographics.json"
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
_FOR_PLOTS = ("bins", "roc")  # of the confidence; too long for a manifest


@dataclass(frozen=True)
class Judgement:
    """The evaluation of a bundle, the ``table`` of confidence that was fitted to it, and how good
    such a table is on pictures that it was not fitted to (see `confidence.held_out`)."""

    evaluation: captions.Evaluation
    table: dict[str, Any]
    held_out: dict[str, Any]
    language: str = ENGLISH

    @property
    def metrics(self) -> dict[str, dict[str, float]]:
        """Those of the evaluation, with "confidence ECE" and "confidence AUC"."""
        judged = {"dev": self.held_out} | {
            f"dev/{name}": figures for name, figures in self.held_out.get("sets", {}).items()
        }
        return {
            name: {**metrics, **_confidence_metrics(judged.get(name, {}))}
            for name, metrics in self.evaluation.metrics.items()
        }

    @property
    def manifest_fields(self) -> dict[str, Any]:
        judged = {"confidence": _without_plots(self.held_out)}
        if self.evaluation.demographics:
            judged["people"] = self.evaluation.demographics
        return {"metrics": self.metrics, "confidence": self.table, "judged": judged}


def judge(bundle: Path, data: Dataset, language: str = ENGLISH) -> Judgement:
    """Evaluate a bundle's captions of dev in a language, and fit confidence to them.

    Raises BundleError, and TrainingError without dev pictures.
    """
    found = captions.evaluate(bundle, data, language)
    return Judgement(
        found,
        confidence.fit_all(found.measures, found.acceptable),
        confidence.held_out(found.measures, found.acceptable, found.sets),
        language,
    )


def _confidence_metrics(held_out: Mapping[str, Any]) -> dict[str, float]:
    mean = held_out.get("mean", {})
    return {f"confidence {key.upper()}": mean[key] for key in ("ece", "auc") if key in mean}


def _without_plots(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _without_plots(value) if isinstance(value, Mapping) else value
        for key, value in figures.items()
        if key not in _FOR_PLOTS
    }


def update(bundle: Path, judgement: Judgement) -> None:
    """Give a bundle the confidence and the figures of ``judgement``, and a new model card.

    Raises BundleError and TrainingError.
    """
    bundles.update(bundle, {}, judgement.manifest_fields, judgement.language)


def folder_of(bundle: Path, root: Path, language: str = ENGLISH) -> Path:
    """The folder in ``root`` for the results of a bundle: it has the name in the manifest."""
    name = _section(bundle, language)["name"]
    return root / (_NOT_IN_A_NAME.sub("-", name).strip("-.") or "bundle")


def write(
    folder: Path, bundle: Path, judgement: Judgement, more: Mapping[str, Any] | None = None
) -> None:
    """Write everything that is known of a bundle's captions into ``folder``.

    ``more`` are facts beside those that the manifest has. Raises BundleError and OSError.
    """
    known = facts(_section(bundle, judgement.language))
    if judgement.language != ENGLISH:
        known["language"] = judgement.language
    write_metrics(folder, {**known, **(more or {})}, judgement.metrics)
    _write_json(folder / CAPTIONS, judgement.evaluation.captions)
    _write_json(folder / CONFIDENCE, {"held_out": judgement.held_out, "table": judgement.table})
    if judgement.evaluation.demographics:
        _write_json(folder / DEMOGRAPHICS, judgement.evaluation.demographics)


def _section(bundle: Path, language: str) -> dict[str, Any]:
    """What the manifest says of a language: all of it, or the section of another than English."""
    manifest = open_bundle(bundle).manifest
    section: dict[str, Any] = manifest
    if language != ENGLISH:
        section = manifest.get("languages", {}).get(language, {})
    if not section:
        raise TrainingError(
            f'The bundle {bundle} has no language "{language}".', "Choose another --recipe."
        )
    return section


def facts(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What a manifest, or another mapping with its keys, says of how a network was made."""
    recipe = manifest["recipe"]
    known = {
        "recipe": manifest["name"],
        "about": recipe.get("about", ""),
        "network": recipe.get("network", {}).get("kind"),
        "made": manifest.get("made", {}),
    }
    if "features" in recipe:
        features = recipe["features"]
        known["encoder"] = {"name": features["encoder"], "weights": features["weights"]}
        name = manifest["name"]
        own = recipes.load(name).features.encoder if name in recipes.names() else None
        if own not in (None, features["encoder"]):  # chosen on the command line
            known["encoder"]["instead_of"] = own
    return known


def write_metrics(
    folder: Path, facts: Mapping[str, Any], metrics: Mapping[str, Mapping[str, float]]
) -> None:
    """Write ``metrics.json`` alone, for a network that makes no captions. Raises OSError."""
    _write_json(folder / METRICS, {**facts, "metrics": metrics})


def write_parts(folder: Path, parts: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the figures of the parts of a bundle, as `heads.add` returns them. Raises OSError."""
    for name, figures in parts.items():
        if figures:
            _write_json(folder / f"{name}.json", figures)


def read(folder: Path, name: str = METRICS) -> dict[str, Any]:
    """Read a JSON file of the results; {} if it is missing. Raises TrainingError."""
    file = folder / name
    if not file.exists():
        return {}
    try:
        content: dict[str, Any] = json.loads(file.read_text("utf-8"))
        found = content.get("metrics") if name == METRICS else content
        if not isinstance(found, dict):
            raise ValueError("it has other content")
    except (OSError, ValueError, AttributeError) as error:
        raise TrainingError(
            f"The results {file} can't be read: {error}.", "Evaluate that recipe again."
        ) from error
    return content


def _write_json(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    files.write(file, (json.dumps(content, indent=1) + "\n").encode())
