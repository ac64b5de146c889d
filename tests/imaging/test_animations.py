"""An animation is described by its first frame that shows something, and told as one."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from image_describer.errors import PictureError
from image_describer.imaging import open as opening
from image_describer.imaging.notes import ANIMATION, BLANK
from image_describer.imaging.open import open_picture
from tests.imaging.test_decode import assert_quarters
from tests.support.pictures import HAS_AVIF, encoded, photograph, quarters

FORMATS = ["GIF", "PNG", "WEBP", *(["AVIF"] if HAS_AVIF else [])]
SIZE = (80, 60)


def animation(format_name: str, *frames: Image.Image, **options: Any) -> bytes:
    first, *others = frames
    options = {"duration": 90, **options}
    return encoded(first, format_name, save_all=True, append_images=others, **options)


def plain(colour: str | tuple[int, ...], mode: str = "RGB") -> Image.Image:
    return Image.new(mode, SIZE, colour)


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("colour", ["white", "black"])
def test_blank_frames_at_the_beginning_are_skipped(format_name: str, colour: str) -> None:
    later = plain("blue")
    content = animation(format_name, plain(colour), plain("grey"), quarters(), later)
    opened = open_picture(content)
    assert_quarters(opened.pixels)
    assert (opened.notes, opened.file_notes) == (open_picture(quarters()).notes, (ANIMATION,))


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_film_that_fades_in_is_described_where_it_can_be_seen(format_name: str) -> None:
    bright = photograph(*SIZE)
    frames = [Image.eval(bright, lambda value, n=n: value * n // 12) for n in (0, 1, 2, 12)]
    options = {"quality": 95} if format_name in ("WEBP", "AVIF") else {}
    opened = open_picture(animation(format_name, *frames, **options))
    assert opened.pixels.mean() > 90


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_transparent_first_frame_is_skipped(format_name: str) -> None:
    frames = [plain((0, 0, 0, 0), "RGBA"), quarters().convert("RGBA")]
    assert_quarters(open_picture(animation(format_name, *frames)).pixels)


def test_a_still_picture_before_an_animation_is_a_frame_like_the_others() -> None:
    frames = [plain("black"), quarters(), plain("red")]
    assert_quarters(open_picture(animation("PNG", *frames, default_image=True)).pixels)


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_first_frame_stands_where_it_shows_something(format_name: str) -> None:
    opened = open_picture(animation(format_name, quarters(), plain("white")))
    assert_quarters(opened.pixels)
    assert opened.file_notes == (ANIMATION,)


@pytest.mark.parametrize("format_name", FORMATS)
def test_an_animation_without_anything_to_see_is_blank(format_name: str) -> None:
    opened = open_picture(animation(format_name, plain("white"), plain("black")))
    assert (opened.notes, opened.file_notes) == ((BLANK,), (ANIMATION,))


@pytest.mark.parametrize("format_name", [*FORMATS, "TIFF"])
def test_stills_and_pages_are_not_animations(format_name: str) -> None:
    pages = [quarters()] if format_name == "TIFF" else []
    content = encoded(plain("white"), format_name, save_all=bool(pages), append_images=pages)
    opened = open_picture(content)
    assert (opened.notes, opened.file_notes) == ((BLANK,), ())


def test_the_search_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [plain((n, n, n)) for n in range(6)]
    content = animation("PNG", *frames, quarters())
    monkeypatch.setattr(opening, "FRAMES_LIMIT", 5)
    assert open_picture(content).notes == (BLANK,)
    monkeypatch.setattr(opening, "FRAMES_LIMIT", 200)
    monkeypatch.setattr(opening, "FRAMES_LIMIT_PX", 5 * SIZE[0] * SIZE[1])
    assert open_picture(content).notes == (BLANK,)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damaged_later_frames_are_survived(data: st.DataObject) -> None:
    format_name = data.draw(st.sampled_from(FORMATS))
    content = bytearray(animation(format_name, plain("white"), quarters(), plain("red")))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(40, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PictureError):
        open_picture(bytes(content[: data.draw(st.integers(40, len(content)))]))
