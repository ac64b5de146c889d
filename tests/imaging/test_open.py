"""Opening pictures: right pixels from honest files, one sentence for all others."""

import io
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from image_describer.errors import PictureError
from image_describer.imaging import quality
from image_describer.imaging.decode import LONGER_SIDE_PX
from image_describer.imaging.notes import BLANK, BLURRED, DARK, NOT_A_PHOTOGRAPH
from image_describer.imaging.open import PICTURE_SUFFIXES, Picture, open_picture
from image_describer.metadata import formats
from image_describer.text import file_size
from tests.support import pictures
from tests.support.pictures import encoded, photograph, quarters, turned

# pytest shows warnings again that the package hides; test_nothing_is_printed looks from outside.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

CORNERS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0))
EVERY_FORMAT = pictures.in_every_format()


def refusal(source: str | os.PathLike[str] | bytes | Image.Image) -> str:
    """The sentence with which ``source`` is refused; checks that it is one, on one line."""
    with pytest.raises(PictureError) as caught:
        open_picture(source)
    sentence = caught.value.sentence
    assert sentence.endswith(".")
    assert sentence.splitlines() == [sentence]
    sentence.encode("utf-8")
    return sentence


def grey(opened: Picture) -> np.ndarray:
    """One row of a picture that is grey and the same in every row."""
    assert np.all(opened.pixels == opened.pixels[:1, :, :1])
    return opened.pixels[0, :, 0].astype(int)


def assert_quarters(pixels: np.ndarray, tolerance: int = 40) -> None:
    height, width = pixels.shape[:2]
    rows, columns = (height // 4, 3 * height // 4), (width // 4, 3 * width // 4)
    found = [pixels[row, column].astype(int) for row in rows for column in columns]
    assert np.abs(np.array(found) - np.array(CORNERS)).max() <= tolerance


@pytest.mark.parametrize("name", EVERY_FORMAT)
def test_every_format_is_opened(name: str) -> None:
    opened = open_picture(EVERY_FORMAT[name])
    assert opened.pixels.dtype == np.uint8
    assert opened.pixels.shape == (opened.height, opened.width, 3)
    assert opened.format == name.split(maxsplit=1)[0]
    assert opened.file is None
    if name in (
        "JPEG",
        "JPEG progressive",
        "PNG",
        "WEBP",
        "BMP",
        "TIFF LZW",
        "PPM",
        "AVIF",
        "HEIC",
    ):
        wanted = np.asarray(photograph(64, 48)).astype(int)
        assert np.abs(opened.pixels - wanted).mean() < 12


def test_the_suffixes_cover_every_format() -> None:
    for suffix in (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".avif", ".heic"):
        assert suffix in PICTURE_SUFFIXES
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in PICTURE_SUFFIXES)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIC"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(format_name: str, orientation: int) -> None:
    opened = open_picture(turned(orientation, format_name))
    assert (opened.width, opened.height) == (80, 60)
    assert opened.pixels.shape == (60, 80, 3)
    assert_quarters(opened.pixels)


def test_a_large_turned_jpeg_keeps_its_own_size() -> None:
    image = quarters(3000, 2400).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    opened = open_picture(encoded(image, "JPEG", exif=exif))
    assert (opened.width, opened.height) == (3000, 2400)
    assert max(opened.pixels.shape) <= LONGER_SIDE_PX
    assert opened.pixels.shape[1] > opened.pixels.shape[0]
    assert_quarters(opened.pixels)


@pytest.mark.parametrize(
    ("size", "format_name"),
    [
        ((2048, 100), "PNG"),
        ((2049, 100), "PNG"),
        ((5000, 3000), "PNG"),
        ((3000, 5000), "JPEG"),
        ((2049, 1500), "JPEG"),
        ((9000, 40), "BMP"),
    ],
)
def test_what_is_large_is_reduced_in_proportion(size: tuple[int, int], format_name: str) -> None:
    opened = open_picture(encoded(quarters(*size), format_name))
    height, width = opened.pixels.shape[:2]
    assert (opened.width, opened.height) == size
    assert LONGER_SIDE_PX // 2 <= max(height, width) <= LONGER_SIDE_PX
    assert width / height == pytest.approx(size[0] / size[1], rel=0.05)
    assert_quarters(opened.pixels)


