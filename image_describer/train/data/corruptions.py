"""What happens to photographs before they are described: each corruption alone, reproducibly.

Lengths in pixels are for a picture of 224 pixels, like Flickr8k's, and scale with the picture.
"""

import io
import zlib
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Pixels = np.ndarray  # (H, W, 3) uint8
Rng = np.random.Generator
Corruption = Callable[[Pixels, Rng], Pixels]

ASPECT = 2  # of tall and wide pictures: the longer side by the shorter one
SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]], np.float32)


def corrupt(pixels: Pixels, corruption: str, name: str) -> Pixels:
    """Apply one of ``CORRUPTIONS``.

    The result depends on the pixels, the corruption and the ``name`` of the picture alone. Raises
    KeyError for an unknown corruption.
    """
    rng = np.random.default_rng(zlib.crc32(f"{corruption}/{name}".encode()))
    return np.ascontiguousarray(CORRUPTIONS[corruption](pixels, rng))


def _clean(pixels: Pixels, _: Rng) -> Pixels:
    return pixels


def _as_bytes(values: np.ndarray) -> Pixels:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def _gain(pixels: Pixels, _: Rng, factor: float) -> Pixels:
    """Underexposure or overexposure: values above 255 are clipped."""
    return _as_bytes(pixels * np.float32(factor))


def _gamma(pixels: Pixels, _: Rng, exponent: float) -> Pixels:
    return _as_bytes(255 * (pixels / np.float32(255)) ** exponent)


def _low_contrast(pixels: Pixels, _: Rng, contrast: float) -> Pixels:
    """Fog, an old print or a dirty lens: all levels are closer to a light gray."""
    return _as_bytes(150 + (pixels.astype(np.float32) - 128) * contrast)


def _grayscale(pixels: Pixels, _: Rng) -> Pixels:
    return np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))


def _sepia(pixels: Pixels, _: Rng) -> Pixels:
    return _as_bytes(pixels.astype(np.float32) @ SEPIA.T)


def _blur(pixels: Pixels, _: Rng, radius: float) -> Pixels:
    """Out of focus. ``radius`` in pixels of 224."""
    scaled = radius / 224 * min(pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(scaled)))


def _noise(pixels: Pixels, rng: Rng, deviation: float) -> Pixels:
    """Noise of a sensor, with a standard ``deviation`` in levels of 255."""
    return _as_bytes(pixels + rng.normal(0, deviation, pixels.shape))


