"""The novelty head: its score, and what a bundle with one does differently."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_describer import BundleError
from image_describer.captioner.bundle import NOVELTY, open_bundle, write_manifest
from image_describer.captioner.captions import CaptionGenerator
from image_describer.captioner.confidence import confidence
from image_describer.captioner.describer import MAX_CONFIDENCE_WITHOUT_PHOTOGRAPH, Describer
from image_describer.captioner.encoder import Encoder
from image_describer.captioner.novelty import NoveltyHead
from image_describer.imaging.notes import BLANK, DARK, DRAWING, NOT_A_PHOTOGRAPH, shows_photograph
from image_describer.imaging.open import open_picture
from tests.support import bundle_parts
from tests.support.pictures import page_of_text, photograph

SAMPLES = Path(__file__).resolve().parents[2] / "assets" / "samples"
CHANNELS = 6


@pytest.fixture
def bundle(tiny_bundle, tmp_path):
    return shutil.copytree(tiny_bundle, tmp_path / "bundle")


def always(bundle, score):
    """Weights that give every picture this score."""
    weights = np.zeros(open_bundle(bundle).manifest["regions"]["channels"] + 1, np.float32)
    weights[-1] = score
    return weights


def with_weights(bundle, weights, usual=-0.5, photograph_limit=0.0):
    """The bundle with these weights."""
    numbers = {"usual": usual, "photograph_limit": photograph_limit}
    return bundle_parts.put_array(bundle, NOVELTY, weights, novelty=numbers)


def marked_as_drawing(picture):
    return replace(picture, notes=(NOT_A_PHOTOGRAPH,))


def test_the_score_ignores_the_length_of_the_features():
    pooled = np.random.default_rng(0).random(CHANNELS).astype(np.float32)
    weights = np.arange(CHANNELS + 1, dtype=np.float32)
    head = NoveltyHead(weights, usual=-9.0, photograph_limit=0.0)
    expected = pooled / np.linalg.norm(pooled) @ weights[:-1] + weights[-1]
    assert head.score(pooled) == pytest.approx(expected, rel=1e-5)
    assert head.score(7 * pooled) == pytest.approx(head.score(pooled), rel=1e-5)
    assert head.score(np.zeros(CHANNELS, np.float32)) == weights[-1]


def test_usual_pictures_all_count_the_same():
    first = np.eye(CHANNELS, dtype=np.float32)[0]
    weights = np.append(4 * first, -1.0).astype(np.float32)
    head = NoveltyHead(weights, usual=-0.5, photograph_limit=0.5)
    assert head.novelty(np.roll(first, 1)) == -0.5  # the score is -1
    assert head.novelty(first) == pytest.approx(3.0)
    assert head.is_photograph(np.roll(first, 1))
    assert not head.is_photograph(first)


@pytest.mark.parametrize(("score", "notes"), [(-1.0, ()), (1.0, (DRAWING,))])
def test_the_network_corrects_the_note_about_drawings(bundle, score, notes):
    picture = marked_as_drawing(open_picture(photograph(96, 96)))
    without = Describer(bundle).describe(picture)
    assert without.notes == (DRAWING,)
    description = Describer(with_weights(bundle, always(bundle, score))).describe(picture)
    assert description.notes == notes
    assert description.caption == without.caption


@pytest.mark.parametrize(("score", "limited"), [(-1.0, False), (1.0, True)])
def test_the_confidence_is_only_limited_for_what_is_not_a_photograph(bundle, score, limited):
    with_weights(bundle, always(bundle, score))
    manifest = open_bundle(bundle).manifest
    table = {"slope": 0.0, "offset": 2.0}  # always confident
    write_manifest(bundle, {**manifest, "files": list(manifest["files"]), "confidence": table})
    picture = marked_as_drawing(open_picture(photograph(96, 96)))
    result = Describer(bundle).describe(picture).confidence
    limit = MAX_CONFIDENCE_WITHOUT_PHOTOGRAPH
    assert result == (limit if limited else 0.88)


def test_a_corrected_photograph_may_be_dark_and_a_blank_page_stays_blank(bundle):
    dark = photograph(96, 96).point(lambda level: level // 12)
    describer = Describer(with_weights(bundle, always(bundle, -1.0)))
    assert describer.describe(marked_as_drawing(open_picture(dark))).notes == (DARK,)
    blank = Image.new("RGB", (96, 96), "white")
    assert describer.describe(blank).notes == (BLANK,)


def test_confidence_uses_it_if_the_bundle_has_it(bundle):
    picture = open_picture(photograph(96, 96))
    opened = open_bundle(bundle)
    generator, features = (
        CaptionGenerator(opened),
        Encoder.from_bundle(opened).encode(picture.pixels),
    )
    assert "novelty" not in generator.measures(generator.generate(features), features)[0]
    table = {"offset": 0.0, "weights": {"novelty": {"weight": -1.0, "mean": 0.0, "scale": 0.5}}}
    assert confidence(table, {}) == pytest.approx(0.5)  # without a head, the average
    confidences = {}
    for score in (-1.0, 2.0):
        manifest = open_bundle(with_weights(bundle, always(bundle, score))).manifest
        write_manifest(bundle, {**manifest, "files": list(manifest["files"]), "confidence": table})
        confidences[score] = Describer(bundle).describe(picture).confidence
    # At least the usual score, -0.5.
    assert confidences[-1.0] == pytest.approx(1 / (1 + np.exp(-1.0)), abs=0.005)
    assert confidences[2.0] == pytest.approx(1 / (1 + np.exp(4.0)), abs=0.005)


@pytest.mark.parametrize(
    "damage",
    [
        lambda weights: weights[:-1],
        lambda weights: weights.astype(np.float64),
        lambda weights: weights * np.nan,
        lambda weights: np.array([{}], object),
    ],
)
def test_damaged_weights_are_refused(bundle, damage):
    with_weights(bundle, damage(always(bundle, 1.0)))
    with pytest.raises(BundleError, match=NOVELTY):
        Describer(bundle)


@pytest.mark.parametrize("name", ["usual", "photograph_limit"])
def test_weights_without_their_thresholds_are_refused(bundle, name):
    with pytest.raises(BundleError, match=name):
        with_weights(bundle, always(bundle, 1.0), **{name: float("inf")})


@pytest.mark.parametrize("name", ["astronaut.jpg", "cat.jpg", "coffee.jpg"])
def test_overexposed_photographs_are_photographs(shipped_bundle, name):
    pixels = np.asarray(Image.open(SAMPLES / name).convert("RGB"))
    pale = np.rint(np.clip(pixels * 2.0, 0, 255)).astype(np.uint8)
    assert shows_photograph(Describer(shipped_bundle).describe(Image.fromarray(pale)).notes)


def test_a_page_is_not_a_photograph(shipped_bundle):
    describer = Describer(shipped_bundle, read_text=False)
    assert describer.describe(page_of_text()).notes == (NOT_A_PHOTOGRAPH,)
