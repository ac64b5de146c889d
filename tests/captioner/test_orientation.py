"""The orientation head: its input, and what a bundle with one says about rotated pictures."""

import shutil

import numpy as np
import pytest
from PIL import Image

from image_describer import BundleError
from image_describer.captioner.bundle import ORIENTATION, open_bundle
from image_describer.captioner.captions import CaptionGenerator
from image_describer.captioner.describer import Describer
from image_describer.captioner.description import Alternative
from image_describer.captioner.orientation import (
    NOTES,
    SIDE,
    UPSIDE_DOWN,
    OrientationHead,
    region_summary,
)
from image_describer.imaging.region import rotate
from image_describer.wording.sentence import sentence
from tests.support import bundle_parts
from tests.support.pictures import photograph

GRID = (2, 3)
CHANNELS = 5


@pytest.fixture
def bundle(tiny_bundle, tmp_path):
    return shutil.copytree(tiny_bundle, tmp_path / "bundle")


def with_head(bundle, weights, threshold=0.9):
    """The bundle with a head of these weights."""
    return bundle_parts.put_array(
        bundle, ORIENTATION, weights, orientation={"threshold": threshold}
    )


def always(bundle, turn):
    """The weights of a head that finds this turn in every picture."""
    channels = open_bundle(bundle).manifest["regions"]["channels"]
    weights = np.zeros((3 * channels + 1, 4), np.float32)
    weights[-1, turn] = 20
    return weights


def test_a_summary_distinguishes_top_from_bottom_and_left_from_right():
    cells = np.zeros((*GRID, CHANNELS), np.float32)
    cells[0, :, 0] = 6  # the top
    cells[:, 0, 1] = 6  # the left
    summary = region_summary(cells.reshape(-1, CHANNELS), GRID)
    mean, down, across = (summary * np.hypot(3, 2)).reshape(3, CHANNELS)
    np.testing.assert_allclose(mean, [3, 2, 0, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(down, [6, 0, 0, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(across, [0, 3, 0, 0, 0], rtol=1e-6)


def test_a_summary_ignores_the_length_of_the_features():
    regions = np.random.default_rng(1).random((GRID[0] * GRID[1], CHANNELS), np.float32)
    summary = region_summary(regions, GRID)
    np.testing.assert_allclose(region_summary(7 * regions, GRID), summary, rtol=1e-5)
    assert np.linalg.norm(summary[:CHANNELS]) == pytest.approx(1.0)
    assert not region_summary(np.zeros_like(regions), GRID).any()


def test_a_picture_is_upright_if_in_doubt():
    weights = np.zeros((3 * CHANNELS + 1, 4), np.float32)
    weights[-1] = (0, 0, 0, 2)  # three quarter turns, with probability 0.71
    regions = np.zeros((6, CHANNELS), np.float32)
    assert OrientationHead(weights, threshold=0.95).quarter_turns(regions, GRID) == 0
    assert OrientationHead(weights, threshold=0.85).quarter_turns(regions, GRID) == 3
    assert OrientationHead(weights, 0.5).probabilities(regions, GRID).sum() == pytest.approx(1)


@pytest.mark.parametrize("upright_is_surer", [True, False])
@pytest.mark.parametrize(("turn", "note"), [(1, SIDE), (2, UPSIDE_DOWN), (3, SIDE)])
def test_a_rotated_picture_gets_a_note_and_the_surer_of_two_captions(
    bundle, turn, note, upright_is_surer, monkeypatch
):
    plain = photograph(96, 96)
    rotated = Image.fromarray(np.rot90(np.asarray(plain), turn))
    straight, lying = (Describer(bundle).describe(image) for image in (plain, rotated))
    assert straight.caption != lying.caption
    told, other = (straight, lying) if upright_is_surer else (lying, straight)

    def confidences(generator, beams, *_others):
        is_told = generator.text(beams[0].words) == told.caption
        return [0.8 if is_told else 0.6] * len(beams)

    monkeypatch.setattr(CaptionGenerator, "confidences", confidences)
    description = Describer(with_head(bundle, always(bundle, turn))).describe(rotated)
    assert note in description.notes
    assert note in sentence(description)
    assert (description.caption, description.confidence) == (told.caption, 0.8)
    assert description.alternatives[0] == Alternative(other.caption, 0.6)
    regions = [rotate(w.region, turn) if upright_is_surer else w.region for w in told.words]
    assert [word.region for word in description.words] == regions


def test_an_upright_picture_gets_no_note_with_or_without_a_head(bundle):
    plain = photograph(96, 96)
    without = Describer(bundle).describe(plain)
    upright = Describer(with_head(bundle, always(bundle, 0))).describe(plain)
    assert upright.notes == without.notes == ()
    assert upright.alternatives == without.alternatives
    assert NOTES[0] == ()


def test_a_blank_picture_gets_no_note(bundle):
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
def test_a_damaged_head_is_refused(bundle, damage):
    with_head(bundle, damage(always(bundle, 1)))
    with pytest.raises(BundleError, match=ORIENTATION):
        Describer(bundle)


def test_a_head_without_its_threshold_is_refused(bundle):
    with pytest.raises(BundleError, match="threshold"):
        with_head(bundle, always(bundle, 1), threshold=1.5)


def test_bars_around_a_picture_change_neither_caption_nor_regions(tiny_bundle):
    describer = Describer(tiny_bundle)
    plain = photograph(96, 96)
    padded = Image.new("RGB", (96, 192), (128, 128, 128))
    padded.paste(plain, (0, 48))
    inner, outer = describer.describe(plain), describer.describe(padded)
    assert outer.caption == inner.caption
    for word, other in zip(inner.words, outer.words, strict=True):
        x0, y0, x1, y1 = word.region
        assert other.region == pytest.approx((x0, 0.25 + y0 / 2, x1, 0.25 + y1 / 2))
