"""How sure a caption may sound: its measures against what people would accept.

What was fitted to pictures is judged on others: dev is split in two halves by a hash of the
pictures' names, each half is judged by what was fitted to the other, and only then is what ships
fitted to both. All captions found of a picture are fitted to, and the one that is told is judged.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from image_describer.captioner.confidence import MEASURES, confidence
from image_describer.wording.sentence import HIGH, MIDDLE

REFERENCES = 5
NEWTON_STEPS = 50
RIDGE = 1e-3  # of the offset: keeps the fit finite where every caption, or none, is acceptable
# Of each weight, over measures brought to unit variance. 500 dev pictures with one caption each
# find the same with 1 to 100, with ten each with 1 to 300; 20 keeps few pictures from sounding
# surer than they are.
SHRINK = 20.0
NO_SPREAD = 1e-4  # of a measure; less is nothing to weigh
BINS = 10  # of equal width, for the expected calibration error (arXiv:1706.04599)
WAYS = 10  # to halve dev
HALVES = ("first", "second", "both")
LEVELS = (("high", HIGH), ("middle", MIDDLE), ("low", 0.0))  # as `wording.HEDGES` has them
ROC_POINTS = 51  # what is kept of the curve

Found = Mapping[str, Sequence[Mapping[str, float]]]
"""Measures of each picture's captions by its name; the first is the one that is told."""
Good = Mapping[str, Sequence[bool]]
"""Whether they are acceptable."""


def acceptable(
    captions: Mapping[str, Sequence[str]],
    references: Mapping[str, Sequence[str]],
    people: int = REFERENCES,
) -> dict[str, list[bool]]:
    """Which of each picture's captions are about as good as a person's.

    Acceptable: the caption's CIDEr-D, averaged over the ways to leave one reference out, is at
    least that of the weakest human caption, each scored against the others. Only pictures with
    references by as many ``people`` count. Words are taken as the caller split them: by spaces.
    """
    from pycocoevalcap.cider.cider import Cider

    names = [name for name in captions if len(references[name]) == people]
    if not names:
        return {}
    ranks = max(len(captions[name]) for name in names)
    machine = np.zeros((len(names), ranks))
    human = np.full(len(names), np.inf)
    for left_out in range(people):
        others = {n: [r for k, r in enumerate(references[n]) if k != left_out] for n in names}
        for rank in range(ranks):
            # Where there are fewer the last stands in: the scorer wants one of every picture.
            said = {n: [captions[n][min(rank, len(captions[n]) - 1)]] for n in names}
            _, of_machine = Cider().compute_score(others, said)
            machine[:, rank] += np.asarray(of_machine) / people
        _, of_human = Cider().compute_score(others, {n: [references[n][left_out]] for n in names})
        human = np.minimum(human, of_human)
    good = machine >= human[:, np.newaxis]
    return {n: row[: len(captions[n])].tolist() for n, row in zip(names, good, strict=True)}


def fit(found: Sequence[Mapping[str, float]], good: Sequence[bool] | np.ndarray) -> dict[str, Any]:
    """The table for a manifest: what `image_describer.captioner.confidence` weighs by.

    ``found`` are captions' measures, ``good`` whether each is acceptable. Measures that not every
    caption has, or that are the same for all, get no weight; see `logistic`.
    """
    taken = {
        name: np.array([one[name] for one in found], np.float64)
        for name in MEASURES
        if found and all(name in one for one in found)
    }
    taken = {name: values for name, values in taken.items() if values.std() > NO_SPREAD}
    columns = [(values - values.mean()) / values.std() for values in taken.values()]
    weights = logistic(np.reshape(columns, (len(columns), len(found))).T, np.asarray(good))
    table = {
        name: {
            "weight": round(float(weight), 5),
            "mean": round(float(values.mean()), 5),
            "scale": round(float(values.std()), 5),
        }
        for (name, values), weight in zip(taken.items(), weights, strict=False)
    }
    return {"offset": round(float(weights[-1]), 5), "weights": table}


def fit_all(found: Found, good: Good) -> dict[str, Any]:
    """`fit` to all captions of the pictures in ``found``."""
    return fit(
        [one for several in found.values() for one in several],
        [answer for name in found for answer in good[name]],
    )


