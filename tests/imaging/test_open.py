"""Valid pictures are opened; everything else is refused in one sentence."""

import os
import random
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from image_describer.errors import PictureError
from image_describer.imaging.decode import LONGEST_SIDE_PX
from image_describer.imaging.notes import BLANK
from image_describer.imaging.open import NOT_A_FILE, UNKNOWN_FORMAT, open_picture
from image_describer.metadata import formats
from image_describer.metadata.formats import PICTURE_SUFFIXES
from image_describer.text import file_size
from tests.imaging.test_decode import assert_quarters
from tests.support import pictures
from tests.support.pictures import encoded, photograph, quarters

# pytest shows the warnings that the package silences; test_nothing_is_printed checks for them.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

EVERY_FORMAT = pictures.in_every_format()
UNLIKE_THE_PHOTOGRAPH = ("PNG palette", "PNG 16 bits", "JPEG CMYK", "GIF", "TIFF float")
NO_SUCH_FILE = "No such file."


def refusal(source: str | os.PathLike[str] | bytes | Image.Image) -> str:
    """Return the sentence with which ``source`` is refused, checked to be on one line."""
    with pytest.raises(PictureError) as caught:
        open_picture(source)
    sentence = caught.value.sentence
    assert sentence.endswith(".")
    assert sentence.splitlines() == [sentence]
    sentence.encode("utf-8")
    return sentence


@pytest.mark.parametrize("name", EVERY_FORMAT)
def test_every_format_is_opened(name: str) -> None:
    opened = open_picture(EVERY_FORMAT[name])
    assert opened.pixels.dtype == np.uint8
    assert opened.pixels.shape == (opened.height, opened.width, 3)
    assert opened.format == name.split(maxsplit=1)[0]
    assert opened.file is None
    if opened.width == 64 and name not in UNLIKE_THE_PHOTOGRAPH:
        expected = np.asarray(photograph(64, 48)).astype(int)
        assert np.abs(opened.pixels - expected).mean() < 12


def test_the_suffixes_cover_every_format() -> None:
    for suffix in (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".avif", ".heic"):
        assert suffix in PICTURE_SUFFIXES
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in PICTURE_SUFFIXES)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3)])
def test_tiny_and_narrow_pictures_are_opened(size: tuple[int, int]) -> None:
    for format_name in ("JPEG", "PNG", "WEBP", "GIF", "TIFF"):
        opened = open_picture(encoded(Image.new("RGB", size, (200, 10, 10)), format_name))
        assert (opened.width, opened.height) == size
        assert min(opened.pixels.shape[:2]) >= 1
        assert max(opened.pixels.shape) <= LONGEST_SIDE_PX
        assert opened.notes == (BLANK,)


