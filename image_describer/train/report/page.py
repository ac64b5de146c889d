"""A recipe's results as a page in Markdown: figures, plots, captions, attention.

Nothing of a data set is shown, since its pictures and captions belong to their authors: attention
is shown on the sample photographs that come with the program.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from image_describer import files
from image_describer.train.fit.log import TrainingLog
from image_describer.train.markdown import table
from image_describer.train.recipe import PARTS
from image_describer.train.report import attention_maps, figures, results

PAGE = "report.md"
CAPTIONS_SHOWN = 24
STAGES = ("fit", "reward", "joint_space")  # in the order of training
TITLES = {
    "losses": "Losses and other figures by epoch",
    "reliability": "Calibration of the confidence",
    "roc": "How well confidence separates acceptable captions from others",
    "photo_check": "How well photographs are separated from drawings",
    "attention": "Attention",
}
"""Titles of the plots by file name, in order. A file can have a name of its own after a hyphen:
"reliability-everyday.png"."""


def write(folder: Path, bundle: Path | None = None) -> Path:
    """Plot everything again and write the page into ``folder``, which has the results.

    With ``bundle``, it gets new attention maps; without it, those in the folder stay. Returns the
    page. Raises TrainingError, BundleError and OSError.
    """
    metrics = results.read(folder)
    _plot(folder, bundle)
    parts = [
        f"# {metrics.get('recipe', folder.name)}",
        metrics.get("about", ""),
        _facts(metrics),
        *(_metrics(name, values) for name, values in metrics.get("metrics", {}).items()),
        *(_metrics(part, _headline(results.read(folder, f"{part}.json"))) for part in PARTS),
        *(_plot_section(file) for file in _plots(folder)),
        _captions(results.read(folder, results.CAPTIONS)),
    ]
    page = folder / PAGE
    files.write(page, ("\n\n".join(part for part in parts if part) + "\n").encode())
    return page


def _plot(folder: Path, bundle: Path | None) -> None:
    logs = {stage: TrainingLog.read(folder / f"{stage}.jsonl") for stage in STAGES
            if (folder / f"{stage}.jsonl").exists()}  # fmt: skip
    if any(logs.values()):
        figures.losses({stage: log for stage, log in logs.items() if log}, folder / "losses.png")
    held_out = results.read(folder, results.CONFIDENCE).get("held_out")
    if held_out:
        figures.reliability(held_out, folder / "reliability.png")
        for name, judged in held_out.get("sets", {}).items():
            file = folder / f"reliability-{name.replace('/', '-')}.png"
            figures.reliability(judged, file)
        halves = {name: held_out[half] for half, name in figures.HALVES.items()}
        figures.roc(halves, folder / "roc.png")
    photo_check = results.read(folder, "photo_check.json")
    if "roc" in photo_check:
        curve = {"roc": photo_check["roc"], "auc": photo_check["area under the curve"]}
        figures.roc({"drawings": curve}, folder / "photo_check.png")
    if bundle is not None:
        for example in attention_maps.of_samples(bundle):
            figures.attention(example, folder / f"attention-{example.file.stem}.png")


def _plots(folder: Path) -> list[Path]:
    return [
        file
        for name in TITLES
        for file in (folder / f"{name}.png", *sorted(folder.glob(f"{name}-*.png")))
        if file.exists()
    ]


def _plot_section(file: Path) -> str:
    name, _, of = file.stem.partition("-")
    title = f"{TITLES[name]}: {of}" if of else TITLES[name]
    description = figures.description(file).replace("[", "(").replace("]", ")")
    return f"## {title}\n\n![{description}]({file.name})"


def _facts(metrics: Mapping[str, Any]) -> str:
    facts = {k: v for k, v in metrics.items() if k not in ("recipe", "about", "metrics")}
    return table(["fact", "value"], _flat(facts)) if facts else ""


def _metrics(name: str, values: Mapping[str, Any]) -> str:
    rows = list(_flat(values))
    title = f"## Figures: {name.replace('_', ' ')}"
    return f"{title}\n\n{table(['measure', 'value'], rows)}" if rows else ""


def _headline(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a part without those of single kinds of pictures."""
    return {key: value for key, value in figures.items() if isinstance(value, (int, float))}


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, object]]:
    """The numbers and texts of nested mappings; lists of numbers are left out."""
    for key, value in values.items():
        label = f"{prefix}{key.replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{label}: ")
        elif isinstance(value, list):
            for record in value:
                if isinstance(record, Mapping):
                    yield label, ", ".join(f"{k} {v}" for k, v in record.items() if k != "sha256")
        elif value is not None:
            yield label, f"{value:.4g}" if isinstance(value, float) else value


def _captions(captions: Mapping[str, str]) -> str:
    if not captions:
        return ""
    keys = list(captions)[:: max(1, len(captions) // CAPTIONS_SHOWN)][:CAPTIONS_SHOWN]
    rows = ([key, captions[key]] for key in keys)
    return (
        "## Captions\n\nOf pictures at regular intervals, not selected.\n\n"
        f"{table(['picture', 'caption'], rows)}"
    )
