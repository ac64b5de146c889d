"""Fitting the head that recognizes rotated pictures."""

import io

import numpy as np
import pytest

from image_describer.captioner.bundle import ORIENTATION
from image_describer.errors import TrainingError
from image_describer.train.heads import orientation
from image_describer.train.heads.context import HeadContext


def test_the_weights_tell_rotations_apart() -> None:
    rng = np.random.default_rng(0)
    turns = np.arange(200) % 4
    summaries = rng.normal(5, 3, (200, 300)).astype(np.float32)
    summaries[np.arange(200), turns] += 12
    summaries[:, 4:200] += rng.normal(0, 2, (4, 196)).astype(np.float32)[turns]
    weights = orientation.fit_weights(summaries[:100], turns[:100])
    figures = orientation.judge(weights, 0.5, summaries[100:], turns[100:])
    assert figures["turn_right"] > 0.9
    assert figures["found"] > figures["false_alarms"] + 0.5


def test_the_part_has_weights_of_the_encoder_and_a_threshold(context: HeadContext) -> None:
    fitted = orientation.fit(context, pictures=6)
    weights = np.load(io.BytesIO(fitted.files[ORIENTATION]))
    channels = context.bundle.manifest["regions"]["channels"]
    assert weights.shape == (3 * channels + 1, 4)
    assert weights.dtype == np.float32
    section = fitted.sections["orientation"]
    assert section.items() >= fitted.figures.items()
    assert 0.0 <= section["threshold"] <= 1.0
    assert fitted.figures["false_alarms"] <= 1 / 6


def test_pictures_without_captions_are_learned_from(context: HeadContext) -> None:
    context.data.uncaptioned = context.data.splits["train"]
    context.data.splits["train"] = []
    assert orientation.fit(context, pictures=6).figures


def test_too_few_pictures_are_refused(context: HeadContext) -> None:
    context.data.splits["train"] = context.data.splits["train"][:2]
    with pytest.raises(TrainingError, match="too few"):
        orientation.fit(context)
