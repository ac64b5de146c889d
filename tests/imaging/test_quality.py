"""Notes are found on blank, dark and blurred pictures, and on good photographs none."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from image_describer.imaging.notes import BLANK, BLURRED, DARK, NOT_A_PHOTOGRAPH
from image_describer.imaging.open import open_picture
from image_describer.imaging.quality import find_notes
from tests.support.pictures import encoded, page_of_text, photograph
from tests.support.tiny import REPO

SAMPLES = sorted((REPO / "assets" / "samples").glob("*.jpg"))


def notes(image: Image.Image) -> tuple[str, ...]:
    return find_notes(np.asarray(image.convert("RGB")))


def darkened(image: Image.Image) -> Image.Image:
    return image.point(lambda level: level // 8)


@pytest.mark.parametrize("size", [(160, 120), (640, 480), (2048, 1536)])
def test_a_good_photograph_has_no_notes(size: tuple[int, int]) -> None:
    assert notes(photograph(*size)) == ()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_sample_photographs_have_no_notes(path: Path) -> None:
    assert open_picture(path).notes == ()


@pytest.mark.parametrize("colour", ["white", "black", "navy"])
def test_a_picture_of_one_colour_is_blank(colour: str) -> None:
    assert notes(Image.new("RGB", (400, 300), colour)) == (BLANK,)


def test_a_covered_lens_is_blank_despite_its_noise() -> None:
    noise = np.random.default_rng(0).normal(6, 1.5, (480, 640, 3))
    assert notes(Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))) == (BLANK,)


def test_colours_of_the_same_brightness_are_not_blank() -> None:
    image = Image.new("RGB", (400, 300), (200, 50, 50))
    image.paste((50, 126, 50), (100, 100, 300, 200))
    assert BLANK not in notes(image)


def test_a_line_of_text_is_not_blank() -> None:
    page = Image.new("RGB", (800, 600), "white")
    page.paste(page_of_text().crop((0, 0, 800, 60)), (0, 0))
    assert BLANK not in notes(page)


def test_an_underexposed_photograph_is_dark() -> None:
    assert notes(darkened(photograph(640, 480))) == (DARK,)


def test_a_lit_object_at_night_is_not_dark() -> None:
    night = darkened(photograph(640, 480))
    lit = photograph(640, 480, seed=3).crop((0, 0, 200, 250)).point(lambda level: 128 + level // 2)
    night.paste(lit, (200, 100))
    assert notes(night) == ()


@pytest.mark.parametrize("radius", [6, 30])
def test_an_unsharp_photograph_is_blurred(radius: int) -> None:
    assert notes(photograph(640, 480).filter(ImageFilter.GaussianBlur(radius))) == (BLURRED,)


def test_a_sharp_object_before_an_unsharp_background_is_not_blurred() -> None:
    image = photograph(640, 480).filter(ImageFilter.GaussianBlur(12))
    image.paste(photograph(640, 480, seed=3).crop((0, 0, 200, 250)), (200, 100))
    assert notes(image) == ()


@pytest.mark.parametrize(("format_name", "options"), [("PNG", {}), ("JPEG", {"quality": 60})])
def test_a_page_of_text_is_not_a_photograph(format_name: str, options: dict[str, int]) -> None:
    page = encoded(page_of_text(), format_name, **options)
    assert open_picture(page).notes == (NOT_A_PHOTOGRAPH,)


def test_a_dark_theme_is_not_a_dark_photograph() -> None:
    assert notes(page_of_text().point(lambda level: 255 - level)) == (NOT_A_PHOTOGRAPH,)
