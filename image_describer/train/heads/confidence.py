"""Fitting the confidence of captions to which of them are acceptable to people.

For the figures, dev is split in half by a hash of the pictures' keys, and each half is judged by
what was fitted to the other; what ships is fitted to all of dev. All captions found of a picture
are fitted to, but only the best one is judged.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, roc_curve

from image_describer.captioner.confidence import MEASURES, confidence
from image_describer.wording.sentence import HIGH, MIDDLE

# L2 penalty of each weight, for measures of unit variance. On dev, 1 to 300 find the same weights
# from ten captions of each picture; 20 prevents overconfidence if there are few pictures.
PENALTY = 20.0
MIN_DEVIATION = 1e-4  # of a measure that gets a weight
BINS = 10  # of equal width, for the expected calibration error (Guo et al. 2017, arXiv:1706.04599)
SPLITS = 10  # ways to split dev in half
HALVES = ("first", "second", "both")
LEVELS = (("high", HIGH), ("middle", MIDDLE), ("low", 0.0))  # as in `wording.HEDGES`
ROC_POINTS = 51

Measured = Mapping[str, Sequence[Mapping[str, float]]]
"""Measures of each picture's captions by its key, the best caption first."""
Acceptable = Mapping[str, Sequence[bool]]
"""Which of the captions are acceptable."""


def fit(
    measured: Sequence[Mapping[str, float]], acceptable: Sequence[bool] | np.ndarray
) -> dict[str, Any]:
    """Return the table of the manifest, with which `captioner.confidence` weighs the measures.

    A logistic regression of ``acceptable``, one for each caption, on ``measured`` (Platt 1999).
    Measures that some captions lack, or that are the same for all, get no weight.
    """
    values = {
        name: np.array([one[name] for one in measured], np.float64)
        for name in MEASURES
        if measured and all(name in one for one in measured)
    }
    values = {name: value for name, value in values.items() if value.std() > MIN_DEVIATION}
    weights, offset = _logistic_regression(
        np.array([(value - value.mean()) / value.std() for value in values.values()]).T,
        np.asarray(acceptable, bool),
    )
    table = {
        name: {
            "weight": round(float(weight), 5),
            "mean": round(float(value.mean()), 5),
            "scale": round(float(value.std()), 5),
        }
        for (name, value), weight in zip(values.items(), weights, strict=True)
    }
    return {"offset": round(offset, 5), "weights": table}


def fit_all(measured: Measured, acceptable: Acceptable) -> dict[str, Any]:
    """`fit` to all captions of the pictures in ``measured``."""
    return fit(
        [one for several in measured.values() for one in several],
        [answer for key in measured for answer in acceptable[key]],
    )


