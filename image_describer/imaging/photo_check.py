"""Whether a picture is a photograph: features of its thumbnail and a small neural network.

Drawings have few colours, flat areas, steep edges along rows and columns, and no noise;
photographs have shades everywhere; in noise, neighbouring pixels differ. No single feature tells
them apart, sixty together do. `train.heads.photo_check` fits the weights.
"""

import json
import logging
import math
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from image_describer import paths

log = logging.getLogger(__name__)

CLASSIFIER_FILE = "not_a_photograph.json"  # among the assets

LEVELS = 256  # of a channel
COLOURS = 4096  # four bits a channel
STEPS = (0, 1, 2, 4, 8, 16, 32, 64, 128)  # between neighbours, in grey levels
STEPS_OF_CONTRAST = (0.02, 0.05, 0.1, 0.25, 0.5)
TOP_LEVELS = (1, 2, 4, 16, 64)  # how many of the commonest grey levels are added up
TOP_COLOURS = (1, 2, 4, 8, 16, 32, 64)
SATURATION = (2, 15, 100, 180)  # greatest minus least channel
CURVATURE = (0, 2, 6, 20, 80)  # grey levels
LAGS_PX = (1, 2, 4, 8, 16, 32)
BLOCK_PX = 8
BLOCK_SPREAD = (1, 3, 6)  # standard deviation within a block, in grey levels
EDGE_STEP = 0.1  # of the contrast, and at least LEAST_EDGE_STEP: a step that counts as an edge
LEAST_EDGE_STEP = 6  # grey levels
EDGE_RATIO = 6  # an edge follows rows or columns if it is this much steeper across than along
PLAIN_RANGE = 8  # grey levels between the extremes of a plain row or column
LEAST_PX = 3  # a side; smaller pictures are enlarged to it
OUTLIER_SPREADS = 4.0  # standard deviations; features farther out are clipped


class PhotoClassifier(NamedTuple):
    """The fitted weights, for F features and H hidden units.

    ``centre``, ``spread``: (F,), the mean and standard deviation of each feature. ``hidden``:
    (F, H). ``hidden_offset``, ``output``: (H,). ``output_offset``: a number. A picture whose score
    is above ``threshold`` is not a photograph.
    """

    centre: np.ndarray
    spread: np.ndarray
    hidden: np.ndarray
    hidden_offset: np.ndarray
    output: np.ndarray
    output_offset: float
    threshold: float


def is_photograph(thumbnail: np.ndarray, classifier: PhotoClassifier | None = None) -> bool:
    """Return whether pixels (H, W, 3) uint8, of about 256 a side, seem to be a photograph.

    ``classifier`` None is the one in the assets. Without its weights, everything is a photograph,
    so that it can still be described.
    """
    if classifier is None:
        try:
            classifier = default_classifier()
        except (OSError, ValueError) as error:
            log.warning("Every picture is taken for a photograph: %s", error)
            return True
    return score(thumbnail, classifier) <= classifier.threshold


def score(thumbnail: np.ndarray, classifier: PhotoClassifier) -> float:
    """Return how likely (H, W, 3) uint8, of about 256 a side, is not a photograph: in [0, 1]."""
    return float(scores(thumbnail_features(thumbnail)[np.newaxis], classifier)[0])


def scores(features: np.ndarray, classifier: PhotoClassifier) -> np.ndarray:
    """Features (N, F) -> scores (N,) in [0, 1]."""
    standardized = (features - classifier.centre) / classifier.spread
    x = np.clip(standardized, -OUTLIER_SPREADS, OUTLIER_SPREADS)
    logit = np.tanh(x @ classifier.hidden + classifier.hidden_offset) @ classifier.output
    return 1 / (1 + np.exp(-np.clip(logit + classifier.output_offset, -50, 50)))


@cache
def default_classifier() -> PhotoClassifier:
    """The classifier in the assets, which is read once. Raises OSError and ValueError."""
    return load_classifier(paths.assets_folder() / CLASSIFIER_FILE)


def load_classifier(file: Path) -> PhotoClassifier:
    """Read the weights from a file. Raises OSError, and ValueError if they are not valid."""
    fields = json.loads(file.read_text(encoding="utf-8"))
    try:
        arrays: list[Any] = [np.asarray(fields[n], np.float64) for n in PhotoClassifier._fields]
    except (KeyError, TypeError) as error:
        raise ValueError(f"{file.name} lacks weights") from error
    features = thumbnail_features(np.zeros((LEAST_PX, LEAST_PX, 3), np.uint8)).shape
    units = arrays[3].shape
    shapes = [features, features, (*features, *units), units, units, (), ()]
    if [array.shape for array in arrays] != shapes or not all(
        np.isfinite(array).all() for array in arrays
    ):
        raise ValueError(f"the weights in {file.name} are not the expected ones")
    return PhotoClassifier(*arrays[:5], *(float(number) for number in arrays[5:]))


