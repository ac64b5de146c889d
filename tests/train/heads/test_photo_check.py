"""Fitting and judging the photo check, and the synthetic pictures that it is fitted on."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from image_describer.captioner.bundle import PHOTO_CHECK
from image_describer.errors import TrainingError
from image_describer.imaging import photo_check
from image_describer.imaging.notes import shows_photograph
from image_describer.imaging.quality import find_notes
from image_describer.train.data import corruptions
from image_describer.train.heads.context import HeadContext
from image_describer.train.heads.photo_check import classifier, fit, photographs, synthetic
from image_describer.train.heads.photo_check.synthetic.randomizer import (
    FONTS,
    PALETTES,
    Randomizer,
)
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
        image = style(Randomizer(half, (1, 2)))
        assert image.mode == "RGB"
        assert max(image.size) <= 2048
        assert kind == "surface" or np.ptp(np.asarray(image)) > 20, style.__name__


def test_synthetic_pictures_of_other_styles_are_found() -> None:
    missed = [
        f"{picture.kind}: {picture.style}"
        for picture in synthetic.collection("test", 4)
        if shows_photograph(find_notes(np.asarray(picture.image)))
    ]
    assert len(missed) <= 4, missed  # of 28


def test_classes_are_told_apart_without_a_plane_between_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    features = photo_check.thumbnail_features(np.zeros((8, 8, 3), np.uint8)).size
    own, others = rng.normal(0, 1, (200, features)), rng.normal(0, 1, (100, features))
    own[:, 4:] *= 0.1
    others[:, 4:] *= 0.1
    radius = np.linalg.norm(others[:, :4], axis=1, keepdims=True)
    others[:, :4] *= (radius + 5) / radius  # around the photographs
    file = tmp_path / "photo_check.json"
    file.write_bytes(classifier.content(classifier.fit_classifier(own, others)))
    fitted = photo_check.load_classifier(file)
    scores = photo_check.scores(np.concatenate([own, others]), fitted)
    assert roc_auc_score(np.repeat((0, 1), (200, 100)), scores) > 0.95


def test_the_part_is_a_classifier_that_the_program_reads(
    context: HeadContext, tmp_path: Path
) -> None:
    fitted = fit(context, each=1, corrupted=1)
    file = tmp_path / PHOTO_CHECK
    file.write_bytes(fitted.files[PHOTO_CHECK])
    assert photo_check.load_classifier(file).threshold == fitted.figures["threshold"]
    assert fitted.figures["photographs"] == len(context.data.splits["dev"])
    assert fitted.figures["roc"][0] == [0.0, 0.0]
    assert fitted.figures["roc"][-1] == [1.0, 1.0]
    section = fitted.sections["photo_check"]
    assert section.items() <= fitted.figures.items()
    assert "area under the curve" in section


def test_what_the_encoder_sees_has_the_last_word(
    context: HeadContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Everything:
        def is_photograph(self, _: np.ndarray) -> bool:
            return True

    some = {name: corruptions.CORRUPTIONS[name] for name in ("clean", "sepia")}
    monkeypatch.setattr(corruptions, "CORRUPTIONS", some)
    default = photo_check.default_classifier()
    alone = classifier.judge(context, default, each=1)
    monkeypatch.setattr(classifier.NoveltyHead, "from_bundle", lambda _: Everything())
    overruled = classifier.judge(context, default, each=1)
    thumbnail = alone["by the thumbnail alone"]
    assert alone["synthetic pictures found"] == thumbnail["synthetic pictures found"] > 0.5
    assert overruled["by the thumbnail alone"] == thumbnail
    assert overruled["synthetic pictures found"] == overruled["photographs rejected"] == 0
    assert not any(overruled["rejected by corruption"].values())


def test_photographs_to_fit_on_and_to_choose_thresholds_by_differ() -> None:
    own, held_out = photographs.split([f"{number}.jpg" for number in range(9)])
    assert len(own) == 4
    assert len(held_out) == 5
    assert not set(own) & set(held_out)


def test_a_single_picture_is_refused(context: HeadContext) -> None:
    context.data.splits["train"] = context.data.splits["train"][:1]
    with pytest.raises(TrainingError, match="too few"):
        fit(context)


def test_the_committed_figures_reach_the_goal() -> None:
    figures = json.loads((REPO / "train" / "results" / "best" / "photo_check.json").read_text())
    assert figures["photographs"] == 1000
    assert figures["area under the curve"] >= 0.97
    assert figures["threshold"] == photo_check.default_classifier().threshold
