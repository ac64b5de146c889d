"""Colour profiles: a picture whose numbers stand for other colours than those of sRGB becomes sRGB.

littleCMS takes 11 ns a pixel, which is more than decoding takes. So large pictures are converted by
a table of what it does to 64 levels of red, green and blue each. The table has the changes of
colours, not the colours: those are small, and so is the error, 0.2 to 0.7 levels on average.
"""

import io
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsTransform

PROFILE_LIMIT_BYTES = 16_000_000  # those of printing presses have up to 8 MB
EXACT_LIMIT_PX = 500_000  # below that the table costs more than it saves
SAME_LEVELS = 2  # a profile that changes no colour by more is sRGB under some other name
WHITE_LEVELS, BLACK_LEVELS = 190, 100  # white at least, black at most, unless the profile is broken
TABLE_LEVELS = 64
BAND_PX = 1 << 16  # whose intermediate results fit into the processor's cache
_IMAGE_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # by the profile's colour space
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
        if self.mode == "CMYK" or image.width * image.height <= EXACT_LIMIT_PX:
            return np.asarray(self._exact.apply(image))
        width, height = image.size
        pixels = np.empty((height, width, 3), np.uint8)
        rows = max(1, BAND_PX // width)
        for top in range(0, height, rows):
            band = image.crop((0, top, width, min(top + rows, height)))
            pixels[top : top + rows] = self._add_changes(band)
        return pixels

    def _add_changes(self, image: Image.Image) -> np.ndarray:
        before = np.frombuffer(image.tobytes("raw", "RGBX"), "<u4")
        cells = before >> 2 & 0x3F
        cells |= before >> 4 & 0xFC0
        cells |= before >> 6 & 0x3F000
        after = self._changes.take(cells).view(np.uint8)
        after += before.view(np.uint8)
        padded = Image.frombuffer("RGBX", image.size, after, "raw", "RGBX", 0, 1)
        rgb = np.frombuffer(padded.tobytes("raw", "RGB"), np.uint8)
        return rgb.reshape(image.height, image.width, 3)

    @property
    def is_useful(self) -> bool:
        """Whether colours change, and yet white stays white and black black."""
        before = Image.fromarray(_colour_grid(np.arange(0, 256, 15))).convert(self.mode)
        after = np.asarray(self._exact.apply(before)).astype(int)
        if after[-1, -1].min() < WHITE_LEVELS or after[0, 0].max() > BLACK_LEVELS:
            return False
        return int(np.abs(after - np.asarray(before.convert("RGB"))).max()) > SAME_LEVELS

    @cached_property
    def _grey_levels(self) -> list[int]:
        """The levels of red for each grey, then those of green and blue, as Image.point takes."""
        ramp = np.arange(256, dtype=np.uint8)[np.newaxis]
        return np.asarray(self._exact.apply(Image.fromarray(ramp)))[0].T.ravel().tolist()

    @cached_property
    def _changes(self) -> np.ndarray:
        """What is added to the colours of each cell, modulo 256: R, G, B and 0 in a uint32."""
        width = 256 // TABLE_LEVELS
        colours = _colour_grid(np.arange(TABLE_LEVELS) * width + width // 2)
        lowest = colours.astype(np.int16) - width // 2
        changes = np.asarray(self._exact.apply(Image.fromarray(colours))).astype(np.int16) - colours
        changes = np.clip(changes, -lowest, 256 - width - lowest)  # so that no sum leaves 0 to 255
        table = np.zeros((TABLE_LEVELS**3, 4), np.uint8)
        table[:, :3] = changes.astype(np.uint8).reshape(-1, 3)
        return table.view("<u4").ravel()


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


@lru_cache(maxsize=8)  # pictures of one camera have the same profile
def _transform(profile: bytes) -> ProfileTransform | None:
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = _IMAGE_MODES[source.profile.xcolor_space.strip()]
        srgb = ImageCms.createProfile("sRGB")
        exact = ImageCms.buildTransform(source, srgb, mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, KeyError, TypeError):
        return None
    transform = ProfileTransform(mode, exact)
    return transform if transform.is_useful else None


def _colour_grid(levels: np.ndarray) -> np.ndarray:
    """Return every colour of n levels: (n, n * n, 3) uint8, with red the fastest."""
    blue, green, red = np.meshgrid(levels, levels, levels, indexing="ij")
    return np.stack([red, green, blue], axis=-1).astype(np.uint8).reshape(len(levels), -1, 3)