def test_reducing_in_bands_is_the_same_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    content = encoded(photograph(300, 200), "PNG")
    monkeypatch.setattr("image_describer.imaging.decode.LONGER_SIDE_PX", 60)
    whole = open_picture(content).pixels
    monkeypatch.setattr("image_describer.imaging.decode.BAND_PX", 3_000)
    banded = open_picture(content).pixels
    assert banded.shape == (40, 60, 3)
    assert np.array_equal(whole, banded)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3)])
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "GIF", "TIFF"])
def test_tiny_and_narrow_pictures_are_opened(size: tuple[int, int], format_name: str) -> None:
    opened = open_picture(encoded(Image.new("RGB", size, (200, 10, 10)), format_name))
    assert (opened.width, opened.height) == size
    assert min(opened.pixels.shape[:2]) >= 1
    assert max(opened.pixels.shape) <= LONGER_SIDE_PX
    assert opened.notes == (BLANK,)


def test_cmyk_keeps_its_colours() -> None:
    opened = open_picture(encoded(quarters().convert("CMYK"), "JPEG"))
    assert_quarters(opened.pixels)


@pytest.mark.parametrize("format_name", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_and_not_cut_off(format_name: str) -> None:
    row = grey(open_picture(encoded(pictures.sixteen_bits(), format_name)))
    assert np.abs(row - np.linspace(0, 255, 64)).max() <= 1


def test_sixteen_bits_of_either_byte_order_are_read() -> None:
    values = np.tile(np.linspace(0, 65535, 64).astype(">u2"), (48, 1))
    small = [(256, 4, 1, 64), (257, 4, 1, 48), (258, 3, 1, 16), (259, 3, 1, 1), (262, 3, 1, 1)]
    strip = [(273, 4, 1, 8 + 2 + 12 * 7 + 4), (279, 4, 1, values.nbytes)]
    little = pictures.tiff(*small, *strip, data=values.astype("<u2").tobytes())
    big = encoded(Image.frombytes("I;16B", (64, 48), values.tobytes()), "TIFF")
    for content in (little, big):
        row = grey(open_picture(content))
        assert np.abs(row - np.linspace(0, 255, 64)).max() <= 1


def test_twelve_bits_in_sixteen_are_not_black() -> None:
    values = np.tile(np.linspace(0, 4095, 64).astype(np.uint16), (48, 1))
    row = grey(open_picture(encoded(Image.fromarray(values), "TIFF")))
    assert np.abs(row - np.linspace(0, 255, 64)).max() <= 1


@pytest.mark.parametrize(("least", "greatest"), [(0, 1), (0, 255), (-3, 7), (0, 1e6)])
def test_floats_of_any_range_are_shown(least: float, greatest: float) -> None:
    values = np.tile(np.linspace(least, greatest, 64).astype(np.float32), (48, 1))
    row = grey(open_picture(encoded(Image.fromarray(values), "TIFF")))
    wanted = np.linspace(0, 255, 64)
    if greatest == 1e6:
        assert row[-1] == 255
    assert np.abs(row - wanted).max() <= 1


def test_floats_that_are_no_numbers_do_no_harm() -> None:
    values = np.tile(np.linspace(0, 1, 64).astype(np.float32), (48, 1))
    values[0, :4] = (np.nan, np.inf, -np.inf, 0)
    opened = open_picture(encoded(Image.fromarray(values), "TIFF"))
    assert opened.pixels[0, :4, 0].tolist() == [0, 255, 0, 0]
    assert opened.pixels[9, -1, 0] == 255
    nothing = open_picture(encoded(Image.fromarray(np.full((48, 64), np.nan, np.float32)), "TIFF"))
    assert nothing.notes == (BLANK,)


def test_one_bit_is_black_and_white() -> None:
    values = np.zeros((48, 64), bool)
    values[:, 32:] = True
    for format_name in ("PNG", "TIFF", "BMP", "PPM"):
        row = grey(open_picture(encoded(Image.fromarray(values), format_name)))
        assert row.tolist() == [0] * 32 + [255] * 32


def half_clear(mode: str) -> Image.Image:
    """Black on the left, fully transparent on the right."""
    image = Image.new("RGBA", (64, 48), (0, 0, 0, 255))
    image.paste((0, 0, 0, 0), (32, 0, 64, 48))
    return image.convert(mode)


def test_what_is_transparent_shows_white() -> None:
    palette = Image.new("P", (64, 48), 0)
    palette.putpalette([0, 0, 0, 0, 0, 0])
    palette.paste(1, (32, 0, 64, 48))
    files = [
        encoded(half_clear("RGBA"), "PNG"),
        encoded(half_clear("LA"), "PNG"),
        encoded(half_clear("RGBA"), "WEBP", lossless=True),
        encoded(half_clear("RGBA"), "TIFF"),
        encoded(palette, "PNG", transparency=1),
        encoded(palette, "PNG", transparency=b"\xff\x00"),
        encoded(palette, "GIF", transparency=1),
    ]
    for content in files:
        assert grey(open_picture(content)).tolist() == [0] * 32 + [255] * 32


def test_colours_of_a_palette_are_kept() -> None:
    assert_quarters(open_picture(encoded(quarters().quantize(8), "PNG")).pixels)


@pytest.mark.parametrize("format_name", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_of_an_animation_is_taken(format_name: str) -> None:
    others = [Image.new("RGB", (80, 60), colour) for colour in ("black", "white")]
    content = encoded(quarters(), format_name, save_all=True, append_images=others)
    assert_quarters(open_picture(content).pixels)


def test_paths_bytes_and_images_give_the_same(tmp_path: Path) -> None:
    content = encoded(quarters(), "PNG")
    path = tmp_path / "quarters.png"
    path.write_bytes(content)
    opened = [open_picture(source) for source in (path, str(path), content, Image.open(path))]
    for one in opened:
        assert np.array_equal(one.pixels, opened[0].pixels)
        assert one.format == "PNG"
    assert [one.file for one in opened] == [str(path), str(path), None, None]
    assert open_picture(quarters()).format == ""


def test_an_image_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    quarters(5000, 3000).save(path)
    image = Image.open(path)
    opened = open_picture(image)
    assert (opened.width, opened.height) == image.size == (5000, 3000)
    assert_quarters(opened.pixels)


def test_images_that_show_nothing_are_refused() -> None:
    assert refusal(Image.new("RGB", (0, 0))) == "That picture can't be read."


@pytest.mark.parametrize(
    "name",
    [
        "two words.png",
        'it\'s "quoted".png',
        "Grüße 写真 🐕.png",
        "no_suffix",
        "wrong.jpg",
        "-rf.png",
        pytest.param(
            "two\nlines.png",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="no such names on Windows"),
        ),
        pytest.param(
            os.fsdecode(b"raw\xff.png"),
            marks=pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode there"),
        ),
    ],
)
def test_odd_names_are_opened_and_shown_on_one_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert refusal(path).startswith("There is no file")
    path.write_bytes(encoded(quarters(), "PNG"))
    assert open_picture(path).file == str(path)
    path.unlink()
    path.mkdir()
    assert refusal(path).endswith("is a folder, not a picture.")


def test_names_that_no_file_can_have_are_refused() -> None:
    assert refusal("") == "There is no picture: the name of the file is empty."
    assert "can't be read" in refusal("nul\0byte.jpg")
    assert "can't be read" in refusal("x" * 5_000)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_devices_and_pipes_are_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert refusal(tmp_path / "pipe.jpg").endswith("is a device or a pipe, not a picture.")
    assert refusal("/dev/zero").endswith("is a device or a pipe, not a picture.")


def test_a_file_that_may_not_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret.jpg"
    path.write_bytes(encoded(quarters(), "JPEG"))

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    # Permissions don't bind root, as whom tests often run.
    monkeypatch.setattr(Path, "open", denied)
    assert refusal(path) == f'You are not allowed to read the file "{path}".'


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"This is a letter to my aunt.\n", "it is text"),
        ("Gr\u00fc\u00dfe aus W\u00fcrzburg".encode() * 9, "it is text"),
        (b"%PDF-1.7\n%\xe2\xe3", "it is a PDF document"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "it is a PostScript document"),
        (b"PK\x03\x04" + bytes(50), "it is a ZIP archive or an office document"),
        (b"\0\0\0\x18ftypisom" + bytes(20), "it is a video or a sound file"),
        (b"\0\0\1\0\1\0" + bytes(50), "it is an icon"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "it is an SVG drawing"),
        (bytes(range(256)), "I don't know its format"),
        (bytes(1_000), "I don't know its format"),
        (b"\xff" * 1_000, "I don't know its format"),
    ],
    ids=lambda value: repr(value[:12]),
)
def test_files_that_are_no_pictures_are_told_apart(
    tmp_path: Path, content: bytes, why: str
) -> None:
    path = tmp_path / "named.jpg"
    path.write_bytes(content)
    assert refusal(path) == f"That file is not a picture I can open: {why}."
    assert refusal(content) == refusal(path)


