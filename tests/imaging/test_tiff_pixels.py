"""TIFFs of every layout give the pixels that were written, or a sentence; never noise."""

import io
import itertools
import random
import struct
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from image_describer.errors import PictureError
from image_describer.imaging import tiff_pixels
from image_describer.imaging.open import open_picture
from image_describer.reading.documents import open_document
from tests.support.pictures import encoded, photograph, quarters, tiff
from tests.support.profiles import PROFILES, by_image_cms

# pytest shows the warnings that the package silences.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

SIZE = (70, 50)
COLOURS = np.asarray(photograph(*SIZE))
GREY = np.asarray(photograph(*SIZE).convert("L"))
TYPES = ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "f2", "f4", "f8")
KINDS = ("grey", "white is zero", "grey and alpha", "rgb", "rgba", "five samples", "cmyk")
CODECS = (None, "lzw", "zlib", "packbits", "lzma", "zstd")


def full(dtype: np.dtype) -> Any:
    return dtype.type(1) if dtype.kind == "f" else np.iinfo(dtype).max


def stored(kind: str, dtype: np.dtype) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the samples of the photograph, and tifffile's options for them."""
    levels = COLOURS if kind in ("rgb", "rgba", "five samples", "cmyk") else GREY
    if kind in ("white is zero", "cmyk"):
        levels = 255 - levels
    share = levels / 255
    values = share.astype(dtype) if dtype.kind == "f" else scaled(share, dtype)
    opaque = np.full((*values.shape[:2], 1), full(dtype), dtype)
    if kind == "grey":
        return values, {"photometric": "minisblack"}
    if kind == "white is zero":
        return values, {"photometric": "miniswhite"}
    if kind == "grey and alpha":
        values = np.concatenate([values[..., np.newaxis], opaque], axis=-1)
        return values, {"photometric": "minisblack", "extrasamples": ["unassalpha"]}
    if kind == "cmyk":
        return np.concatenate([values, 0 * opaque], axis=-1), {"photometric": "separated"}
    if kind == "rgba":
        values = np.concatenate([values, opaque], axis=-1)
        return values, {"photometric": "rgb", "extrasamples": ["unassalpha"]}
    if kind == "five samples":
        values = np.concatenate([values, values[..., :2]], axis=-1)
        return values, {"photometric": "rgb", "extrasamples": ["unspecified"] * 2}
    return values, {"photometric": "rgb"}


def scaled(share: np.ndarray, dtype: np.dtype) -> np.ndarray:
    greatest = int(full(dtype))
    exact = np.array([(2 * level * greatest + 255) // 510 for level in range(256)], dtype)
    return exact[np.rint(share * 255).astype(int)]


def written(values: np.ndarray, *, planar: bool = False, **options: Any) -> bytes:
    file = io.BytesIO()
    if planar:
        values = np.ascontiguousarray(np.moveaxis(values, -1, 0))
    if values.ndim == 3:
        options["planarconfig"] = "separate" if planar else "contig"
    if options.get("tile") is None:
        options.setdefault("rowsperstrip", 16)
    tifffile.imwrite(file, values, metadata=None, **options)
    return file.getvalue()


def assert_shows(content: bytes, expected: np.ndarray, tolerance: int = 1) -> None:
    pixels = open_picture(content).pixels.astype(int)
    if expected.ndim == 2:
        expected = np.repeat(expected[..., np.newaxis], 3, axis=-1)
    assert pixels.shape == expected.shape
    assert np.abs(pixels - expected).max() <= tolerance


@pytest.mark.parametrize(
    ("type_name", "kind"),
    [
        (type_name, kind)
        for type_name, kind in itertools.product(TYPES, KINDS)
        if kind != "cmyk" or np.dtype(type_name).kind == "u"  # inks are whole numbers
    ],
)
def test_every_type_and_kind_of_sample_is_read(type_name: str, kind: str) -> None:
    dtype = np.dtype(type_name)
    values, options = stored(kind, dtype)
    expected = COLOURS if values.ndim == 3 and kind != "grey and alpha" else GREY
    for number, (order, big, tile, planar) in enumerate(
        itertools.product("<>", (False, True), (None, (16, 32)), (False, True))
    ):
        layout = {"byteorder": order, "bigtiff": big, "tile": tile}
        layout |= {"compression": CODECS[number % len(CODECS)]}
        planar = planar and values.ndim == 3
        assert_shows(written(values, planar=planar, **layout, **options), expected)


@pytest.mark.parametrize("codec", ["lzw", "zlib", "lzma", "zstd"])
@pytest.mark.parametrize("type_name", [name for name in TYPES if name != "u8"])
def test_differences_between_samples_are_added_up(codec: str, type_name: str) -> None:
    for kind, order, planar in itertools.product(("grey", "rgb"), "<>", (False, True)):
        values, options = stored(kind, np.dtype(type_name))
        options |= {"compression": codec, "predictor": True, "byteorder": order}
        planar = planar and values.ndim == 3
        expected = COLOURS if kind == "rgb" else GREY
        assert_shows(written(values, planar=planar, **options), expected)
        assert_shows(written(values, planar=planar, tile=(16, 32), **options), expected)


@pytest.mark.parametrize("codec", ["webp", "png", "jpeg2000"])
def test_strips_and_tiles_that_are_files_are_read(codec: str) -> None:
    args = {"lossless": True} if codec == "webp" else None
    for tile in (None, (16, 32)):
        options = {"photometric": "rgb", "compression": codec, "compressionargs": args}
        content = written(COLOURS, tile=tile, **options)
        assert_shows(content, COLOURS, tolerance=12 if codec == "jpeg2000" else 1)


def packed(bits: int, values: np.ndarray, fill_order: int = 1, **changes: int) -> bytes:
    """Return a TIFF of whole numbers of any number of bits."""
    height, width = values.shape
    digits = values[..., np.newaxis] >> np.arange(bits - 1, -1, -1) & 1
    rows = np.packbits(digits.reshape(height, -1).astype(np.uint8), axis=-1)
    if fill_order == 2:
        rows = np.packbits(np.unpackbits(rows, axis=-1, bitorder="little"), axis=-1)
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: 1, 266: fill_order, 278: height}
    tags |= {279: rows.size} | {int(tag[1:]): value for tag, value in changes.items()}
    tags[273] = 8 + 2 + 12 * (len(tags) + 1) + 4
    return tiff(*[(tag, 4, 1, value) for tag, value in tags.items()], data=rows.tobytes())


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 9, 10, 12, 14])
@pytest.mark.parametrize("fill_order", [1, 2])
def test_samples_of_any_number_of_bits_are_read(bits: int, fill_order: int) -> None:
    values = np.rint(GREY / 255 * (2**bits - 1)).astype(int)
    expected = np.rint(values / (2**bits - 1) * 255).astype(int)
    assert_shows(packed(bits, values, fill_order), expected)
    assert_shows(packed(bits, 2**bits - 1 - values, fill_order, t262=0), expected)


