"""Whether a picture is a photograph: measures of its thumbnail, and a small network over them.

Drawn things have few colours, flat grounds, steep edges that run along rows and columns, and no
noise; photographs have shades everywhere; noise has no neighbours alike. No single measure tells
them apart, sixty together do. The numbers in ``assets/not_a_photograph.json`` are fitted by
``python -m image_describer.train.photograph_fit``.
"""

import json
import logging
import math
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from image_describer import paths

log = logging.getLogger(__name__)

NUMBERS = "not_a_photograph.json"  # among the assets

LEVELS = 256  # of a channel
COLOURS = 4096  # four bits a channel
STEPS = (0, 1, 2, 4, 8, 16, 32, 64, 128)  # between neighbours, in grey levels
STEPS_OF_CONTRAST = (0.02, 0.05, 0.1, 0.25, 0.5)
COMMONEST = (1, 2, 4, 16, 64)  # grey levels
COMMONEST_COLOURS = (1, 2, 4, 8, 16, 32, 64)
SATURATION = (2, 15, 100, 180)  # greatest less least channel
CURVATURE = (0, 2, 6, 20, 80)  # grey levels
LAGS_PX = (1, 2, 4, 8, 16, 32)
BLOCK_PX = 8
BLOCK_SPREAD = (1, 3, 6)  # standard deviation within a block, in grey levels
STEEP = 0.1  # of the contrast, and at least STEEP_LEAST: an edge
STEEP_LEAST = 6
ALONG = 6  # an edge runs along rows or columns when it is this much steeper across than along
ALIKE = 8  # grey levels between the extremes of a row that is all alike
LEAST_PX = 3  # a side; smaller pictures are enlarged to it
OUTLIER = 4.0  # standard deviations; what lies farther out counts no more


class Numbers(NamedTuple):
    """What was fitted. F measures, H hidden units.

    centre, spread: (F,). hidden: (F, H), hidden_offset: (H,), output: (H,), output_offset: a
    number. A picture whose score is above ``threshold`` is taken for no photograph.
    """

    centre: np.ndarray
    spread: np.ndarray
    hidden: np.ndarray
    hidden_offset: np.ndarray
    output: np.ndarray
    output_offset: float
    threshold: float


def is_found(thumbnail: np.ndarray) -> bool:
    """Whether pixels (H, W, 3) uint8, of about 256 a side, are taken for no photograph."""
    try:
        fitted = numbers()
    except (OSError, ValueError, KeyError) as trouble:  # a picture can be described without them
        log.warning("Nothing is found not to be a photograph: %s", trouble)
        return False
    return score(thumbnail, fitted) > fitted.threshold


def score(thumbnail: np.ndarray, fitted: Numbers) -> float:
    """How likely pixels (H, W, 3) uint8, of about 256 a side, are no photograph: in [0, 1]."""
    return float(scores(measures(thumbnail)[np.newaxis], fitted)[0])


def scores(measured: np.ndarray, fitted: Numbers) -> np.ndarray:
    """Measures (N, F) -> scores (N,) in [0, 1]."""
    x = np.clip((measured - fitted.centre) / fitted.spread, -OUTLIER, OUTLIER)
    logit = np.tanh(x @ fitted.hidden + fitted.hidden_offset) @ fitted.output
    return 1 / (1 + np.exp(-np.clip(logit + fitted.output_offset, -50, 50)))


@cache
def numbers(file: Path | None = None) -> Numbers:
    """The numbers that ship, or those in another file."""
    file = file or paths.assets_folder() / NUMBERS
    fields = json.loads(file.read_text(encoding="utf-8"))
    arrays = {name: np.asarray(fields[name], np.float64) for name in Numbers._fields[:5]}
    return Numbers(**arrays, output_offset=fields["output_offset"], threshold=fields["threshold"])


def measures(thumbnail: np.ndarray) -> np.ndarray:
    """Pixels (H, W, 3) uint8 -> (F,) float64, most of them shares from 0 to 1."""
    if min(thumbnail.shape[:2]) < LEAST_PX:
        size = (max(LEAST_PX, thumbnail.shape[1]), max(LEAST_PX, thumbnail.shape[0]))
        thumbnail = np.asarray(Image.fromarray(thumbnail).resize(size, Image.Resampling.NEAREST))
    grey = np.asarray(Image.fromarray(thumbnail).convert("L"))
    levels = np.bincount(grey.ravel(), minlength=LEVELS) / grey.size
    below = np.cumsum(levels)
    low, high = np.searchsorted(below, (0.01, 0.99))
    contrast = max(int(high - low), STEEP_LEAST)
    signed = grey.astype(np.int16)
    found = [
        *_of_light(levels, below, contrast),
        *_of_steps(signed, contrast),
        *_of_colours(thumbnail),
        *_of_curvature(signed),
        *_of_distance(signed.astype(np.float32)),
        *_of_blocks(signed.astype(np.float32)),
        float((np.ptp(grey, axis=1) < ALIKE).mean()),
        float((np.ptp(grey, axis=0) < ALIKE).mean()),
    ]
    return np.asarray(found, np.float64)


