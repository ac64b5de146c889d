"""The bundle that ships: its size, its figures, and what it says about the samples."""

import itertools
import json

import pytest

from image_describer.captioner.bundle import open_bundle
from image_describer.captioner.describer import Describer
from image_describer.captioner.nouns import NEVER_LAST
from image_describer.wording.details import what_is_where
from tests.support import tiny

SIZE_LIMIT_BYTES = 54_000_000  # 12 MB of it for German
MIN_CIDER = {"dev/flickr8k": 0.67, "dev/everyday": 0.70}  # required of a bundle that ships
SAMPLES = sorted((tiny.REPO / "assets" / "samples").glob("*.jpg"))


@pytest.fixture(scope="module")
def describer(shipped_bundle):
    return Describer(shipped_bundle)


def test_it_is_complete_and_small(shipped_bundle):
    open_bundle(shipped_bundle)
    assert sum(file.stat().st_size for file in shipped_bundle.iterdir()) < SIZE_LIMIT_BYTES


def test_the_card_and_the_results_have_its_figures(shipped_bundle):
    metrics = open_bundle(shipped_bundle).manifest["metrics"]
    for split, least in MIN_CIDER.items():
        assert metrics[split]["CIDEr"] >= least
    results = tiny.REPO / "train" / "results" / "best" / "metrics.json"
    assert json.loads(results.read_text("utf-8"))["metrics"] == metrics
    card = (shipped_bundle / "MODEL_CARD.md").read_text("utf-8")
    for name in metrics["dev"]:
        values = " | ".join(str(figures[name]) for figures in metrics.values())
        assert f"| {name} | {values} |" in card


def test_german_is_nearly_as_good_as_english_on_the_same_pictures(shipped_bundle):
    section = open_bundle(shipped_bundle).manifest["languages"]["de"]
    german, english = section["metrics"]["dev"], section["metrics"]["dev in English"]
    assert german["pictures"] == english["pictures"]
    assert german["CIDEr"] >= 0.8 * english["CIDEr"]
    assert german["confidence ECE"] <= 0.06
    results = tiny.REPO / "train" / "results" / "german" / "metrics.json"
    assert json.loads(results.read_text("utf-8"))["metrics"] == section["metrics"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_gets_a_complete_caption_without_repetitions(describer, sample):
    description = describer.describe(sample)
    words = description.caption.split()
    assert len(words) >= 3
    assert "<" not in description.caption
    assert words[-1] not in {"a", "an", "the", "of", "in", "on", "with"}
    assert all(first != second for first, second in itertools.pairwise(words))
    assert 0.0 < description.confidence < 1.0
    assert len({other.caption for other in description.alternatives}) == 4


def test_a_portrait_shows_a_person(describer):
    caption = describer.describe(tiny.REPO / "assets" / "samples" / "astronaut.jpg").caption
    assert {"man", "woman", "person", "boy", "girl", "lady"} & set(caption.split())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_gets_a_complete_german_caption(describer, sample):
    description = describer.describe(sample, language="de")
    words = description.caption.split()
    assert description.language == "de"
    assert len(words) >= 3
    assert words[-1] not in NEVER_LAST["de"]
    assert any(word[0].isupper() for word in words), "there is no noun"
    assert what_is_where(description)


def test_sentences_in_german_fit_as_english_ones_do(describer):
    cat = next(sample for sample in SAMPLES if sample.stem == "cat")
    right, wrong = describer.matches(cat, ["eine Katze", "ein Hund im Schnee"], language="de")
    assert right > wrong + 0.2
    space = describer.joint_space
    german, english = space.embed_sentence("Hund im Schnee", "de"), space.embed_sentence("dog snow")
    assert float(german @ english) > 0.7
