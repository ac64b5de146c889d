"""Plots for a report, by matplotlib, as small PNG files that contain their alternative text."""

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, PngImagePlugin

from image_describer import files
from image_describer.train.heads.confidence import BINS
from image_describer.train.report.attention_maps import AttentionMaps

COLUMNS = 5  # plots in a row
PICTURE_PIXELS = 140  # side of each small photograph
COLORS = 48  # of a PNG's palette: a third of the size, with hardly visible differences
LINE_STYLES = ("-", "--", "-.", ":")  # distinguishable without colors
MIN_SHARE = 0.02  # of the captions in a bin that is plotted: fewer are mostly noise
HALVES = {"first": "first half", "second": "second half", "both": "both halves"}
_DESCRIPTION = "Description"  # PNG's own keyword for it

Log = Sequence[Mapping[str, Any]]
"""The records of a stage, one for each epoch."""


def losses(logs: Mapping[str, Log], file: Path) -> None:
    """Plot each logged quantity of the stages over their epochs, dev beside training."""
    every = [key for log in logs.values() for record in log for key in record]
    keys = dict.fromkeys(key.removeprefix("dev_") for key in every if key not in ("step", "epoch"))
    width = min(len(keys), 3)
    rows = math.ceil(len(keys) / width)
    figure = Figure(figsize=(4.2 * width, 3.2 * rows))
    axes = figure.subplots(rows, width, squeeze=False).flat
    description = []
    for key, axis in zip(keys, axes, strict=False):
        label = key.replace("_", " ")
        axis.set(title=label, xlabel="epoch")
        axis.grid(alpha=0.3)
        styles = itertools.cycle(LINE_STYLES)
        for stage, name in itertools.product(logs, (key, f"dev_{key}")):
            points = [(r["epoch"], r[name]) for r in logs[stage] if name in r]
            if points:
                x, y = zip(*points, strict=True)
                line = f"{stage}, {'dev' if name.startswith('dev_') else 'training'}"
                axis.plot(x, y, next(styles), marker=".", label=line)
                description.append(f"{label}, {line}: from {y[0]:.3g} to {y[-1]:.3g}")
        axis.legend(fontsize=8)
    for axis in axes:  # those that are left over
        axis.set_axis_off()
    _save(figure, file, 80, ". ".join(description) + ".")


def attention(example: AttentionMaps, file: Path) -> None:
    """Show a photograph once for each word, bright where the attention was."""
    with Image.open(example.file) as image:  # resized to a square, as for the network
        picture = image.convert("RGB").resize((PICTURE_PIXELS, PICTURE_PIXELS))
    pixels = np.asarray(picture).astype(np.float32) / 255
    rows = math.ceil((len(example.words) + 1) / COLUMNS)
    figure = Figure(figsize=(2.3 * COLUMNS, 2.5 * rows))
    axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    axes[0].imshow(pixels)
    axes[0].set_title("the picture")
    for axis, word, weights in zip(axes[1:], example.words, example.maps, strict=False):
        axis.imshow(pixels * (0.2 + 0.8 * _brightness(weights))[..., np.newaxis])
        axis.set_title(word)
    _save(figure, file, 60, example.description)


def reliability(held_out: Mapping[str, Any], file: Path) -> None:
    """Plot the share of acceptable captions over confidence; see `confidence.held_out`."""
    figure, axis = _unit_square("confidence", "acceptable", "perfect calibration")
    for style, (half, name) in zip(LINE_STYLES, HALVES.items(), strict=False):
        bins = held_out[half]["bins"]
        bins = [b for b in bins if b["share"] >= MIN_SHARE] or bins
        x, y = [b["confidence"] for b in bins], [b["acceptable"] for b in bins]
        label = f"{name}: ECE {held_out[half]['ece']:.3f}"
        axis.plot(x, y, style, marker="o", markersize=4, label=label)
    bins = held_out["both"]["bins"]
    centers = [b["from"] + 0.5 / BINS for b in bins]
    shares = [b["share"] for b in bins]
    axis.bar(centers, shares, 0.9 / BINS, alpha=0.2, label="share of captions")
    axis.legend(fontsize=8, loc="upper left")
    description = "; ".join(
        f"confidence {b['confidence']:.0%} ({b['share']:.0%} of the captions): "
        f"{b['acceptable']:.0%} are acceptable"
        for b in bins
    )
    _save(figure, file, 80, f"Each half judged by a fit to the other: {description}.")


def roc(curves: Mapping[str, Mapping[str, Any]], file: Path) -> None:
    """Plot ROC curves: ``roc``, points [false positives, true positives], and ``auc`` by name."""
    figure, axis = _unit_square("false positives", "true positives", "chance")
    for style, (name, curve) in zip(LINE_STYLES, curves.items(), strict=False):
        x, y = zip(*curve["roc"], strict=True)
        axis.plot(x, y, style, label=f"{name}: area {curve['auc']:.3f}")
    axis.legend(fontsize=8, loc="lower right")
    areas = ", ".join(f"{name} {curve['auc']:.3f}" for name, curve in curves.items())
    _save(figure, file, 80, f"Area under the ROC curve: {areas}.")


def description(file: Path) -> str:
    """The alternative text in a PNG file, or "" if it has none."""
    with Image.open(file) as image:
        return str(image.info.get(_DESCRIPTION, ""))


def _unit_square(x_label: str, y_label: str, diagonal: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(4.6, 4.4))
    axis = figure.subplots()
    axis.plot((0, 1), (0, 1), ":", color="black", label=diagonal)
    axis.set(xlim=(0, 1), ylim=(0, 1), xlabel=x_label, ylabel=y_label, aspect="equal")
    axis.grid(alpha=0.3)
    return figure, axis


def _brightness(weights: np.ndarray) -> np.ndarray:
    """Attention (rows, columns) -> (PICTURE_PIXELS, PICTURE_PIXELS) in [0, 1], interpolated."""
    scaled = weights.astype(np.float32) / max(float(weights.max()), 1e-9)
    size = (PICTURE_PIXELS, PICTURE_PIXELS)
    smooth = Image.fromarray(scaled).resize(size, Image.Resampling.BICUBIC)
    return np.clip(np.asarray(smooth), 0.0, 1.0)


def _save(figure: Figure, file: Path, dpi: int, description: str) -> None:
    """Write a small PNG atomically. Raises OSError."""
    figure.set_dpi(dpi)
    figure.tight_layout()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    text = PngImagePlugin.PngInfo()
    text.add_itxt(_DESCRIPTION, description)
    with files.writing(file) as opened:
        small = image.quantize(COLORS, dither=Image.Dither.NONE)
        small.save(opened, format="PNG", optimize=True, pnginfo=text)