# Too short to be cut in the midst of their data, or with frames behind the first.
CUT = [name for name in EVERY_FORMAT if name not in ("PPM plain", "GIF", "PNG 16 bits")]


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_cut_files_are_said_to_end(name: str, share: float) -> None:
    whole = EVERY_FORMAT[name]
    content = whole[: max(16, round(len(whole) * share))]
    size = file_size(len(content), brief=True)
    sentence = f"That file is not a picture I can open: it ends after {size}."
    assert refusal(content) == sentence


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (pictures.png_bomb, "too large for me: it has 30,000 by 30,000 pixels"),
        (lambda: pictures.jpeg_of_size(65_500, 65_500), "65,500 by 65,500 pixels"),
        (lambda: pictures.gif_of_size(65_535, 65_535), "too large for me"),
        (lambda: pictures.png(200_000, 10, b""), "200,000 by 10 pixels"),
        (lambda: b"P6\n99999999 99999999\n255\n" + bytes(100), "99,999,999 by 99,999,999 pixels"),
        (lambda: b"P3\n2000 2000\n255\n1 2 3", "2,000 by 2,000 pixels"),
        (pictures.tiff_tile_bomb, "TIFF with far too many parts"),
        (pictures.tiff_of_many_tiles, "TIFF with far too many parts"),
        (pictures.jpeg_scan_bomb, "JPEG with far too many parts"),
        (pictures.png_text_bomb, "begins as PNG but is damaged"),
    ],
    ids=["png", "jpeg", "gif", "wide", "ppm", "plain", "tile", "tiles", "scans", "text"],
)
def test_bombs_are_refused_at_once(make: Callable[[], bytes], says: str) -> None:
    content = make()
    start = time.process_time()
    assert says in refusal(content)
    assert time.process_time() - start < 0.5


