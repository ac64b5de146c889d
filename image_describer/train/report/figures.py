"""Drawings for a report, by matplotlib: curves, and attention over a photograph."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from image_describer.train.report.attention_maps import Seen

COLUMNS = 5  # drawings beside one another
DOTS_PER_INCH = {"curves": 80, "attention": 60, "confidence": 80}
PICTURE_PIXELS = 140  # a side, of each small photograph
COLOURS = 48  # of a PNG's palette: a third of the bytes, and hardly to be seen
LINE_STYLES = ("-", "--", "-.", ":")  # told apart without colours
NOT_DRAWN = ("step", "epoch")
LEAST_SHARE = 0.02  # of the captions, for a point: a handful of captions would jump up and down
HALVES = {"first": "first half", "second": "second half", "both": "both halves"}


def curves(stages: Mapping[str, Sequence[Mapping[str, Any]]], file: Path) -> str:
    """Draw each quantity over the epochs, dev beside training; returns what is seen, in words."""
    keys = [key for key in _keys(stages) if not key.startswith("dev_")]
    keys += [key for key in _keys(stages) if key.removeprefix("dev_") not in keys]
    plt = _pyplot()
    width = min(len(keys), 3)
    rows = math.ceil(len(keys) / width)
    figure, axes = plt.subplots(rows, width, figsize=(4.2 * width, 3.2 * rows), squeeze=False)
    told = []
    for axis, key in zip(axes.flat, keys, strict=False):
        label = key.removeprefix("dev_").replace("_", " ")
        axis.set_title(label)
        axis.set_xlabel("epoch")
        axis.grid(alpha=0.3)
        lines = [(key, "training"), (f"dev_{key}", "dev")]
        if key.startswith("dev_"):
            lines = [(key, "dev")]
        style = 0
        for stage, records in stages.items():
            for name, kind in lines:
                points = [(r.get("epoch", i), r[name]) for i, r in enumerate(records) if name in r]
                if points:
                    x, y = zip(*points, strict=True)
                    called = kind if len(stages) == 1 else f"{stage}, {kind}"
                    axis.plot(x, y, LINE_STYLES[style % 4], marker=".", label=called)
                    style += 1
                    told.append(f"{label}, {called}: from {y[0]:.3g} to {y[-1]:.3g}")
        axis.legend(fontsize=8)
    for axis in axes.flat[len(keys) :]:
        axis.set_axis_off()
    _save(plt, figure, file, DOTS_PER_INCH["curves"])
    return ". ".join(told) + "."


def attention(seen: "Seen", file: Path) -> None:
    """A photograph once for each word, light where the word was seen."""
    plt = _pyplot()
    picture = Image.open(seen.file).convert("RGB")
    # As the network sees it: squeezed to a square.
    pixels = np.asarray(picture.resize((PICTURE_PIXELS, PICTURE_PIXELS))).astype(np.float32) / 255
    rows = math.ceil((len(seen.words) + 1) / COLUMNS)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=(2.3 * COLUMNS, 2.5 * rows), squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    axes.flat[0].imshow(pixels)
    axes.flat[0].set_title("the picture")
    for axis, word, weights in zip(axes.flat[1:], seen.words, seen.maps, strict=False):
        axis.imshow(pixels * (0.2 + 0.8 * _light(weights))[..., np.newaxis])
        axis.set_title(word)
    _save(plt, figure, file, DOTS_PER_INCH["attention"])


def reliability(held_out: Mapping[str, Any], file: Path) -> str:
    """How many captions are acceptable, over how sure they are; returns what is seen, in words.

    ``held_out`` is what `confidence.held_out` returns.
    """
    plt = _pyplot()
    figure, axis = plt.subplots(figsize=(4.6, 4.4))
    axis.plot((0, 1), (0, 1), ":", color="black", label="as sure as right")
    for style, half in zip(LINE_STYLES, HALVES, strict=False):
        judged = held_out[half]
        points = [(b["sure"], b["good"]) for b in judged["bins"] if b["share"] >= LEAST_SHARE]
        points = points or [(b["sure"], b["good"]) for b in judged["bins"]]
        label = f"{HALVES[half]}: ECE {judged['ece']:.3f}"
        axis.plot(*zip(*points, strict=True), style, marker="o", markersize=4, label=label)
    both = held_out["both"]["bins"]
    width = 1 / 10
    places = [b["from"] + width / 2 for b in both]
    axis.bar(places, [b["share"] for b in both], width * 0.9, alpha=0.2, label="share of captions")
    _square(axis, "confidence", "share that is acceptable", "upper left")
    _save(plt, figure, file, DOTS_PER_INCH["confidence"])
    told = [
        f"of captions {b['sure']:.0%} sure ({b['share']:.0%} of all) {b['good']:.0%} are acceptable"
        for b in both
    ]
    return f"Both halves, each by what was fitted to the other: {'; '.join(told)}."


def roc(held_out: Mapping[str, Any], file: Path) -> str:
    """Acceptable captions found over others let through; returns what is seen, in words."""
    plt = _pyplot()
    figure, axis = plt.subplots(figsize=(4.6, 4.4))
    axis.plot((0, 1), (0, 1), ":", color="black", label="by chance: area 0.5")
    for style, half in zip(LINE_STYLES, HALVES, strict=False):
        judged = held_out[half]
        label = f"{HALVES[half]}: area {judged['auc']:.3f}"
        axis.plot(*zip(*judged["roc"], strict=True), style, label=label)
    _square(axis, "others let through", "acceptable captions found", "lower right")
    _save(plt, figure, file, DOTS_PER_INCH["confidence"])
    areas = ", ".join(f"{name} {held_out[half]['auc']:.3f}" for half, name in HALVES.items())
    return f"Area under the curve: {areas}."


def _square(axis: Any, across: str, up: str, legend: str) -> None:
    axis.set(xlim=(0, 1), ylim=(0, 1), xlabel=across, ylabel=up)
    axis.set_aspect("equal")
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8, loc=legend)


def _light(weights: np.ndarray) -> np.ndarray:
    """Attention (rows, columns) -> (PICTURE_PIXELS, PICTURE_PIXELS) in [0, 1], smooth."""
    scaled = weights.astype(np.float32) / max(float(weights.max()), 1e-9)
    size = (PICTURE_PIXELS, PICTURE_PIXELS)
    smooth = Image.fromarray(scaled).resize(size, Image.Resampling.BICUBIC)
    return np.clip(np.asarray(smooth), 0.0, 1.0)


def _keys(stages: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    every = [key for records in stages.values() for record in records for key in record]
    return [key for key in dict.fromkeys(every) if key not in NOT_DRAWN]


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg")  # no display is needed, nor touched
    from matplotlib import pyplot

    return pyplot


def _save(plt: Any, figure: Any, file: Path, dots: int) -> None:
    """Write a small PNG, whole or not at all."""
    figure.tight_layout()
    draft = file.with_suffix(".new")
    figure.savefig(draft, dpi=dots, format="png")
    plt.close(figure)
    with Image.open(draft) as drawn:
        small = drawn.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        small.save(draft, format="PNG", optimize=True)
    draft.replace(file)
