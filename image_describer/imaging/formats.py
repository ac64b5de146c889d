"""Which picture formats are opened, how a file shows what it is, and how large each may be.

Pillow can open forty formats; some start other programs (EPS), some are decoded by slow Python
code, few are photographs. Only those in `FORMATS` are ever handed to it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import IO, TypeVar

from PIL import Image, ImageFile

from image_describer.metadata.containers import limits

T = TypeVar("T")

HEAD_BYTES = 64  # as much of a file as `recognise` looks at
SIDE_LIMIT_PX = 100_000  # longer than any camera, scanner or panorama makes
SLOW_LIMIT_PX = 1_500_000  # decoders that Pillow has in Python only: 1 s for a million pixels
MEGA = 1_000_000


@dataclass(frozen=True)
class Format:
    """A format: Pillow's plugin, how its files begin, how they are called.

    ``limit_px`` is the most pixels that are decoded: each was measured to stay under 1 GB and 5 s,
    the whole program included, on one slow core.
    """

    name: str
    plugin: str
    limit_px: int
    suffixes: tuple[str, ...]
    starts: tuple[bytes, ...] = ()
    brands: tuple[bytes, ...] = ()  # of the ISO media container, at byte 8


HEIF_PLUGIN = "pi_heif"  # not Pillow's own
OPEN_BRANDS = (b"mif1", b"msf1")  # of files that hold any codec: the other brands say which

FORMATS = (
    # 200 million pixels is what the largest phone cameras take. They are decoded at a quarter of
    # the size; the limit for progressive files, which are held whole, is lower.
    Format(
        "JPEG",
        "JpegImagePlugin",
        210 * MEGA,
        (".jpg", ".jpeg", ".jpe", ".jfif"),
        (b"\xff\xd8\xff",),
    ),
    Format("PNG", "PngImagePlugin", 110 * MEGA, (".png",), (b"\x89PNG\r\n\x1a\n",)),
    # Pillow holds four copies of a WebP picture while it decodes it; AVIF is slow.
    Format("WEBP", "WebPImagePlugin", 40 * MEGA, (".webp",)),
    Format("GIF", "GifImagePlugin", 60 * MEGA, (".gif",), (b"GIF87a", b"GIF89a")),
    Format("BMP", "BmpImagePlugin", 110 * MEGA, (".bmp", ".dib"), (b"BM",)),
    Format(
        "TIFF",
        "TiffImagePlugin",
        40 * MEGA,
        (".tif", ".tiff"),
        (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    ),
    Format(
        "PPM",
        "PpmImagePlugin",
        110 * MEGA,
        (".ppm", ".pgm", ".pbm", ".pnm"),
        tuple(b"P%d%c" % (kind, space) for kind in range(1, 7) for space in b" \t\r\n#"),
    ),
    Format("AVIF", "AvifImagePlugin", 30 * MEGA, (".avif",), brands=(b"avif", b"avis")),
    # What telephones take: 12 million pixels, the best ones 48 million.
    Format(
        "HEIC",
        HEIF_PLUGIN,
        50 * MEGA,
        (".heic", ".heif", ".hif"),
        brands=(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", *OPEN_BRANDS),
    ),
)

PROGRESSIVE_LIMIT_PX = 80 * MEGA  # 8 bytes a pixel at worst (CMYK), all held at once
SCANNED_LIMIT_PX = 2_000 * MEGA  # pixels times scans; every scan goes over the whole picture
SCANS_LIMIT = 200  # a progressive JPEG has about ten

FAMILIAR = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"8BPS", "a Photoshop document"),
    (b"\0\0\1\0", "an icon"),
    (b"ID3", "a sound file"),
    (b"OggS", "a sound file"),
    (b"\x1aE\xdf\xa3", "a film"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML or SVG file"),
)
"""How files begin that are often mistaken for pictures, and what to call them."""


def recognise(head: bytes) -> Format | None:
    """The format of a file that begins with ``head``, whatever its name says; None: not ours."""
    if head[4:8] == b"ftyp" and head[8:12] in OPEN_BRANDS and b"avif" in head[16:]:
        return _named("AVIF")
    for format_ in FORMATS:
        if format_.starts and head.startswith(format_.starts):
            return format_
        if head[4:8] == b"ftyp" and head[8:12] in format_.brands:
            return format_
        if format_.name == "WEBP" and head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return format_
    if head[4:8] == b"ftyp" and b"avif" in head[16:]:  # among the compatible brands
        return _named("AVIF")
    return None


def _named(name: str) -> Format:
    return next(format_ for format_ in FORMATS if format_.name == name)


def familiar(head: bytes) -> str:
    """What a file that is no picture seems to be ("a PDF document"); empty without a clue."""
    if head[4:8] == b"ftyp":
        return "a film or a sound file"
    for start, what in FAMILIAR:
        if head.startswith(start):
            return what
    try:
        text = head.decode()
    except UnicodeDecodeError as trouble:
        # A letter of several bytes may be cut in two where the head ends.
        text = head[: trouble.start].decode() if trouble.start > len(head) - 4 else ""
    seen = "".join(text.split())
    return "text" if seen and seen.isprintable() else ""


def start(format_: Format, file: IO[bytes]) -> ImageFile.ImageFile:
    """Pillow's image of ``file``, its header read and nothing decoded.

    Raises ImportError when this Pillow lacks the format, and whatever Pillow raises for damage.
    """
    # Not Image.open: it warns, and refuses photographs of 200 million pixels, by a limit for the
    # whole process that is not ours to move.
    if format_.plugin == HEIF_PLUGIN:
        from pi_heif import HeifImageFile

        return HeifImageFile(file, "")
    import_module(f"PIL.{format_.plugin}")
    if format_.name not in Image.OPEN:
        raise ImportError(f"Pillow was built without {format_.name}")
    factory, _ = Image.OPEN[format_.name]
    return factory(file, "")


def limit_px(format_: Format, image: Image.Image, file: IO[bytes]) -> int:
    """How many pixels this file may have, by the way in which it would be decoded."""
    tiles = getattr(image, "tile", [])
    if any(tile[0] in Image.DECODERS for tile in tiles):
        return SLOW_LIMIT_PX
    if format_.name == "JPEG" and _kept(file, limits.jpeg_is_held_whole):
        return min(PROGRESSIVE_LIMIT_PX, SCANNED_LIMIT_PX // max(1, _kept(file, limits.jpeg_scans)))
    return format_.limit_px


def overloads(format_: Format, file: IO[bytes]) -> bool:
    """Whether a file is built to keep a decoder busy, whatever the size of its picture."""
    if format_.name == "JPEG" and _kept(file, limits.jpeg_is_held_whole):
        return _kept(file, limits.jpeg_scans) > SCANS_LIMIT
    if format_.name == "TIFF":
        return _kept(file, lambda file: limits.tiff_is_wild(file, format_.limit_px))
    return False


def _kept(file: IO[bytes], look: Callable[[IO[bytes]], T]) -> T:
    """What ``look`` finds in ``file``, whose place is left as it was."""
    place = file.tell()
    try:
        return look(file)
    finally:
        file.seek(place)
