"""Fitting and judging the photo check, and the drawn pictures that it is fitted on."""

import json
from pathlib import Path

import numpy as np
import pytest
from image_describer.train.heads.photo_check.synthetic.hand import FONTS, PALETTES, Hand
from PIL import Image

from image_describer.imaging import photo_check
from image_describer.imaging.notes import shows_photograph
from image_describer.imaging.quality import find_notes
from image_describer.train.data import sets
from image_describer.train.heads.photo_check import fit, judge, synthetic
from tests.support.tiny import REPO


def test_the_halves_share_neither_style_nor_font_nor_palette() -> None:
    assert not set(FONTS["fit"]) & set(FONTS["test"])
    assert not set(PALETTES["fit"]) & set(PALETTES["test"])
    for styles in synthetic.KINDS.values():
        assert not set(styles["fit"]) & set(styles["test"])


def test_the_same_pictures_are_drawn_every_time() -> None:
    first, second = (list(synthetic.collection("test", 1)) for _ in range(2))
    assert [one.kind for one in first] == list(synthetic.KINDS)
    assert all(a.image.tobytes() == b.image.tobytes() for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("half", ["fit", "test"])
@pytest.mark.parametrize("kind", synthetic.KINDS)
def test_every_style_draws_something(kind: str, half: synthetic.Half) -> None:
    for style in synthetic.KINDS[kind][half]:
        image = style(Hand(half, (1, 2)))
        assert image.mode == "RGB"
        assert max(image.size) <= 2048
        assert kind == "surface" or np.ptp(np.asarray(image)) > 20, style.__name__


def test_drawn_pictures_of_other_styles_are_found() -> None:
    missed = [
        f"{picture.kind}: {picture.style}"
        for picture in synthetic.collection("test", 5)
        if shows_photograph(find_notes(np.asarray(picture.image.convert("RGB"))))
    ]
    assert len(missed) <= 4, missed  # of 35


def test_fitting_tells_apart_what_can_be_told_apart(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    photographs, others = chance.normal(0, 1, (60, 4)), chance.normal(0, 1, (40, 4))
    ring = np.linalg.norm(others, axis=1, keepdims=True)
    others = others / ring * (ring + 4)  # around the photographs: no plane parts them
    fitted = fit.fit(photographs, others)
    file = tmp_path / "numbers.json"
    fit.write(fitted, file)
    read = photo_check.load_classifier(file)
    area = judge.under_the_curve(
        photo_check.scores(others, read), photo_check.scores(photographs, read)
    )
    assert area > 0.95


def test_the_area_under_the_curve_counts_pairs() -> None:
    area = judge.under_the_curve(np.array([0.9, 0.5]), np.array([0.1, 0.5, 0.7]))
    assert area == pytest.approx((3 + 1 + 0.5) / 6)


def test_the_curve_is_drawn(tmp_path: Path) -> None:
    file = tmp_path / "curve.png"
    others, photographs = (
        judge.Scored(scores, scores > 0.55)
        for scores in (np.array([0.9, 0.5]), np.array([0.1, 0.6]))
    )
    judge.draw(others, photographs, 0.75, file)
    with Image.open(file) as image:
        assert image.size[0] > 300


def test_what_the_network_sees_has_the_last_word(tiny_data: Path, tmp_path: Path) -> None:
    read, numbers = sets.read(tiny_data), photo_check.load_classifier()
    alone, overruled = (
        judge.judged(read, numbers, look, 1, tmp_path / "curve.png")
        for look in (None, lambda _pixels: True)
    )
    thumbnail = alone["by the thumbnail alone"]
    assert alone["drawn pictures found"] == thumbnail["drawn pictures found"] > 0.5
    assert overruled["by the thumbnail alone"] == thumbnail
    assert overruled["drawn pictures found"] == overruled["photographs called otherwise"] == 0
    assert not any(overruled["worse photographs called otherwise"].values())


def test_the_figures_beside_the_model_reach_the_goal() -> None:
    results = REPO / "train" / "results" / "best"
    figures = json.loads((results / fit.FIGURES).read_text())
    assert figures["drawn pictures"] >= 300
    assert figures["photographs"] == 1000
    assert figures["area under the curve"] >= 0.97
    assert figures["photographs called otherwise"] <= 0.02
    assert figures["worse photographs called otherwise"]["all"] <= 0.02
    assert figures["threshold"] == photo_check.load_classifier().threshold