def _logistic_regression(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """Measures (N, K) of unit variance, answers (N,) -> weights (K,) and offset."""
    if not x.size or y.all() or not y.any():
        share = (y.sum() + 0.5) / (y.size + 1)  # never 0 or 1, however few answers there are
        return np.zeros(x.shape[1] if x.ndim > 1 else 0), float(np.log(share / (1 - share)))
    regression = LogisticRegression(C=1 / PENALTY, solver="newton-cholesky", tol=1e-8).fit(x, y)
    return regression.coef_[0], float(regression.intercept_[0])


def in_first_half(key: str, split: int = 0) -> bool:
    """Which half of dev a picture belongs to, in one of `SPLITS`: always the same one."""
    return hashlib.sha256(f"confidence {split} {key}".encode()).digest()[0] % 2 == 0


def held_out(
    measured: Measured, acceptable: Acceptable, sets: Mapping[str, Sequence[str]] | None = None
) -> dict[str, Any]:
    """Figures of confidence on pictures that it was not fitted to; {} if there are too few.

    "first" and "second" are the halves of the first split, "both" all pictures; see `judge`. "mean"
    has ``ece`` and ``auc`` of all pictures, averaged over all splits, and ``chance``, the ``ece``
    of perfectly calibrated confidences on as few pictures. With ``sets``, keys by the name of a
    data set, "sets" has the same for the pictures of each, by the same fits.
    """
    splits = []
    for split in range(SPLITS):
        halves = [
            [key for key in acceptable if in_first_half(key, split) is first]
            for first in (True, False)
        ]
        if not all(_can_be_judged(acceptable, half) for half in halves):
            return {}
        splits.append(
            [
                _confidences(measured, acceptable, judged, fitted)
                for judged, fitted in (halves, reversed(halves))
            ]
        )
    figures = _figures(splits, acceptable, list(acceptable))
    by_set = {name: _figures(splits, acceptable, keys) for name, keys in (sets or {}).items()}
    if any(by_set.values()):
        figures["sets"] = {name: one for name, one in by_set.items() if one}
    return figures


def _can_be_judged(acceptable: Acceptable, keys: Iterable[str]) -> bool:
    return len({acceptable[key][0] for key in keys}) == 2


def _confidences(
    measured: Measured, acceptable: Acceptable, judged: Sequence[str], fitted: Sequence[str]
) -> dict[str, float]:
    """Confidence of the best caption of each picture ``judged``, by what was fitted to those in
    ``fitted``."""
    table = fit_all({key: measured[key] for key in fitted}, acceptable)
    return {key: confidence(table, measured[key][0]) for key in judged}


def _figures(
    splits: Sequence[Sequence[Mapping[str, float]]], acceptable: Acceptable, keys: Sequence[str]
) -> dict[str, Any]:
    """The figures of the pictures ``keys``; ``splits`` has the confidences in both halves."""
    answers = []
    for halves in splits:
        parts = [[key for key in keys if key in half] for half in halves]
        if not all(_can_be_judged(acceptable, part) for part in parts):
            return {}
        confidences = {**halves[0], **halves[1]}
        answers.append(
            [
                np.array([[confidences[key], acceptable[key][0]] for key in part]).T
                for part in (*parts, [*parts[0], *parts[1]])
            ]
        )
    figures = {label: judge(*part) for label, part in zip(HALVES, answers[0], strict=True)}
    whole = [both for _, _, both in answers]
    rng = np.random.default_rng(0)
    calibrated = [(one, rng.random(one.size) < one) for one, _ in whole]
    figures["mean"] = {
        "ece": round(float(np.mean([ece(*one) for one in whole])), 4),
        "auc": round(float(np.mean([roc_auc_score(y, one) for one, y in whole])), 4),
        "chance": round(float(np.mean([ece(*one) for one in calibrated])), 4),
    }
    return figures


def judge(confidences: np.ndarray, acceptable: np.ndarray) -> dict[str, Any]:
    """Figures of confidences (N,) in [0, 1] for answers (N,) of 0 and 1, both of which must occur.

    ``pictures``, the share that is ``acceptable``, ``ece``, ``auc``, ``levels`` (for each level of
    the wording: the share of the captions, and how many of those are acceptable), and ``bins`` and
    ``roc`` for plots.
    """
    acceptable = acceptable.astype(np.float64)
    return {
        "pictures": int(confidences.size),
        "acceptable": round(float(acceptable.mean()), 4),
        "ece": round(ece(confidences, acceptable), 4),
        "auc": round(float(roc_auc_score(acceptable, confidences)), 4),
        "levels": _levels(confidences, acceptable),
        "bins": _bins(confidences, acceptable),
        "roc": _roc(confidences, acceptable),
    }


def ece(confidences: np.ndarray, acceptable: np.ndarray) -> float:
    """Expected calibration error: the mean difference between confidence and the share of
    acceptable captions, over `BINS` of confidence weighted by their captions."""
    bins = _bins(confidences, acceptable)
    return float(sum(b["share"] * abs(b["confidence"] - b["acceptable"]) for b in bins))


def _bins(confidences: np.ndarray, acceptable: np.ndarray) -> list[dict[str, float]]:
    index = np.minimum((confidences * BINS).astype(int), BINS - 1)
    return [
        {
            "from": k / BINS,
            "share": float((index == k).mean()),
            "confidence": float(confidences[index == k].mean()),
            "acceptable": float(acceptable[index == k].mean()),
        }
        for k in range(BINS)
        if (index == k).any()
    ]


def _levels(confidences: np.ndarray, acceptable: np.ndarray) -> dict[str, dict[str, float]]:
    levels, upper = {}, np.inf
    for name, lower in LEVELS:
        inside = (confidences >= lower) & (confidences < upper)
        levels[name] = {"least": lower, "share": round(float(inside.mean()), 4)}
        if inside.any():
            levels[name]["acceptable"] = round(float(acceptable[inside].mean()), 4)
        upper = lower
    return levels


def _roc(confidences: np.ndarray, acceptable: np.ndarray) -> list[list[float]]:
    """Points [false alarms, found] from (0, 0) to (1, 1), at even steps of the first."""
    false_alarms, found, _ = roc_curve(acceptable, confidences, drop_intermediate=False)
    steps = np.linspace(0.0, 1.0, ROC_POINTS)
    last = np.searchsorted(false_alarms, steps, side="right") - 1
    return [[0.0, 0.0], *np.stack([steps, found[last]], axis=1).round(4).tolist()]
