"""How sure a caption may sound: its mean log-probability against what people would accept."""

from collections.abc import Mapping, Sequence

import numpy as np

REFERENCES = 5
NEWTON_STEPS = 50
RIDGE = 1e-3  # keeps the fit finite where every caption, or none, is acceptable


def acceptable(
    captions: Mapping[str, str], references: Mapping[str, Sequence[str]]
) -> dict[str, bool]:
    """Which captions are about as good as a person's.

    Acceptable: the caption's CIDEr-D, averaged over the ways to leave one reference out, is at
    least that of the weakest human caption, each scored against the others. Only pictures with
    five references count. Words are taken as the caller split them: by spaces.
    """
    from pycocoevalcap.cider.cider import Cider

    names = [name for name in captions if len(references[name]) == REFERENCES]
    machine = np.zeros(len(names))
    human = np.full(len(names), np.inf)
    for left_out in range(REFERENCES):
        others = {n: [r for k, r in enumerate(references[n]) if k != left_out] for n in names}
        _, of_machine = Cider().compute_score(others, {n: [captions[n]] for n in names})
        _, of_human = Cider().compute_score(others, {n: [references[n][left_out]] for n in names})
        machine += np.asarray(of_machine) / REFERENCES
        human = np.minimum(human, of_human)
    return {name: bool(m >= h) for name, m, h in zip(names, machine, human, strict=True)}


def fit_logistic(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Slope and offset of P(y = 1) = sigmoid(slope * x + offset), by Newton's method.

    x: (N,) float, y: (N,) of 0 and 1. After Platt 1999.
    """
    design = np.stack([x, np.ones_like(x)], axis=1)
    weights = np.zeros(2)
    for _ in range(NEWTON_STEPS):
        p = 1.0 / (1.0 + np.exp(-design @ weights))
        gradient = design.T @ (p - y) + RIDGE * weights
        curvature = design.T @ (design * (p * (1 - p))[:, None]) + RIDGE * np.eye(2)
        weights -= np.linalg.solve(curvature, gradient)
    return float(weights[0]), float(weights[1])
