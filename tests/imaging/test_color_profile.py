"""A picture's colours become those of sRGB, by its profile."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from image_describer.app.dialogs.chooser.thumbnails import load_thumbnail
from image_describer.imaging.open import open_picture
from tests.support.pictures import encoded, heic, photograph, png, png_chunk
from tests.support.profiles import PROFILES, by_image_cms, cmyk_profile, grey_profile

# What sRGB's own red, green and orange are in the other spaces, as published calculators say.
SAME_COLOURS = {
    "Adobe RGB": {(219, 0, 0): (255, 0, 0), (144, 255, 60): (0, 255, 0)},
    "Display P3": {(234, 51, 35): (255, 0, 0), (117, 251, 76): (0, 255, 0)},
    "ProPhoto": {(179, 70, 26): (255, 0, 0), (138, 237, 78): (0, 255, 0)},
}
WITHOUT_LOSS: dict[str, dict[str, object]] = {
    "PNG": {},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
}


@pytest.mark.parametrize(
    ("name", "stored", "shown"),
    [(name, *pair) for name, pairs in SAME_COLOURS.items() for pair in pairs.items()],
)
def test_known_colours_become_those_of_srgb(
    name: str, stored: tuple[int, int, int], shown: tuple[int, int, int]
) -> None:
    image = Image.new("RGB", (8, 8), stored)
    pixels = open_picture(encoded(image, "PNG", icc_profile=PROFILES[name])).pixels
    assert np.abs(pixels - np.array(shown, int)).max() <= 4


@pytest.mark.parametrize("name", [name for name in PROFILES if name != "sRGB"])
@pytest.mark.parametrize("format_name", WITHOUT_LOSS)
def test_every_format_and_profile_is_managed(name: str, format_name: str) -> None:
    options = WITHOUT_LOSS[format_name]
    content = encoded(photograph(), format_name, icc_profile=PROFILES[name], **options)
    expected = by_image_cms(photograph(), PROFILES[name])
    difference = np.abs(open_picture(content).pixels - expected)
    assert difference.mean() < 1.5
    assert np.percentile(difference, 99) <= 8
    assert np.abs(np.asarray(photograph()) - expected).mean() > 3


def test_jpeg_and_heic_are_managed() -> None:
    profile = PROFILES["Display P3"]
    for content in (
        encoded(photograph(), "JPEG", quality=95, icc_profile=profile),
        heic(photograph(), quality=95, icc_profile=profile),
    ):
        plain = open_picture(content.replace(b"acsp", b"abcd")).pixels
        expected = by_image_cms(Image.fromarray(plain), profile)
        assert np.abs(open_picture(content).pixels - expected).mean() < 1
        assert np.abs(plain - expected).mean() > 5


@pytest.mark.parametrize("name", [name for name in PROFILES if name != "sRGB"])
def test_a_large_picture_is_managed_nearly_as_exactly(name: str) -> None:
    image = photograph(1000, 750)
    expected = by_image_cms(image, PROFILES[name])
    opened = open_picture(encoded(image, "PNG", icc_profile=PROFILES[name])).pixels
    assert np.abs(opened - expected).mean() < 1.5
    white_and_black = Image.new("RGB", (1000, 750), "white")
    white_and_black.paste("black", (0, 0, 500, 750))
    opened = open_picture(encoded(white_and_black, "PNG", icc_profile=PROFILES[name])).pixels
    assert np.array_equal(opened, np.asarray(white_and_black))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "CMYK"])
@pytest.mark.parametrize("profile", ["RGB", "grey", "CMYK"])
def test_a_profile_is_used_for_its_own_kind_of_image(mode: str, profile: str) -> None:
    image = photograph().quantize(64) if mode == "P" else photograph().convert(mode)
    content = {
        "RGB": PROFILES["ProPhoto"],
        "grey": grey_profile(1.0),
        "CMYK": cmyk_profile(),
    }[profile]
    opened = open_picture(encoded(image, "TIFF", icc_profile=content)).pixels
    plain = np.asarray(image.convert("RGB")).astype(int)
    kinds = {"RGB": ("L", "RGB", "RGBA", "P"), "grey": ("L",), "CMYK": ("CMYK",)}
    if mode not in kinds[profile]:
        assert np.array_equal(opened, plain)
        return
    input_image = image if mode == "CMYK" else image.convert("L" if profile == "grey" else "RGB")
    expected = by_image_cms(input_image, content)
    assert np.abs(opened - expected).mean() < 2
    assert np.abs(plain - expected).mean() > 3


def test_a_large_cmyk_jpeg_is_managed_after_it_is_reduced() -> None:
    image = photograph().resize((2600, 1950)).convert("CMYK")
    opened = open_picture(encoded(image, "JPEG", icc_profile=cmyk_profile()))
    assert opened.pixels.shape == (975, 1300, 3)
    expected = by_image_cms(image.resize((1300, 975)), cmyk_profile())
    assert np.abs(opened.pixels - expected).mean() < 4


def test_white_stays_white_under_transparent_pixels() -> None:
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    content = encoded(image, "PNG", icc_profile=PROFILES["ProPhoto"])
    assert open_picture(content).pixels.min() >= 254


def damaged(profile: bytes, tag: bytes, new: bytes) -> bytes:
    """Return ``profile`` with the value of a tag overwritten."""
    entry = profile.index(tag, 128)
    start = int.from_bytes(profile[entry + 4 : entry + 8], "big") + 8
    return profile[:start] + new + profile[start + len(new) :]


BLACK_ONLY = PROFILES["Adobe RGB"]
for _channel in (b"r", b"g", b"b"):
    BLACK_ONLY = damaged(BLACK_ONLY, _channel + b"TRC", b"\0\0\4\0" + bytes(2048))


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        b"garbage" * 99,
        bytes(3_000),
        PROFILES["Display P3"][:200],
        PROFILES["Display P3"].replace(b"RGB ", b"6CLR", 1),
        damaged(PROFILES["Display P3"], b"gXYZ", b"\x7f\xff\xff\xff" * 3),
        damaged(PROFILES["Display P3"], b"rTRC", b"\xff\xff\xff\xff"),
        BLACK_ONLY,
        cmyk_profile()[:900],
    ],
    ids=["none", "text", "zeros", "cut", "six", "green", "curve", "black", "CMYK cut"],
)
def test_a_broken_profile_is_ignored(profile: bytes) -> None:
    content = encoded(photograph(), "PNG", icc_profile=profile or None)
    assert np.array_equal(open_picture(content).pixels, np.asarray(photograph()))


def test_a_profile_of_srgb_leaves_the_pixels_as_they_are() -> None:
    by_little_cms = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (by_little_cms, PROFILES["sRGB"]):
        content = encoded(photograph(), "PNG", icc_profile=profile)
        assert np.array_equal(open_picture(content).pixels, np.asarray(photograph()))


def test_thumbnails_are_managed(tmp_path: object) -> None:
    path = f"{tmp_path}/p3.png"
    image = Image.new("RGB", (64, 64), (234, 51, 35))
    image.save(path, icc_profile=PROFILES["Display P3"])
    thumbnail = np.asarray(load_thumbnail(path, (32, 32))).astype(int)
    assert np.abs(thumbnail - (255, 0, 0)).max() <= 4


def test_the_caller_keeps_the_colours_of_an_image() -> None:
    image = Image.new("RGB", (8, 8), (234, 51, 35))
    image.info["icc_profile"] = PROFILES["Display P3"]
    assert open_picture(image).pixels[0, 0, 0] > 250
    assert image.getpixel((0, 0)) == (234, 51, 35)


def test_a_profile_of_many_megabytes_costs_nothing() -> None:
    profile = PROFILES["Display P3"] + bytes(20_000_000)
    file = io.BytesIO(encoded(Image.new("RGB", (8, 8), (234, 51, 35)), "TIFF", icc_profile=profile))
    assert open_picture(file.getvalue()).pixels[0, 0].tolist() == [234, 51, 35]


def test_a_compressed_profile_that_is_cut_is_ignored() -> None:
    profile = png_chunk(b"iCCP", b"x\0\0" + zlib.compress(PROFILES["Display P3"])[:300])
    rows = b"".join(b"\0" + bytes(range(64)) for _ in range(48))
    opened = open_picture(png(64, 48, zlib.compress(rows), profile))
    assert opened.pixels[0, :, 0].tolist() == list(range(64))


def test_inks_of_a_large_picture_are_managed_nearly_as_exactly() -> None:
    image = photograph(1000, 750).convert("CMYK")
    darker = Image.merge(
        "CMYK", [channel.point(lambda ink: ink // 2 + 90) for channel in image.split()]
    )
    for each in (image, darker):  # the second one has colours that the first has not
        opened = open_picture(encoded(each, "TIFF", icc_profile=cmyk_profile())).pixels
        difference = np.abs(opened - by_image_cms(each, cmyk_profile()))
        assert difference.mean() < 2
        assert np.percentile(difference, 99) <= 6
