"""The figures of all recipes: read from their results, listed, and kept as a table in a README."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from image_describer import paths
from image_describer.captioner import bundle_files
from image_describer.errors import TrainingError
from image_describer.train import recipe

log = logging.getLogger(__name__)

BEGIN, END = "<!-- figures: written by the stage 'report' -->", "<!-- end of figures -->"
MEASURES = ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "METEOR", "CIDEr")
RECALLS = ("captions of a picture", "picture of a caption")
AT = (1, 5, 10)
NONE = "–"


def read(folder: Path) -> dict[str, Any]:
    """``metrics.json`` of a recipe's results, in one shape for all recipes; {} where there is none.

    Keys: "dev" (measures by name), "train", "final" (last losses), and what the run told of
    itself: "vocabulary", "extractor", "vectors", "epochs", "pictures". Raises TrainingError.
    """
    file = folder / "metrics.json"
    if not file.exists():
        return {}
    try:
        found = json.loads(file.read_text("utf-8"))
        if "split" in found:  # as a bundle is judged
            found = {**found, "metrics": {found["split"]: found["metrics"]}}
        metrics = found.pop("metrics")
        return {"final": {}, **found, "dev": metrics.get("dev", {}), "train": metrics.get("train")}
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise TrainingError(
            f"The figures {file} can't be read: {error}.", "Run 'evaluate' of that recipe again."
        ) from error


def listing(results: Path) -> str:
    """Every recipe with what it is and how well it did, as lines of text."""
    if not results.is_dir():
        results = paths.recipes_folder().parent / "results"
    lines = []
    for name in recipe.names():
        found = read(results / name)
        lines += [f"{name}", f"    {recipe.load(name).about}", f"    {in_words(found)}"]
    lines.append("Train one: python -m image_describer.train --recipe NAME --data PATH")
    return "\n".join(lines)


def in_words(found: Mapping[str, Any]) -> str:
    """A recipe's figures in a line: "dev: CIDEr 0.537, BLEU-4 0.223; final training loss 2.61"."""
    told = []
    dev = found.get("dev", {})
    if "CIDEr" in dev:
        named = [f"{key} {dev[key]:.3f}" for key in ("CIDEr", "BLEU-4", "METEOR") if key in dev]
        told.append("dev: " + ", ".join(named))
    for way in RECALLS:
        if f"{way}: R@1" in dev:
            recalls = "/".join(f"{dev[f'{way}: R@{k}']:.3f}" for k in AT)
            told.append(f"{way}: R@1/5/10 {recalls}")
    if found.get("train"):
        told.append(f"pair accuracy {found['train']['pair_accuracy']:.3f} on training pairs")
    if "loss" in found.get("final", {}):
        told.append(f"final training loss {found['final']['loss']:.3f}")
    return "; ".join(told) or "no figures yet"


def write_table(results: Path, readme: Path) -> bool:
    """Put the table over all of ``results`` between the marks in ``readme``, if it has them."""
    try:
        text = readme.read_text("utf-8")
    except OSError:
        return False
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        log.warning("%s has no place for the table: %s ... %s", readme, BEGIN, END)
        return False
    made = f"{before}{BEGIN}\n\n{table(results)}\n\n{END}{after}"
    if made != text:
        bundle_files.write(readme, made.encode())
    return True


def table(results: Path) -> str:
    """Two tables in Markdown: recipes that say captions, and those that find them."""
    found = {folder.name: read(folder) for folder in sorted(results.iterdir()) if folder.is_dir()}
    says = {name: one for name, one in found.items() if "CIDEr" in one.get("dev", {})}
    finds = {name: one for name, one in found.items() if one.get("train")}
    told = []
    if says:
        rows = [
            [name, _extractor(one), _words(one), _number(one["final"].get("loss")),
             *(_number(one["dev"].get(key)) for key in MEASURES)]
            for name, one in sorted(says.items(), key=lambda item: -item[1]["dev"]["CIDEr"])
        ]  # fmt: skip
        told.append(_markdown(["recipe", "features", "words", "training loss", *MEASURES], rows))
    if finds:
        rows = [
            [name, _extractor(one), _number(one["train"]["pair_accuracy"]),
             *("/".join(_number(one["dev"].get(f"{way}: R@{k}")) for k in AT) for way in RECALLS)]
            for name, one in finds.items()
        ]  # fmt: skip
        heads = [f"{way}: R@1/5/10" for way in RECALLS]
        told.append(_markdown(["recipe", "features", "pair accuracy", *heads], rows))
    return "\n\n".join(told) or "No recipe has been judged yet."


def _extractor(found: Mapping[str, Any]) -> str:
    about = found.get("extractor")
    if not about:
        return "Xception, fine-tuned"
    text = str(about["name"])
    if "weights" in about:
        text += f" ({about['weights']})"
    return f"{text} for {about['stands_in_for']}" if "stands_in_for" in about else text


def _words(found: Mapping[str, Any]) -> str:
    text = f"{found['vocabulary']:,}" if "vocabulary" in found else NONE
    vectors = found.get("vectors")
    if vectors:
        share = 100 * vectors["share_of_vocabulary"]
        text += f", {share:.1f} % with a vector of {vectors['dimension']}"
    return text


def _number(value: Any) -> str:
    return NONE if value is None else f"{value:.3f}"


def _markdown(heads: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
