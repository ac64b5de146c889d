"""Lines are set upright, and what the network says is decoded."""

import shutil

import numpy as np
import pytest
from PIL import Image

from image_describer import paths
from image_describer.errors import BundleError
from image_describer.reading.detector import Box
from image_describer.reading.recognizer import (
    HEIGHT,
    MAX_WIDTH,
    Character,
    Lines,
    ReadLine,
    TextRecognizer,
)
from tests.support.drawn_text import draw_text

FOLDER = paths.assets_folder() / "reading"


@pytest.fixture(scope="module")
def recognizer():
    return TextRecognizer(FOLDER / "recognizer.tflite", FOLDER / "characters.json", threads=1)


def whole(image, angle=0.0):
    """The box of a whole picture, of text that runs in this direction."""
    sides = image.size if np.cos(angle) ** 2 > 0.5 else image.size[::-1]
    return Box(image.width / 2, image.height / 2, angle, *sides, bend=0, score=1)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_line_is_read_in_its_direction(recognizer, quarters):
    image = draw_text("Platform 12", 32, margin=6).rotate(-90 * quarters, expand=True)
    lines = Lines(image)
    box = whole(image, quarters * np.pi / 2)
    read = recognizer.read(lines, box)
    assert read.text == "Platform 12"
    assert read.confidence > 0.9
    opposite = whole(image, quarters * np.pi / 2 + np.pi)
    assert recognizer.read(lines, opposite, turned=True).text == "Platform 12"


def test_characters_stand_where_they_were_drawn(recognizer):
    image = draw_text("left" + 12 * " " + "right", 32, margin=6)
    read = recognizer.read(Lines(image), whole(image))
    starts = [character.start for character in read.characters]
    assert starts == sorted(starts)
    assert all(0 <= c.start < c.end <= 1 for c in read.characters)
    ink = np.flatnonzero((np.asarray(image.convert("L")) < 128).any(0)) / image.width
    before, after = ink[np.argmax(np.diff(ink))], ink[np.argmax(np.diff(ink)) + 1]
    assert max(c.end for c in read.characters if c.text in "lef") < after
    assert min(c.start for c in read.characters if c.text in "ighr") > before


def test_a_line_is_cut_out_upright():
    """From left to right it is red, green and blue."""
    colors = np.zeros((20, 60, 3), np.uint8)
    for channel in range(3):
        colors[:, 20 * channel : 20 * (channel + 1), channel] = 255
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[20:80, 30:50] = colors.transpose(1, 0, 2)[:, ::-1]  # runs downwards
    lines = Lines(Image.fromarray(picture))
    box = Box(x=40, y=50, angle=np.pi / 2, length=60, thickness=20, bend=0, score=1)
    for turned in (False, True):
        upright = lines.upright(box, turned)
        assert upright.shape == (HEIGHT, 3 * HEIGHT, 3)
        middles = upright[HEIGHT // 2, [HEIGHT // 2, 3 * HEIGHT // 2, 5 * HEIGHT // 2]]
        expected = np.eye(3, dtype=np.uint8) * 255
        np.testing.assert_array_equal(middles, expected[::-1] if turned else expected)


@pytest.mark.parametrize("thickness", [4, 48, 500])
def test_lines_of_any_size_are_scaled_to_the_height_of_the_network(thickness):
    pixels = np.full((thickness, 5 * thickness, 3), 200, np.uint8)
    upright = Lines(Image.fromarray(pixels)).upright(whole(Image.fromarray(pixels)))
    assert upright.shape == (HEIGHT, 5 * HEIGHT, 3)
    assert abs(int(upright[HEIGHT // 2].mean()) - 200) < 2


def test_the_width_of_a_line_is_limited():
    pixels = np.full((2, 3000, 3), 200, np.uint8)
    assert (
        Lines(Image.fromarray(pixels)).upright(whole(Image.fromarray(pixels))).shape[1] == MAX_WIDTH
    )


@pytest.mark.parametrize("bend", [-20, 20])
def test_a_bent_line_is_straightened(bend):
    """A dark stroke along a parabola becomes level."""
    y, x = np.mgrid[0:120, 0:320]
    middle = 60 + bend * (0.5 - 4 * ((x - 159.5) / 300) ** 2)
    pixels = np.where(np.abs(y - middle) < 3, 0, 255).astype(np.uint8)
    box = Box(x=160, y=60.5, angle=0, length=300, thickness=24, bend=bend, score=1)
    image = Image.fromarray(pixels).convert("RGB")
    line = Lines(image).upright(box)[..., 0].astype(float)
    dark = 255 - line[:, 10:-10]
    heights = (dark * np.arange(HEIGHT)[:, np.newaxis]).sum(0) / dark.sum(0)
    assert heights.mean() == pytest.approx(HEIGHT / 2 - 0.5, abs=2)
    assert np.ptp(heights) < 5


def test_equal_neighbours_are_one_character_and_blanks_none(recognizer):
    """Steps: blank, A, A, blank, A, B: "AAB"."""
    letter = {text: index for index, text in enumerate(recognizer._alphabet)}
    steps = [0, letter["A"], letter["A"], 0, letter["A"], letter["B"]]
    probabilities = np.zeros((6, len(recognizer._alphabet)), np.float32)
    probabilities[range(6), steps] = [0.9, 0.5, 0.75, 0.9, 0.625, 0.875]
    assert recognizer._decode(probabilities, width=44) == (
        Character("A", 0.75, 8 / 44, 24 / 44),
        Character("A", 0.625, 32 / 44, 40 / 44),
        Character("B", 0.875, 40 / 44, 1.0),
    )


@pytest.mark.parametrize(
    ("letters", "text"), [("ea", "e a"), (":a", ": a"), (":5", ":5"), ("'a", "'a")]
)
def test_a_space_that_is_half_seen_parts_words_but_not_a_time_or_a_contraction(
    recognizer, letters, text
):
    alphabet = recognizer._alphabet
    probabilities = np.zeros((3, len(alphabet)))
    probabilities[0, alphabet.index(letters[0])] = probabilities[2, alphabet.index(letters[1])] = 1
    probabilities[1, 0], probabilities[1, recognizer._space] = 0.6, 0.4
    decoded = recognizer._decode(probabilities, 24)
    assert "".join(character.text for character in decoded) == text


def test_confidence_is_that_of_what_is_not_a_space():
    box = Box(0, 0, 0, 1, 1, 0, 1)
    characters = [Character(text, p, 0, 1) for text, p in (("a", 0.5), (" ", 0.1), ("b", 1.0))]
    assert ReadLine(box, tuple(characters)).confidence == 0.75
    assert ReadLine(box, (characters[1],)).confidence == ReadLine(box, ()).confidence == 0


def test_full_width_letters_are_plain_and_signs_stay_themselves(recognizer):
    """Half and squares are not 1/2 and 2."""
    known = set(recognizer._alphabet)
    assert known.isdisjoint("ＡＢ１２！（")
    assert set("²³½ºª´µ™") <= known


@pytest.mark.parametrize("content", [b"5", b"[1, 2]", b'"abc"', b'{"a": 1}', b"\xff", b""])
def test_characters_that_do_not_fit_the_network_are_refused(tmp_path, content):
    for name in ("recognizer.tflite", "characters.json"):
        shutil.copy(FOLDER / name, tmp_path)
    (tmp_path / "characters.json").write_bytes(content)
    with pytest.raises(BundleError, match=r"characters\.json is damaged"):
        TextRecognizer(tmp_path / "recognizer.tflite", tmp_path / "characters.json", threads=1)