@pytest.mark.parametrize("type_name", ["u1", "u2"])
@pytest.mark.parametrize("order", "<>")
def test_palettes_are_heeded(type_name: str, order: str) -> None:
    indexed = photograph(*SIZE).quantize(200)
    count = 256 ** np.dtype(type_name).itemsize
    colours = np.zeros((count, 3), np.uint16)
    palette = np.array(indexed.getpalette()).reshape(-1, 3)
    colours[: len(palette)] = palette * 257
    values = np.asarray(indexed).astype(type_name)
    content = written(values, photometric="palette", colormap=colours.T, byteorder=order)
    assert_shows(content, np.asarray(indexed.convert("RGB")))


@pytest.mark.parametrize("kind", ["assocalpha", "unassalpha"])
@pytest.mark.parametrize("type_name", ["u1", "u2", "f4"])
@pytest.mark.parametrize("planar", [False, True])
def test_alpha_of_any_depth_is_shown_on_white(kind: str, type_name: str, planar: bool) -> None:
    dtype = np.dtype(type_name)
    share = np.zeros((8, 32, 4))
    share[..., :3] = (1.0, 0.5, 0.0)
    share[..., 3] = np.linspace(0, 1, 32)
    expected = 255 * (share[..., :3] * share[..., 3:] + 1 - share[..., 3:])
    if kind == "assocalpha":
        share[..., :3] *= share[..., 3:]
    values = (share * int(full(dtype))).astype(dtype)
    content = written(values, planar=planar, photometric="rgb", extrasamples=[kind])
    assert_shows(content, expected, tolerance=2)


def test_twelve_bits_in_sixteen_are_not_dark() -> None:
    values = (COLOURS / 255 * 4095).astype(np.uint16)
    assert_shows(written(values, photometric="rgb"), COLOURS)


def test_light_brighter_than_white_is_not_black() -> None:
    values = (GREY / GREY.max() * 4).astype(np.float32)
    pixels = open_picture(written(values, photometric="minisblack")).pixels
    assert pixels.max() == 255


def test_every_page_is_read() -> None:
    file = io.BytesIO()
    with tifffile.TiffWriter(file, byteorder=">", bigtiff=True) as writer:
        for page in (COLOURS, 255 - COLOURS):
            writer.write(page, photometric="rgb", planarconfig="contig", metadata=None)
    with open_document(file.getvalue()) as document:
        assert np.array_equal(document.page(0).picture.pixels, COLOURS)
        assert np.array_equal(document.page(1).picture.pixels, 255 - COLOURS)


def test_orientation_and_profile_are_heeded() -> None:
    turned = np.ascontiguousarray(np.rot90(COLOURS)).astype(np.uint16) * 257
    profile = PROFILES["Adobe RGB"]
    tags = [(274, 3, 1, 6, True), (34675, 7, len(profile), profile, True)]
    content = written(turned, photometric="rgb", extratags=tags)
    opened = open_picture(content)
    assert (opened.width, opened.height) == SIZE
    assert_shows(content, by_image_cms(Image.fromarray(COLOURS), profile))


