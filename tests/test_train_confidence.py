"""Confidence: which captions are acceptable, and the curve that is fitted to them."""

import numpy as np
import pytest

from image_describer.train.confidence import acceptable, fit_logistic

REFERENCES = {
    "dog": ["a dog runs", "a brown dog runs fast", "the dog is running", "a dog", "dog on grass"],
    "man": ["a man sits", "the man sits down", "a man on a bench", "a man rests", "man and bench"],
    "cat": ["a cat sleeps", "the cat is asleep", "a grey cat", "cat on a bed", "a cat lies down"],
}


def test_a_human_caption_is_acceptable_and_one_of_another_picture_is_not():
    captions = {"dog": "a brown dog runs fast", "man": "the zebra swims", "cat": "a cat sleeps"}
    assert acceptable(captions, REFERENCES) == {"dog": True, "man": False, "cat": True}


def test_pictures_without_five_references_do_not_count():
    few = {**REFERENCES, "cat": ["a cat"]}
    captions = dict.fromkeys(few, "a dog runs")
    assert set(acceptable(captions, few)) == {"dog", "man"}


def test_the_fit_finds_the_curve_that_made_the_answers():
    rng = np.random.default_rng(0)
    x = rng.normal(-1.0, 0.5, 20_000)
    y = (rng.random(x.size) < 1 / (1 + np.exp(-(3.0 * x + 2.0)))).astype(float)
    slope, offset = fit_logistic(x, y)
    assert slope == pytest.approx(3.0, rel=0.1)
    assert offset == pytest.approx(2.0, rel=0.1)


@pytest.mark.parametrize("answer", [0.0, 1.0])
def test_where_all_answers_agree_the_fit_stays_finite(answer):
    slope, offset = fit_logistic(np.linspace(-2, 0, 30), np.full(30, answer))
    assert np.isfinite([slope, offset]).all()
    middle = 1 / (1 + np.exp(-(slope * -1.0 + offset)))
    assert abs(middle - answer) < 0.2
