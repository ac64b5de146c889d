"""Colours that are stated without a profile become those of sRGB."""

import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import ExifTags, Image

from image_describer.imaging import color_space
from image_describer.imaging.color_space import matrix_profile, power, srgb_curve
from image_describer.imaging.open import open_picture
from tests.support.pictures import encoded, heic, photograph, png_chunk
from tests.support.profiles import PROFILES, by_image_cms


def png_with(image: Image.Image, *chunks: bytes) -> bytes:
    content = encoded(image, "PNG")
    return content[:33] + b"".join(chunks) + content[33:]


def chromaticities(primaries: color_space.Primaries) -> bytes:
    white_first = (primaries.white, primaries.red, primaries.green, primaries.blue)
    values = [round(value * 100_000) for point in white_first for value in point]
    return png_chunk(b"cHRM", struct.pack(">8I", *values))


def gamma(value: float) -> bytes:
    return png_chunk(b"gAMA", struct.pack(">I", round(value * 100_000)))


def coded_png(primaries: int, curve: int) -> bytes:
    return png_with(photograph(), png_chunk(b"cICP", bytes([primaries, curve, 0, 1])))


def coded_avif(primaries: int, curve: int) -> bytes:
    content = encoded(photograph(), "AVIF", quality=100, subsampling="4:4:4")
    before, name, after = content.partition(b"colrnclx")
    return before + name + struct.pack(">HH", primaries, curve) + after[4:]


def coded_heic(primaries: int, curve: int) -> bytes:
    codes = {"color_primaries": primaries, "transfer_characteristics": curve}
    return heic(photograph(), quality=95, **codes)


def difference(content: bytes, plain: bytes, profile: bytes) -> tuple[float, float]:
    """Return how far ``content`` is from a picture of this profile, and how far ``plain`` is."""
    unmanaged = open_picture(plain).pixels.astype(int)
    expected = by_image_cms(Image.fromarray(unmanaged.astype(np.uint8)), profile)
    opened = open_picture(content).pixels
    return float(np.abs(opened - expected).mean()), float(np.abs(unmanaged - expected).mean())


@pytest.mark.parametrize("coded", [coded_png, coded_avif, coded_heic])
@pytest.mark.parametrize(
    ("codes", "profile"),
    [
        ((12, 13), PROFILES["Display P3"]),
        ((9, 13), matrix_profile(color_space.REC2020, srgb_curve)),
        ((1, 8), matrix_profile(color_space.SRGB, power(1.0))),
        ((9, 16), matrix_profile(color_space.REC2020, color_space.pq_curve)),
        ((9, 18), matrix_profile(color_space.REC2020, color_space.hlg_curve)),
    ],
    ids=["P3", "Rec2020", "linear", "PQ", "HLG"],
)
def test_code_points_are_heeded(
    coded: Callable[[int, int], bytes], codes: tuple[int, int], profile: bytes
) -> None:
    managed, unmanaged = difference(coded(*codes), coded(1, 13), profile)
    assert managed < 1
    assert unmanaged > 3


@pytest.mark.parametrize("coded", [coded_png, coded_avif])
@pytest.mark.parametrize("codes", [(1, 13), (1, 1), (2, 2), (6, 6), (5, 13)])
def test_code_points_like_srgb_change_nothing(
    coded: Callable[[int, int], bytes], codes: tuple[int, int]
) -> None:
    assert (
        np.abs(open_picture(coded(*codes)).pixels - np.asarray(photograph()).astype(int)).max() < 6
    )


def test_white_paper_in_hdr_is_white() -> None:
    pq = color_space.pq_curve(np.array([0.0, 0.58068, 1.0]))  # the middle one is 203 cd/m2
    hlg = color_space.hlg_curve(np.array([0.0, 0.75, 1.0]))
    assert pq == pytest.approx([0, 1, 10_000 / 203], rel=0.01)
    assert hlg == pytest.approx([0, 1, 1000 / 203], rel=0.01)


def test_gamma_and_chromaticities_of_a_png_are_heeded() -> None:
    plain = encoded(photograph(), "PNG")
    adobe = matrix_profile(color_space.ADOBE_RGB, power(1.8))
    content = png_with(photograph(), gamma(1 / 1.8), chromaticities(color_space.ADOBE_RGB))
    managed, unmanaged = difference(content, plain, adobe)
    assert managed < 1 < 3 < unmanaged
    linear = matrix_profile(color_space.SRGB, power(1.0))
    managed, unmanaged = difference(png_with(photograph(), gamma(1.0)), plain, linear)
    assert managed < 1 < 3 < unmanaged


def test_the_usual_gamma_and_the_chunk_srgb_change_nothing() -> None:
    for chunks in (
        [gamma(0.45455)],
        [gamma(0.45455), chromaticities(color_space.SRGB)],
        [png_chunk(b"sRGB", b"\0"), gamma(1.0), chromaticities(color_space.ADOBE_RGB)],
        [gamma(0)],
        [gamma(400)],
        [gamma(1.0), png_chunk(b"cHRM", bytes(32))],
        [gamma(1.0), png_chunk(b"cHRM", struct.pack(">8I", *[33_333] * 8))],
    ):
        opened = open_picture(png_with(photograph(), *chunks)).pixels
        assert np.array_equal(opened, np.asarray(photograph()))


def test_a_profile_counts_more_than_other_statements() -> None:
    profile = png_chunk(b"iCCP", b"p3\0\0" + zlib.compress(PROFILES["Display P3"]))
    content = png_with(photograph(), profile, gamma(1.0))
    managed, _ = difference(content, encoded(photograph(), "PNG"), PROFILES["Display P3"])
    assert managed < 1


def test_cameras_state_adobe_rgb_in_exif() -> None:
    plain = encoded(photograph(), "JPEG", quality=95)
    for index, is_managed in (("R03", True), ("R98", False)):
        exif = Image.Exif()
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ColorSpace] = 0xFFFF
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.IFD.Interop] = {1: index}
        content = encoded(photograph(), "JPEG", quality=95, exif=exif)
        managed, unmanaged = difference(content, plain, PROFILES["Adobe RGB"])
        assert (managed < 1 < unmanaged) == is_managed
