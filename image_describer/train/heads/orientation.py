"""The head that tells turned pictures from upright ones, fitted for a bundle's extractor.

    python -m image_describer.train.turned --bundle models --data FLICKR8K

Half of what it learns from are training pictures as they are, half are turned by a quarter, a half
or three quarters. Some are without colour, darker or blurred, so that this is no sign of turning.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from image_describer.captioner.bundle import ORIENTATION, open_bundle
from image_describer.captioner.encoder import Encoder
from image_describer.captioner.orientation import region_summary
from image_describer.errors import TrainingError
from image_describer.imaging import preprocess
from image_describer.imaging.open import open_picture
from image_describer.train.data.corruptions import degraded
from image_describer.train.data.dataset import Dataset, read_flickr8k
from image_describer.train.heads import bundle_part

PICTURES = 4000  # of which each is seen twice
FALSE_ALARMS = 0.007  # of upright dev pictures: below the one in a hundred that is allowed
WORN = ("greyscale", "dark, a quarter of the light", "blurred, radius 2", "JPEG quality 30")
WORN_SHARE = 0.2  # of the pictures learnt from
STEPS, RATE, DECAY = 150, 3e-3, 5e-2


@dataclass(frozen=True)
class Seen:
    """``summaries`` (N, 3 C) float32 of pictures, ``turns`` (N,) the quarters of each."""

    summaries: np.ndarray
    turns: np.ndarray


def fit(bundle: Path, data: Dataset, pictures: int = PICTURES, seed: int = 1) -> dict[str, float]:
    """Write the head into ``bundle`` and its manifest; returns its figures on dev.

    ``found`` is the share of turned pictures that are noted, ``false_alarms`` that of upright
    ones, ``turn_right`` that of the found whose turn is right. Raises BundleError, TrainingError.
    """
    opened = open_bundle(bundle)
    regions = opened.manifest["regions"]
    grid = (int(regions["rows"]), int(regions["columns"]))
    extractor = Encoder.from_bundle(opened, threads=2)
    chance = np.random.default_rng(seed)
    names = [data.splits["train"][i] for i in chance.permutation(len(data.splits["train"]))]
    learnt = look(extractor, grid, data, names[:pictures], WORN_SHARE)
    held = look(extractor, grid, data, data.splits["dev"], 0.0)
    weights = learn(learnt)
    turned = 1 - _probabilities(weights, held.summaries)[:, 0]
    doubt = float(np.quantile(turned[held.turns == 0], 1 - FALSE_ALARMS, method="higher"))
    figures = judge(weights, doubt, held)
    numbers = {"doubt": round(doubt, 6), **figures}
    bundle_part.put_array(opened, ORIENTATION, weights, turned=numbers)
    return figures


def look(
    extractor: Encoder,
    grid: tuple[int, int],
    data: Dataset,
    names: Sequence[str],
    worn_share: float,
) -> Seen:
    """Each picture twice: upright, and turned by one, two or three quarters, in this order."""
    rows = [
        (region_summary(extractor.encode(pixels).regions, grid), turn)
        for pixels, turn in tqdm(
            _both_ways(data, names, worn_share), desc="turned", total=2 * len(names), unit="picture"
        )
    ]
    if not rows:
        raise TrainingError("There are no pictures to learn from what is upright.")
    return Seen(np.stack([row for row, _ in rows]), np.array([turn for _, turn in rows]))


def _both_ways(
    data: Dataset, names: Sequence[str], worn_share: float
) -> Iterator[tuple[np.ndarray, int]]:
    for number, name in enumerate(names):
        pixels = open_picture(data.path(name)).pixels
        rows, columns = preprocess.trim_bars(pixels)
        pixels = pixels[rows, columns]
        if worn_share and number % round(1 / worn_share) == 0:
            pixels = degraded(pixels, WORN[number // round(1 / worn_share) % len(WORN)], name)
        turn = 1 + number % 3
        yield pixels, 0
        yield np.ascontiguousarray(np.rot90(pixels, turn)), turn


def learn(seen: Seen) -> np.ndarray:
    """Multinomial regression by Adam, all pictures in each step -> weights of an OrientationHead.

    Inputs are standardised while learning; the weights take pictures as they come.
    """
    mean, spread = seen.summaries.mean(axis=0), seen.summaries.std(axis=0) + 1e-3
    inputs = np.concatenate(
        [(seen.summaries - mean) / spread, np.ones((len(seen.turns), 1), np.float32)], axis=1
    ).astype(np.float32)
    wanted = np.eye(4, dtype=np.float32)[seen.turns]
    # As many upright pictures as turned ones were seen, so the probabilities suppose that too.
    weights = np.zeros((inputs.shape[1], 4), np.float32)
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, STEPS + 1):
        error = (_softmax(inputs @ weights) - wanted) / len(wanted)
        gradient = inputs.T @ error
        gradient[:-1] += 2 * DECAY * weights[:-1]
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        rate = RATE * (1.0 if step < 0.6 * STEPS else 0.2)
        size = np.sqrt(second / (1 - 0.999**step)) + 1e-10
        weights -= rate * first / (1 - 0.9**step) / size
    unscaled = weights[:-1] / spread[:, np.newaxis]
    offset = weights[-1] - mean @ unscaled
    return np.concatenate([unscaled, offset[np.newaxis]]).astype(np.float32)


def judge(weights: np.ndarray, doubt: float, held: Seen) -> dict[str, float]:
    """Shares in [0, 1], of the pictures in ``held``; see `fit`."""
    probabilities = _probabilities(weights, held.summaries)
    noted = 1 - probabilities[:, 0] > doubt
    turned = held.turns > 0
    right = 1 + probabilities[:, 1:].argmax(axis=1) == held.turns
    found = noted & turned
    return {
        "false_alarms": round(float(noted[~turned].mean()), 4),
        "found": round(float(noted[turned].mean()), 4),
        "turn_right": round(float(right[found].mean()), 4) if found.any() else 0.0,
    }


def _probabilities(weights: np.ndarray, summaries: np.ndarray) -> np.ndarray:
    return _softmax(summaries @ weights[:-1] + weights[-1])


def _softmax(scores: np.ndarray) -> np.ndarray:
    exact = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exact / exact.sum(axis=1, keepdims=True)


def main() -> int:
    parser = bundle_part.parser(__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pictures", type=int, default=PICTURES)
    asked = parser.parse_args()
    return bundle_part.told(lambda: fit(asked.bundle, read_flickr8k(asked.data), asked.pictures))


if __name__ == "__main__":
    sys.exit(main())
