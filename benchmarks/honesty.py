"""How a bundle's confidence, alternatives and doubtful words do in each data set of dev.

    python benchmarks/honesty.py --data DATA [--bundle FOLDER] [--sets flickr8k everyday]

Prints, for each set: the calibration error of the best captions if confidence is fitted to all
captions of dev, or with the same total weight for each set; whether alternatives that are surer
than the caption are right more often; and how often a word in doubt is right, alone and with the
word that another caption has in its place, or that one in doubt has in another picture ("chance").
"""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.isotonic import isotonic_regression
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from image_describer import paths
from image_describer.captioner import captions as generation
from image_describer.captioner.bundle import open_bundle
from image_describer.captioner.captions import CaptionGenerator
from image_describer.captioner.confidence import MEASURES
from image_describer.captioner.encoder import Encoder
from image_describer.imaging.open import open_picture
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.sets import read_sets
from image_describer.train.evaluate import captions as evaluation
from image_describer.train.evaluate import doubtful_word
from image_describer.train.evaluate.demographics import stem
from image_describer.train.heads import confidence

TOLD = 5  # captions in a description
THRESHOLDS = ((0.3, 0.1), (0.4, 0.2), (0.5, 0.1), (0.5, 0.2), (0.6, 0.2), (0.7, 0.1), (1.01, 0.2))
Grouped = Mapping[str, list[str]]
Confidences = dict[str, np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, default=paths.bundle_folder())
    parser.add_argument("--sets", nargs="+", default=["flickr8k", "everyday"])
    options = parser.parse_args()
    data = read_sets(options.data, options.sets)
    generator, beams, measures = generate(options.bundle, data)
    texts = {key: [generator.text(beam.words) for beam in some] for key, some in beams.items()}
    tokenized = evaluation.tokenize(texts)
    references = evaluation.tokenize({key: data.captions[key] for key in texts})
    sets = {name: [k for k in texts if k.startswith(f"{name}/")] for name in options.sets}
    good: dict[str, list[bool]] = {}
    for keys in sets.values():
        good |= evaluation.acceptable({key: tokenized[key] for key in keys}, references)
    for equal in (False, True):
        calibration(measures, good, sets, equal)
    found = held_out(measures, good, sets, equal=False, split=0)
    for name, keys in sets.items():
        alternatives(name, found, good, tokenized, references, keys)
        words(name, generator, {key: beams[key] for key in keys}, references)


def generate(bundle: Path, data: Dataset) -> tuple[CaptionGenerator, dict[str, Any], dict]:
    """The ranked beams of each dev picture, and their measures of confidence."""
    opened = open_bundle(bundle)
    encoder, generator = Encoder.from_bundle(opened, 1), CaptionGenerator(opened)
    beams, measures = {}, {}
    for key in tqdm(data.splits["dev"], unit="picture"):
        features = encoder.encode(open_picture(data.path(key)).pixels)
        beams[key] = generator.generate(features)
        measures[key] = generator.measures(beams[key], features)
    return generator, beams, measures


def held_out(
    measures: Mapping[str, list], good: Mapping[str, list], sets: Grouped, equal: bool, split: int
) -> Confidences:
    """Confidences of each picture's captions by a fit to the half of dev that it is not in."""
    names = [n for n in MEASURES if all(n in one for some in measures.values() for one in some)]
    table = {k: np.array([[one[n] for n in names] for one in some]) for k, some in measures.items()}
    weight = {k: 1 / sum(len(table[k]) for k in keys) for keys in sets.values() for k in keys}
    result = {}
    for first in (True, False):
        fitted = [key for key in table if confidence.in_first_half(key, split) is not first]
        x = np.concatenate([table[key] for key in fitted])
        y = np.concatenate([good[key] for key in fitted])
        w = np.concatenate([np.full(len(table[k]), weight[k] if equal else 1.0) for k in fitted])
        mean, spread = x.mean(axis=0), x.std(axis=0)
        model = LogisticRegression(C=1 / confidence.PENALTY, solver="newton-cholesky")
        model.fit((x - mean) / spread, y, w * len(w) / w.sum())
        for key in table.keys() - set(fitted):
            result[key] = model.predict_proba((table[key] - mean) / spread)[:, 1]
    return result


