"""Colour profiles: a picture whose numbers stand for other colours than those of sRGB becomes sRGB.

littleCMS takes 11 ns a pixel and 24 for inks, which is more than decoding takes. So large pictures
are converted by a table: colours that differ in their last bits only are a cell, whose middle is
converted once. What the last bits add is estimated. The error is 0.1 to 1.3 levels on average.
"""

import io
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsTransform

PROFILE_LIMIT_BYTES = 16_000_000  # those of printing presses have up to 8 MB
EXACT_LIMIT_PX = 200_000  # below that the cells cost more than they save
SAME_LEVELS = 2  # a profile that changes no colour by more is sRGB under some other name
WHITE_LEVELS, BLACK_LEVELS = 190, 100  # white at least, black at most, unless the profile is broken
CELL_BITS = {"RGB": (6, 6, 6), "CMYK": (5, 5, 5, 6)}  # the first ones, which tell cells apart
INK_LEVELS = 9  # of its own table of inks; 0.2 levels less exact than with its usual 17
BAND_PX = 1 << 17  # whose intermediate results fit into the processor's cache
_IMAGE_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # by the profile's colour space
_RAW_MODES = {"RGB": "RGBX", "CMYK": "CMYK"}  # of four bytes a pixel
_GREY_MODES = ("1", "L", "La", "LA", "I", "F")


class ProfileTransform:
    """Brings images of ``mode`` ("RGB", "L" or "CMYK") to sRGB."""

    def __init__(self, mode: str, exact: "ImageCmsTransform") -> None:
        self.mode = mode
        self._exact = exact

    def apply(self, image: Image.Image) -> np.ndarray:
        """Return an image of ``mode`` as (H, W, 3) uint8."""
        if self.mode == "L":
            return np.asarray(image.convert("RGB").point(self._grey_levels))
        if image.width * image.height <= EXACT_LIMIT_PX:
            return np.asarray(self._exact.apply(image))
        width, height = image.size
        pixels = np.empty((height, width, 3), np.uint8)
        rows = max(1, BAND_PX // width)
        for top in range(0, height, rows):
            band = image.crop((0, top, width, min(top + rows, height)))
            pixels[top : top + rows] = self._by_cells(band)
        return pixels

    def _by_cells(self, image: Image.Image) -> np.ndarray:
        before = np.frombuffer(image.tobytes("raw", _RAW_MODES[self.mode]), "<u4")
        cells = self._cells_of(before)
        after = self._cells.take(cells)
        missing = np.flatnonzero(after == 0)
        if missing.size:
            cells = cells[missing]
            self._convert_cells(cells)
            after[missing] = self._cells.take(cells)
        if self.mode == "RGB":
            after += before & 0x030303
        else:  # half of the last bits of coloured ink, which darkens less where other ink is
            after -= (before >> 1 & 0x030303) + (before >> 24 & 3) * np.uint32(0x010101)
        padded = Image.frombuffer("RGBX", image.size, after, "raw", "RGBX", 0, 1)
        rgb = np.frombuffer(padded.tobytes("raw", "RGB"), np.uint8)
        return rgb.reshape(image.height, image.width, 3)

    def _cells_of(self, colours: np.ndarray) -> np.ndarray:
        """Return the cells of colours, uint32 both; the first channel is in the lowest byte."""
        cells, position = np.zeros_like(colours), 0
        for channel, bits in enumerate(CELL_BITS[self.mode]):
            shift = 8 * (channel + 1) - bits - position
            cells |= colours >> shift & (1 << bits) - 1 << position
            position += bits
        return cells

    def _convert_cells(self, cells: np.ndarray) -> None:
        cells = np.sort(cells)
        cells = cells[np.append(True, cells[1:] != cells[:-1])]  # np.unique is 20 times slower
        middles, rest = [], cells
        for bits in CELL_BITS[self.mode]:
            middles.append(((rest & (1 << bits) - 1) * 2 + 1 << 7 - bits).astype(np.uint8))
            rest = rest >> bits
        content = np.stack(middles, axis=-1).tobytes()
        exact = self._exact.apply(Image.frombytes(self.mode, (len(cells), 1), content))
        colours = np.asarray(exact)[0].astype(np.int16)
        # Less what the last bits add to the middle, and so that no sum leaves 0 to 255.
        colours = (
            np.clip(colours - 2, 0, 252) if self.mode == "RGB" else np.clip(colours + 4, 6, 255)
        )
        converted = np.full((len(cells), 4), 255, np.uint8)
        converted[:, :3] = colours
        self._cells[cells] = converted.view("<u4").ravel()

    @cached_property
    def _cells(self) -> np.ndarray:
        """R, G, B and 255 of each cell in a uint32; 0 for cells that no picture had so far."""
        return np.zeros(1 << sum(CELL_BITS[self.mode]), "<u4")

    @property
    def is_useful(self) -> bool:
        """Whether colours change, and yet white stays white and black black."""
        before = Image.fromarray(_colour_grid(np.arange(0, 256, 51))).convert(self.mode)
        after = np.asarray(self._exact.apply(before)).astype(int)
        if after[-1, -1].min() < WHITE_LEVELS or after[0, 0].max() > BLACK_LEVELS:
            return False
        return int(np.abs(after - np.asarray(before.convert("RGB"))).max()) > SAME_LEVELS

    @cached_property
    def _grey_levels(self) -> list[int]:
        """The levels of red for each grey, then those of green and blue, as Image.point takes."""
        ramp = np.arange(256, dtype=np.uint8)[np.newaxis]
        return np.asarray(self._exact.apply(Image.fromarray(ramp)))[0].T.ravel().tolist()


def profile_transform(image: Image.Image) -> ProfileTransform | None:
    """Return what brings the colours of ``image`` to sRGB, by its ``info["icc_profile"]``.

    None if they are sRGB already, as without a profile, or if the profile is broken or made for
    another kind of image.
    """
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not 0 < len(profile) <= PROFILE_LIMIT_BYTES:
        return None
    transform = _transform(profile)
    if transform is None or image.mode == "LAB":
        return None
    if (transform.mode == "CMYK") != (image.mode == "CMYK"):
        return None
    if transform.mode == "L" and image.mode.split(";")[0] not in _GREY_MODES:
        return None
    return transform


@lru_cache(maxsize=4)  # pictures of one camera have the same profile
def _transform(profile: bytes) -> ProfileTransform | None:
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = _IMAGE_MODES[source.profile.xcolor_space.strip()]
        srgb = ImageCms.createProfile("sRGB")
        # For four inks littleCMS makes a table of 17 levels each, which takes 20 ms.
        flags = ImageCms.Flags.GRIDPOINTS(INK_LEVELS if mode == "CMYK" else 0)
        exact = ImageCms.buildTransform(source, srgb, mode, "RGB", flags=flags)
    except (ImageCms.PyCMSError, OSError, ValueError, KeyError, TypeError):
        return None
    transform = ProfileTransform(mode, exact)
    return transform if transform.is_useful else None


def _colour_grid(levels: np.ndarray) -> np.ndarray:
    """Return every colour of n levels: (n, n * n, 3) uint8, with red the fastest."""
    blue, green, red = np.meshgrid(levels, levels, levels, indexing="ij")
    return np.stack([red, green, blue], axis=-1).astype(np.uint8).reshape(len(levels), -1, 3)
