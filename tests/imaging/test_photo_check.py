"""Photographs are distinguished from drawings, screenshots and pages."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from image_describer.imaging import photo_check
from image_describer.imaging.notes import shows_photograph
from image_describer.imaging.open import open_picture
from image_describer.imaging.quality import find_notes
from tests.support import pictures
from tests.support.tiny import REPO

SAMPLES = sorted((REPO / "assets" / "samples").glob("*.jpg"))
VARIANTS = {
    "original": lambda image: image,
    "grey": lambda image: image.convert("L").convert("RGB"),
    "strongly compressed": lambda image: recompressed(image, quality=30),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(3)),
    "in a white frame": lambda image: ImageOps.expand(image, 30, "white"),
    "dark": lambda image: image.point(lambda level: level // 3),
    "enlarged": lambda image: image.resize((image.width * 3, image.height * 3)),
}


def recompressed(image: Image.Image, quality: int) -> Image.Image:
    return Image.fromarray(open_picture(pictures.encoded(image, "JPEG", quality=quality)).pixels)


@pytest.mark.parametrize("variant", VARIANTS)
def test_photographs_are_photographs_even_when_degraded(variant: str) -> None:
    for path in SAMPLES:
        image = VARIANTS[variant](Image.open(path).convert("RGB"))
        assert shows_photograph(find_notes(np.asarray(image))), path.name


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (2, 2), (7, 5), (3, 300)])
def test_pictures_of_any_size_have_features(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    features = photo_check.thumbnail_features(pixels)
    assert np.isfinite(features).all()
    assert features.shape == photo_check.default_classifier().centre.shape


def test_without_the_classifier_every_picture_is_a_photograph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(photo_check.paths, "assets_folder", lambda: tmp_path)
    photo_check.default_classifier.cache_clear()
    try:
        assert open_picture(pictures.page_of_text()).notes == ()
    finally:
        photo_check.default_classifier.cache_clear()
    assert photo_check.CLASSIFIER_FILE in caplog.text
