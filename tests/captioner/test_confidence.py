"""Confidence: the measures of a caption, and their weights."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.captioner import confidence
from image_describer.captioner.beam_search import Beam
from image_describer.captioner.features import Features

CELLS, CHANNELS = 100, 2048


def beam(words, log_probs, attention=None, **scores):
    if attention is None:
        attention = np.full((len(words), CELLS), 1 / CELLS, np.float32)
    return Beam(tuple(words), tuple(log_probs), attention, sum(log_probs), **scores)


@pytest.fixture(scope="module")
def features():
    regions = np.random.default_rng(0).random((CELLS, CHANNELS)).astype(np.float32)
    return Features(regions, regions.mean(axis=0))


def test_each_measure(features):
    first = beam([4, 10, 403], [-0.1, -0.2, -0.6, -0.1], match=0.5, ngram_score=0.1)
    other = beam([4, 10], [-0.1, -0.2, -1.0], match=0.25, ngram_score=0.2)
    one, two = confidence.measures([first, other], features, 0.75)
    assert set(one) == set(two) == set(confidence.MEASURES)
    assert one["mean_log_prob"] == pytest.approx(-0.25)
    assert one["lowest_log_probs"] == pytest.approx(-0.3)
    assert (
        one["total_log_prob"]
        == two["total_log_prob"]
        == pytest.approx(math.log(math.exp(-1.0) + math.exp(-1.3)))
    )
    assert (one["length"], two["length"]) == (3, 2)
    # The 400th word is rare, the first and the seventh are not.
    assert one["rarity"] == pytest.approx(math.log(400 / 10))
    assert two["rarity"] == 0
    assert one["attention_entropy"] == pytest.approx(math.log(CELLS), rel=1e-3)
    lengths = np.linalg.norm(features.regions, axis=1)
    assert one["region_norm"] == pytest.approx(lengths.mean(), rel=1e-4)
    assert one["pooled_norm"] == pytest.approx(np.linalg.norm(features.pooled), rel=1e-4)
    assert (one["match"], two["match"]) == (0.5, 0.25)
    assert (one["ngram_score"], two["ngram_score"]) == (0.1, 0.2)
    assert one["novelty"] == two["novelty"] == 0.75


def test_an_empty_caption_without_optional_scores_has_finite_measures(features):
    (alone,) = confidence.measures([beam([], [-0.5], np.zeros((0, 1), np.float32))], features)
    assert not {"match", "ngram_score", "novelty"} & set(alone)
    assert all(math.isfinite(value) for value in alone.values())


def test_a_table_of_the_first_bundles():
    table = {"slope": 2.0, "offset": 1.0}
    assert confidence.invalid_field(table) is None
    assert confidence.confidence(table, {"mean_log_prob": -0.5}) == pytest.approx(0.5)
    assert confidence.confidence(table, {"mean_log_prob": -0.1}) > 0.5


def test_a_table_with_weights():
    table = {
        "offset": 0.5,
        "weights": {
            "mean_log_prob": {"weight": 1.0, "mean": -0.8, "scale": 0.2},
            "match": {"weight": 2.0, "mean": 0.3, "scale": 0.1},
        },
    }
    assert confidence.invalid_field(table) is None
    assert confidence.uses(table, "match")
    assert not confidence.uses(table, "length")
    average = confidence.confidence(table, {"mean_log_prob": -0.8, "match": 0.3})
    assert average == pytest.approx(1 / (1 + math.exp(-0.5)))
    assert (
        confidence.confidence(table, {"mean_log_prob": -0.8}) == average
    )  # a missing measure counts as average
    assert confidence.confidence(table, {"mean_log_prob": -0.6, "match": 0.2}) == pytest.approx(
        1 / (1 + math.exp(0.5))
    )


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_the_confidence_is_always_a_probability(weight, offset, value):
    table = {"offset": offset, "weights": {"rarity": {"weight": weight, "mean": 0.0, "scale": 1.0}}}
    assert 0.0 <= confidence.confidence(table, {"rarity": value}) <= 1.0


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ("text", "offset"),
        ({"slope": 1.0}, "offset"),
        ({"slope": float("nan"), "offset": 0.0}, "slope"),
        ({"offset": 0.0, "weights": []}, "weights"),
        ({"offset": 0.0, "weights": {"luck": {"weight": 1, "mean": 0, "scale": 1}}}, "weights"),
        ({"offset": 0.0, "weights": {"mean_log_prob": 1.0}}, "weights"),
        (
            {"offset": 0.0, "weights": {"rarity": {"weight": 1, "mean": 0, "scale": 0}}},
            "weights",
        ),
        (
            {"offset": 0.0, "weights": {"rarity": {"weight": 1e9, "mean": 0, "scale": 1}}},
            "weights",
        ),
    ],
)
def test_a_field_that_is_not_valid_is_named(table, field):
    assert confidence.invalid_field(table) == field
