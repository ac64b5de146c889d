"""Confidence: which captions are acceptable, and the curve that is fitted to them."""

import numpy as np
import pytest

from image_describer.captioner.confidence import confidence, invalid_field
from image_describer.train.heads.confidence import (
    LEVELS,
    acceptable,
    auc,
    fit,
    fit_all,
    held_out,
    in_first_half,
    judge,
)
from image_describer.wording.sentence import HEDGES

REFERENCES = {
    "dog": ["a dog runs", "a brown dog runs fast", "the dog is running", "a dog", "dog on grass"],
    "man": ["a man sits", "the man sits down", "a man on a bench", "a man rests", "man and bench"],
    "cat": ["a cat sleeps", "the cat is asleep", "a grey cat", "cat on a bed", "a cat lies down"],
}


def test_a_human_caption_is_acceptable_and_one_of_another_picture_is_not():
    captions = {
        "dog": ["a brown dog runs fast"],
        "man": ["the zebra swims"],
        "cat": ["a cat sleeps"],
    }
    assert acceptable(captions, REFERENCES) == {"dog": [True], "man": [False], "cat": [True]}


def test_each_caption_of_a_picture_is_judged_by_itself():
    captions = {
        "dog": ["the zebra swims", "a brown dog runs fast", "a dog"],
        "man": ["a man sits"],
        "cat": ["a cat sleeps", "the zebra swims"],
    }
    answers = acceptable(captions, REFERENCES)
    assert answers == {"dog": [False, True, True], "man": [True], "cat": [True, False]}
    alone = acceptable({name: several[:1] for name, several in captions.items()}, REFERENCES)
    assert alone == {name: several[:1] for name, several in answers.items()}


def test_fewer_people_can_be_asked():
    four = {name: several[:4] for name, several in REFERENCES.items()}
    captions = {name: [several[4]] for name, several in REFERENCES.items()}
    assert set(acceptable(captions, four, people=4)) == set(four)
    assert acceptable(captions, four) == {}


def test_pictures_without_five_references_do_not_count():
    few = {**REFERENCES, "cat": ["a cat"]}
    captions = {name: ["a dog runs"] for name in few}
    assert set(acceptable(captions, few)) == {"dog", "man"}


def drawn(count, slope, offset, seed=0):
    """Measures of captions, and answers that a logistic curve over the first of them gives."""
    rng = np.random.default_rng(seed)
    word, length = rng.normal(-1.0, 0.5, count), rng.normal(10.0, 2.0, count)
    good = rng.random(count) < 1 / (1 + np.exp(-(slope * word + offset)))
    found = [
        {"mean_log_prob": w, "length": n, "rarity": 7.0} for w, n in zip(word, length, strict=True)
    ]
    return found, good


def test_the_fit_finds_the_curve_that_made_the_answers():
    table = fit(*drawn(20_000, 3.0, 2.0))
    assert invalid_field(table) is None
    assert set(table["weights"]) == {"word", "length"}  # what is the same for all says nothing
    for word in (-2.0, -1.0, 0.0):
        sure = confidence(table, {"mean_log_prob": word, "length": 10.0})
        assert sure == pytest.approx(1 / (1 + np.exp(-(3.0 * word + 2.0))), abs=0.02)
    assert abs(table["weights"]["length"]["weight"]) < 0.05


@pytest.mark.parametrize("answer", [False, True])
def test_where_all_answers_agree_the_fit_stays_finite(answer):
    found, _ = drawn(30, 1.0, 0.0)
    table = fit(found, np.full(30, answer))
    assert invalid_field(table) is None
    assert abs(confidence(table, {"word": -1.0, "length": 10.0}) - answer) < 0.2


def test_without_captions_there_is_a_table_all_the_same():
    assert invalid_field(fit([], [])) is None


def test_a_measure_that_some_captions_lack_gets_no_weight():
    found, good = drawn(50, 3.0, 2.0)
    del found[7]["length"]
    assert set(fit(found, good)["weights"]) == {"word"}


def test_each_half_is_judged_by_what_was_fitted_to_the_other():
    found, good = drawn(2_000, 3.0, 3.0)
    names = [f"{number}.jpg" for number in range(2_000)]
    halves = [in_first_half(name) for name in names]
    assert 0.45 < np.mean(halves) < 0.55
    answers = {name: [bool(one)] for name, one in zip(names, good, strict=True)}
    told = held_out({name: [one] for name, one in zip(names, found, strict=True)}, answers)
    assert told["first"]["pictures"] + told["second"]["pictures"] == told["both"]["pictures"]
    mean = told.pop("mean")
    assert 0.0 < mean["chance"] < mean["ece"] + 0.01 < 0.06
    assert mean["auc"] == pytest.approx(told["both"]["auc"], abs=0.03)
    for judged in told.values():
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
    noise = {name: [{"word": rng.normal(), "length": rng.normal()}] for name in names}
    assert abs(held_out(noise, answers)["mean"]["auc"] - 0.5) < 0.04


def test_other_captions_are_learnt_from_and_not_judged():
    """What is told is acceptable by chance: only others show what the measure is worth."""
    rng = np.random.default_rng(2)
    found, good = {}, {}
    for number in range(1_000):
        words = (*rng.normal(size=2), *rng.normal(size=8))
        told = rng.random(2) < 0.7  # whatever its measure is
        others = rng.random(8) < 1 / (1 + np.exp(-3 * np.array(words[2:])))
        found[f"{number}.jpg"] = [{"mean_log_prob": word} for word in words]
        good[f"{number}.jpg"] = [bool(one) for one in (*told, *others)]
    assert fit_all(found, good)["weights"]["word"]["weight"] > 1.0
    alone = {name: several[:1] for name, several in found.items()}
    answers = {name: several[:1] for name, several in good.items()}
    assert abs(fit_all(alone, answers)["weights"]["word"]["weight"]) < 0.3
    judged = held_out(found, good)
    assert judged["both"]["pictures"] == 1_000
    assert judged["both"]["acceptable"] == pytest.approx(0.7, abs=0.05)


def test_too_few_pictures_are_not_judged():
    assert held_out({"a": [{"word": -1.0}]}, {"a": [True]}) == {}
    names = [f"{number}.jpg" for number in range(50)]
    answers = {name: [True] for name in names}
    assert held_out({n: [{"word": -1.0}] for n in names}, answers) == {}


def test_the_judgement_is_as_the_field_has_it():
    sure, good = np.array([0.95, 0.85, 0.85, 0.45, 0.35]), np.array([1, 1, 0, 1, 0])
    judged = judge(sure, good)
    # Of six pairs of a good and a bad one, four are in order and one is tied.
    assert judged["auc"] == pytest.approx(5 / 6 - 1 / 12, abs=1e-4)
    assert judged["ece"] == pytest.approx((0.05 + 2 * 0.35 + 0.55 + 0.35) / 5, abs=1e-4)
    assert judged["acceptable"] == 0.6
    assert auc(np.zeros(4), np.array([0, 1, 0, 1])) == 0.5


def test_levels_are_those_of_the_wording():
    assert [least for _, least in LEVELS[:2]] == [least for least, _ in HEDGES[:2]]
    assert len(LEVELS) == len(HEDGES)
