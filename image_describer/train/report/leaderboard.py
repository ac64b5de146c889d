"""The figures of all recipes, as a page in Markdown and as text."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from image_describer import files, paths
from image_describer.train import recipe
from image_describer.train.evaluate.retrieval import AT, DIRECTIONS
from image_describer.train.export.model_card import LANGUAGES
from image_describer.train.fit.log import TrainingLog
from image_describer.train.markdown import table
from image_describer.train.report import results

PAGE = "README.md"
CAPTION_METRICS = (
    "BLEU-1", "BLEU-4", "METEOR", "ROUGE-L", "CIDEr", "acceptable", "confidence ECE",
    "confidence AUC",
)  # fmt: skip
NONE = "–"
_TEXT = """\
# Leaderboard

Written by `python -m image_describer.train report`; don't edit it. `<recipe>/report.md` has the
losses, captions and attention maps of each recipe. Experiments, and the figures of recipes that
were removed, are in [../experiments](../experiments/README.md). To measure a bundle again:

    python -m image_describer.train evaluate --data FLICKR8K --bundle models

## Captions

Through the bundle's own files. Captions are split into words by the PTB tokenizer, German ones at
all but letters and hyphens; *acceptable* is the share of captions at least as good (CIDEr-D) as the
weakest of five human ones; *confidence* is judged on halves of the split that it was not fitted to;
the training loss is in nats per word.

{captions}

## Retrieval

Recall at 1, 5 and 10.

{retrieval}

## How each was made

{made}
"""


def write(root: Path) -> Path:
    """Write the leaderboard of all results in ``root``. Raises TrainingError and OSError."""
    folders = sorted(file.parent for file in root.glob(f"*/{results.METRICS}"))
    found = {folder.name: results.read(folder) for folder in folders}
    captions, retrieval = [], []
    for name, result in found.items():
        loss = _loss(root / name)
        in_language = f" in {LANGUAGES[found_in]}" if (found_in := result.get("language")) else ""
        sets = [one["set"] for one in result.get("made", {}).get("data", ())]
        # "dev" of a single set is comparable with that set in a mixture.
        several = len(sets) != 1 or any("/" in split for split in result["metrics"])
        only = "" if several else f"/{sets[0]}"
        result["metrics"] = {
            f"{split}{in_language}" if split == "dev" else split: metrics
            for split, metrics in result["metrics"].items()
        }
        for split, metrics in result["metrics"].items():
            if "CIDEr" in metrics:
                values = [_number(metrics.get(key)) for key in CAPTION_METRICS]
                captions.append([split + only, f"[{name}]({name}/report.md)", *values, loss])
        is_captioner = any("CIDEr" in metrics for metrics in result["metrics"].values())
        label = f"{name}: joint space" if is_captioner else name
        retrieved = {split: _recalls(metrics) for split, metrics in result["metrics"].items()}
        if not any(retrieved.values()):  # evaluated by an earlier version
            retrieved = {"dev": _recalls(results.read(root / name, "joint_space.json"))}
        retrieval += [
            [split + only, label, *recalls] for split, recalls in retrieved.items() if recalls
        ]
    captions.sort(key=lambda row: row[2 + CAPTION_METRICS.index("CIDEr")], reverse=True)
    captions.sort(key=lambda row: row[0])
    retrieval.sort(key=lambda row: row[0])
    page = root / PAGE
    text = _TEXT.format(
        captions=table(["split", "recipe", *CAPTION_METRICS, "training loss"], captions),
        retrieval=table(["split", "recipe", *DIRECTIONS], retrieval),
        made=table(
            ["recipe", "command", "commit", "data", "note"],
            ([name, *_made(result)] for name, result in found.items()),
        ),
    )
    files.write(page, text.encode())
    return page


def short(root: Path) -> str:
    """Every recipe with its description and its main figures, as lines of text."""
    if not root.is_dir():
        root = paths.recipes_folder().parent / "results"
    lines = []
    for name in recipe.names():
        found = results.read(root / name).get("metrics", {})
        lines += [name, f"    {recipe.load(name).about}"]
        lines += [f"    {split}: {_summary(metrics)}" for split, metrics in found.items()]
    lines.append("To train one: python -m image_describer.train --recipe NAME --data PATH")
    return "\n".join(lines)


def _summary(metrics: Mapping[str, float]) -> str:
    """The main figures in a line, for example "CIDEr 0.537, BLEU-4 0.223"."""
    values = [f"{k} {_number(metrics[k])}" for k in ("CIDEr", "BLEU-4", "METEOR") if k in metrics]
    recalls = zip(DIRECTIONS, _recalls(metrics), strict=False)
    values += [f"{direction}: R@1/5/10 {recall}" for direction, recall in recalls]
    return ", ".join(values) or ", ".join(f"{k} {v}" for k, v in metrics.items())


def _recalls(metrics: Mapping[str, float]) -> list[str]:
    """Recall at 1, 5 and 10 in each direction; empty without them."""
    if f"{DIRECTIONS[0]}: R@{AT[0]}" not in metrics:
        return []
    return ["/".join(_number(metrics.get(f"{d}: R@{k}")) for k in AT) for d in DIRECTIONS]


def _loss(folder: Path) -> str:
    """The training loss of the last epoch."""
    log = folder / "fit.jsonl"
    records = TrainingLog.read(log) if log.exists() else []
    return _number(records[-1].get("loss")) if records else NONE


def _made(result: Mapping[str, Any]) -> list[str]:
    made = result.get("made", {})
    sets = (f"{one['set']} ({one['pictures']:,} pictures)" for one in made.get("data", ()))
    command = f"`{made['command']}`" if "command" in made else NONE
    return [command, made.get("commit", NONE), ", ".join(sets) or NONE, made.get("note", "")]


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f}"
