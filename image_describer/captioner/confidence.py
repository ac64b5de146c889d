"""How likely people would accept a caption: a few measures of it, weighed by a logistic curve.

The weights come with the bundle; `image_describer.train.confidence` fits them. Everything here
takes less than a millisecond for all the captions of a picture.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from image_describer.captioner.decoder import Beam
    from image_describer.captioner.encoder import Features

MEASURES = {
    "word": "mean log-probability of a word, the end among them",
    "unsure": "mean log-probability of the three least probable words",
    "beams": "logarithm of the probability of all captions found together",
    "length": "number of words",
    "rare": "how rare the words are in the training captions: logarithms of their ranks, added",
    "gaze": "how widely the decoder looked: entropy of its attention, in nats",
    "strength": "mean length of a cell's features",
    "evenness": "length of the mean of all cells' features",
    "match": "cosine of picture and caption in the joint space, in bundles that have one",
    "agreement": "agreement of its words and pairs of words with what people would write, likewise",
    "unlike": "how unlike photographs of training the picture is, where that is unusual, likewise",
}
"""Name and meaning of what a weight can be given to."""

ASKED = ("match", "agreement")  # fields of a Beam that not every bundle fills
COMMON_RANK = 10  # "a", "in", "the", ... "dog" say nothing about how much a caption ventures
SPECIAL_WORDS = 4  # ids below are no words; from there on they are ordered by frequency
LEAST_PROBABLE = 3
STEEPEST = 50.0  # exp() of more is no use to anybody
LIMIT = 1e6  # of any number in a table


def measures(
    beams: "Sequence[Beam]", features: "Features", unlike: float | None = None
) -> list[dict[str, float]]:
    """The measures of each of a picture's captions, in the order of ``beams``.

    ``features`` are the picture's. Where not every caption was matched there is no "match", and so
    with "agreement"; without a number there is no "unlike".
    """
    regions, mean = features.regions, features.pooled
    norms = np.sqrt(np.einsum("rc,rc->r", regions, regions))
    of_all = {
        "beams": math.log(max(sum(math.exp(sum(beam.log_probs)) for beam in beams), 1e-300)),
        "strength": float(norms.mean()),
        "evenness": math.sqrt(float(mean @ mean)),
    }
    if unlike is not None:
        of_all["unlike"] = unlike
    found = []
    asked = [name for name in ASKED if all(getattr(beam, name) is not None for beam in beams)]
    for beam in beams:
        own = {
            "word": beam.mean_log_prob,
            "unsure": float(np.mean(sorted(beam.log_probs)[:LEAST_PROBABLE])),
            "length": float(len(beam.words)),
            "rare": sum(_rarity(word) for word in beam.words),
            "gaze": _entropy(beam.attention),
        }
        own |= {name: float(getattr(beam, name)) for name in asked}
        found.append({**of_all, **own})
    return found


def confidence(table: Mapping[str, Any], found: Mapping[str, float]) -> float:
    """How likely the caption with these measures would be accepted, in [0, 1].

    ``table`` is the manifest's: ``offset``, and ``weights`` with weight, mean and scale of each
    measure by its name; or, as first bundles have it, ``slope`` and ``offset`` over "word". A
    measure that could not be taken counts as average.
    """
    if "weights" not in table:
        x = table["slope"] * found["word"] + table["offset"]
    else:
        x = table["offset"]
        for name, given in table["weights"].items():
            if name in found:
                x += given["weight"] * (found[name] - given["mean"]) / given["scale"]
    return 1.0 / (1.0 + math.exp(-max(-STEEPEST, min(STEEPEST, x))))


def uses(table: Mapping[str, Any], name: str) -> bool:
    """Whether a table gives a weight to the measure ``name``."""
    return name in table.get("weights", {})


def odd(table: Any) -> str | None:
    """The field of a manifest's table that makes no sense, or None if all of them do."""
    if type(table) is not dict or not _sensible(table.get("offset")):
        return "offset"
    if "weights" not in table:
        return None if _sensible(table.get("slope")) else "slope"
    weights = table["weights"]
    if type(weights) is not dict or not weights.keys() <= MEASURES.keys():
        return "weights"
    for given in weights.values():
        fields = [given.get(key) for key in ("weight", "mean", "scale")] if _is(given) else [None]
        if not all(map(_sensible, fields)) or given["scale"] <= 1.0 / LIMIT:
            return "weights"
    return None


def _is(given: Any) -> bool:
    return type(given) is dict


def _sensible(value: Any) -> bool:
    return type(value) in (int, float) and bool(-LIMIT <= value <= LIMIT)


def _rarity(word: int) -> float:
    rank = word - SPECIAL_WORDS + 1
    return max(0.0, math.log(max(rank, 1) / COMMON_RANK))


def _entropy(attention: np.ndarray) -> float:
    """Mean over the words: attention (T, R), rows that sum to 1, or nothing."""
    if not attention.size:
        return 0.0
    rows = np.maximum(attention, 1e-12)
    return float(-(rows * np.log(rows)).sum(axis=1).mean())
