"""A recipe's results as one page that stands alone: figures, curves, captions, attention.

No photograph of a data set is shown: captions stand as text beside what people wrote, and
attention is drawn over the sample photographs that come with the program.
"""

import base64
import html
import io
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from image_describer.captioner import bundle_files
from image_describer.train.data.dataset import Dataset
from image_describer.train.fit.log import History
from image_describer.train.recipe import Recipe
from image_describer.train.report import attention_maps, figures, leaderboard

log = logging.getLogger(__name__)

PAGE = "report.html"
CAPTIONS_SHOWN = 24
WEBP_QUALITY = 70  # thin lines and letters stay sharp

_STYLE = """
body { font: 1.05rem/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto;
  padding: 0 1rem; color: #1a1a1a; background: #fff }
table { border-collapse: collapse; margin: 1rem 0 } th, td { padding: .3rem .8rem; text-align: left;
  border-bottom: 1px solid #999; vertical-align: top }
td.number { font-variant-numeric: tabular-nums } img { max-width: 100%; height: auto }
figure { margin: 1rem 0 } figcaption { color: #333 } .said { font-weight: 600 }
""".strip()


def write(chosen: Recipe, data: Dataset, choices: Any) -> Path:
    """Draw everything anew into ``<results>/<recipe>/``; returns the page.

    ``choices`` are ``stages.Choices``. The table in the README beside the results is written too.
    """
    folder: Path = choices.results / chosen.name
    found = leaderboard.read(folder)
    parts = [_facts(chosen, found)]
    curves = _histories(folder)
    if curves:
        told = figures.curves(curves, folder / "curves.png")
        parts.append(_figure(folder / "curves.png", "Losses and measures, epoch by epoch", told))
    parts += _confidence(folder)
    said = attention_maps.of_samples(chosen, data, choices)
    captions = _captions(folder, chosen, data, choices)
    if captions:
        parts.append(_caption_table(captions, data))
    for sample in said:
        file = folder / f"attention-{sample.file.stem}.png"
        figures.attention(sample, file)
        parts.append(_figure(file, f"Where each word was seen: {sample.file.name}", sample.told))
    page = folder / PAGE
    bundle_files.write(page, _page(chosen, parts).encode())
    readme = choices.results.parent / "README.md"
    if readme.exists():
        leaderboard.write_table(choices.results, readme)
    return page


def _page(chosen: Recipe, parts: Sequence[str]) -> str:
    title = html.escape(f"Recipe {chosen.name}")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{title}</h1>\n" + "\n".join(parts) + "\n</main>\n</body>\n</html>\n"
    )


def _facts(chosen: Recipe, found: dict[str, Any]) -> str:
    rows: list[tuple[str, str]] = [("Network", chosen.network.kind)]
    about = found.get("extractor")
    if about:
        text = ", ".join(f"{key} {value}" for key, value in about.items() if key != "shape")
        rows.append(("Features", text.replace("_", " ")))
    for key, label in (("vocabulary", "Words"), ("epochs", "Epochs")):
        if found.get(key) is not None:
            rows.append((label, f"{found[key]:,}"))
    if found.get("vectors"):
        rows += [
            (f"Word vectors: {key}".replace("_", " "), str(value))
            for key, value in found["vectors"].items()
        ]
    for split, values in (("Last epoch", found["final"]), ("Training", found["train"] or {})):
        rows += [(f"{split}: {key}".replace("_", " "), _short(v)) for key, v in values.items()]
    rows += [(f"Dev: {key}".replace("_", " "), _short(v)) for key, v in found["dev"].items()]
    lines = "\n".join(
        f'<tr><th scope="row">{html.escape(label)}</th>'
        f'<td class="number">{html.escape(value)}</td></tr>'
        for label, value in rows
    )
    return (
        f"<p>{html.escape(chosen.about)}</p>\n<h2>Figures</h2>\n<table>\n"
        f"<caption>What the run told, and its measures on dev</caption>\n{lines}\n</table>"
    )


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _histories(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The losses of each stage that has some, in the order of training."""
    order = {"head": 0, "head-scst": 1, "whole": 2, "refine": 3, "scst": 4}
    files = sorted(folder.glob("*.jsonl"), key=lambda file: order.get(file.stem, 0))
    return {file.stem: records for file in files if (records := History.read(file))}


def _confidence(folder: Path) -> list[str]:
    """How good confidence is, drawn anew from ``confidence.json``, where there is one."""
    file = folder / "confidence.json"
    held_out = json.loads(file.read_text("utf-8"))["held_out"] if file.exists() else {}
    if not held_out:
        return []
    parts = []
    for name, draw, title in (
        ("reliability.png", figures.reliability, "How right confidence is"),
        ("roc.png", figures.roc, "How well confidence tells good captions from others"),
    ):
        told = draw(held_out, folder / name)
        parts.append(_figure(folder / name, title, told))
    return parts


def _captions(folder: Path, chosen: Recipe, data: Dataset, choices: Any) -> dict[str, str]:
    """Some captions of dev, spread over it: those that were judged, or the bundle's own."""
    names = [name for name in data.splits.get("dev", []) if name in data.captions]
    file = folder / "captions.json"
    if file.exists():
        said = json.loads(file.read_text("utf-8"))
        names = [name for name in names if name in said]
    names = names[:: max(1, len(names) // CAPTIONS_SHOWN)][:CAPTIONS_SHOWN]
    if file.exists():
        return {name: said[name] for name in names}
    bundle = choices.bundle or choices.output
    if chosen.network.kind != "attention-lstm" or not (bundle / "manifest.json").exists():
        return {}
    from image_describer.train.evaluate.captions import caption_split

    return {name: one.caption for name, one in caption_split(bundle, data, names).items()}


def _caption_table(captions: dict[str, str], data: Dataset) -> str:
    rows = "\n".join(
        f'<tr><th scope="row">{html.escape(name)}</th><td class="said">{html.escape(caption)}</td>'
        f"<td>{'<br>'.join(html.escape(text) for text in data.captions[name])}</td></tr>"
        for name, caption in captions.items()
    )
    return (
        "<h2>Captions of dev pictures</h2>\n<table>\n"
        "<caption>Pictures taken at even steps, not chosen; they are not shown, because they "
        "belong to their authors</caption>\n<thead><tr><th scope='col'>picture</th>"
        "<th scope='col'>the network says</th><th scope='col'>people say</th></tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody>\n</table>"
    )


def _figure(file: Path, title: str, told: str) -> str:
    """A drawing within the page, its content told in words."""
    content = base64.b64encode(_as_webp(file)).decode()
    return (
        f"<h2>{html.escape(title)}</h2>\n<figure>\n"
        f'<img alt="{html.escape(told)}" src="data:image/webp;base64,{content}">\n'
        f"<figcaption>{html.escape(told)}</figcaption>\n</figure>"
    )


def _as_webp(file: Path) -> bytes:
    """The drawing in a third of its bytes; the PNG itself lies beside the page."""
    content = io.BytesIO()
    with Image.open(file) as drawn:
        drawn.convert("RGB").save(content, "WEBP", quality=WEBP_QUALITY, method=6)
    return content.getvalue()
