"""What happens to photographs before anybody describes them: each harm alone, always the same.

Lengths in pixels are meant for a picture of 224, as Flickr8k's are, and grow with the picture.
"""

import io
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Degradation = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""Pixels (H, W, 3) uint8 and a source of chance -> pixels (h, w, 3) uint8."""

LONG = 2  # the longer side of tall and wide pictures, in shorter sides
OF_224 = 1 / 224
SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]], np.float32)
GREY = (128, 128, 128)


def degraded(pixels: np.ndarray, way: str, name: str) -> np.ndarray:
    """``pixels`` (H, W, 3) uint8 after one of ``WAYS``; the same again for the same ``name``.

    KeyError when there is no such way.
    """
    chance = np.random.default_rng(zlib.crc32(f"{way}/{name}".encode()))
    return np.ascontiguousarray(WAYS[way](pixels, chance))


def _clean(pixels: np.ndarray, _chance: np.random.Generator) -> np.ndarray:
    return pixels


def _as_bytes(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def _gain(factor: float) -> Degradation:
    """Less or more light than the sensor needs; what is too bright is lost."""
    return lambda pixels, _: _as_bytes(pixels * np.float32(factor))


def _gamma(exponent: float) -> Degradation:
    return lambda pixels, _: _as_bytes(255 * (pixels / np.float32(255)) ** exponent)


def _faded(contrast: float) -> Degradation:
    """Fog, an old print, a dirty lens: all levels drawn towards a light grey."""
    return lambda pixels, _: _as_bytes(150 + (pixels.astype(np.float32) - 128) * contrast)


def _grey(pixels: np.ndarray, _chance: np.random.Generator) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))


def _sepia(pixels: np.ndarray, _chance: np.random.Generator) -> np.ndarray:
    return _as_bytes(pixels.astype(np.float32) @ SEPIA.T)


def _blurred(radius: float) -> Degradation:
    """Out of focus. ``radius`` in pixels of 224."""

    def blur(pixels: np.ndarray, _chance: np.random.Generator) -> np.ndarray:
        wide = radius * OF_224 * min(pixels.shape[:2])
        return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(wide)))

    return blur


def _noisy(deviation: float) -> Degradation:
    """A sensor's noise. ``deviation`` in grey levels."""
    return lambda pixels, chance: _as_bytes(pixels + chance.normal(0, deviation, pixels.shape))


def _small(side: int) -> Degradation:
    """A thumbnail: the shorter side has ``side`` pixels."""

    def shrink(pixels: np.ndarray, _chance: np.random.Generator) -> np.ndarray:
        image = Image.fromarray(pixels)
        scale = side / min(image.size)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        return np.asarray(image.resize(size, Image.Resampling.BOX))

    return shrink


def _jpeg(quality: int) -> Degradation:
    def compress(pixels: np.ndarray, _chance: np.random.Generator) -> np.ndarray:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file).convert("RGB"))

    return compress


def _turned(quarters: int) -> Degradation:
    """``quarters`` of a turn, against the clock."""
    return lambda pixels, _: np.rot90(pixels, quarters)


def _tilted(degrees: float) -> Degradation:
    """A horizon that isn't level: turned, and cut to the largest square that has no corners."""

    def tilt(pixels: np.ndarray, chance: np.random.Generator) -> np.ndarray:
        image = Image.fromarray(pixels)
        angle = degrees if chance.random() < 0.5 else -degrees
        turned = image.rotate(angle, Image.Resampling.BICUBIC)
        radians = np.deg2rad(degrees)
        kept = min(image.size) / (np.cos(radians) + np.sin(radians))
        left, top = (image.width - kept) / 2, (image.height - kept) / 2
        return np.asarray(
            turned.crop((round(left), round(top), round(left + kept), round(top + kept)))
        )

    return tilt


def _canvas(pixels: np.ndarray, tall: bool) -> tuple[int, int]:
    """(rows, columns) of a canvas that holds the picture and is LONG times as long as it."""
    rows, columns = pixels.shape[:2]
    return (max(rows, LONG * columns), columns) if tall else (rows, max(columns, LONG * rows))