def calibration(
    measures: Mapping[str, list], good: Mapping[str, list], sets: Grouped, equal: bool
) -> None:
    splits = [held_out(measures, good, sets, equal, split) for split in range(confidence.SPLITS)]
    rng = np.random.default_rng(0)
    for name, keys in sets.items():
        y = np.array([good[key][0] for key in keys], float)
        rows = [np.array([found[key][0] for key in keys]) for found in splits]
        figures = {
            "ECE": np.mean([confidence.ece(c, y) for c in rows]),
            "chance": np.mean([confidence.ece(c, (rng.random(c.size) < c) * 1.0) for c in rows]),
            "too sure by": np.mean([c.mean() - y.mean() for c in rows]),
            "log loss": np.mean([log_loss(c, y) for c in rows]),
        }
        show(
            f"confidence, {'each set the same' if equal else 'each caption the same'}",
            name,
            figures,
        )


def alternatives(
    name: str,
    found: Confidences,
    good: Mapping[str, list],
    tokenized: Mapping[str, list[str]],
    references: Mapping[str, list[str]],
    keys: list[str],
) -> None:
    told = {key: found[key][:TOLD] for key in keys}
    surest = {key: int(one.argmax()) for key, one in told.items()}
    surer = [key for key, index in surest.items() if index]
    show("a surer alternative", name, {
        "share": len(surer) / len(keys),
        "caption acceptable": np.mean([good[key][0] for key in surer]),
        "surest acceptable": np.mean([good[key][surest[key]] for key in surer]),
    })  # fmt: skip
    ways: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "as fitted": lambda c: c,
        "at most the caption's": lambda c: np.minimum(c, c[0]),
        "isotonic": lambda c: isotonic_regression(c, increasing=False),
    }
    for way, change in ways.items():
        c = np.concatenate([change(told[key])[1:] for key in keys])
        y = np.concatenate([good[key][1:TOLD] for key in keys]) * 1.0
        show(
            f"alternatives, {way}", name, {"ECE": confidence.ece(c, y), "log loss": log_loss(c, y)}
        )
    for way, index in (("as ranked", dict.fromkeys(keys, 0)), ("the surest of five", surest)):
        scores = evaluation.score({k: [tokenized[k][index[k]]] for k in keys}, references)
        acceptable = np.mean([good[key][index[key]] for key in keys])
        show(f"caption {way}", name, {"CIDEr": scores["CIDEr"], "acceptable": acceptable})


def words(
    name: str, generator: CaptionGenerator, beams: Mapping[str, Any], references: Mapping
) -> None:
    rng = np.random.default_rng(0)
    for generation.DOUBTFUL, generation.OTHER in THRESHOLDS:
        doubts = {key: generator.doubt(some) for key, some in beams.items()}
        figures = doubtful_word.judge(doubts, references)
        used = {k: {stem(w) for one in references[k] for w in one.split()} for k in doubts}
        told = {key: doubt for key, doubt in doubts.items() if doubt is not None}
        others = [stem(doubt.other) for doubt in told.values()]
        figures["chance"] = np.mean([
            stem(doubt.word) in used[key] or other in used[key]
            for key, doubt in told.items() for other in rng.choice(others, 20)
        ])  # fmt: skip
        show(f"word below {generation.DOUBTFUL}, other from {generation.OTHER}", name, figures)


def log_loss(c: np.ndarray, y: np.ndarray) -> float:
    return float(-np.mean(y * np.log(c) + (1 - y) * np.log(1 - c)))


def show(what: str, name: str, figures: Mapping[str, float]) -> None:
    listed = ", ".join(f"{label} {value:.4f}" for label, value in figures.items())
    print(f"{name}: {what}: {listed}")


if __name__ == "__main__":
    main()