def logistic(columns: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Weights (K + 1,), the offset last, of columns (N, K) of unit variance, for answers (N,).

    Logistic regression by Newton's method, after Platt 1999, drawn towards 0 by `SHRINK`.
    """
    y = good.astype(np.float64)
    design = np.concatenate([columns, np.ones((len(y), 1))], axis=1)
    ridge = np.diag([SHRINK] * columns.shape[1] + [RIDGE])
    weights = np.zeros(columns.shape[1] + 1)
    for _ in range(NEWTON_STEPS):
        p = 1.0 / (1.0 + np.exp(-design @ weights))
        gradient = design.T @ (p - y) + ridge @ weights
        curvature = design.T @ (design * (p * (1 - p))[:, None]) + ridge
        weights -= np.linalg.solve(curvature, gradient)
    return weights


def in_first_half(name: str, way: int = 0) -> bool:
    """Which half of dev a picture is in: fixed by its name, the same for every bundle.

    ``way`` is one of `WAYS` to halve.
    """
    return hashlib.sha256(f"confidence {way} {name}".encode()).digest()[0] % 2 == 0


def held_out(found: Found, good: Good) -> dict[str, Any]:
    """How good confidence is on pictures it was not fitted to: {} where there are too few.

    "first" and "second" are the halves of the first way, each judged by what was fitted to the
    other, "both" all pictures in this manner; see `judge`. "mean" has ``ece`` and ``auc`` over the
    halves of all ways, because one half of a thousand pictures is a small sample, and ``chance``,
    the ``ece`` that confidences without any error would have on so few.
    """
    told: dict[str, Any] = {}
    halves_judged = []
    for way in range(WAYS):
        halves = [[n for n in good if in_first_half(n, way) is first] for first in (True, False)]
        if any(len({good[name][0] for name in half}) < 2 for half in halves):
            return {}
        sure = [_sure(found, good, *halves), _sure(found, good, *reversed(halves))]
        if not way:
            parts = (*sure, np.concatenate(sure, axis=1))
            told = {label: judge(*part) for label, part in zip(HALVES, parts, strict=True)}
        halves_judged += sure
    rng = np.random.default_rng(0)
    drawn = [(sure, rng.random(sure.size) < sure) for sure, _ in halves_judged]
    told["mean"] = {
        "ece": round(float(np.mean([ece(*half) for half in halves_judged])), 4),
        "auc": round(float(np.mean([auc(*half) for half in halves_judged])), 4),
        "chance": round(float(np.mean([ece(*half) for half in drawn])), 4),
    }
    return told


def _sure(found: Found, good: Good, judged: Sequence[str], fitted: Sequence[str]) -> np.ndarray:
    """Confidence and answer, (2, N), of what is told of the pictures ``judged``, by the captions of
    those ``fitted``."""
    table = fit_all({name: found[name] for name in fitted}, good)
    sure = [confidence(table, found[name][0]) for name in judged]
    return np.array([sure, [good[name][0] for name in judged]])


def judge(sure: np.ndarray, good: np.ndarray) -> dict[str, Any]:
    """Confidences (N,) in [0, 1] against what is acceptable, (N,) of 0 and 1, both there.

    ``pictures``, ``acceptable`` (the share), ``ece``, ``auc``, ``levels`` (of each level of the
    wording the share of pictures that get it, and how many of those are acceptable), and ``bins``
    and ``roc`` to draw.
    """
    good = good.astype(np.float64)
    return {
        "pictures": int(sure.size),
        "acceptable": round(float(good.mean()), 4),
        "ece": round(ece(sure, good), 4),
        "auc": round(auc(sure, good), 4),
        "levels": _levels(sure, good),
        "bins": _bins(sure, good),
        "roc": _roc(sure, good),
    }


def ece(sure: np.ndarray, good: np.ndarray) -> float:
    """Expected calibration error: how far confidence is from the share of acceptable captions.

    Mean over `BINS` of confidence, each counted by its captions (Guo et al. 2017).
    """
    return float(sum(b["share"] * abs(b["sure"] - b["good"]) for b in _bins(sure, good)))


def auc(sure: np.ndarray, good: np.ndarray) -> float:
    """Area under the ROC curve: how often an acceptable caption gets more than one that is not.

    sure: (N,) float, good: (N,) of 0 and 1, both of them there; a tie counts half.
    """
    _, inverse, count = np.unique(sure, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[inverse]
    ones = good.sum()
    return float((rank[good == 1].sum() - ones * (ones + 1) / 2) / (ones * (good.size - ones)))


def _bins(sure: np.ndarray, good: np.ndarray) -> list[dict[str, float]]:
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    return [
        {
            "from": k / BINS,
            "share": float((place == k).mean()),
            "sure": float(sure[place == k].mean()),
            "good": float(good[place == k].mean()),
        }
        for k in range(BINS)
        if (place == k).any()
    ]


def _levels(sure: np.ndarray, good: np.ndarray) -> dict[str, dict[str, float]]:
    levels, above = {}, np.inf
    for name, least in LEVELS:
        held = (sure >= least) & (sure < above)
        levels[name] = {"least": least, "share": round(float(held.mean()), 4)}
        if held.any():
            levels[name]["acceptable"] = round(float(good[held].mean()), 4)
        above = least
    return levels


def _roc(sure: np.ndarray, good: np.ndarray) -> list[list[float]]:
    """Points [false alarms, finds] from (0, 0) to (1, 1) at even steps of the first."""
    order = np.argsort(-sure, kind="stable")
    finds = np.concatenate([[0.0], np.cumsum(good[order])]) / good.sum()
    alarms = np.concatenate([[0.0], np.cumsum(1 - good[order])]) / (1 - good).sum()
    steps = np.linspace(0.0, 1.0, ROC_POINTS)
    at = np.searchsorted(alarms, steps, side="right") - 1
    return [[0.0, 0.0], *np.stack([steps, finds[at]], axis=1).round(4).tolist()]