def _padded(tall: bool, colour: tuple[int, int, int]) -> Degradation:
    """Bars of one colour on both sides, as a phone or a video player adds them."""

    def pad(pixels: np.ndarray, _chance: np.random.Generator) -> np.ndarray:
        rows, columns = _canvas(pixels, tall)
        whole = np.full((rows, columns, 3), colour, np.uint8)
        _put(whole, pixels, (rows - pixels.shape[0]) // 2, (columns - pixels.shape[1]) // 2)
        return whole

    return pad


def _put(whole: np.ndarray, pixels: np.ndarray, top: int, left: int) -> None:
    whole[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels


def _reflected(tall: bool) -> Degradation:
    """The picture goes on beyond its edges as its mirror image: nothing to be cut off."""

    def reflect(pixels: np.ndarray, _chance: np.random.Generator) -> np.ndarray:
        (rows, columns), (high, wide) = _canvas(pixels, tall), pixels.shape[:2]
        above, left = (rows - high) // 2, (columns - wide) // 2
        around = ((above, rows - high - above), (left, columns - wide - left), (0, 0))
        return np.pad(pixels, around, mode="symmetric")

    return reflect


def _soft_bars(tall: bool) -> Degradation:
    """Bars filled with the picture itself, enlarged and blurred, as video makers do it."""

    def fill(pixels: np.ndarray, _chance: np.random.Generator) -> np.ndarray:
        rows, columns = _canvas(pixels, tall)
        back = Image.fromarray(pixels).resize((max(rows, columns),) * 2, Image.Resampling.BILINEAR)
        left, top = (back.width - columns) // 2, (back.height - rows) // 2
        back = back.crop((left, top, left + columns, top + rows))
        whole = np.array(back.filter(ImageFilter.GaussianBlur(0.08 * min(rows, columns))))
        _put(whole, pixels, (rows - pixels.shape[0]) // 2, (columns - pixels.shape[1]) // 2)
        return whole

    return fill


def _lying(tall: bool) -> Degradation:
    """The picture somewhere on a wall or a table: uneven light, some grain."""

    def lay(pixels: np.ndarray, chance: np.random.Generator) -> np.ndarray:
        rows, columns = _canvas(pixels, tall)
        light = chance.uniform(0.6, 1.0, (2, 2)) * 255
        soft = Image.fromarray(light.astype(np.float32)).resize(
            (columns, rows), Image.Resampling.BICUBIC
        )
        tint = chance.uniform(0.7, 1.0, 3)
        grain = chance.normal(0, 4, (rows, columns, 1))
        whole = _as_bytes((np.asarray(soft)[..., np.newaxis] + grain) * tint)
        top = int(chance.integers(0, rows - pixels.shape[0] + 1))
        left = int(chance.integers(0, columns - pixels.shape[1] + 1))
        _put(whole, pixels, top, left)
        return whole

    return lay


def _on_a_screen(pixels: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """A telephone's screenshot: a tall white page with the picture between lines of text."""
    rows, columns = _canvas(pixels, tall=True)
    page = Image.new("RGB", (columns, rows), "white")
    pen = ImageDraw.Draw(page)
    top = min(int(chance.integers(rows // 8, rows // 3)), rows - pixels.shape[0])
    step = max(6, columns // 14)
    for line in range(step, rows - step, step):
        words = chance.integers(columns // 3, columns - 10)
        pen.line((10, line, int(words), line), fill=(60, 60, 60), width=max(1, step // 4))
    whole = np.array(page)
    _put(whole, pixels, top, 0)
    return whole


def _cut(tall: bool) -> Degradation:
    """The middle half alone: a tall or wide picture that is full from edge to edge."""

    def cut(pixels: np.ndarray, _chance: np.random.Generator) -> np.ndarray:
        rows, columns = pixels.shape[:2]
        if tall:
            return pixels[:, columns // 4 : columns // 4 + max(1, columns // 2)]
        return pixels[rows // 4 : rows // 4 + max(1, rows // 2)]

    return cut


WAYS: Mapping[str, Degradation] = MappingProxyType(
    {
        "clean": _clean,
        "greyscale": _grey,
        "sepia": _sepia,
        "JPEG quality 30": _jpeg(30),
        "JPEG quality 10": _jpeg(10),
        "tall, grey bars": _padded(True, GREY),
        "tall, black bars": _padded(True, (0, 0, 0)),
        "tall, white bars": _padded(True, (255, 255, 255)),
        "tall, blurred bars": _soft_bars(True),
        "tall, reflected": _reflected(True),
        "tall, on a surface": _lying(True),
        "tall, on a screen": _on_a_screen,
        "tall, middle half": _cut(True),
        "wide, grey bars": _padded(False, GREY),
        "wide, black bars": _padded(False, (0, 0, 0)),
        "wide, white bars": _padded(False, (255, 255, 255)),
        "wide, blurred bars": _soft_bars(False),
        "wide, reflected": _reflected(False),
        "wide, on a surface": _lying(False),
        "wide, middle half": _cut(False),
        "dark, a quarter of the light": _gain(0.25),
        "dark, a tenth of the light": _gain(0.1),
        "dark, gamma 3": _gamma(3.0),
        "overexposed, twice the light": _gain(2.0),
        "low contrast, a quarter": _faded(0.25),
        "blurred, radius 1": _blurred(1),
        "blurred, radius 2": _blurred(2),
        "blurred, radius 4": _blurred(4),
        "noise of 15 levels": _noisy(15),
        "noise of 40 levels": _noisy(40),
        "64 pixels": _small(64),
        "32 pixels": _small(32),
        "turned by 90 degrees": _turned(1),
        "turned by 180 degrees": _turned(2),
        "turned by 270 degrees": _turned(3),
        "tilted by 5 degrees": _tilted(5),
        "tilted by 15 degrees": _tilted(15),
        "tilted by 30 degrees": _tilted(30),
    }
)
"""What each harm is called in tables, and what does it. Quarter turns go against the clock."""