def test_what_a_heic_says_of_its_size_is_not_believed() -> None:
    whole = pictures.heic(photograph(640, 480))
    says_more = pictures.heic_of_size(whole, 30_000, 30_000)
    assert "it has 30,000 by 30,000 pixels" in refusal(says_more)
    says_less = pictures.heic_of_size(whole, 64, 48)
    assert "damaged" in refusal(says_less)


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"msf1"])
def test_a_heic_is_known_by_any_of_its_brands(brand: bytes) -> None:
    whole = EVERY_FORMAT["HEIC"]
    opened = open_picture(whole[:8] + brand + whole[12:])
    assert (opened.format, opened.width, opened.height) == ("HEIC", 64, 48)


def test_an_avif_of_the_open_brand_is_no_heic() -> None:
    whole = EVERY_FORMAT["AVIF"]
    assert open_picture(whole[:8] + b"mif1" + whole[12:]).format == "AVIF"


def test_a_heic_without_a_plugin_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(PictureError) as caught:
        open_picture(EVERY_FORMAT["HEIC"])
    assert "pip install --upgrade pillow pi-heif" in caught.value.way_out


def test_a_progressive_jpeg_has_a_lower_limit() -> None:
    jpeg = next(format_ for format_ in formats.FORMATS if format_.name == "JPEG")
    for name, limit in (
        ("JPEG", jpeg.limit_px),
        ("JPEG progressive", formats.PROGRESSIVE_LIMIT_PX),
    ):
        file = io.BytesIO(EVERY_FORMAT[name])
        assert formats.limit_px(jpeg, formats.read_header(jpeg, file), file) == limit


