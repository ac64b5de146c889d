"""How likely people would accept a caption: logistic regression on a few measures of it.

The weights come with the bundle; training fits them. All captions of a picture together take less
than a millisecond.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from image_describer.captioner.beam_search import Beam
    from image_describer.captioner.features import Features

MEASURES = {  # untranslated: for the model card
    "mean_log_prob": "mean log-probability of a word, including the end",
    "lowest_log_probs": "mean log-probability of the three least probable words",
    "total_log_prob": "logarithm of the total probability of all captions found",
    "length": "number of words",
    "rarity": "sum of the logarithms of the words' ranks by frequency in the training captions",
    "attention_entropy": "how widely the attention is spread: its entropy, in nats",
    "region_norm": "mean length of the features of a cell",
    "pooled_norm": "length of the mean features of all cells",
    "match": "cosine of picture and caption in the joint space, if the bundle has one",
    "ngram_score": "score of its words and word pairs by the n-gram prior, if the bundle has one",
    "novelty": "how far the picture is from the training photographs, if the bundle can tell",
}
"""Name and meaning of each measure that can have a weight. Bundles use the names."""
MEASURES_OF_FORMAT_1 = {
    "word": "mean_log_prob",
    "unsure": "lowest_log_probs",
    "beams": "total_log_prob",
    "rare": "rarity",
    "gaze": "attention_entropy",
    "strength": "region_norm",
    "evenness": "pooled_norm",
    "agreement": "ngram_score",
    "unlike": "novelty",
}
"""The names in bundles of format 1, and the ones that replaced them."""

OPTIONAL = ("match", "ngram_score")  # fields of Beam that may be None
COMMON_RANK = 10  # "a", "in", "the", ... "dog" say nothing about how specific a caption is
SPECIAL_WORDS = 4  # start, end, unknown, padding; the other ids are ordered by frequency
LEAST_PROBABLE = 3  # words
LOGIT_LIMIT = 50.0
LIMIT = 1e6  # of any number in a table


def measures(
    beams: "Sequence[Beam]", features: "Features", novelty: float | None = None
) -> list[dict[str, float]]:
    """Return the measures of each caption of a picture, in the order of ``beams``.

    ``features`` are the picture's. "match" and "ngram_score" are left out unless every beam has
    them, "novelty" if it is None.
    """
    regions, mean = features.regions, features.pooled
    norms = np.sqrt(np.einsum("rc,rc->r", regions, regions))
    shared = {
        "total_log_prob": math.log(
            max(sum(math.exp(sum(beam.log_probs)) for beam in beams), 1e-300)
        ),
        "region_norm": float(norms.mean()),
        "pooled_norm": math.sqrt(float(mean @ mean)),
    }
    if novelty is not None:
        shared["novelty"] = novelty
    optional = [name for name in OPTIONAL if all(getattr(beam, name) is not None for beam in beams)]
    result = []
    for beam in beams:
        own = {
            "mean_log_prob": beam.mean_log_prob,
            "lowest_log_probs": float(np.mean(sorted(beam.log_probs)[:LEAST_PROBABLE])),
            "length": float(len(beam.words)),
            "rarity": sum(_rarity(word) for word in beam.words),
            "attention_entropy": _entropy(beam.attention),
        }
        own |= {name: float(getattr(beam, name)) for name in optional}
        result.append({**shared, **own})
    return result


def confidence(table: Mapping[str, Any], measured: Mapping[str, float]) -> float:
    """How likely the caption with these measures would be accepted, in [0, 1].

    ``table`` comes from the manifest: ``offset``, and ``weights`` with the weight, mean and scale
    of each measure; or, in the first bundles, ``slope`` and ``offset`` over "mean_log_prob". A
    missing measure counts as average.
    """
    if "weights" not in table:
        x = table["slope"] * measured["mean_log_prob"] + table["offset"]
    else:
        x = table["offset"]
        for name, entry in table["weights"].items():
            if name in measured:
                x += entry["weight"] * (measured[name] - entry["mean"]) / entry["scale"]
    return 1.0 / (1.0 + math.exp(-max(-LOGIT_LIMIT, min(LOGIT_LIMIT, x))))


def uses(table: Mapping[str, Any], name: str) -> bool:
    """Whether a table gives a weight to the measure ``name``."""
    return name in table.get("weights", {})


def invalid_field(table: Any) -> str | None:
    """Name the field of a manifest's table that is not valid; None if all of them are."""
    if type(table) is not dict or not _is_valid(table.get("offset")):
        return "offset"
    if "weights" not in table:
        return None if _is_valid(table.get("slope")) else "slope"
    weights = table["weights"]
    if type(weights) is not dict or not weights.keys() <= MEASURES.keys():
        return "weights"
    for entry in weights.values():
        if type(entry) is not dict:
            return "weights"
        fields = [entry.get(key) for key in ("weight", "mean", "scale")]
        if not all(map(_is_valid, fields)) or entry["scale"] <= 1.0 / LIMIT:
            return "weights"
    return None


def _is_valid(value: Any) -> bool:
    return type(value) in (int, float) and bool(-LIMIT <= value <= LIMIT)


def _rarity(word: int) -> float:
    rank = word - SPECIAL_WORDS + 1
    return max(0.0, math.log(max(rank, 1) / COMMON_RANK))


def _entropy(attention: np.ndarray) -> float:
    """Mean entropy of attention (T, R), whose rows sum to 1; 0 for an empty caption."""
    if not attention.size:
        return 0.0
    rows = np.maximum(attention, 1e-12)
    return float(-(rows * np.log(rows)).sum(axis=1).mean())
