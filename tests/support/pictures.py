"""Generated pictures for tests: valid ones in every format, and hostile ones."""

import io
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, features

HAS_AVIF = features.check("avif")


def photograph(width: int = 160, height: int = 120, seed: int = 0) -> Image.Image:
    """Return something like a photograph: large soft shapes, small ones, and sensor noise."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3))
    for cells, weight, channels in ((3, 80, 3), (9, 50, 3), (40, 30, 3), (120, 40, 1)):
        shape = rng.uniform(-1, 1, (cells, cells, channels))
        layers = [
            Image.fromarray(shape[..., channel].astype(np.float32)).resize(
                (width, height), Image.Resampling.BICUBIC
            )
            for channel in range(channels)
        ]
        total += weight * np.stack([np.asarray(layer) for layer in layers], axis=-1)
    total += 125 + rng.normal(0, 6, total.shape)
    return Image.fromarray(np.clip(total, 0, 255).astype(np.uint8))


def encoded(image: Image.Image, format_name: str, **options: Any) -> bytes:
    """Return the content of a file."""
    file = io.BytesIO()
    image.save(file, format_name, **options)
    return file.getvalue()


def heic(image: Image.Image, **options: Any) -> bytes:
    """Return the content of a HEIC file. pi-heif, which the program uses, can't write any."""
    import pillow_heif

    file = io.BytesIO()
    pillow_heif.from_pillow(image).save(file, quality=options.pop("quality", 90), **options)
    return file.getvalue()


def heic_of_size(content: bytes, width: int, height: int) -> bytes:
    """Change the size that a HEIC file claims to have, in its "ispe" boxes."""
    parts = content.split(b"ispe")
    size = struct.pack(">II", width, height)
    return b"ispe".join([parts[0], *(part[:4] + size + part[12:] for part in parts[1:])])


def in_every_format() -> dict[str, bytes]:
    """Return a small valid file of every format and of its main variants, by name."""
    image = photograph(64, 48)
    small = {
        "JPEG": encoded(image, "JPEG"),
        "JPEG progressive": encoded(image, "JPEG", progressive=True),
        "JPEG CMYK": encoded(image.convert("CMYK"), "JPEG"),
        "PNG": encoded(image, "PNG"),
        "PNG palette": encoded(image.quantize(16), "PNG", transparency=3),
        "PNG 16 bits": encoded(sixteen_bits(), "PNG"),
        "WEBP": encoded(image, "WEBP"),
        "WEBP lossless": encoded(image.convert("RGBA"), "WEBP", lossless=True),
        "GIF": encoded(image.quantize(32), "GIF", save_all=True, append_images=[image]),
        "BMP": encoded(image, "BMP"),
        "TIFF": encoded(image, "TIFF"),
        "TIFF LZW": encoded(image, "TIFF", compression="tiff_lzw"),
        "TIFF JPEG": encoded(image, "TIFF", compression="jpeg"),
        "TIFF float": encoded(image.convert("F"), "TIFF"),
        "PPM": encoded(image, "PPM"),
        "PPM plain": b"P3\n2 2\n255\n1 2 3 4 5 6 7 8 9 10 11 12\n",
    }
    small["JPEG2000"] = encoded(image, "JPEG2000")
    small["JPEG2000 codestream"] = encoded(image, "JPEG2000", no_jp2=True, irreversible=True)
    if HAS_AVIF:
        small["AVIF"] = encoded(image, "AVIF")
    small["HEIC"] = heic(image)
    return small


def sixteen_bits(width: int = 64, height: int = 48) -> Image.Image:
    """Return a 16-bit grey gradient from 0 to 65535, left to right."""
    row = np.linspace(0, 65535, width).astype(np.uint16)
    return Image.fromarray(np.tile(row, (height, 1)))