def test_each_scan_of_a_jpeg_lowers_the_limit() -> None:
    jpeg = next(format_ for format_ in formats.FORMATS if format_.name == "JPEG")
    file = io.BytesIO(pictures.jpeg_scan_bomb(180))
    limit = formats.limit_px(jpeg, formats.read_header(jpeg, file), file)
    assert 9_000_000 < limit < 12_000_000
    assert open_picture(file.getvalue()).width == 64


def test_a_file_of_too_many_bytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(formats.FILE_LIMIT_BYTES + 1)
    assert refusal(path).startswith("That file is too large for me: it has 300 MB")


def test_a_bomb_costs_next_to_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(pictures.png_bomb())
    assert 500_000 < path.stat().st_size < 1_500_000
    script = (
        "import sys, psutil\n"
        "from image_describer.imaging.open import open_picture\n"
        "from image_describer.errors import PictureError\n"
        "before = psutil.Process().memory_info().rss\n"
        "try:\n    open_picture(sys.argv[1])\n"
        "except PictureError as trouble:\n    print(trouble.sentence)\n"
        "print(psutil.Process().memory_info().rss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    sentence, grown = done.stdout.splitlines()
    assert sentence == "That picture is too large for me: it has 30,000 by 30,000 pixels."
    assert int(grown) < 20_000_000


def test_odd_metadata_does_no_harm() -> None:
    opened = open_picture(encoded(photograph(64, 48), "JPEG", icc_profile=b"garbage" * 99))
    assert opened.pixels.shape == (48, 64, 3)
    opened = open_picture(
        encoded(photograph(64, 48), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    )
    assert opened.pixels.shape == (48, 64, 3)
    assert open_picture(pictures.png_with_odd_profile()).pixels.shape == (48, 64, 3)


def test_nothing_is_printed(tmp_path: Path) -> None:
    files = []
    chance = random.Random(5)
    for name in ("TIFF LZW", "TIFF JPEG", "TIFF", "PNG", "JPEG", "GIF"):
        for number in range(12):
            content = bytearray(EVERY_FORMAT[name])
            for _ in range(8):
                content[chance.randrange(8, len(content))] = chance.randrange(256)
            files.append(tmp_path / f"{name}{number}")
            files[-1].write_bytes(content)
    script = (
        "import sys\n"
        "from image_describer.imaging.open import open_picture\n"
        "from image_describer.errors import PictureError\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n        open_picture(name)\n"
        "    except PictureError:\n        pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", script, *map(str, files)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_threads_may_open_pictures_at_once() -> None:
    found: list[bool] = []

    def work() -> None:
        for name in ("TIFF LZW", "JPEG", "PNG", "TIFF LZW"):
            found.append(open_picture(EVERY_FORMAT[name]).pixels.shape == (48, 64, 3))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 32


mutations = st.lists(
    st.tuples(st.sampled_from("scr"), st.integers(0, 1 << 16), st.binary(min_size=1, max_size=8)),
    min_size=1,
    max_size=6,
)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(sorted(EVERY_FORMAT)), mutations, st.booleans())
def test_whatever_comes_in_a_picture_or_a_sentence_comes_out(
    name: str, changes: list[tuple[str, int, bytes]], as_file: bool
) -> None:
    content = bytearray(EVERY_FORMAT[name])
    for kind, place, new in changes:
        place %= max(1, len(content))
        if kind == "s":  # set
            content[place : place + len(new)] = new
        elif kind == "c":  # cut out
            del content[place : place + 20 * len(new)]
        else:  # put in between
            content[place:place] = new
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mutated")
        path.write_bytes(content)
        source = path if as_file else bytes(content)
        try:
            opened = open_picture(source)
        except PictureError:
            refusal(source)
            return
    assert opened.pixels.dtype == np.uint8
    assert opened.pixels.ndim == 3
    assert opened.pixels.shape[2] == 3
    assert 1 <= max(opened.pixels.shape[:2]) <= LONGER_SIDE_PX


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_one_sentence(content: bytes) -> None:
    refusal(content)


def notes(image: Image.Image) -> tuple[str, ...]:
    return quality.find_notes(np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("size", [(160, 120), (640, 480), (2048, 1536)])
def test_a_good_photograph_has_no_notes(size: tuple[int, int]) -> None:
    assert notes(photograph(*size)) == ()


@pytest.mark.parametrize("name", ["astronaut.jpg", "cat.jpg", "coffee.jpg"])
def test_the_sample_photographs_have_no_notes(name: str) -> None:
    folder = Path(__file__).resolve().parents[2] / "assets" / "samples"
    assert open_picture(folder / name).notes == ()


@pytest.mark.parametrize("colour", ["white", "black", "gray", "navy"])
def test_an_empty_picture_is_blank(colour: str) -> None:
    assert notes(Image.new("RGB", (400, 300), colour)) == (BLANK,)


def test_a_covered_lens_is_blank_though_it_has_noise() -> None:
    noise = np.random.default_rng(0).normal(6, 1.5, (480, 640, 3))
    assert notes(Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))) == (BLANK,)


def test_colours_of_the_same_brightness_are_not_blank() -> None:
    image = Image.new("RGB", (400, 300), (200, 50, 50))
    image.paste((50, 126, 50), (100, 100, 300, 200))
    assert BLANK not in notes(image)


def test_a_line_of_text_is_not_blank() -> None:
    page = Image.new("RGB", (800, 600), "white")
    page.paste(pictures.page_of_text().crop((0, 0, 800, 60)), (0, 0))
    assert BLANK not in notes(page)


def test_an_underexposed_photograph_is_dark() -> None:
    dark = photograph(640, 480).point(lambda value: value // 8)
    assert notes(dark) == (DARK,)


def test_a_lit_thing_in_the_night_is_not_dark() -> None:
    dark = photograph(640, 480).point(lambda value: value // 8)
    lit = photograph(640, 480, seed=3).crop((0, 0, 200, 250)).point(lambda value: 128 + value // 2)
    dark.paste(lit, (200, 100))
    assert notes(dark) == ()


@pytest.mark.parametrize("radius", [6, 12, 30])
def test_an_unsharp_photograph_is_blurred(radius: int) -> None:
    unsharp = photograph(640, 480).filter(ImageFilter.GaussianBlur(radius))
    assert notes(unsharp) == (BLURRED,)


def test_a_sharp_thing_before_an_unsharp_background_is_not_blurred() -> None:
    image = photograph(640, 480).filter(ImageFilter.GaussianBlur(12))
    image.paste(photograph(640, 480, seed=3).crop((0, 0, 200, 250)), (200, 100))
    assert notes(image) == ()


@pytest.mark.parametrize("quality_of_jpeg", [None, 60, 90])
def test_a_page_of_text_is_no_photograph(quality_of_jpeg: int | None) -> None:
    page = pictures.page_of_text()
    options = {} if quality_of_jpeg is None else {"quality": quality_of_jpeg}
    content = encoded(page, "JPEG" if options else "PNG", **options)
    assert open_picture(content).notes == (NOT_A_PHOTOGRAPH,)


def test_a_dark_theme_is_no_dark_photograph() -> None:
    page = pictures.page_of_text().point(lambda value: 255 - value)
    assert notes(page) == (NOT_A_PHOTOGRAPH,)


def test_notes_take_a_few_milliseconds() -> None:
    pixels = np.asarray(photograph(2048, 1536))
    start = time.process_time()
    for _ in range(5):
        quality.find_notes(pixels)
    assert (time.process_time() - start) / 5 < 0.1  # 0.008 s where it was written
