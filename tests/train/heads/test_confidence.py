"""Fitting confidence to which captions are acceptable, and judging it."""

import numpy as np
import pytest

from image_describer.captioner.confidence import confidence, invalid_field
from image_describer.train.heads.confidence import (
    LEVELS,
    fit,
    fit_all,
    held_out,
    in_first_half,
    judge,
)
from image_describer.wording.sentence import HEDGES


def sampled(count, slope, offset, seed=0):
    """Measures of captions, and answers sampled from a logistic curve over the first of them."""
    rng = np.random.default_rng(seed)
    word, length = rng.normal(-1.0, 0.5, count), rng.normal(10.0, 2.0, count)
    good = rng.random(count) < 1 / (1 + np.exp(-(slope * word + offset)))
    found = [
        {"mean_log_prob": w, "length": n, "rarity": 7.0} for w, n in zip(word, length, strict=True)
    ]
    return found, good


def test_the_fit_finds_the_curve_that_made_the_answers():
    table = fit(*sampled(20_000, 3.0, 2.0))
    assert invalid_field(table) is None
    assert set(table["weights"]) == {"mean_log_prob", "length"}  # "rarity" is the same for all
    for word in (-2.0, -1.0, 0.0):
        predicted = confidence(table, {"mean_log_prob": word, "length": 10.0})
        assert predicted == pytest.approx(1 / (1 + np.exp(-(3.0 * word + 2.0))), abs=0.02)
    assert abs(table["weights"]["length"]["weight"]) < 0.05


@pytest.mark.parametrize("answer", [False, True])
def test_the_fit_stays_finite_if_all_answers_agree(answer):
    found, _ = sampled(30, 1.0, 0.0)
    table = fit(found, np.full(30, answer))
    assert invalid_field(table) is None
    assert abs(confidence(table, {"mean_log_prob": -1.0, "length": 10.0}) - answer) < 0.2


def test_there_is_a_table_even_without_captions():
    assert invalid_field(fit([], [])) is None


def test_a_measure_that_some_captions_lack_gets_no_weight():
    found, good = sampled(50, 3.0, 2.0)
    del found[7]["length"]
    assert set(fit(found, good)["weights"]) == {"mean_log_prob"}


def test_each_half_is_judged_by_what_was_fitted_to_the_other():
    found, good = sampled(2_000, 3.0, 3.0)
    names = [f"{number}.jpg" for number in range(2_000)]
    halves = [in_first_half(name) for name in names]
    assert 0.45 < np.mean(halves) < 0.55
    answers = {name: [bool(one)] for name, one in zip(names, good, strict=True)}
    figures = held_out({name: [one] for name, one in zip(names, found, strict=True)}, answers)
    assert (
        figures["first"]["pictures"] + figures["second"]["pictures"] == figures["both"]["pictures"]
    )
    mean = figures.pop("mean")
    assert 0.0 < mean["chance"] < mean["ece"] + 0.01 < 0.06
    assert mean["auc"] == pytest.approx(figures["both"]["auc"], abs=0.03)
    for judged in figures.values():
        assert judged["ece"] < 0.06
        assert 0.7 < judged["auc"] < 0.9
        assert sum(level["share"] for level in judged["levels"].values()) == pytest.approx(
            1, abs=1e-3
        )
        levels = [level.get("acceptable", 0.0) for level in judged["levels"].values()]
        assert levels == sorted(levels, reverse=True)
        assert judged["roc"][0] == [0, 0]
        assert judged["roc"][-1] == [1, 1]
    # If a half's own answers leaked into its judgement, random answers would look predictable.
    rng = np.random.default_rng(1)
    noise = {name: [{"mean_log_prob": rng.normal(), "length": rng.normal()}] for name in names}
    assert abs(held_out(noise, answers)["mean"]["auc"] - 0.5) < 0.04


def test_each_set_is_judged_apart_by_the_same_fits():
    """Captions of the second set are acceptable less often than their measures say."""
    found, good = sampled(2_000, 3.0, 3.0)
    good[1_000:] &= np.random.default_rng(1).random(1_000) < 0.6
    names = [f"{number}.jpg" for number in range(2_000)]
    measures = {name: [one] for name, one in zip(names, found, strict=True)}
    answers = {name: [bool(one)] for name, one in zip(names, good, strict=True)}
    sets = {"known": names[:1_000], "other": names[1_000:], "few": names[:3]}
    figures = held_out(measures, answers, sets)
    assert {name: value for name, value in figures.items() if name != "sets"} == held_out(
        measures, answers
    )
    assert list(figures["sets"]) == ["known", "other"]  # the few can't be judged
    for judged in figures["sets"].values():
        assert judged["both"]["pictures"] == 1_000
        # As many are told too high a confidence here as too low a one there.
        assert judged["mean"]["ece"] > figures["mean"]["ece"] + 0.05
    known, other = (figures["sets"][name]["both"]["bins"] for name in ("known", "other"))
    assert known[-1]["acceptable"] > other[-1]["acceptable"] + 0.2


def test_other_captions_are_learned_from_but_not_judged():
    """Best captions are acceptable at random: only the others show what the measure is worth."""
    rng = np.random.default_rng(2)
    found, good = {}, {}
    for number in range(1_000):
        words = rng.normal(size=10)
        best = rng.random(2) < 0.7  # whatever its measure is
        others = rng.random(8) < 1 / (1 + np.exp(-3 * words[2:]))
        found[f"{number}.jpg"] = [{"mean_log_prob": word} for word in words]
        good[f"{number}.jpg"] = [bool(one) for one in (*best, *others)]
    assert fit_all(found, good)["weights"]["mean_log_prob"]["weight"] > 1.0
    alone = {name: several[:1] for name, several in found.items()}
    answers = {name: several[:1] for name, several in good.items()}
    assert abs(fit_all(alone, answers)["weights"]["mean_log_prob"]["weight"]) < 0.3
    judged = held_out(found, good)
    assert judged["both"]["pictures"] == 1_000
    assert judged["both"]["acceptable"] == pytest.approx(0.7, abs=0.05)


def test_too_few_pictures_are_not_judged():
    assert held_out({"a": [{"mean_log_prob": -1.0}]}, {"a": [True]}) == {}
    names = [f"{number}.jpg" for number in range(50)]
    answers = {name: [True] for name in names}
    assert held_out({n: [{"mean_log_prob": -1.0}] for n in names}, answers) == {}


def test_figures_by_hand():
    confidences, answers = np.array([0.95, 0.85, 0.85, 0.45, 0.35]), np.array([1, 1, 0, 1, 0])
    judged = judge(confidences, answers)
    # Of six pairs of a good and a bad one, four are in order and one is tied.
    assert judged["auc"] == pytest.approx(5 / 6 - 1 / 12, abs=1e-4)
    assert judged["ece"] == pytest.approx((0.05 + 2 * 0.35 + 0.55 + 0.35) / 5, abs=1e-4)
    assert judged["acceptable"] == 0.6


def test_levels_are_those_of_the_wording():
    assert [least for _, least in LEVELS[:2]] == [least for least, _ in HEDGES[:2]]
    assert len(LEVELS) == len(HEDGES)
