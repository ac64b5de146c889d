"""Fitting the head that notices rotated pictures; see `image_describer.captioner.orientation`.

It learns from training pictures as they are, and rotated by one, two or three quarters. Some are
without colors, dark, blurred or compressed, so that these don't count as signs of rotation.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.special import softmax

from image_describer.captioner.bundle import ORIENTATION
from image_describer.captioner.orientation import region_summary
from image_describer.errors import TrainingError
from image_describer.imaging import preprocess
from image_describer.imaging.open import open_picture
from image_describer.train.data.corruptions import corrupt
from image_describer.train.heads.context import FittedPart, HeadContext, array_content
from image_describer.train.heads.networks import train_mlp
from image_describer.train.progress import progress

PICTURES = 4000  # each upright and rotated
MIN_PICTURES = 3  # one for each rotation
FALSE_ALARMS = 0.007  # of upright dev pictures; one in a hundred is acceptable
CORRUPTIONS = ("grayscale", "dark, a quarter of the light", "blurred, radius 2", "JPEG quality 30")
CORRUPTED_EVERY = 5  # pictures
SEED = 1
STEPS, LEARNING_RATE, L2 = 150, 3e-3, 0.1  # finds more on dev than a converged regression


def fit(context: HeadContext, pictures: int = PICTURES) -> FittedPart:
    """Fit the head to training pictures, and choose its threshold by those of dev.

    Figures: ``found`` is the share of rotated pictures that are noticed, ``false_alarms`` that of
    upright ones, ``turn_right`` the share of the found whose rotation is right. Raises
    TrainingError if there are no pictures.
    """
    keys = context.training_pictures
    order = np.random.default_rng(context.recipe.seed).permutation(len(keys))[:pictures]
    dev = context.data.splits["dev"]
    if min(pictures, len(keys)) < MIN_PICTURES or not dev:
        raise TrainingError("There are too few pictures to learn how upright ones look.")
    weights = fit_weights(*_summaries(context, [keys[i] for i in order], CORRUPTED_EVERY))
    summaries, turns = _summaries(context, dev)
    rotated = 1 - probabilities(weights, summaries)[:, 0]
    threshold = float(np.quantile(rotated[turns == 0], 1 - FALSE_ALARMS, method="higher"))
    figures = judge(weights, threshold, summaries, turns)
    section = {"threshold": round(threshold, 6), **figures}
    return FittedPart({ORIENTATION: array_content(weights)}, {"orientation": section}, figures)


def _summaries(
    context: HeadContext, keys: Sequence[str], corrupted_every: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Each picture upright and rotated -> summaries (2 N, 3 C) float32, quarter turns (2 N,)."""
    regions = context.bundle.manifest["regions"]
    grid = (int(regions["rows"]), int(regions["columns"]))
    pictures = _upright_and_rotated(context, keys, corrupted_every)
    summaries, turns = zip(
        *(
            (region_summary(context.encoder.encode(pixels).regions, grid), turn)
            for pixels, turn in progress(pictures, "orientation", "pictures", 2 * len(keys))
        ),
        strict=True,
    )
    return np.stack(summaries), np.array(turns)


def _upright_and_rotated(
    context: HeadContext, keys: Sequence[str], corrupted_every: int
) -> Iterator[tuple[np.ndarray, int]]:
    for number, key in enumerate(keys):
        pixels = open_picture(context.data.path(key)).pixels
        rows, columns = preprocess.trim_bars(pixels)
        pixels = pixels[rows, columns]
        if corrupted_every and number % corrupted_every == 0:
            corruption = CORRUPTIONS[number // corrupted_every % len(CORRUPTIONS)]
            pixels = corrupt(pixels, corruption, key)
        turn = 1 + number % 3
        yield pixels, 0
        yield np.ascontiguousarray(np.rot90(pixels, turn)), turn


def fit_weights(summaries: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Summaries (N, 3 C), quarter turns (N,) -> the weights of an `OrientationHead`."""
    mean, spread = summaries.mean(axis=0), summaries.std(axis=0) + 1e-3
    regression = train_mlp(
        (summaries - mean) / spread, turns, (), steps=STEPS, learning_rate=LEARNING_RATE, l2=L2,
        seed=SEED,
    )  # fmt: skip
    weights = regression.coefs_[0] / spread[:, np.newaxis]
    bias = regression.intercepts_[0] - mean @ weights
    return np.concatenate([weights, bias[np.newaxis]]).astype(np.float32)


def judge(
    weights: np.ndarray, threshold: float, summaries: np.ndarray, turns: np.ndarray
) -> dict[str, float]:
    """The figures of `fit` for summaries (N, 3 C) and quarter turns (N,)."""
    predicted = probabilities(weights, summaries)
    noticed = 1 - predicted[:, 0] > threshold
    rotated = turns > 0
    right = 1 + predicted[:, 1:].argmax(axis=1) == turns
    found = noticed & rotated
    return {
        "false_alarms": round(float(noticed[~rotated].mean()), 4),
        "found": round(float(noticed[rotated].mean()), 4),
        "turn_right": round(float(right[found].mean()), 4) if found.any() else 0.0,
    }


def probabilities(weights: np.ndarray, summaries: np.ndarray) -> np.ndarray:
    """Summaries (N, 3 C) -> the probability of each number of quarter turns (N, 4)."""
    return np.asarray(softmax(summaries @ weights[:-1] + weights[-1], axis=1))
