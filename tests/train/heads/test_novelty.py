"""Fitting the head that recognizes unfamiliar pictures."""

import io

import numpy as np
import pytest

from image_describer.captioner.bundle import NOVELTY
from image_describer.captioner.novelty import NoveltyHead
from image_describer.errors import TrainingError
from image_describer.train.heads import novelty
from image_describer.train.heads.context import HeadContext


def test_unfamiliar_pictures_score_higher_than_photographs() -> None:
    rng = np.random.default_rng(1)

    def pooled(peak: int, count: int) -> np.ndarray:
        return np.abs(rng.normal(0, 0.3, (count, 40))) + 5 * np.eye(40)[peak]

    photographs = np.concatenate([pooled(peak, 60) for peak in (0, 1, 2)])
    weights = novelty.fit_weights(photographs[::2], pooled(3, 50))
    head = NoveltyHead(weights, usual=-0.5, photograph_limit=0.0)
    familiar = [head.score(row) for row in photographs[1::2]]
    assert np.mean(familiar) == pytest.approx(-1, abs=0.2)
    assert min(head.score(row) for row in pooled(3, 20)) > max(familiar)
    unknown = [head.score(row) for row in pooled(9, 20)]  # of neither class
    assert np.mean(unknown) > np.quantile(familiar, 0.9)


def test_the_part_has_weights_of_the_encoder_and_limits(context: HeadContext) -> None:
    fitted = novelty.fit(context, each=1, corrupted=1)
    weights = np.load(io.BytesIO(fitted.files[NOVELTY]))
    assert weights.shape == (context.bundle.manifest["regions"]["channels"] + 1,)
    assert weights.dtype == np.float32
    limits = fitted.sections["novelty"]
    assert limits["usual"] <= limits["photograph_limit"]


def test_a_single_picture_is_refused(context: HeadContext) -> None:
    context.data.splits["train"] = context.data.splits["train"][:1]
    with pytest.raises(TrainingError, match="too few"):
        novelty.fit(context)


def test_pictures_without_captions_are_learned_from_too(context: HeadContext) -> None:
    first, *others = context.data.splits["train"]
    context.data.splits["train"], context.data.uncaptioned = [first], others
    assert NOVELTY in novelty.fit(context, each=1, corrupted=1).files
