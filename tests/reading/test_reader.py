"""Pictures of text are read as they were drawn."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageOps

from image_describer import paths
from image_describer.errors import BundleError
from image_describer.reading.reader import TextReader
from image_describer.reading.text import PictureText
from tests.support.drawn_text import draw_text, on_arc

LINE = "The train to Hamburg leaves at 7.45"
LEFT = "Every morning the old baker\nopens the door of his shop\nand sets a bench before it"
RIGHT = "At noon the children come\nback from school and buy\na roll with cheese or ham"
DEJAVU = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


@pytest.fixture(scope="module")
def reader():
    return TextReader(threads=1)


def read(reader, image):
    return reader.read(np.asarray(image))


def ink_box(image):
    """Where a dark picture on white has ink, in fractions."""
    left, top, right, bottom = ImageOps.invert(image.convert("L")).getbbox()
    return (left / image.width, top / image.height, right / image.width, bottom / image.height)


def overlap(one, other):
    """Intersection over union."""

    def area(box):
        return max(0, box[2] - box[0]) * max(0, box[3] - box[1])

    both = area((*np.maximum(one[:2], other[:2]), *np.minimum(one[2:], other[2:])))
    return both / (area(one) + area(other) - both)


@pytest.mark.parametrize(
    ("ink", "paper"),
    [("black", "white"), ("white", "black"), ((250, 220, 60), (20, 60, 160)), ("#999", "#ddd")],
)
def test_a_line_is_read_in_any_colors(reader, ink, paper):
    found = read(reader, draw_text(LINE, ink=ink, paper=paper))
    assert found.text == LINE
    assert found.lines[0].confidence > 0.9
    assert (found.is_page, found.unknown_script, found.quarters) == (False, False, 0)


@pytest.mark.parametrize("degrees", [90, 180, 270, 7, -7])
def test_a_turned_picture_is_read(reader, degrees):
    """``degrees`` counterclockwise."""
    image = draw_text(f"{LINE}\nand stops in Altona", margin=60)
    turned = image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
    found = read(reader, turned)
    assert found.text.split() == [*LINE.split(), "and", "stops", "in", "Altona"]
    assert found.quarters == round(-degrees / 90) % 4


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_boxes_are_where_the_text_was_drawn(reader, quarters):
    image = draw_text("Departures", 40, margin=80).rotate(90 * quarters, expand=True)
    (line,) = read(reader, image).lines
    assert overlap(line.box, ink_box(image)) > 0.5
    assert line.words[0].box == line.box


def test_words_are_where_they_were_drawn(reader):
    image = draw_text("Platform 12 closed", 40)
    platform, _number, closed = read(reader, image).lines[0].words
    pixels = np.asarray(image.convert("L")) < 128
    columns = np.flatnonzero(pixels.any(0)) / image.width
    gaps = np.argsort(np.diff(columns))[-2:]  # the widest: the spaces
    first, last = sorted(gaps)
    assert platform.box[2] == pytest.approx(columns[first], abs=0.05)
    assert closed.box[0] == pytest.approx(columns[last + 1], abs=0.05)


def test_two_columns_are_read_one_after_the_other(reader):
    left, right = draw_text(LEFT, 24, margin=12), draw_text(RIGHT, 24, margin=12)
    page = Image.new("RGB", (left.width + right.width + 20, left.height + 8), "white")
    page.paste(left, (0, 0))
    page.paste(right, (left.width + 20, 5))
    found = read(reader, page)
    assert [line.text for line in found.lines] == [*LEFT.split("\n"), *RIGHT.split("\n")]
    assert [line.block for line in found.lines] == [0, 0, 0, 1, 1, 1]


def test_a_line_on_an_arc_is_straightened(reader):
    assert read(reader, on_arc("Original Black Forest Honey", 36, radius=420)).text == (
        "Original Black Forest Honey"
    )


@pytest.mark.parametrize(("text", "size"), [(LINE, 9), ("EXIT", 700)])
def test_tiny_and_huge_letters(reader, text, size):
    found = read(reader, draw_text(text, size, margin=max(20, int(size / 4)), font=DEJAVU))
    assert found.text == text


def test_a_page(reader):
    """German, with an umlaut."""
    lines = [f"Zeile {number}: Grüße aus dem Süden" for number in range(8)]
    found = read(reader, draw_text("\n".join(lines), 22, font=DEJAVU))
    assert found.text == "\n".join(lines)
    assert found.is_page
    assert found.word_count == 8 * 6


@pytest.mark.parametrize("name", ["cat.jpg", "astronaut.jpg", "coffee.jpg"])
def test_photographs_without_text(reader, name):
    with Image.open(paths.assets_folder() / "samples" / name) as photograph:
        photograph.thumbnail((400, 400))
        assert read(reader, photograph.convert("RGB")).lines == ()


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (31, 33)])
def test_pictures_without_room_for_text(reader, shape):
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    assert reader.read(noise) == PictureText()


def test_a_blank_picture(reader):
    assert reader.read(np.full((100, 200, 3), 230, np.uint8)) == PictureText()


def test_noise(reader):
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3)).astype(np.uint8)
    assert reader.read(noise) == PictureText()


SCRIPTS = {
    "Cyrillic": "Осторожно, двери закрываются\nСледующая станция площадь",
    "Arabic": "صباح الخير يا أصدقاء\nأهلا وسهلا بكم في المدينة",
    "Armenian": "Բարի գալուստ Հայաստան\nՀաջորդ կայարանը հրապարակ",
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_letters_of_an_unknown_script_are_told_and_not_guessed(reader, script):
    found = read(reader, draw_text(SCRIPTS[script], 30, font=DEJAVU))
    assert found.unknown_script
    assert found.lines == ()


def test_two_threads_share_a_reader(reader):
    images = [draw_text(f"Platform {number}") for number in range(6)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda image: read(reader, image).text, images))
    assert found == [f"Platform {number}" for number in range(6)]


@pytest.mark.parametrize("name", ["detector.tflite", "recognizer.tflite", "characters.json"])
def test_a_file_that_is_missing_or_damaged_is_told(tmp_path, name):
    folder = shutil.copytree(paths.assets_folder() / "reading", tmp_path / "reading")
    (folder / name).write_bytes(b"{]")
    with pytest.raises(BundleError, match=name):
        TextReader(folder)
    (folder / name).unlink()
    with pytest.raises(BundleError, match=name):
        TextReader(folder)
