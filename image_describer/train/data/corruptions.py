"""What happens to photographs before they are described: each corruption alone, reproducibly.

Lengths in pixels are for a picture of 224 pixels, like Flickr8k's, and scale with the picture.
"""

import io
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Corruption = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""Pixels (H, W, 3) uint8 and a random generator -> pixels (h, w, 3) uint8."""

ASPECT = 2  # of tall and wide pictures: the longer side by the shorter one
SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]], np.float32)
GRAY = (128, 128, 128)


def corrupt(pixels: np.ndarray, corruption: str, name: str) -> np.ndarray:
    """Apply one of ``CORRUPTIONS`` to ``pixels`` (H, W, 3) uint8.

    The result depends on the pixels, the corruption and the ``name`` of the picture alone. Raises
    KeyError for an unknown corruption.
    """
    rng = np.random.default_rng(zlib.crc32(f"{corruption}/{name}".encode()))
    return np.ascontiguousarray(CORRUPTIONS[corruption](pixels, rng))


def _clean(pixels: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return pixels


def _as_bytes(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def _gain(factor: float) -> Corruption:
    """Underexposure or overexposure: values above 255 are clipped."""
    return lambda pixels, _: _as_bytes(pixels * np.float32(factor))


def _gamma(exponent: float) -> Corruption:
    return lambda pixels, _: _as_bytes(255 * (pixels / np.float32(255)) ** exponent)


def _low_contrast(contrast: float) -> Corruption:
    """Fog, an old print or a dirty lens: all levels are closer to a light gray."""
    return lambda pixels, _: _as_bytes(150 + (pixels.astype(np.float32) - 128) * contrast)


def _grayscale(pixels: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))


def _sepia(pixels: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return _as_bytes(pixels.astype(np.float32) @ SEPIA.T)


def _blur(radius: float) -> Corruption:
    """Out of focus. ``radius`` in pixels of 224."""

    def blur(pixels: np.ndarray, _: np.random.Generator) -> np.ndarray:
        scaled = radius / 224 * min(pixels.shape[:2])
        return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(scaled)))

    return blur


def _noise(deviation: float) -> Corruption:
    """Noise of a sensor, with a standard ``deviation`` in levels of 255."""
    return lambda pixels, rng: _as_bytes(pixels + rng.normal(0, deviation, pixels.shape))


def _thumbnail(side: int) -> Corruption:
    """The shorter side has ``side`` pixels."""

    def shrink(pixels: np.ndarray, _: np.random.Generator) -> np.ndarray:
        image = Image.fromarray(pixels)
        scale = side / min(image.size)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        return np.asarray(image.resize(size, Image.Resampling.BOX))

    return shrink


def _jpeg(quality: int) -> Corruption:
    def compress(pixels: np.ndarray, _: np.random.Generator) -> np.ndarray:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file).convert("RGB"))

    return compress


def _rotated(quarters: int) -> Corruption:
    """Rotated by ``quarters`` of a turn, counterclockwise."""
    return lambda pixels, _: np.rot90(pixels, quarters)


def _tilted(degrees: float) -> Corruption:
    """A tilted horizon: rotated, and cropped to the largest square without empty corners."""

    def tilt(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        image = Image.fromarray(pixels)
        angle = degrees if rng.random() < 0.5 else -degrees
        rotated = image.rotate(angle, Image.Resampling.BICUBIC)
        radians = np.deg2rad(degrees)
        side = min(image.size) / (np.cos(radians) + np.sin(radians))
        left, top = (image.width - side) / 2, (image.height - side) / 2
        return np.asarray(
            rotated.crop((round(left), round(top), round(left + side), round(top + side)))
        )

    return tilt


def _canvas(pixels: np.ndarray, tall: bool) -> tuple[int, int]:
    """(rows, columns) of a canvas of this aspect around the picture."""
    rows, columns = pixels.shape[:2]
    return (max(rows, ASPECT * columns), columns) if tall else (rows, max(columns, ASPECT * rows))


def _padded(tall: bool, color: tuple[int, int, int]) -> Corruption:
    """Bars of one color on both sides, as phones and video players add them."""

    def pad(pixels: np.ndarray, _: np.random.Generator) -> np.ndarray:
        rows, columns = _canvas(pixels, tall)
        whole = np.full((rows, columns, 3), color, np.uint8)
        _put(whole, pixels, (rows - pixels.shape[0]) // 2, (columns - pixels.shape[1]) // 2)
        return whole

    return pad


def _put(whole: np.ndarray, pixels: np.ndarray, top: int, left: int) -> None:
    whole[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels


def _reflected(tall: bool) -> Corruption:
    """The picture continues beyond its edges as its mirror image, so no bars can be trimmed."""

    def reflect(pixels: np.ndarray, _: np.random.Generator) -> np.ndarray:
        (rows, columns), (high, wide) = _canvas(pixels, tall), pixels.shape[:2]
        above, left = (rows - high) // 2, (columns - wide) // 2
        widths = ((above, rows - high - above), (left, columns - wide - left), (0, 0))
        return np.pad(pixels, widths, mode="symmetric")

    return reflect


def _blurred_bars(tall: bool) -> Corruption:
    """Bars filled with the picture itself, enlarged and blurred, as in many videos."""

    def fill(pixels: np.ndarray, _: np.random.Generator) -> np.ndarray:
        rows, columns = _canvas(pixels, tall)
        back = Image.fromarray(pixels).resize((max(rows, columns),) * 2, Image.Resampling.BILINEAR)
        left, top = (back.width - columns) // 2, (back.height - rows) // 2
        back = back.crop((left, top, left + columns, top + rows))
        whole = np.array(back.filter(ImageFilter.GaussianBlur(0.08 * min(rows, columns))))
        _put(whole, pixels, (rows - pixels.shape[0]) // 2, (columns - pixels.shape[1]) // 2)
        return whole

    return fill


def _on_surface(tall: bool) -> Corruption:
    """The picture somewhere on a wall or a table, with uneven light and some grain."""

    def place(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        rows, columns = _canvas(pixels, tall)
        light = rng.uniform(0.6, 1.0, (2, 2)) * 255
        soft = Image.fromarray(light.astype(np.float32)).resize(
            (columns, rows), Image.Resampling.BICUBIC
        )
        tint = rng.uniform(0.7, 1.0, 3)
        grain = rng.normal(0, 4, (rows, columns, 1))
        whole = _as_bytes((np.asarray(soft)[..., np.newaxis] + grain) * tint)
        top = int(rng.integers(0, rows - pixels.shape[0] + 1))
        left = int(rng.integers(0, columns - pixels.shape[1] + 1))
        _put(whole, pixels, top, left)
        return whole

    return place


def _screenshot(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A screenshot of a phone: a tall white page with the picture between lines of text."""
    rows, columns = _canvas(pixels, tall=True)
    page = Image.new("RGB", (columns, rows), "white")
    pen = ImageDraw.Draw(page)
    top = min(int(rng.integers(rows // 8, rows // 3)), rows - pixels.shape[0])
    step = max(6, columns // 14)
    for line in range(step, rows - step, step):
        words = rng.integers(columns // 3, columns - 10)
        pen.line((10, line, int(words), line), fill=(60, 60, 60), width=max(1, step // 4))
    whole = np.array(page)
    _put(whole, pixels, top, 0)
    return whole


def _middle_half(tall: bool) -> Corruption:
    """The middle half of the picture: tall or wide without any bars."""

    def crop(pixels: np.ndarray, _: np.random.Generator) -> np.ndarray:
        rows, columns = pixels.shape[:2]
        if tall:
            return pixels[:, columns // 4 : columns // 4 + max(1, columns // 2)]
        return pixels[rows // 4 : rows // 4 + max(1, rows // 2)]

    return crop


CORRUPTIONS: Mapping[str, Corruption] = MappingProxyType(
    {
        "clean": _clean,
        "grayscale": _grayscale,
        "sepia": _sepia,
        "JPEG quality 30": _jpeg(30),
        "JPEG quality 10": _jpeg(10),
        "tall, gray bars": _padded(True, GRAY),
        "tall, black bars": _padded(True, (0, 0, 0)),
        "tall, white bars": _padded(True, (255, 255, 255)),
        "tall, blurred bars": _blurred_bars(True),
        "tall, reflected": _reflected(True),
        "tall, on a surface": _on_surface(True),
        "tall, on a screen": _screenshot,
        "tall, middle half": _middle_half(True),
        "wide, gray bars": _padded(False, GRAY),
        "wide, black bars": _padded(False, (0, 0, 0)),
        "wide, white bars": _padded(False, (255, 255, 255)),
        "wide, blurred bars": _blurred_bars(False),
        "wide, reflected": _reflected(False),
        "wide, on a surface": _on_surface(False),
        "wide, middle half": _middle_half(False),
        "dark, a quarter of the light": _gain(0.25),
        "dark, a tenth of the light": _gain(0.1),
        "dark, gamma 3": _gamma(3.0),
        "overexposed, twice the light": _gain(2.0),
        "low contrast, a quarter": _low_contrast(0.25),
        "blurred, radius 1": _blur(1),
        "blurred, radius 2": _blur(2),
        "blurred, radius 4": _blur(4),
        "noise of 15 levels": _noise(15),
        "noise of 40 levels": _noise(40),
        "64 pixels": _thumbnail(64),
        "32 pixels": _thumbnail(32),
        "turned by 90 degrees": _rotated(1),
        "turned by 180 degrees": _rotated(2),
        "turned by 270 degrees": _rotated(3),
        "tilted by 5 degrees": _tilted(5),
        "tilted by 15 degrees": _tilted(15),
        "tilted by 30 degrees": _tilted(30),
    }
)
"""Corruptions by their names in tables."""