def thumbnail_features(thumbnail: np.ndarray) -> np.ndarray:
    """Pixels (H, W, 3) uint8 -> features (F,) float64, most of them shares from 0 to 1."""
    if min(thumbnail.shape[:2]) < LEAST_PX:
        size = (max(LEAST_PX, thumbnail.shape[1]), max(LEAST_PX, thumbnail.shape[0]))
        thumbnail = np.asarray(Image.fromarray(thumbnail).resize(size, Image.Resampling.NEAREST))
    grey = np.asarray(Image.fromarray(thumbnail).convert("L"))
    histogram = np.bincount(grey.ravel(), minlength=LEVELS) / grey.size
    cumulative = np.cumsum(histogram)
    dark, bright = np.searchsorted(cumulative, (0.01, 0.99))
    contrast = max(int(bright - dark), LEAST_EDGE_STEP)
    signed = grey.astype(np.int16)
    features = [
        *_level_features(histogram, cumulative, contrast),
        *_edge_features(signed, contrast),
        *_colour_features(thumbnail),
        *_curvature_features(signed),
        *_distance_features(signed.astype(np.float32)),
        *_block_features(signed.astype(np.float32)),
        float((np.ptp(grey, axis=1) < PLAIN_RANGE).mean()),
        float((np.ptp(grey, axis=0) < PLAIN_RANGE).mean()),
    ]
    return np.asarray(features, np.float64)


def _level_features(histogram: np.ndarray, cumulative: np.ndarray, contrast: int) -> list[float]:
    """How few grey levels there are, and how much is black or white."""
    top_shares = np.cumsum(np.sort(histogram)[::-1])
    return [
        contrast / LEVELS,
        float(histogram @ np.arange(LEVELS)) / LEVELS,
        *(float(top_shares[count - 1]) for count in TOP_LEVELS),
        float((histogram > 0).mean()),
        float(cumulative[8]),
        float(1 - cumulative[246]),
    ]


def _edge_features(grey: np.ndarray, contrast: int) -> list[float]:
    """How steep the steps between neighbours are, and in which direction the edges run."""
    across = np.abs(np.diff(grey, axis=1))[:-1]
    down = np.abs(np.diff(grey, axis=0))[:, :-1]
    step = np.maximum(across, down)
    cumulative = np.cumsum(np.bincount(step.ravel(), minlength=LEVELS)) / step.size
    edges = step > max(EDGE_STEP * contrast, LEAST_EDGE_STEP)
    a, b = across[edges], down[edges]
    count = a.size + 1
    return [
        *(float(cumulative[level]) for level in STEPS),
        *(float(cumulative[min(LEVELS - 1, int(s * contrast))]) for s in STEPS_OF_CONTRAST),
        float((a > EDGE_RATIO * b).sum() / count),
        float((b > EDGE_RATIO * a).sum() / count),
        count / step.size,
    ]


def _colour_features(pixels: np.ndarray) -> list[float]:
    """How few colours there are, how saturated they are, and how much of the border shares one."""
    red, green, blue = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    code = (red & 0xF0).astype(np.uint16) << 4 | green & 0xF0 | blue >> 4
    counts = np.bincount(code.ravel(), minlength=COLOURS)
    shares = np.sort(counts[counts > 0])[::-1] / code.size
    top_shares = np.cumsum(shares)
    chroma = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    histogram = np.bincount(chroma.ravel(), minlength=LEVELS) / chroma.size
    cumulative = np.cumsum(histogram)
    border = np.concatenate([code[0], code[-1], code[:, 0], code[:, -1]])
    return [
        *(float(top_shares[min(count, len(shares)) - 1]) for count in TOP_COLOURS),
        math.log(len(shares)) / 8,
        float(-(shares * np.log(shares)).sum()) / 8,
        *(float(cumulative[level]) for level in SATURATION),
        float(histogram @ np.arange(LEVELS)) / LEVELS,
        float(np.bincount(border, minlength=COLOURS).max() / border.size),
    ]


def _curvature_features(grey: np.ndarray) -> list[float]:
    """How much lies on even slopes: computed shading has no noise."""
    neighbours = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    curvature = np.abs(4 * grey[1:-1, 1:-1] - neighbours)
    cumulative = np.cumsum(np.bincount(curvature.ravel(), minlength=4 * LEVELS)) / curvature.size
    return [float(cumulative[level]) for level in CURVATURE]


def _distance_features(grey: np.ndarray) -> list[float]:
    """The log of how much pixels differ at each of the lags, relative to the variance."""
    variance = float(grey.var()) + 1
    features = []
    for lag in LAGS_PX:
        differences = [grey[:, lag:] - grey[:, :-lag], grey[lag:] - grey[:-lag]]
        squares = [float(np.vdot(part, part)) / part.size for part in differences if part.size]
        mean = sum(squares) / len(squares) if squares else 2 * variance
        features.append(math.log(mean / variance + 1e-3) / 4)
    return features


def _block_features(grey: np.ndarray) -> list[float]:
    """How many small blocks are flat, and how much the others vary within."""
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
