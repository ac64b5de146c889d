"""Images of every mode become upright RGB pixels on white, at most 2048 long."""

import numpy as np
import pytest
from PIL import Image

from image_describer.imaging import decode
from image_describer.imaging.decode import LONGER_SIDE_PX, longer_side_limit
from image_describer.imaging.notes import BLANK
from image_describer.imaging.open import open_picture
from tests.support import pictures
from tests.support.pictures import encoded, photograph, quarters, with_orientation

QUARTERS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0))
GRADIENT = np.linspace(0, 255, 64)


def assert_quarters(pixels: np.ndarray, tolerance: int = 40) -> None:
    height, width = pixels.shape[:2]
    rows, columns = (height // 4, 3 * height // 4), (width // 4, 3 * width // 4)
    colours = [pixels[row, column].astype(int) for row in rows for column in columns]
    assert np.abs(np.array(colours) - np.array(QUARTERS)).max() <= tolerance


def grey_row(content: bytes) -> np.ndarray:
    """Return one row of a picture that is grey and the same in every row."""
    pixels = open_picture(content).pixels
    assert np.all(pixels == pixels[:1, :, :1])
    return pixels[0, :, 0].astype(int)


def gradient_tiff(low: float, high: float, dtype: type) -> bytes:
    values = np.tile(np.linspace(low, high, 64).astype(dtype), (48, 1))
    return encoded(Image.fromarray(values), "TIFF")


# Each of these formats hands EXIF to Pillow in its own way.
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIC"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_undone(format_name: str, orientation: int) -> None:
    opened = open_picture(with_orientation(orientation, format_name))
    assert (opened.width, opened.height) == (80, 60)
    assert opened.pixels.shape == (60, 80, 3)
    assert_quarters(opened.pixels)


def test_a_large_turned_jpeg_keeps_its_original_size() -> None:
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
        ((3000, 5000), "JPEG"),
        ((9000, 40), "BMP"),
        ((1000, 6000), "JPEG"),
    ],
)
def test_large_pictures_are_reduced_in_proportion(size: tuple[int, int], format_name: str) -> None:
    opened = open_picture(encoded(quarters(*size), format_name))
    height, width = opened.pixels.shape[:2]
    assert (opened.width, opened.height) == size
    limit = longer_side_limit(size)
    assert min(limit, max(size)) // 2 <= max(height, width) <= limit
    assert width / height == pytest.approx(size[0] / size[1], rel=0.05)
    assert_quarters(opened.pixels)


@pytest.mark.parametrize(
    ("size", "limit"),
    [((3000, 2000), 2048), ((900, 3000), 2560), ((20_000, 300), 8192), ((1, 1), 2048)],
)
def test_long_pictures_may_be_longer(size: tuple[int, int], limit: int) -> None:
    assert longer_side_limit(size) == limit


def test_reducing_in_bands_gives_the_same_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    content = encoded(photograph(300, 200), "PNG")
    monkeypatch.setattr(decode, "longer_side_limit", lambda _size: 60)
    whole = open_picture(content).pixels
    monkeypatch.setattr(decode, "BAND_PX", 3_000)
    banded = open_picture(content).pixels
    assert banded.shape == (40, 60, 3)
    assert np.array_equal(whole, banded)


def test_cmyk_keeps_its_colours() -> None:
    assert_quarters(open_picture(encoded(quarters().convert("CMYK"), "JPEG")).pixels)


def test_a_palette_keeps_its_colours() -> None:
    assert_quarters(open_picture(encoded(quarters().quantize(8), "PNG")).pixels)


def test_one_bit_is_black_and_white() -> None:
    values = np.zeros((48, 64), bool)
    values[:, 32:] = True
    for format_name in ("PNG", "TIFF", "BMP", "PPM"):
        row = grey_row(encoded(Image.fromarray(values), format_name))
        assert row.tolist() == [0] * 32 + [255] * 32


@pytest.mark.parametrize("format_name", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_and_not_clipped(format_name: str) -> None:
    row = grey_row(encoded(pictures.sixteen_bits(), format_name))
    assert np.abs(row - GRADIENT).max() <= 1


def test_sixteen_bits_of_either_byte_order_are_read() -> None:
    values = np.tile(np.linspace(0, 65535, 64).astype(">u2"), (48, 1))
    size = [(256, 4, 1, 64), (257, 4, 1, 48), (258, 3, 1, 16), (259, 3, 1, 1), (262, 3, 1, 1)]
    strip = [(273, 4, 1, 8 + 2 + 12 * 7 + 4), (279, 4, 1, values.nbytes)]
    little = pictures.tiff(*size, *strip, data=values.astype("<u2").tobytes())
    big = encoded(Image.frombytes("I;16B", (64, 48), values.tobytes()), "TIFF")
    for content in (little, big):
        assert np.abs(grey_row(content) - GRADIENT).max() <= 1


def test_twelve_bits_in_sixteen_are_not_dark() -> None:
    row = grey_row(gradient_tiff(0, 4095, np.uint16))
    assert np.abs(row - GRADIENT).max() <= 1


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 255), (-3, 7), (0, 1e6)])
def test_floats_of_any_range_are_scaled(low: float, high: float) -> None:
    row = grey_row(gradient_tiff(low, high, np.float32))
    assert np.abs(row - GRADIENT).max() <= 1


def test_nan_and_infinity_are_black_and_white() -> None:
    values = np.tile(np.linspace(0, 1, 64).astype(np.float32), (48, 1))
    values[0, :4] = (np.nan, np.inf, -np.inf, 0)
    opened = open_picture(encoded(Image.fromarray(values), "TIFF"))
    assert opened.pixels[0, :4, 0].tolist() == [0, 255, 0, 0]
    assert opened.pixels[9, -1, 0] == 255
    only_nan = Image.fromarray(np.full((48, 64), np.nan, np.float32))
    assert open_picture(encoded(only_nan, "TIFF")).notes == (BLANK,)


def half_transparent(mode: str) -> Image.Image:
    """Return black on the left, fully transparent on the right."""
    image = Image.new("RGBA", (64, 48), (0, 0, 0, 255))
    image.paste((0, 0, 0, 0), (32, 0, 64, 48))
    return image.convert(mode)


def test_transparent_pixels_are_white() -> None:
    palette = Image.new("P", (64, 48), 0)
    palette.putpalette([0, 0, 0, 0, 0, 0])
    palette.paste(1, (32, 0, 64, 48))
    for content in (
        encoded(half_transparent("RGBA"), "PNG"),
        encoded(half_transparent("LA"), "PNG"),
        encoded(half_transparent("RGBA"), "WEBP", lossless=True),
        encoded(half_transparent("RGBA"), "TIFF"),
        encoded(palette, "PNG", transparency=1),
        encoded(palette, "PNG", transparency=b"\xff\x00"),
        encoded(palette, "GIF", transparency=1),
    ):
        assert grey_row(content).tolist() == [0] * 32 + [255] * 32
