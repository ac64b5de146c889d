"""The bundle that ships: whole, small, as good as it says, and at work on the samples."""

import itertools
import json

import pytest

from image_describer.captioner.bundle import open_bundle
from image_describer.captioner.describer import Describer
from image_describer.train import recipe
from tests.support import tiny

SIZE_LIMIT_BYTES = 40_000_000
LEAST_CIDER, LEAST_BLEU4 = 0.60, 0.24  # what a bundle must reach to ship
SAMPLES = sorted((tiny.REPO / "assets" / "samples").glob("*.jpg"))


@pytest.fixture(scope="module")
def describer(shipped_bundle):
    return Describer(shipped_bundle)


def test_it_is_whole_and_small(shipped_bundle):
    open_bundle(shipped_bundle)
    assert sum(file.stat().st_size for file in shipped_bundle.iterdir()) < SIZE_LIMIT_BYTES


def test_its_figures_are_those_of_the_card_and_of_the_results(shipped_bundle):
    figures = open_bundle(shipped_bundle).manifest["metrics"]["dev"]
    assert figures["CIDEr"] >= LEAST_CIDER
    assert figures["BLEU-4"] >= LEAST_BLEU4
    results = tiny.REPO / "train" / "results" / "best" / "metrics.json"
    assert json.loads(results.read_text("utf-8"))["metrics"] == figures
    card = (shipped_bundle / "MODEL_CARD.md").read_text("utf-8")
    assert all(f"| {name} | {value} |" in card for name, value in figures.items())


def test_it_was_made_by_the_recipe_that_ships(shipped_bundle):
    manifest = open_bundle(shipped_bundle).manifest
    now = recipe.as_dict(recipe.load(manifest["name"]))
    assert_holds(now, manifest["recipe"])


def assert_holds(now, then):
    """All that was chosen when the bundle was made is chosen still; more can be chosen now."""
    for name, value in then.items():
        if isinstance(value, dict):
            assert_holds(now[name], value)
        else:
            assert now[name] == value, name


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_gets_a_sentence_without_holes_or_repetition(describer, sample):
    description = describer.describe(sample)
    words = description.caption.split()
    assert len(words) >= 3
    assert "<" not in description.caption
    assert words[-1] not in {"a", "an", "the", "of", "in", "on", "with"}
    assert all(one != other for one, other in itertools.pairwise(words))
    assert 0.0 < description.confidence < 1.0
    assert len({other.caption for other in description.alternatives}) == 4


def test_a_portrait_is_of_a_person(describer):
    caption = describer.describe(tiny.REPO / "assets" / "samples" / "astronaut.jpg").caption
    assert {"man", "woman", "person", "boy", "girl", "lady"} & set(caption.split())