@pytest.mark.parametrize("format_name", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_is_opened_at_its_first_frame(format_name: str) -> None:
    others = [Image.new("RGB", (80, 60), colour) for colour in ("black", "white")]
    content = encoded(quarters(), format_name, save_all=True, append_images=others)
    assert_quarters(open_picture(content).pixels)


def test_paths_bytes_and_images_give_the_same_picture(tmp_path: Path) -> None:
    content = encoded(quarters(), "PNG")
    path = tmp_path / "quarters.png"
    path.write_bytes(content)
    opened = [open_picture(source) for source in (path, str(path), content, Image.open(path))]
    for picture in opened:
        assert np.array_equal(picture.pixels, opened[0].pixels)
        assert picture.format == "PNG"
    assert [picture.file for picture in opened] == [str(path), str(path), None, None]
    assert open_picture(quarters()).format == ""


def test_an_image_of_the_caller_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    quarters(5000, 3000).save(path)
    image = Image.open(path)
    opened = open_picture(image)
    assert (opened.width, opened.height) == image.size == (5000, 3000)
    assert_quarters(opened.pixels)


def test_an_image_without_pixels_is_refused() -> None:
    assert refusal(Image.new("RGB", (0, 0))) == "The picture can't be read."


@pytest.mark.parametrize(
    "name",
    [
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
def test_unusual_names_are_opened_and_shown_on_one_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert refusal(path) == NO_SUCH_FILE
    path.write_bytes(encoded(quarters(), "PNG"))
    assert open_picture(path).file == str(path)
    path.unlink()
    path.mkdir()
    assert refusal(path) == "That's a folder."


def test_impossible_names_are_refused() -> None:
    assert refusal("") == NO_SUCH_FILE
    assert "can't be read" in refusal("nul\0byte.jpg")
    assert "can't be read" in refusal("x" * 5_000)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_devices_and_pipes_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert refusal(tmp_path / "pipe.jpg") == NOT_A_FILE
    assert refusal("/dev/zero") == NOT_A_FILE


def test_a_file_without_read_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret.jpg"
    path.write_bytes(encoded(quarters(), "JPEG"))

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    # Tests often run as root, who may read everything.
    monkeypatch.setattr(Path, "open", denied)
    assert refusal(path) == "You are not allowed to read that file."


@pytest.mark.parametrize(
    ("content", "why", "details"),
    [
        (b"", "The file is empty.", ""),
        (b"This is a letter to my aunt.\n", UNKNOWN_FORMAT, "It is text. I can open JPEG, PNG,"),
        (bytes(1_000), UNKNOWN_FORMAT, "I can open JPEG, PNG,"),
    ],
    ids=["empty", "text", "zeros"],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, why: str, details: str) -> None:
    path = tmp_path / "named.jpg"
    path.write_bytes(content)
    for source in (path, content):
        with pytest.raises(PictureError) as caught:
            open_picture(source)
        assert str(caught.value) == why
        assert caught.value.details.startswith(details)


def test_a_document_is_refused_with_what_reads_it() -> None:
    with pytest.raises(PictureError) as caught:
        open_picture(b"%PDF-1.7\n%\xe2\xe3")
    assert "image-describer read" in str(caught.value)


# The others are too short to be cut inside their data, have frames after the first, or have most
# of the picture in their first scans.
UNCUTTABLE = ("PPM plain", "GIF", "PNG 16 bits", "JPEG progressive")
CUTTABLE = [name for name in EVERY_FORMAT if name not in UNCUTTABLE]


@pytest.mark.parametrize("name", CUTTABLE)
def test_truncated_files_are_said_to_end(name: str) -> None:
    whole = EVERY_FORMAT[name]
    for share in (0.02, 0.3, 0.6, 0.9):
        content = whole[: max(16, round(len(whole) * share))]
        size = file_size(len(content), brief=True)
        assert refusal(content) == f"The file is incomplete: it ends after {size}."


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (pictures.png_bomb, "too large: 30,000 by 30,000 pixels"),
        (lambda: pictures.jpeg_of_size(65_500, 65_500), "65,500 by 65,500 pixels"),
        (lambda: pictures.gif_of_size(65_535, 65_535), "too large: 65,535"),
        (lambda: pictures.png(200_000, 10, b""), "200,000 by 10 pixels"),
        (lambda: b"P6\n99999999 99999999\n255\n" + bytes(100), "99,999,999 by 99,999,999 pixels"),
        (lambda: b"P3\n2000 2000\n255\n1 2 3", "2,000 by 2,000 pixels"),
        (pictures.tiff_tile_bomb, "TIFF file has too many parts"),
        (pictures.tiff_of_many_tiles, "TIFF file has too many parts"),
        (pictures.jpeg_scan_bomb, "JPEG file has too many parts"),
    ],
    ids=["png", "jpeg", "gif", "wide", "ppm", "plain", "tile", "tiles", "scans"],
)
def test_bombs_are_refused_before_they_are_decoded(
    make: Callable[[], bytes], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object) -> None:
        raise AssertionError("a bomb was decoded")

    content = make()
    monkeypatch.setattr("image_describer.imaging.decode.upright", explode)
    assert message in refusal(content)


def test_the_size_that_a_heic_claims_is_not_trusted() -> None:
    whole = pictures.heic(photograph(640, 480))
    too_large = pictures.heic_of_size(whole, 30_000, 30_000)
    assert "30,000 by 30,000 pixels" in refusal(too_large)
    too_small = pictures.heic_of_size(whole, 64, 48)
    assert "damaged" in refusal(too_small)


def test_a_heic_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(PictureError) as caught:
        open_picture(EVERY_FORMAT["HEIC"])
    assert "pip install --upgrade pillow pi-heif" in caught.value.way_out


def test_a_file_of_too_many_bytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(formats.FILE_LIMIT_BYTES + 1)
    assert refusal(path).startswith("The file is too large: 300 MB")


def test_a_bomb_takes_hardly_any_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(pictures.png_bomb())
    script = (
        "import sys, psutil\n"
        "from image_describer.imaging.open import NOT_A_FILE, UNKNOWN_FORMAT, open_picture\n"
        "from image_describer.errors import PictureError\n"
        "before = psutil.Process().memory_info().rss\n"
        "try:\n    open_picture(sys.argv[1])\n"
        "except PictureError as error:\n    print(error.sentence)\n"
        "print(psutil.Process().memory_info().rss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    sentence, growth = done.stdout.splitlines()
    assert sentence == "The picture is too large: 30,000 by 30,000 pixels."
    assert int(growth) < 20_000_000


def test_damaged_metadata_does_not_matter() -> None:
    image = photograph(64, 48)
    for content in (
        encoded(image, "JPEG", icc_profile=b"garbage" * 99),
        encoded(image, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff"),
        pictures.png_with_odd_profile(),
    ):
        assert open_picture(content).pixels.shape == (48, 64, 3)


def test_nothing_is_printed(tmp_path: Path) -> None:
    files = []
    rng = random.Random(5)
    for name in ("TIFF LZW", "TIFF JPEG", "TIFF", "PNG", "JPEG", "GIF"):
        for number in range(12):
            content = bytearray(EVERY_FORMAT[name])
            for _ in range(8):
                content[rng.randrange(8, len(content))] = rng.randrange(256)
            files.append(tmp_path / f"{name}{number}")
            files[-1].write_bytes(content)
    script = (
        "import sys\n"
        "from image_describer.imaging.open import NOT_A_FILE, UNKNOWN_FORMAT, open_picture\n"
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


def test_threads_can_open_pictures_at_the_same_time() -> None:
    shapes: list[tuple[int, ...]] = []

    def work() -> None:
        for name in ("TIFF LZW", "JPEG", "PNG", "TIFF LZW"):
            shapes.append(open_picture(EVERY_FORMAT[name]).pixels.shape)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shapes == [(48, 64, 3)] * 32


MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["overwrite", "delete", "insert"]),
        st.integers(0, 1 << 16),
        st.binary(min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=6,
)


def mutated(content: bytes, mutations: list[tuple[str, int, bytes]]) -> bytes:
    result = bytearray(content)
    for kind, number, new in mutations:
        position = number % max(1, len(result))
        if kind == "overwrite":
            result[position : position + len(new)] = new
        elif kind == "delete":
            del result[position : position + 20 * len(new)]
        else:
            result[position:position] = new
    return bytes(result)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(sorted(EVERY_FORMAT)), MUTATIONS, st.booleans())
def test_any_file_gives_a_picture_or_a_sentence(
    name: str, mutations: list[tuple[str, int, bytes]], as_file: bool
) -> None:
    content = mutated(EVERY_FORMAT[name], mutations)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mutated")
        path.write_bytes(content)
        source = path if as_file else content
        try:
            opened = open_picture(source)
        except PictureError:
            refusal(source)
            return
    assert opened.pixels.dtype == np.uint8
    assert opened.pixels.ndim == 3
    assert opened.pixels.shape[2] == 3
    assert 1 <= max(opened.pixels.shape[:2]) <= LONGEST_SIDE_PX


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_in_one_sentence(content: bytes) -> None:
    refusal(content)