def _thumbnail(pixels: Pixels, _: Rng, side: int) -> Pixels:
    """The shorter side has ``side`` pixels."""
    image = Image.fromarray(pixels)
    scale = side / min(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return np.asarray(image.resize(size, Image.Resampling.BOX))


def _jpeg(pixels: Pixels, _: Rng, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def _rotated(pixels: Pixels, _: Rng, quarters: int) -> Pixels:
    """Rotated by ``quarters`` of a turn, counterclockwise."""
    return np.rot90(pixels, quarters)


def _tilted(pixels: Pixels, rng: Rng, degrees: float) -> Pixels:
    """A tilted horizon: rotated, and cropped to the largest square without empty corners."""
    image = Image.fromarray(pixels)
    angle = degrees if rng.random() < 0.5 else -degrees
    rotated = image.rotate(angle, Image.Resampling.BICUBIC)
    radians = np.deg2rad(degrees)
    side = min(image.size) / (np.cos(radians) + np.sin(radians))
    left, top = (image.width - side) / 2, (image.height - side) / 2
    box = (round(left), round(top), round(left + side), round(top + side))
    return np.asarray(rotated.crop(box))


def _canvas_size(pixels: Pixels, tall: bool) -> tuple[int, int]:
    """(rows, columns) of a canvas of this aspect around the picture."""
    rows, columns = pixels.shape[:2]
    return (max(rows, ASPECT * columns), columns) if tall else (rows, max(columns, ASPECT * rows))


def _put(canvas: Pixels, pixels: Pixels, top: int, left: int) -> Pixels:
    canvas[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return canvas


def _put_in_the_middle(canvas: Pixels, pixels: Pixels) -> Pixels:
    top, left = ((canvas.shape[axis] - pixels.shape[axis]) // 2 for axis in (0, 1))
    return _put(canvas, pixels, top, left)


def _padded(pixels: Pixels, _: Rng, tall: bool, level: int) -> Pixels:
    """Bars of one level of gray on both sides, as phones and video players add them."""
    canvas = np.full((*_canvas_size(pixels, tall), 3), level, np.uint8)
    return _put_in_the_middle(canvas, pixels)


def _reflected(pixels: Pixels, _: Rng, tall: bool) -> Pixels:
    """The picture continues beyond its edges as its mirror image, so no bars can be trimmed."""
    (rows, columns), (high, wide) = _canvas_size(pixels, tall), pixels.shape[:2]
    above, left = (rows - high) // 2, (columns - wide) // 2
    widths = ((above, rows - high - above), (left, columns - wide - left), (0, 0))
    return np.pad(pixels, widths, mode="symmetric")


def _blurred_bars(pixels: Pixels, _: Rng, tall: bool) -> Pixels:
    """Bars filled with the picture itself, enlarged and blurred, as in many videos."""
    rows, columns = _canvas_size(pixels, tall)
    back = Image.fromarray(pixels).resize((max(rows, columns),) * 2, Image.Resampling.BILINEAR)
    left, top = (back.width - columns) // 2, (back.height - rows) // 2
    back = back.crop((left, top, left + columns, top + rows))
    blurred = back.filter(ImageFilter.GaussianBlur(0.08 * min(rows, columns)))
    return _put_in_the_middle(np.array(blurred), pixels)


def _on_surface(pixels: Pixels, rng: Rng, tall: bool) -> Pixels:
    """The picture somewhere on a wall or a table, with uneven light and some grain."""
    rows, columns = _canvas_size(pixels, tall)
    light = Image.fromarray((rng.uniform(0.6, 1.0, (2, 2)) * 255).astype(np.float32))
    smooth = np.asarray(light.resize((columns, rows), Image.Resampling.BICUBIC))
    tint = rng.uniform(0.7, 1.0, 3)
    grain = rng.normal(0, 4, (rows, columns, 1))
    surface = _as_bytes((smooth[..., np.newaxis] + grain) * tint)
    top = int(rng.integers(0, rows - pixels.shape[0] + 1))
    left = int(rng.integers(0, columns - pixels.shape[1] + 1))
    return _put(surface, pixels, top, left)


def _screenshot(pixels: Pixels, rng: Rng) -> Pixels:
    """A screenshot of a phone: a tall white page with the picture between lines of text."""
    rows, columns = _canvas_size(pixels, tall=True)
    page = Image.new("RGB", (columns, rows), "white")
    pen = ImageDraw.Draw(page)
    top = min(int(rng.integers(rows // 8, rows // 3)), rows - pixels.shape[0])
    step = max(6, columns // 14)
    for line in range(step, rows - step, step):
        words = rng.integers(columns // 3, columns - 10)
        pen.line((10, line, int(words), line), fill=(60, 60, 60), width=max(1, step // 4))
    return _put(np.array(page), pixels, top, 0)


def _middle_half(pixels: Pixels, _: Rng, tall: bool) -> Pixels:
    """The middle half of the picture: tall or wide without any bars."""
    rows, columns = pixels.shape[:2]
    if tall:
        return pixels[:, columns // 4 : columns // 4 + max(1, columns // 2)]
    return pixels[rows // 4 : rows // 4 + max(1, rows // 2)]


def _tall_or_wide(aspect: str, more: Mapping[str, Corruption]) -> dict[str, Corruption]:
    tall = aspect == "tall"
    corruptions: dict[str, Corruption] = {
        "gray bars": partial(_padded, tall=tall, level=128),
        "black bars": partial(_padded, tall=tall, level=0),
        "white bars": partial(_padded, tall=tall, level=255),
        "blurred bars": partial(_blurred_bars, tall=tall),
        "reflected": partial(_reflected, tall=tall),
        "on a surface": partial(_on_surface, tall=tall),
        **more,
        "middle half": partial(_middle_half, tall=tall),
    }
    return {f"{aspect}, {name}": corruption for name, corruption in corruptions.items()}


CORRUPTIONS: dict[str, Corruption] = {
    "clean": _clean,
    "grayscale": _grayscale,
    "sepia": _sepia,
    "JPEG quality 30": partial(_jpeg, quality=30),
    "JPEG quality 10": partial(_jpeg, quality=10),
    **_tall_or_wide("tall", {"on a screen": _screenshot}),
    **_tall_or_wide("wide", {}),
    "dark, a quarter of the light": partial(_gain, factor=0.25),
    "dark, a tenth of the light": partial(_gain, factor=0.1),
    "dark, gamma 3": partial(_gamma, exponent=3.0),
    "overexposed, twice the light": partial(_gain, factor=2.0),
    "low contrast, a quarter": partial(_low_contrast, contrast=0.25),
    **{f"blurred, radius {radius}": partial(_blur, radius=radius) for radius in (1, 2, 4)},
    **{f"noise of {level} levels": partial(_noise, deviation=level) for level in (15, 40)},
    **{f"{side} pixels": partial(_thumbnail, side=side) for side in (64, 32)},
    **{f"turned by {90 * n} degrees": partial(_rotated, quarters=n) for n in (1, 2, 3)},
    **{f"tilted by {angle} degrees": partial(_tilted, degrees=angle) for angle in (5, 15, 30)},
}
"""Corruptions by their names in tables. Their order decides which photographs each is applied to
when the photo check is fitted."""