def quarters(width: int = 80, height: int = 60) -> Image.Image:
    """Return red, green, blue and yellow quarters, from the upper left, row by row."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (255, 0, 0)
    pixels[: height // 2, width // 2 :] = (0, 255, 0)
    pixels[height // 2 :, : width // 2] = (0, 0, 255)
    pixels[height // 2 :, width // 2 :] = (255, 255, 0)
    return Image.fromarray(pixels)


_STORED_TRANSPOSITION = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def with_orientation(orientation: int, format_name: str) -> bytes:
    """Return `quarters` as a turned camera stores it, with an EXIF orientation to undo that."""
    transposition = _STORED_TRANSPOSITION[orientation]
    image = quarters() if transposition is None else quarters().transpose(transposition)
    exif = Image.Exif()
    exif[0x0112] = orientation
    if format_name == "HEIC":
        return heic(image, exif=exif.tobytes())
    return encoded(image, format_name, exif=exif)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG."""
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def png(
    width: int, height: int, data: bytes, *others: bytes, depth: int = 8, colour: int = 0
) -> bytes:
    """Return a PNG of compressed ``data``, with ``others`` between its header and its data."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = b"".join([*others, png_chunk(b"IDAT", data), png_chunk(b"IEND", b"")])
    return b"\x89PNG\r\n\x1a\n" + header + body


def png_bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """Return a valid black picture: 900 million pixels in 0.9 MB."""
    size = (width + 1) * height
    block = 1 << 20
    # After a full flush nothing refers back, so the same compressed block can be repeated.
    compressor = zlib.compressobj(9, wbits=-15)
    repeat = compressor.compress(bytes(block)) + compressor.flush(zlib.Z_FULL_FLUSH)
    compressor = zlib.compressobj(9, wbits=-15)
    end = compressor.compress(bytes(size % block)) + compressor.flush()
    header = zlib.compress(b"")[:2]
    check = struct.pack(">I", (size % 65521) << 16 | 1)  # Adler-32 of so many zeros
    return png(width, height, header + repeat * (size // block) + end + check)


def png_text_bomb() -> bytes:
    """Return a small picture with a comment of 100 MB, compressed to 0.1 MB."""
    comment = b"Comment\0\0" + zlib.compress(bytes(100_000_000), 1)
    return png(1, 1, zlib.compress(b"\0\0"), png_chunk(b"zTXt", comment))


def png_with_odd_profile() -> bytes:
    """Return a picture whose colour profile and EXIF are garbage."""
    garbage = [
        png_chunk(b"iCCP", b"x\0\0" + zlib.compress(b"\xff" * 999)),
        png_chunk(b"eXIf", b"II*\0\xff\xff"),
    ]
    rows = b"".join(b"\0" + bytes(range(64)) for _ in range(48))
    return png(64, 48, zlib.compress(rows), *garbage)


def jpeg_scan_bomb(scans: int = 5_000) -> bytes:
    """Return a progressive JPEG that refines the same coefficients again and again."""
    whole = encoded(photograph(64, 48), "JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * scans + b"\xff\xd9"


def jpeg_of_size(width: int, height: int) -> bytes:
    """Return a JPEG that claims to have this size, with the data of a small one."""
    content = bytearray(encoded(photograph(64, 48), "JPEG"))
    position = content.index(b"\xff\xc0") + 5
    content[position : position + 4] = struct.pack(">HH", height, width)
    return bytes(content)


def gif_of_size(width: int, height: int) -> bytes:
    """Return a GIF that claims to have this size, with the data of a small one."""
    content = bytearray(encoded(photograph(64, 48).quantize(8), "GIF"))
    content[6:10] = struct.pack("<HH", width, height)
    return bytes(content)


def tiff(*entries: tuple[int, int, int, int], data: bytes = b"") -> bytes:
    """Return a TIFF of (tag, type, count, value) entries, followed by ``data``."""
    table = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + table + bytes(4) + data


def tiff_tile_bomb() -> bytes:
    """Return a TIFF of 100 x 100 pixels in one tile of 60,000 x 60,000."""
    small = [(256, 4, 1, 100), (257, 4, 1, 100), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1)]
    tiles = [(322, 4, 1, 60_000), (323, 4, 1, 60_000), (324, 4, 1, 8), (325, 4, 1, 100)]
    return tiff(*small, *tiles, data=bytes(200))


def tiff_of_many_tiles() -> bytes:
    """Return a TIFF of 1,000 x 1,000 pixels, each in its own tile."""
    count = 1_000_000
    small = [(256, 4, 1, 1_000), (257, 4, 1, 1_000), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    tiles = [(322, 4, 1, 1), (323, 4, 1, 1), (324, 4, count, 8 + 2 + 12 * 9 + 4), (325, 4, 1, 1)]
    return tiff(*small, *tiles, data=struct.pack("<I", 8) * count)


def with_text(lines: Sequence[str], width: int = 640, height: int = 480) -> Image.Image:
    """Return a photograph with lines of large white text on a dark board."""
    from PIL import ImageDraw, ImageFont

    image = photograph(width, height)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(height // 10)
    draw.rectangle((width // 10, height // 10, width * 9 // 10, height * 9 // 10), "#103010")
    for number, line in enumerate(lines):
        top = height // 8 + number * height // 7
        draw.text((width // 8, top), line, fill="white", font=font)
    return image


def page_of_text(width: int = 800, height: int = 600) -> Image.Image:
    """Return lines of black text on white, like a document or a window."""
    from PIL import ImageDraw, ImageFont

    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default()
    line = "The quick brown fox jumps over the lazy dog, and then it goes home to sleep. " * 2
    for top in range(40, height - 40, 24):
        draw.text((40, top), line[: (width - 80) // 7], fill="black", font=font)
    return image
