"""What is unlike photographs of training: fitted for a bundle, read from it, and heeded."""

import io
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_describer import BundleError
from image_describer.captioner.bundle import NOVELTY, open_bundle, write_manifest
from image_describer.captioner.confidence import confidence
from image_describer.captioner.describer import INVENTED, Describer
from image_describer.captioner.novelty import NoveltyHead, of_bundle
from image_describer.errors import TrainingError
from image_describer.imaging.notes import BLANK, DARK, NOT_A_PHOTOGRAPH
from image_describer.imaging.open import open_picture
from image_describer.train import bundle_part
from image_describer.train import unlike as fitting
from image_describer.train.data import read_flickr8k
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


def with_weights(bundle, weights, usual=-0.5, doubt=0.0):
    """The bundle with these weights."""
    content = io.BytesIO()
    np.save(content, weights)
    numbers = {"usual": usual, "doubt": doubt}
    bundle_part.put(open_bundle(bundle), NOVELTY, content.getvalue(), unlike=numbers)
    return bundle


def drawn_note_on(picture):
    return replace(picture, notes=(NOT_A_PHOTOGRAPH,))


def test_the_score_does_not_care_how_strong_the_features_are():
    pooled = np.random.default_rng(0).random(CHANNELS).astype(np.float32)
    weights = np.arange(CHANNELS + 1, dtype=np.float32)
    known = NoveltyHead(weights, usual=-9.0, doubt=0.0)
    expected = pooled / np.linalg.norm(pooled) @ weights[:-1] + weights[-1]
    assert known.score(pooled) == pytest.approx(expected, rel=1e-5)
    assert known.score(7 * pooled) == pytest.approx(known.score(pooled), rel=1e-5)
    assert known.score(np.zeros(CHANNELS, np.float32)) == weights[-1]


def test_usual_pictures_measure_the_same_and_unusual_ones_more():
    first = np.eye(CHANNELS, dtype=np.float32)[0]
    weights = np.append(4 * first, -1.0).astype(np.float32)
    known = NoveltyHead(weights, usual=-0.5, doubt=0.5)
    assert known.measure(np.roll(first, 1)) == -0.5  # of a score of -1
    assert known.measure(first) == pytest.approx(3.0)
    assert known.is_photograph(np.roll(first, 1))
    assert not known.is_photograph(first)


def test_learning_parts_two_sorts_and_puts_a_third_beyond_the_first():
    chance = np.random.default_rng(1)

    def seen(peak, count):
        return np.abs(chance.normal(0, 0.3, (count, 40))) + 5 * np.eye(40)[peak]

    photographs = np.concatenate([seen(peak, 60) for peak in (0, 1, 2)])
    weights = fitting.learn(photographs[::2], seen(3, 50))
    known = NoveltyHead(weights, usual=-0.5, doubt=0.0)
    usual = [known.score(row) for row in photographs[1::2]]
    assert np.mean(usual) == pytest.approx(-1, abs=0.2)
    assert min(known.score(row) for row in seen(3, 20)) > max(usual)
    other = [known.score(row) for row in seen(9, 20)]  # never seen
    assert np.mean(other) > np.quantile(usual, 0.9)


def test_fitting_leaves_a_bundle_that_opens(bundle, tiny_data):
    before = open_bundle(bundle).manifest
    numbers = fitting.fit(bundle, read_flickr8k(tiny_data), each=1, harmed=1)
    after = open_bundle(bundle)
    assert of_bundle(after) is not None
    assert set(after.manifest["files"]) == {*before["files"], NOVELTY}
    assert after.manifest["unlike"] == numbers
    assert numbers["usual"] <= numbers["doubt"]
    assert after.manifest["metrics"] == before["metrics"]


def test_one_picture_is_too_few_to_learn_from(bundle, tiny_data):
    data = read_flickr8k(tiny_data)
    one = replace(data, splits={**data.splits, "train": data.splits["train"][:1]})
    before = sorted(path.name for path in bundle.iterdir())
    with pytest.raises(TrainingError, match="too few"):
        fitting.fit(bundle, one, each=1, harmed=1)
    assert sorted(path.name for path in bundle.iterdir()) == before


