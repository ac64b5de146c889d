"""The head that finds turned pictures: fitted for a bundle, read from it, heard in a sentence."""

import io
import shutil

import numpy as np
import pytest
from PIL import Image

from image_describer import BundleError
from image_describer.captioner.bundle import TURNED, open_bundle
from image_describer.captioner.describer import Describer
from image_describer.captioner.orientation import (
    NOTES,
    SIDE,
    UPSIDE_DOWN,
    TurnedHead,
    of_bundle,
    summary,
)
from image_describer.train import bundle_part
from image_describer.train import turned as fitting
from image_describer.train.data import read_flickr8k
from image_describer.wording.sentence import sentence
from tests.support.pictures import photograph

GRID = (2, 3)
CHANNELS = 5


@pytest.fixture
def bundle(tiny_bundle, tmp_path):
    return shutil.copytree(tiny_bundle, tmp_path / "bundle")


def with_head(bundle, weights, doubt=0.9):
    """The bundle with a head of these weights."""
    content = io.BytesIO()
    np.save(content, weights)
    bundle_part.put(open_bundle(bundle), TURNED, content.getvalue(), turned={"doubt": doubt})
    return bundle


def always(bundle, turn):
    """The weights of a head that finds every picture turned so far."""
    channels = open_bundle(bundle).manifest["regions"]["channels"]
    weights = np.zeros((3 * channels + 1, 4), np.float32)
    weights[-1, turn] = 20
    return weights


def test_a_summary_tells_top_from_bottom_and_left_from_right():
    cells = np.zeros((*GRID, CHANNELS), np.float32)
    cells[0, :, 0] = 6  # the top
    cells[:, 0, 1] = 6  # the left
    seen = summary(cells.reshape(-1, CHANNELS), GRID)
    mean, down, across = (seen * np.hypot(3, 2)).reshape(3, CHANNELS)
    np.testing.assert_allclose(mean, [3, 2, 0, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(down, [6, 0, 0, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(across, [0, 3, 0, 0, 0], rtol=1e-6)


def test_a_summary_is_the_same_however_strong_the_features_are():
    regions = np.random.default_rng(1).random((GRID[0] * GRID[1], CHANNELS), np.float32)
    seen = summary(regions, GRID)
    np.testing.assert_allclose(summary(7 * regions, GRID), seen, rtol=1e-5)
    assert np.linalg.norm(seen[:CHANNELS]) == pytest.approx(1.0)
    assert not summary(np.zeros_like(regions), GRID).any()


def test_what_is_in_doubt_is_upright():
    weights = np.zeros((3 * CHANNELS + 1, 4), np.float32)
    weights[-1] = (0, 0, 0, 2)  # turned by three quarters with probability 0.71
    regions = np.zeros((6, CHANNELS), np.float32)
    assert TurnedHead(weights, doubt=0.95).turn(regions, GRID) == 0
    assert TurnedHead(weights, doubt=0.85).turn(regions, GRID) == 3
    assert TurnedHead(weights, 0.5).probabilities(regions, GRID).sum() == pytest.approx(1)


def test_learning_finds_what_differs():
    chance = np.random.default_rng(0)
    turns = np.arange(200) % 4
    summaries = chance.normal(5, 3, (200, 300)).astype(np.float32)
    summaries[np.arange(200), turns] += 12
    summaries[:, 4:200] += chance.normal(0, 2, (4, 196)).astype(np.float32)[turns]
    weights = fitting.learn(fitting.Seen(summaries[:100], turns[:100]))
    figures = fitting.judge(weights, 0.5, fitting.Seen(summaries[100:], turns[100:]))
    assert figures["turn_right"] > 0.9
    assert figures["found"] > figures["false_alarms"] + 0.5


def test_fitting_leaves_a_bundle_that_opens(bundle, tiny_data):
    before = open_bundle(bundle).manifest
    figures = fitting.fit(bundle, read_flickr8k(tiny_data), pictures=6)
    after = open_bundle(bundle)
    assert of_bundle(after) is not None
    assert set(after.manifest["files"]) == {*before["files"], TURNED}
    assert after.manifest["turned"].items() >= figures.items()
    assert figures["false_alarms"] <= 1 / 6
    assert after.manifest["metrics"] == before["metrics"]


@pytest.mark.parametrize(("turn", "note"), [(1, SIDE), (2, UPSIDE_DOWN), (3, SIDE)])
def test_a_turned_picture_is_said_to_be_and_described_upright_too(bundle, turn, note):
    plain = photograph(96, 96)
    image = plain.transpose(
        {
            1: Image.Transpose.ROTATE_90,
            2: Image.Transpose.ROTATE_180,
            3: Image.Transpose.ROTATE_270,
        }[turn]
    )
    straight = Describer(bundle).describe(plain)
    said = Describer(with_head(bundle, always(bundle, turn))).describe(image)
    assert note in said.notes
    assert note in sentence(said)
    assert said.alternatives[0].caption == straight.caption
    assert 0 <= said.alternatives[0].confidence <= 1


def test_an_upright_picture_and_a_bundle_without_a_head_say_nothing_of_it(bundle):
    plain = photograph(96, 96)
    without = Describer(bundle).describe(plain)
    upright = Describer(with_head(bundle, always(bundle, 0))).describe(plain)
    assert upright.notes == without.notes == ()
    assert upright.alternatives == without.alternatives
    assert NOTES[0] == ()


def test_an_empty_picture_is_not_called_turned(bundle):
    describer = Describer(with_head(bundle, always(bundle, 1)))
    assert SIDE not in describer.describe(Image.new("RGB", (64, 64), "white")).notes


@pytest.mark.parametrize(
    "damage",
    [
        lambda weights: weights[:-1],
        lambda weights: weights.astype(np.float64),
        lambda weights: weights * np.nan,
        lambda weights: np.array([{}], object),
    ],
)
def test_a_damaged_head_is_refused_in_a_sentence(bundle, damage):
    with_head(bundle, damage(always(bundle, 1)))
    with pytest.raises(BundleError, match=TURNED):
        Describer(bundle)


def test_a_head_without_its_doubt_is_refused(bundle):
    with pytest.raises(BundleError, match="doubt"):
        with_head(bundle, always(bundle, 1), doubt=1.5)


def test_bars_around_a_picture_change_neither_caption_nor_place(tiny_bundle):
    describer = Describer(tiny_bundle)
    plain = photograph(96, 96)
    padded = Image.new("RGB", (96, 192), (128, 128, 128))
    padded.paste(plain, (0, 48))
    inner, outer = describer.describe(plain), describer.describe(padded)
    assert outer.caption == inner.caption
    for one, other in zip(inner.words, outer.words, strict=True):
        x0, y0, x1, y1 = one.region
        assert other.region == pytest.approx((x0, 0.25 + y0 / 2, x1, 0.25 + y1 / 2))


def test_no_colour_is_named_in_a_picture_without_colours(tiny_bundle, tiny_data, monkeypatch):
    describer = Describer(tiny_bundle)
    words = open_bundle(tiny_bundle).tokenizer["words"]
    assert {words[i] for i in describer._colours} == {"red", "green", "blue"}
    # The tiny bundle is no sure speaker of colours: here a word that it always says is one.
    monkeypatch.setattr(describer, "_colours", (words.index("square"),))
    image = Image.open(tiny_data / "Flicker8k_Dataset" / "picture0.jpg")
    assert "square" in describer.describe(image).caption.split()
    grey = image.convert("L").convert("RGB")
    assert "square" not in describer.describe(grey).caption.split()
