"""Learn what is no photograph, and judge it.

Fits the numbers of `imaging.photo_check` on drawn pictures and train photographs, and
measures them on drawn pictures of other styles and on all dev photographs. Writes
``assets/not_a_photograph.json``, and ``photograph.json`` and ``roc-photograph.png`` into
the results. About a minute and a half of one core.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from image_describer import paths
from image_describer.captioner import bundle_files, novelty
from image_describer.captioner.bundle import open_bundle
from image_describer.captioner.encoder import Encoder
from image_describer.errors import ImageDescriberError
from image_describer.imaging import photo_check, quality
from image_describer.imaging.photo_check import PhotoClassifier
from image_describer.train.data import corruptions, dataset
from image_describer.train.heads.photo_check import judge, synthetic

EACH = 60  # drawn pictures of every kind and half
PHOTOGRAPHS = 1000  # of train, to be fitted on
HELD_OUT = 1000  # of train, to choose the threshold by
DEGRADED = 20  # photographs a way
BARRED = 80  # photographs between bars a way: the plainest ground that photographs have
CLOSE = 250  # small parts of photographs, enlarged: grass, sand and walls look like noise
CLOSE_PX = (40, 150)  # a side, of 224
NOT_LEARNED = ("clean", "tall, on a screen")  # the one is there; the other is a screenshot
FALSE_ALARMS = 0.005  # of the photographs held out; at most 0.02 is asked of others
LEAST_THRESHOLD = 0.3  # lower, worse photographs would be called otherwise more often
HIDDEN = 16
NETWORKS = 2  # of other starts; their outputs are added
STEPS = 300
RATE = 0.01
DECAY = 0.003  # of the squared weights
SEED = 3
DIGITS = 5
FIGURES = "photograph.json"
CURVE = "roc-photograph.png"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m image_describer.train.heads.photo_check.fit",
        description="Learn to tell charts, screenshots and the like from photographs.",
    )
    add = parser.add_argument
    add("--data", type=Path, required=True, help="Flickr8k's folder")
    add("--results", type=Path, default=Path("train/results/best"), help="folder for the figures")
    add("--output", type=Path, default=paths.assets_folder() / photo_check.CLASSIFIER_FILE,
        help="file for the numbers (default: where the program reads them)")  # fmt: skip
    add("--each", type=int, default=EACH, help=f"drawn pictures of a kind and half ({EACH})")
    add("--judge", action="store_true", help="judge the numbers that are there, fit none")
    add("--bundle", type=Path, default=paths.bundle_folder(),
        help="whose network has a say when judging (default: the one that ships)")  # fmt: skip
    options = parser.parse_args(argv)
    try:
        read = dataset.read_flickr8k(options.data)
        if not options.judge:
            write(fitted(read, options.each), options.output)
        numbers, curve = photo_check.load_classifier(options.output), options.results / CURVE
        look = _look(options.bundle)
        figures = judge.judged(read, numbers, look, options.each, curve)
    except ImageDescriberError as error:
        print(error, file=sys.stderr)
        return 2
    text = json.dumps(figures, indent=1) + "\n"
    bundle_files.write(options.results / FIGURES, text.encode())
    print(text, end="")
    return 0


def _look(folder: Path) -> judge.Look | None:
    """Whether a bundle's network sees a photograph; None where it can't tell."""
    bundle = open_bundle(folder)
    known = novelty.NoveltyHead.from_bundle(bundle)
    if known is None:
        return None
    extractor = Encoder.from_bundle(bundle, threads=2)
    return lambda pixels: known.is_photograph(extractor.encode(pixels).pooled)


def fitted(read: dataset.Dataset, each: int) -> PhotoClassifier:
    """Fit on the first half of the drawn pictures, and on photographs of train."""
    own, held_out = divided(read)
    numbers = fit(_measured(photographs(read, own)), _drawn(each))
    held = _measured(judge.opened(read, held_out, "clean"))
    scores = photo_check.scores(held, numbers)
    limit = max(LEAST_THRESHOLD, float(np.quantile(scores, 1 - FALSE_ALARMS)))
    return numbers._replace(threshold=round(limit, DIGITS))


def divided(read: dataset.Dataset) -> tuple[list[str], list[str]]:
    """Names of train photographs: those to be fitted on, and those to choose thresholds by."""
    names = list(read.splits["train"])
    np.random.default_rng(SEED).shuffle(names)
    own = min(PHOTOGRAPHS, len(names) // 2)
    return names[:own], names[own : own + HELD_OUT]


def photographs(
    read: dataset.Dataset, names: Sequence[str], harmed: int = DEGRADED
) -> Iterator[np.ndarray]:
    """Pixels (H, W, 3) uint8: as they are, small parts, and ``harmed`` of them in each way."""
    yield from judge.opened(read, names, "clean")
    yield from _close(read, names[:CLOSE])
    for k, way in enumerate(way for way in corruptions.WAYS if way not in NOT_LEARNED):
        count = max(BARRED, harmed) if way.endswith("bars") else harmed
        yield from judge.opened(read, [*names[k * harmed :], *names][:count], way)


def fit(photographs: np.ndarray, others: np.ndarray) -> PhotoClassifier:
    """Networks on measures (N, F) and (M, F), both sorts weighing the same; by Adam (2015)."""
    x = np.concatenate([photographs, others])
    y = np.repeat((0.0, 1.0), (len(photographs), len(others)))
    weight = np.where(y == 1, 0.5 / len(others), 0.5 / len(photographs))
    centre, spread = x.mean(axis=0), x.std(axis=0) + 1e-3
    x = np.clip((x - centre) / spread, -photo_check.OUTLIER_SPREADS, photo_check.OUTLIER_SPREADS)
    parts = [_network(x, y, weight, SEED + k) for k in range(NETWORKS)]
    hidden, offset, output, last = zip(*parts, strict=True)
    return PhotoClassifier(
        centre,
        spread,
        np.concatenate(hidden, axis=1),
        np.concatenate(offset),
        np.concatenate(output) / NETWORKS,
        float(np.mean(last)),
        0.5,
    )


def _network(x: np.ndarray, y: np.ndarray, weight: np.ndarray, seed: int) -> tuple[Any, ...]:
    """One hidden layer of tanh: weights (F, H), offsets (H,), output (H,), its offset."""
    chance = np.random.default_rng(seed)
    values = [
        chance.normal(0, x.shape[1] ** -0.5, (x.shape[1], HIDDEN)),
        np.zeros(HIDDEN),
        chance.normal(0, HIDDEN**-0.5, HIDDEN),
        np.zeros(1),
    ]
    first = [np.zeros_like(value) for value in values]
    second = [np.zeros_like(value) for value in values]
    for step in range(1, STEPS + 1):
        unit = np.tanh(x @ values[0] + values[1])
        p = 1 / (1 + np.exp(-np.clip(unit @ values[2] + values[3], -50, 50)))
        wrong = weight * (p - y)
        back = np.outer(wrong, values[2]) * (1 - unit**2)
        slopes = [
            x.T @ back + DECAY * values[0] / HIDDEN,
            back.sum(axis=0),
            unit.T @ wrong + DECAY * values[2] / HIDDEN,
            wrong.sum(keepdims=True),
        ]
        rate = RATE * min(1.0, 2 * (1 - step / (STEPS + 1)))
        for value, slope, m, v in zip(values, slopes, first, second, strict=True):
            m += 0.1 * (slope - m)
            v += 0.001 * (slope**2 - v)
            value -= rate * m / (1 - 0.9**step) / (np.sqrt(v / (1 - 0.999**step)) + 1e-9)
    return (*values[:3], float(values[3][0]))


def write(numbers: PhotoClassifier, file: Path) -> None:
    """The numbers as JSON, whole or not at all."""
    fields = {name: np.round(value, DIGITS).tolist() for name, value in numbers._asdict().items()}
    bundle_files.write(file, (json.dumps(fields) + "\n").encode())


def _drawn(each: int) -> np.ndarray:
    """Measures (N, F) of the drawn pictures that are there to be learned from."""
    total = len(synthetic.KINDS) * each
    pictures = tqdm(synthetic.collection("fit", each), "drawn", total, unit="picture")
    return _measured(np.asarray(picture.image) for picture in pictures)


def _close(read: dataset.Dataset, names: Sequence[str]) -> Iterator[np.ndarray]:
    """Parts of photographs, some of them grey, enlarged to the whole."""
    chance = np.random.default_rng(SEED)
    for pixels in judge.opened(read, names, "clean"):
        height, width = pixels.shape[:2]
        side = int(chance.integers(*CLOSE_PX)) * min(height, width) // 224
        top, left = chance.integers(0, height - side), chance.integers(0, width - side)
        part = Image.fromarray(pixels[top : top + side, left : left + side])
        part = part.resize((width, height), Image.Resampling.BICUBIC)
        grey = part.convert("L").convert("RGB") if chance.random() < 0.4 else part
        yield np.asarray(grey)


def _measured(pictures: Iterable[np.ndarray]) -> np.ndarray:
    """Pixels (H, W, 3) uint8 each -> measures (N, F)."""
    return np.stack([photo_check.thumbnail_features(quality.thumbnail(one)) for one in pictures])


if __name__ == "__main__":
    sys.exit(main())
