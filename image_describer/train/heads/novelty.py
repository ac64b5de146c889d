"""Fitting the head that recognizes unfamiliar pictures; see `image_describer.captioner.novelty`.

It learns from photographs as they are and after each corruption, against synthetic pictures.
"""

from collections.abc import Iterable

import numpy as np
from sklearn.linear_model import Ridge

from image_describer.captioner.bundle import NOVELTY
from image_describer.captioner.novelty import normalize
from image_describer.errors import TrainingError
from image_describer.train.heads.context import FittedPart, HeadContext, array_content
from image_describer.train.heads.photo_check import photographs, synthetic

EACH = 60  # synthetic pictures of each kind
CORRUPTED = 60  # photographs for each corruption
RIDGE = 1.0  # for inputs of unit variance and weights with sum 1; 0.1 to 10 are equally good
USUAL = 0.9  # of the photographs held out have at most this score
PHOTOGRAPH_LIMIT = 0.99  # likewise


def fit(context: HeadContext, each: int = EACH, corrupted: int = CORRUPTED) -> FittedPart:
    """Fit the head. Raises TrainingError if there are too few pictures."""
    own, held_out = photographs.split(context.training_pictures)
    if not own:
        raise TrainingError("There are too few pictures to learn which ones are unfamiliar.")

    def pooled(pictures: Iterable[np.ndarray]) -> np.ndarray:
        return np.stack([context.encoder.encode(pixels).pooled for pixels in pictures])

    weights = fit_weights(
        pooled(photographs.variants(context.data, own, corrupted)),
        pooled(np.asarray(picture.image) for picture in synthetic.collection("fit", each)),
    )
    features = pooled(photographs.opened(context.data, held_out))
    scores = normalize(features) @ weights[:-1] + weights[-1]
    limits = {
        "usual": round(float(np.quantile(scores, USUAL)), 5),
        "photograph_limit": round(float(np.quantile(scores, PHOTOGRAPH_LIMIT)), 5),
    }
    return FittedPart({NOVELTY: array_content(weights)}, {"novelty": limits}, limits)


def fit_weights(photographs: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Mean features (N, C) and (M, C) -> the weights (C + 1,) float32 of a `NoveltyHead`.

    Ridge regression to -1 and 1; both classes have the same total weight.
    """
    inputs = normalize(np.concatenate([photographs, others])).astype(np.float64)
    targets = np.repeat((-1.0, 1.0), (len(photographs), len(others)))
    sample_weight = np.where(targets > 0, 0.5 / len(others), 0.5 / len(photographs))
    spread = max(float(inputs.std(axis=0).mean()), 1e-6)
    ridge = Ridge(alpha=RIDGE).fit(inputs / spread, targets, sample_weight)
    return np.append(ridge.coef_ / spread, ridge.intercept_).astype(np.float32)
