"""A Pillow image of any mode becomes (H, W, 3) uint8 sRGB: upright, on white, reduced.

Large images are converted in bands, so that little memory is needed besides the decoded image.
"""

from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple, cast

import numpy as np
from PIL import Image, ImageFile

from image_describer.imaging.color_profile import ProfileTransform, profile_transform
from image_describer.imaging.orientation import turn_upright
from image_describer.imaging.transparency import on_white, without_empty_alpha
from image_describer.metadata import formats
from image_describer.metadata.containers import jpeg2000

LONGER_SIDE_PX = 2048  # neither the network nor most screens show more
SHORTER_SIDE_PX = 768  # of long pictures, such as a whole web page, whose text is still legible
LONGEST_SIDE_PX = 8192  # of those
BAND_PX = 4_000_000  # pixels converted at a time
REUSED_BYTES = 1 << 24
_WHITE_LEVELS = (255.0, 4095.0, 65535.0)  # of 8, 12 and 16 bits

# glibc returns large blocks to the system as soon as they are free, and each new one costs a page
# fault for every 4 KB: a tenth of the time of a photograph. Once it has freed a block of this size
# it keeps those that are smaller. The block itself is never written to, so it takes no memory.
np.empty(REUSED_BYTES, np.uint8)


class UprightImage(NamedTuple):
    """A decoded image of 8 bits: upright, on white, reduced, with the colours of its profile."""

    image: Image.Image
    to_srgb: ProfileTransform | None

    def pixels(self) -> np.ndarray:
        """Return it as (H, W, 3) uint8 sRGB."""
        return self.to_srgb.apply(self.image) if self.to_srgb else np.asarray(self.image)

    def thumbnail(self, longer_side: int) -> np.ndarray:
        """Return it with the longer side at most this long, as `pixels` does."""
        return self._replace(image=thumbnail(self.image, longer_side)).pixels()


def to_rgb(image: Image.Image, orientation: int) -> np.ndarray:
    """Convert a decoded image, turning it upright by its EXIF ``orientation``.

    Returns (H, W, 3) uint8 sRGB, the longer side at most `longer_side_limit`.
    """
    return upright(image, orientation).pixels()


def upright(image: Image.Image, orientation: int) -> UprightImage:
    """Like `to_rgb`, but before the colours are converted."""
    to_srgb = profile_transform(image)
    limit = longer_side_limit(image.size)
    factor = max(1, max(image.size) // limit)
    small = _convert_reduced(image, factor, to_srgb.mode if to_srgb else "RGB")
    if max(small.size) > limit:
        scale = limit / max(small.size)
        size = (max(1, round(small.width * scale)), max(1, round(small.height * scale)))
        small = small.resize(size, Image.Resampling.HAMMING)
    return UprightImage(turn_upright(small, orientation), to_srgb)


def thumbnail(image: Image.Image, longer_side: int) -> Image.Image:
    """Average an image down until its longer side is at most this long; never enlarge it."""
    scale = longer_side / max(image.size)
    if scale >= 1:
        return image
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BOX)


def reduce_while_decoding(image: Image.Image) -> None:
    """Let a large JPEG or JPEG 2000 be decoded at a half, a quarter or an eighth of its size."""
    halvings, limit = 0, longer_side_limit(image.size)
    while halvings < formats.HALVINGS and max(image.size) > limit << halvings:
        halvings += 1
    if isinstance(image, ImageFile.ImageFile) and image.format == "JPEG2000":
        most = jpeg2000.halvings(cast(IO[bytes], image.fp))
        image.reduce = min(halvings, most)  # type: ignore[assignment, method-assign]
    elif halvings:
        size = (max(1, image.width >> halvings), max(1, image.height >> halvings))
        image.draft(None, size)


def longer_side_limit(size: tuple[int, int]) -> int:
    """How long the longer side of a picture of this width and height is at most, in pixels."""
    ratio = max(size) / min(size)
    return int(min(max(SHORTER_SIDE_PX * ratio, LONGER_SIDE_PX), LONGEST_SIDE_PX))


