"""Transparent pixels are white, whatever the mode and however transparency is stated."""

import io
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import pytest
import tifffile
from PIL import Image

from image_describer.imaging.open import open_picture
from tests.support.pictures import encoded, heic, photograph, png, png_chunk

WHITE = [255, 255, 255]


def grey_png(depth: int, levels: Sequence[int], transparent: int) -> bytes:
    bits = "".join(f"{level:0{depth}b}" for level in levels)
    bits += "0" * (-len(bits) % 8)
    row = b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    stated = png_chunk(b"tRNS", struct.pack(">H", transparent))
    return png(len(levels), 4, zlib.compress(row * 4), stated, depth=depth, colour=0)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_a_grey_png_may_state_which_level_is_transparent(depth: int) -> None:
    greatest = 2**depth - 1
    levels = sorted({0, greatest // 3, greatest // 2, greatest})
    for transparent in levels:
        row = open_picture(grey_png(depth, levels, transparent)).pixels[0, :, 0]
        expected = [255 if level == transparent else level * 255 / greatest for level in levels]
        assert np.abs(row - np.array(expected)).max() <= 1


@pytest.mark.parametrize("depth", [8, 16])
def test_a_colour_png_may_state_which_colour_is_transparent(depth: int) -> None:
    greatest = 2**depth - 1
    colours = [(0, 0, 0), (greatest, 0, 0), (greatest // 9, greatest // 5, greatest // 3)]
    layout = ">3H" if depth == 16 else ">3B"
    row = b"\0" + b"".join(struct.pack(layout, *colour) for colour in colours)
    for transparent in colours:
        stated = png_chunk(b"tRNS", struct.pack(">3H", *transparent))
        content = png(3, 4, zlib.compress(row * 4), stated, depth=depth, colour=2)
        expected = [
            WHITE if colour == transparent else [level * 255 / greatest for level in colour]
            for colour in colours
        ]
        assert np.abs(open_picture(content).pixels[0] - np.array(expected)).max() <= 1


@pytest.mark.parametrize("colour", [4, 6])
@pytest.mark.parametrize("depth", [8, 16])
def test_a_png_may_have_an_alpha_channel(colour: int, depth: int) -> None:
    channels = 1 if colour == 4 else 3
    pixels = [[0] * channels + [0], [0] * channels + [255], [40] * channels + [128]]
    row = b"\0" + b"".join(bytes(np.repeat(pixel, depth // 8).tolist()) for pixel in pixels)
    opened = open_picture(png(3, 4, zlib.compress(row * 4), depth=depth, colour=colour)).pixels
    assert np.abs(opened[0, :, 0] - np.array([255, 0, 147])).max() <= 1


def half_transparent() -> Image.Image:
    """Return black on the left, fully transparent on the right."""
    image = Image.new("RGBA", (64, 64), (0, 0, 0, 255))
    image.paste((0, 0, 0, 0), (32, 0, 64, 64))
    return image


@pytest.mark.parametrize("mode", ["RGBA", "RGBa", "LA", "La", "PA", "P"])
def test_images_of_every_mode_are_on_white(mode: str) -> None:
    image = half_transparent()
    image = image.convert("LA").convert("La") if mode == "La" else image.convert(mode)
    assert open_picture(image).pixels[30, [2, 60], 0].tolist() == [0, 255]


@pytest.mark.parametrize("format_name", ["PNG", "WEBP", "TIFF", "GIF", "AVIF", "JPEG2000", "HEIC"])
def test_every_format_with_transparency_is_on_white(format_name: str) -> None:
    image = half_transparent()
    content = heic(image) if format_name == "HEIC" else encoded(image, format_name)
    row = open_picture(content).pixels[30, :, 0]
    assert row[:28].max() <= 8
    assert row[36:].min() >= 247


def test_a_large_picture_with_a_transparent_level_is_on_white() -> None:
    values = np.full((1500, 4200), 30_000, np.uint16)
    values[:, :2100] = 0
    content = encoded(Image.fromarray(values), "PNG", transparency=0)
    row = open_picture(content).pixels[100]
    assert row[0].tolist() == WHITE
    assert abs(int(row[-1, 0]) - 117) <= 1


def test_a_palette_with_alpha_is_on_white() -> None:
    content = encoded(half_transparent().convert("PA"), "TIFF")
    assert open_picture(content).pixels[30, [2, 60], 0].tolist() == [0, 255]


def test_alpha_of_half_precision_is_on_white() -> None:
    file = io.BytesIO()
    share = np.zeros((8, 8, 4), np.float16)
    share[:, :4, 3] = 1
    tifffile.imwrite(file, share, photometric="rgb", extrasamples=["unassalpha"], metadata=None)
    assert open_picture(file.getvalue()).pixels[0, [0, 7], 0].tolist() == [0, 255]


def bmp(alpha: int) -> bytes:
    """Return a red BMP of 32 bits with an alpha channel that is the same everywhere."""
    header = struct.pack("<IiiHHI", 124, 4, 4, 1, 32, 3).ljust(40, b"\0")
    header += struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    pixels = bytes([0, 0, 255, alpha]) * 16
    start = struct.pack("<IHHI", 14 + 124 + len(pixels), 0, 0, 14 + 124)
    return b"BM" + start + header.ljust(124, b"\0") + pixels


def test_a_bmp_whose_alpha_channel_is_empty_is_opaque() -> None:
    for alpha, shown in ((0, [255, 0, 0]), (255, [255, 0, 0]), (128, [255, 127, 127])):
        assert open_picture(bmp(alpha)).pixels[0, 0].tolist() == shown


def test_an_animation_keeps_its_transparent_level() -> None:
    frames = [Image.new("L", (40, 30), level) for level in (0, 80)]
    content = encoded(
        frames[0], "PNG", save_all=True, append_images=frames[1:], transparency=0, disposal=0
    )
    assert open_picture(content).pixels.min() in (80, 255)


def test_opaque_pictures_are_as_they_were() -> None:
    image = photograph()
    image.putalpha(255)
    assert np.array_equal(open_picture(encoded(image, "PNG")).pixels, np.asarray(photograph()))