def test_the_command_tells_what_it_found_or_why_not(bundle, tmp_path, capsys):
    asked = ["--bundle", str(bundle), "--data", str(tmp_path / "nowhere")]
    assert fitting.main(asked) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(("score", "notes"), [(-1.0, ()), (1.0, (NOT_A_PHOTOGRAPH,))])
def test_what_the_network_takes_for_a_photograph_is_none_no_longer(bundle, score, notes):
    picture = drawn_note_on(open_picture(photograph(96, 96)))
    without = Describer(bundle).describe(picture)
    assert without.notes == (NOT_A_PHOTOGRAPH,)
    said = Describer(with_weights(bundle, always(bundle, score))).describe(picture)
    assert said.notes == notes
    assert said.caption == without.caption


@pytest.mark.parametrize(("score", "doubted"), [(-1.0, False), (1.0, True)])
def test_its_confidence_is_a_photographs_again(bundle, score, doubted):
    describer = Describer(with_weights(bundle, always(bundle, score)))
    describer._confidence = {"slope": 0.0, "offset": 2.0}  # always sure
    sure = describer.describe(drawn_note_on(open_picture(photograph(96, 96)))).confidence
    assert sure == (INVENTED if doubted else pytest.approx(0.881, abs=0.001))


def test_a_photograph_after_all_may_be_dark_and_a_blank_page_stays_blank(bundle):
    dark = photograph(96, 96).point(lambda level: level // 12)
    describer = Describer(with_weights(bundle, always(bundle, -1.0)))
    assert describer.describe(drawn_note_on(open_picture(dark))).notes == (DARK,)
    blank = Image.new("RGB", (96, 96), "white")
    assert describer.describe(blank).notes == (BLANK,)


def test_confidence_weighs_it_where_the_bundle_has_it(bundle):
    picture = open_picture(photograph(96, 96))
    plain = Describer(bundle)
    features = plain.extractor.extract(picture.pixels)
    assert "unlike" not in plain.measures(plain.beams(features), features)[0]
    table = {"offset": 0.0, "weights": {"unlike": {"weight": -1.0, "mean": 0.0, "scale": 0.5}}}
    assert confidence(table, {}) == pytest.approx(0.5)  # a bundle without counts as average
    found = {}
    for score in (-1.0, 2.0):
        manifest = open_bundle(with_weights(bundle, always(bundle, score))).manifest
        write_manifest(bundle, {**manifest, "files": list(manifest["files"]), "confidence": table})
        found[score] = Describer(bundle).describe(picture).confidence
    assert found[-1.0] == pytest.approx(1 / (1 + np.exp(-1.0)))  # no less than usual: -0.5
    assert found[2.0] == pytest.approx(1 / (1 + np.exp(4.0)))


@pytest.mark.parametrize(
    "damage",
    [
        lambda weights: weights[:-1],
        lambda weights: weights.astype(np.float64),
        lambda weights: weights * np.nan,
        lambda weights: np.array([{}], object),
    ],
)
def test_damaged_weights_are_refused_in_a_sentence(bundle, damage):
    with_weights(bundle, damage(always(bundle, 1.0)))
    with pytest.raises(BundleError, match=NOVELTY):
        Describer(bundle)


@pytest.mark.parametrize("name", ["usual", "doubt"])
def test_weights_without_their_numbers_are_refused(bundle, name):
    with pytest.raises(BundleError, match=name):
        with_weights(bundle, always(bundle, 1.0), **{name: float("inf")})


@pytest.mark.parametrize("name", ["astronaut.jpg", "cat.jpg", "coffee.jpg"])
def test_photographs_with_too_much_light_stay_photographs(shipped_bundle, name):
    pixels = np.asarray(Image.open(SAMPLES / name).convert("RGB"))
    pale = np.rint(np.clip(pixels * 2.0, 0, 255)).astype(np.uint8)
    assert NOT_A_PHOTOGRAPH not in Describer(shipped_bundle).describe(Image.fromarray(pale)).notes


def test_a_page_stays_one(shipped_bundle):
    assert Describer(shipped_bundle).describe(page_of_text()).notes == (NOT_A_PHOTOGRAPH,)