def _of_light(levels: np.ndarray, below: np.ndarray, contrast: int) -> list[float]:
    """How few grey levels there are, and how much is black or white."""
    commonest = np.cumsum(np.sort(levels)[::-1])
    return [
        contrast / LEVELS,
        float(levels @ np.arange(LEVELS)) / LEVELS,
        *(float(commonest[count - 1]) for count in COMMONEST),
        float((levels > 0).mean()),
        float(below[8]),
        float(1 - below[246]),
    ]


def _of_steps(grey: np.ndarray, contrast: int) -> list[float]:
    """How many steps between neighbours are how steep, and which way the steep ones run."""
    across = np.abs(np.diff(grey, axis=1))[:-1]
    down = np.abs(np.diff(grey, axis=0))[:, :-1]
    step = np.maximum(across, down)
    upto = np.cumsum(np.bincount(step.ravel(), minlength=LEVELS)) / step.size
    steep = step > max(STEEP * contrast, STEEP_LEAST)
    a, b = across[steep], down[steep]
    count = a.size + 1
    return [
        *(float(upto[level]) for level in STEPS),
        *(float(upto[min(LEVELS - 1, int(share * contrast))]) for share in STEPS_OF_CONTRAST),
        float((a > ALONG * b).sum() / count),
        float((b > ALONG * a).sum() / count),
        count / step.size,
    ]


def _of_colours(pixels: np.ndarray) -> list[float]:
    """How few colours there are, how strong, and how much of the edge has one and the same."""
    red, green, blue = (pixels[..., k] for k in range(3))
    high = (pixels >> 4).astype(np.int32)
    code = (high[..., 0] << 8) | (high[..., 1] << 4) | high[..., 2]
    counts = np.bincount(code.ravel(), minlength=COLOURS)
    used = np.sort(counts[counts > 0])[::-1] / code.size
    commonest = np.cumsum(used)
    strength = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    strong = np.bincount(strength.ravel(), minlength=LEVELS) / strength.size
    upto = np.cumsum(strong)
    edge = np.concatenate([code[0], code[-1], code[:, 0], code[:, -1]])
    return [
        *(float(commonest[min(count, len(used)) - 1]) for count in COMMONEST_COLOURS),
        math.log(len(used)) / 8,
        float(-(used * np.log(used)).sum()) / 8,
        *(float(upto[level]) for level in SATURATION),
        float(strong @ np.arange(LEVELS)) / LEVELS,
        float(np.bincount(edge, minlength=COLOURS).max() / edge.size),
    ]


def _of_curvature(grey: np.ndarray) -> list[float]:
    """How much lies on even slopes: a computer's shading has no noise."""
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    bent = np.abs(4 * grey[1:-1, 1:-1] - around)
    upto = np.cumsum(np.bincount(bent.ravel(), minlength=4 * LEVELS)) / bent.size
    return [float(upto[level]) for level in CURVATURE]


def _of_distance(grey: np.ndarray) -> list[float]:
    """How unlike pixels are that lie so far apart, in parts of the variance, as a logarithm."""
    variance = float(grey.var()) + 1
    found = []
    for lag in LAGS_PX:
        pairs = [grey[:, lag:] - grey[:, :-lag], grey[lag:] - grey[:-lag]]
        unlike = [float(np.vdot(pair, pair)) / pair.size for pair in pairs if pair.size]
        mean = sum(unlike) / len(unlike) if unlike else 2 * variance
        found.append(math.log(mean / variance + 1e-3) / 4)
    return found


def _of_blocks(grey: np.ndarray) -> list[float]:
    """How many small blocks are flat, and how much the others differ within."""
    height, width = (side // BLOCK_PX * BLOCK_PX for side in grey.shape)
    if not height or not width:
        return [0.0] * (len(BLOCK_SPREAD) + 3)
    blocks = grey[:height, :width].reshape(
        height // BLOCK_PX, BLOCK_PX, width // BLOCK_PX, BLOCK_PX
    )
    square = np.einsum("aibj,aibj->ab", blocks, blocks) / BLOCK_PX**2
    spread = np.sqrt(np.maximum(square - blocks.mean(axis=(1, 3)) ** 2, 0))
    return [
        *(float((spread < limit).mean()) for limit in BLOCK_SPREAD),
        float(np.median(spread)) / 64,
        float(spread.mean()) / 64,
        float(spread.std()) / 64,
    ]