@pytest.mark.parametrize(
    ("type_name", "options"),
    [
        ("c8", {}),
        ("u1", {"compression": "jpegxl"}),
        ("u1", {"compression": "lerc"}),
        ("u1", {"compression": "jpegxr"}),
        ("u2", {"compression": "jpeg2000"}),
    ],
    ids=["complex", "JPEG XL", "LERC", "JPEG XR", "JPEG 2000"],
)
def test_other_layouts_are_told_as_such(type_name: str, options: dict[str, Any]) -> None:
    content = written(GREY.astype(type_name), photometric="minisblack", **options)
    with pytest.raises(PictureError, match="can't open this kind of TIFF"):
        open_picture(content)


def test_bits_of_colours_that_programs_pack_in_different_ways_are_refused() -> None:
    bits = COLOURS > 127
    assert_shows(written(bits, planar=True, photometric="rgb"), bits * 255)
    with pytest.raises(PictureError, match="can't open this kind of TIFF"):
        open_picture(written(bits, photometric="rgb"))


@pytest.mark.parametrize("kind", ["assocalpha", "unassalpha"])
def test_ink_with_alpha_is_shown_on_white(kind: str) -> None:
    values = np.zeros((8, 32, 5), np.uint8)
    values[..., 4] = np.linspace(0, 255, 32)
    values[..., 0] = values[..., 4] if kind == "assocalpha" else 255
    content = written(values, photometric="separated", extrasamples=[kind])
    expected = np.full((8, 32, 3), 255)
    expected[..., 0] -= values[..., 4]
    assert_shows(content, expected, tolerance=2)


@pytest.mark.parametrize("codec", [None, "lzw", "zlib"])
@pytest.mark.parametrize("type_name", ["u1", "u2", "f4"])
@pytest.mark.parametrize("tile", [None, (16, 32)])
def test_large_pictures_are_averaged_while_they_are_read(
    codec: str | None, type_name: str, tile: tuple[int, int] | None
) -> None:
    image = quarters(5000, 700)
    values = scaled(np.asarray(image) / 255, np.dtype("u1"))
    if type_name != "u1":
        values = (values / 255 * (1 if type_name == "f4" else 65535)).astype(type_name)
    opened = open_picture(written(values, photometric="rgb", compression=codec, tile=tile))
    assert (opened.width, opened.height) == (5000, 700)
    plain = open_picture(encoded(image, "PNG")).pixels
    height, width = opened.pixels.shape[:2]
    assert abs(width - plain.shape[1]) <= 2
    rows, columns = (height // 4, 3 * height // 4), (width // 4, 3 * width // 4)
    for row, column in itertools.product(rows, columns):
        assert np.abs(opened.pixels[row, column].astype(int) - plain[row, column]).max() <= 1


@pytest.mark.parametrize("codec", [None, "zlib", "lzw"])
def test_one_large_strip_is_read_piece_by_piece(
    codec: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiff_pixels, "BAND_BYTES", 3_000)
    monkeypatch.setattr(tiff_pixels, "STREAM_BYTES", 2_000)
    options = {"photometric": "rgb", "rowsperstrip": 50, "compression": codec}
    assert_shows(written(COLOURS, **options), COLOURS)
    whole = written(COLOURS, **options)
    with pytest.raises(PictureError):
        open_picture(whole[: len(whole) // 2])


def test_a_strip_that_does_not_fit_into_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff_pixels, "CHUNK_LIMIT_BYTES", 2_000)
    with pytest.raises(PictureError, match="too large"):
        open_picture(written(COLOURS, photometric="rgb", compression="lzw", rowsperstrip=50))


@pytest.mark.parametrize(
    "changes",
    [
        {"t277": 64},
        {"t277": 65_535},
        {"t258": 7},
        {"t339": 9},
        {"t322": 0, "t323": 0},
        {"t279": 0xFFFFFFFF},
        {"t278": 0},
        {"t317": 2},
        {"t317": 3},
        {"t284": 2, "t277": 3, "t262": 2},
        {"t262": 3},
        {"t262": 5, "t277": 4},
    ],
)
def test_contradictions_give_a_picture_or_a_sentence(changes: dict[str, int]) -> None:
    try:
        opened = open_picture(packed(8, GREY.astype(int), **changes))
    except PictureError:
        return
    assert opened.pixels.shape == (SIZE[1], SIZE[0], 3)


def test_damaged_layouts_give_a_picture_or_a_sentence() -> None:
    seeds = [
        written(COLOURS.astype(type_name), photometric="rgb", compression=codec, tile=tile)
        for type_name in ("u1", "u2", "f4")
        for codec in (None, "lzw", "zlib", "zstd")
        for tile in (None, (16, 32))
    ]
    rng = random.Random(3)
    for _ in range(600):
        content = bytearray(rng.choice(seeds))
        directory = struct.unpack_from("<I", content, 4)[0]
        for _ in range(rng.randrange(1, 4)):
            position = min(len(content) - 4, directory + rng.randrange(250))
            new = rng.choice([b"\xff" * 4, bytes(4), b"\0\0\1\0", bytes([rng.randrange(256)])])
            content[position : position + len(new)] = new
        try:
            pixels = open_picture(bytes(content)).pixels
        except PictureError:
            continue
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3