def _convert_reduced(image: Image.Image, factor: int, mode: str) -> Image.Image:
    """Convert ``image`` to ``mode``, averaging each ``factor`` x ``factor`` pixels into one."""
    black_white = _black_and_white(image)
    image = without_empty_alpha(image)
    width, height = image.size
    rows = max(1, BAND_PX // (width * factor)) * factor
    if rows >= height:
        return _reduce(_flatten(image, black_white, mode), factor)
    small = Image.new(mode, (-(-width // factor), -(-height // factor)))
    for top in range(0, height, rows):
        band = image.crop((0, top, width, min(top + rows, height)))
        small.paste(_reduce(_flatten(band, black_white, mode), factor), (0, top // factor))
    return small


def _reduce(image: Image.Image, factor: int) -> Image.Image:
    return image.reduce(factor) if factor > 1 else image


def _flatten(band: Image.Image, black_white: tuple[float, float] | None, mode: str) -> Image.Image:
    """Return 8 bits, on white, in ``mode``."""
    if mode == "CMYK":
        return band
    if black_white is not None:
        return _deep_to_grey(band, black_white).convert(mode)
    flat = on_white(band)
    return flat if flat.mode == mode else flat.convert(mode)


def _black_and_white(image: Image.Image) -> tuple[float, float] | None:
    """Return which values of a deep greyscale image are black and white; None for 8-bit modes.

    Pillow's own conversion would clip such values at 255.
    """
    if not image.mode.startswith(("I", "F")):
        return None
    if image.format in ("PNG", "PPM", "JPEG2000"):  # stated depth, which Pillow scales to 16 bits
        return 0.0, 65535.0
    return black_and_white(*extrema(_row_bands(image)), np.asarray(image.crop((0, 0, 1, 1))).dtype)


def black_and_white(low: float, high: float, dtype: np.dtype) -> tuple[float, float]:
    """Return which values are black and white if the least and the greatest are these.

    Files state how they store values, not which of them count: 12 bits are often stored in 16.
    """
    if low < 0:
        return low, high
    is_float = dtype.kind == "f"
    full = 1.0 if is_float else float(np.iinfo(dtype).max)
    if is_float and high <= full:
        return 0.0, full
    for white in _WHITE_LEVELS:
        if high <= white <= full or (is_float and white / 16 < high <= white):
            return 0.0, white
    return (0.0, full) if not is_float and high > full / 16 else (low, high)


def _row_bands(image: Image.Image) -> Iterator[np.ndarray]:
    rows = max(1, BAND_PX // image.width)
    for top in range(0, image.height, rows):
        yield np.asarray(image.crop((0, top, image.width, min(top + rows, image.height))))


def extrema(bands: Iterable[np.ndarray]) -> tuple[float, float]:
    """Return the least and the greatest finite value; (0, 1) if there is none."""
    low, high = np.inf, -np.inf
    for band in bands:
        finite = band[np.isfinite(band)]
        if finite.size:
            low, high = min(low, finite.min()), max(high, finite.max())
    return (float(low), float(high)) if low <= high else (0.0, 1.0)


def _deep_to_grey(band: Image.Image, black_white: tuple[float, float]) -> Image.Image:
    values = np.asarray(band)
    if values.dtype.itemsize == 2:  # a lookup table is five times as fast
        table = to_8_bits(np.arange(65536), black_white)
        if "transparency" in band.info:
            table[band.info["transparency"]] = 255
        return Image.fromarray(table[values.astype(np.uint16, copy=False)])
    return Image.fromarray(to_8_bits(values, black_white))


def to_8_bits(values: np.ndarray, black_white: tuple[float, float]) -> np.ndarray:
    """Scale values of any type to uint8, black to 0 and white to 255."""
    black, white = black_white
    with np.errstate(invalid="ignore"):  # signalling NaNs
        exact = values.astype(np.float64)
    exact = np.nan_to_num(exact, nan=black, posinf=white, neginf=black)
    span = max(white - black, np.finfo(np.float64).tiny)
    return np.rint(np.clip((exact - black) / span, 0, 1) * 255).astype(np.uint8)
