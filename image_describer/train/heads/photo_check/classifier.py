"""Fitting the classifier of `imaging.photo_check`, and judging it.

It learns from synthetic pictures and training photographs, and is judged on synthetic pictures of
other styles and all dev photographs, clean and corrupted. As in the program, a picture that seems
synthetic by its thumbnail still counts as a photograph if the encoder's features say so
(`captioner.novelty`).
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import roc_auc_score, roc_curve

from image_describer.captioner.bundle import PHOTO_CHECK
from image_describer.captioner.novelty import NoveltyHead
from image_describer.errors import TrainingError
from image_describer.imaging import photo_check, quality
from image_describer.imaging.photo_check import PhotoClassifier
from image_describer.train.data import corruptions
from image_describer.train.heads.context import FittedPart, HeadContext
from image_describer.train.heads.networks import train_mlp
from image_describer.train.heads.photo_check import photographs, synthetic
from image_describer.train.heads.photo_check.synthetic import SyntheticPicture

EACH = 60  # synthetic pictures of each kind, to fit on and to judge by
FALSE_ALARMS = 0.005  # of the photographs held out; at most 0.02 of others are acceptable
MIN_THRESHOLD = 0.3  # a lower one would reject more corrupted photographs
UNITS = 16
STEPS = 300
LEARNING_RATE = 0.01
L2 = 2e-4
SEED = 3
DIGITS = 5
JUDGED_CORRUPTED = 50  # dev photographs for each corruption


def fit(
    context: HeadContext, each: int = EACH, corrupted: int = photographs.CORRUPTED
) -> FittedPart:
    """Fit the classifier and judge it. Raises TrainingError if there are too few pictures."""
    own, held_out = photographs.split(context.training_pictures)
    dev = context.data.splits["dev"]
    if not own or not dev:
        raise TrainingError("There are too few pictures to learn what a photograph is.")
    variants = photographs.variants(context.data, own, corrupted)
    classifier = fit_classifier(
        _features(variants), _features(_pixels(synthetic.collection("fit", each)))
    )
    scores = photo_check.scores(_features(photographs.opened(context.data, held_out)), classifier)
    threshold = max(MIN_THRESHOLD, float(np.quantile(scores, 1 - FALSE_ALARMS)))
    classifier = classifier._replace(threshold=round(threshold, DIGITS))
    figures = judge(context, classifier, each)
    section = {name: value for name, value in figures.items() if isinstance(value, float)}
    return FittedPart({PHOTO_CHECK: content(classifier)}, {"photo_check": section}, figures)


def fit_classifier(photographs: np.ndarray, others: np.ndarray) -> PhotoClassifier:
    """Fit to features (N, F) and (M, F); both classes have the same total weight."""
    x = np.concatenate([photographs, others])
    y = np.repeat((0, 1), (len(photographs), len(others)))
    center, spread = x.mean(axis=0), x.std(axis=0) + 1e-3
    x = np.clip((x - center) / spread, -photo_check.OUTLIER_SPREADS, photo_check.OUTLIER_SPREADS)
    network = train_mlp(
        x, y, (UNITS,), steps=STEPS, learning_rate=LEARNING_RATE, l2=L2, seed=SEED,
        sample_weight=len(x) / 2 / np.bincount(y)[y],
    )  # fmt: skip
    hidden, output = network.coefs_
    hidden_offset, output_offset = network.intercepts_
    return PhotoClassifier(
        center, spread, hidden, hidden_offset, output[:, 0], float(output_offset[0]), 0.5
    )


def content(classifier: PhotoClassifier) -> bytes:
    """The content of the file that `imaging.photo_check.load_classifier` reads."""
    fields = {
        name: np.round(value, DIGITS).tolist() for name, value in classifier._asdict().items()
    }
    return (json.dumps(fields) + "\n").encode()


class Judged(NamedTuple):
    """``scores`` (N,) of pictures by their thumbnails, and which are ``rejected`` (N,) in the end:
    called something other than a photograph."""

    scores: np.ndarray
    rejected: np.ndarray


def judge(context: HeadContext, classifier: PhotoClassifier, each: int = EACH) -> dict[str, Any]:
    """Shares in [0, 1] of pictures that are rejected, and the ROC curve of the thumbnails' scores
    as points [false alarms, found]."""
    data, dev = context.data, context.data.splits["dev"]
    novelty = NoveltyHead.from_bundle(context.bundle)

    def scored(pictures: Iterable[np.ndarray]) -> Judged:
        scores, rejected = [], []
        for pixels in pictures:
            scores.append(score(pixels, classifier))
            suspicious = scores[-1] > classifier.threshold
            if suspicious and novelty is not None:
                suspicious = not novelty.is_photograph(context.encoder.encode(pixels).pooled)
            rejected.append(suspicious)
        return Judged(np.array(scores), np.array(rejected))

    pictures = list(synthetic.collection("test", each))
    kinds = [picture.kind for picture in pictures]
    styles = [f"{picture.kind}: {picture.style}" for picture in pictures]
    others = scored(_pixels(pictures))
    clean = scored(photographs.opened(data, dev))
    corrupted = {
        name: scored(photographs.opened(data, dev[:JUDGED_CORRUPTED], name))
        for name in corruptions.CORRUPTIONS
        if name != "clean"
    }
    every = Judged(*(np.concatenate(values) for values in zip(*corrupted.values(), strict=True)))
    is_other = np.repeat((0, 1), (len(clean.scores), len(others.scores)))
    scores = np.concatenate([clean.scores, others.scores])
    curve = np.stack(roc_curve(is_other, scores)[:2], axis=1)
    limit = classifier.threshold
    return {
        "synthetic pictures": len(pictures),
        "photographs": len(dev),
        "area under the curve": round(float(roc_auc_score(is_other, scores)), 4),
        "synthetic pictures found": _share(others.rejected),
        "photographs rejected": _share(clean.rejected),
        "corrupted photographs rejected": _share(every.rejected),
        "threshold": limit,
        "by the thumbnail alone": {
            "synthetic pictures found": _share(others.scores > limit),
            "photographs rejected": _share(clean.scores > limit),
            "corrupted photographs rejected": _share(every.scores > limit),
        },
        "found by kind": _by(kinds, others.rejected),
        "found by style": _by(styles, others.rejected),
        "corrupted photographs for each corruption": min(JUDGED_CORRUPTED, len(dev)),
        "rejected by corruption": {n: _share(one.rejected) for n, one in corrupted.items()},
        "roc": curve.round(4).tolist(),
    }


def score(pixels: np.ndarray, classifier: PhotoClassifier) -> float:
    """The score of a picture (H, W, 3) uint8 in the program, which finds blank ones first."""
    thumbnail = quality.thumbnail(pixels)
    return 1.0 if quality.is_blank(thumbnail) else photo_check.score(thumbnail, classifier)


def _pixels(pictures: Iterable[SyntheticPicture]) -> Iterable[np.ndarray]:
    return (np.asarray(picture.image) for picture in pictures)


def _features(pictures: Iterable[np.ndarray]) -> np.ndarray:
    """Pixels (H, W, 3) uint8 each -> features (N, F)."""
    return np.stack([photo_check.thumbnail_features(quality.thumbnail(one)) for one in pictures])


def _share(values: np.ndarray) -> float:
    return round(float(values.mean()), 4)


def _by(labels: Sequence[str], values: np.ndarray) -> dict[str, float]:
    every = np.array(labels)
    return {label: _share(values[every == label]) for label in dict.fromkeys(labels)}
