"""Which picture formats are opened, how a file is recognized, and how large a picture may be.

Pillow can open forty formats; some start other programs (EPS), some are decoded by slow Python
code, and few hold photographs. Only the formats in `FORMATS` are ever handed to it.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import IO, TypeVar

from PIL import Image, ImageFile

from image_describer.metadata.containers import isobmff, jpeg, png, tiff, webp
from image_describer.metadata.containers.base import DamagedFileError

T = TypeVar("T")

FILE_LIMIT_BYTES = 300_000_000  # an incompressible PNG of the most pixels allowed
HEAD_BYTES = 64  # as much of a file as `recognize` needs
SIDE_LIMIT_PX = 100_000  # more than any camera, scanner or panorama has
SLOW_LIMIT_PX = 1_500_000  # for decoders that Pillow only has in Python: 1 s for a million pixels
MEGA = 1_000_000


@dataclass(frozen=True)
class PictureFormat:
    """A format: Pillow's plugin for it, and how its files begin and are named.

    ``limit_px`` is the most pixels that are decoded. Each limit was measured to keep the whole
    program under 1 GB and 5 s on one slow core.
    """

    name: str
    plugin: str
    limit_px: int
    suffixes: tuple[str, ...]
    signatures: tuple[bytes, ...] = ()
    brands: tuple[bytes, ...] = ()  # of the ISO base media format, at byte 8


ISOBMFF_FORMATS = ("AVIF", "HEIC")
ANIMATED_FORMATS = ("PNG", "WEBP", "GIF", "AVIF")  # the others have pages or unrelated pictures
HEIF_PLUGIN = "pi_heif"  # not part of Pillow
OPEN_BRANDS = (b"mif1", b"msf1")  # any codec: the compatible brands say which

FORMATS = (
    # The largest phone cameras take 200 million pixels, which are decoded at a quarter of the size.
    # Progressive files, all of whose coefficients are held in memory, have a lower limit.
    PictureFormat(
        "JPEG",
        "JpegImagePlugin",
        210 * MEGA,
        (".jpg", ".jpeg", ".jpe", ".jfif"),
        (b"\xff\xd8\xff",),
    ),
    PictureFormat("PNG", "PngImagePlugin", 110 * MEGA, (".png",), (b"\x89PNG\r\n\x1a\n",)),
    # Pillow holds four copies of a WebP picture while it decodes it; AVIF is slow.
    PictureFormat("WEBP", "WebPImagePlugin", 40 * MEGA, (".webp",)),
    PictureFormat("GIF", "GifImagePlugin", 60 * MEGA, (".gif",), (b"GIF87a", b"GIF89a")),
    PictureFormat("BMP", "BmpImagePlugin", 110 * MEGA, (".bmp", ".dib"), (b"BM",)),
    PictureFormat(
        "TIFF",
        "TiffImagePlugin",
        40 * MEGA,
        (".tif", ".tiff"),
        (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    ),
    PictureFormat(
        "PPM",
        "PpmImagePlugin",
        110 * MEGA,
        (".ppm", ".pgm", ".pbm", ".pnm"),
        tuple(b"P%d%c" % (kind, space) for kind in range(1, 7) for space in b" \t\r\n#"),
    ),
    PictureFormat("AVIF", "AvifImagePlugin", 30 * MEGA, (".avif",), brands=(b"avif", b"avis")),
    # Phones take 12 million pixels, the best ones 48 million.
    PictureFormat(
        "HEIC",
        HEIF_PLUGIN,
        50 * MEGA,
        (".heic", ".heif", ".hif"),
        brands=(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", *OPEN_BRANDS),
    ),
)
PICTURE_SUFFIXES = tuple(suffix for format_ in FORMATS for suffix in format_.suffixes)
DOCUMENT_SUFFIXES = (".pdf",)  # beside those of pictures: a TIFF may have several pages

PROGRESSIVE_LIMIT_PX = 80 * MEGA  # up to 8 bytes a pixel (CMYK), all held at once
SCANNED_LIMIT_PX = 2_000 * MEGA  # pixels times scans: each scan goes over the whole picture
SCANS_LIMIT = 200  # a progressive JPEG has about ten
REPAIR_LIMIT_BYTES = 100_000_000  # of damaged files, which are copied

_WITHOUT_METADATA = {
    "JPEG": jpeg.without_metadata,
    "PNG": png.without_metadata,
    "TIFF": tiff.without_metadata,
    "WEBP": webp.without_metadata,
}

PDF = b"%PDF"
OTHER_KINDS = (
    (PDF, "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"8BPS", "a Photoshop document"),
    (b"\0\0\1\0", "an icon"),
    (b"ID3", "a sound file"),
    (b"OggS", "a sound file"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML or SVG file"),
)
"""How files begin that are often mistaken for pictures, and what to call them."""


def recognize(head: bytes) -> PictureFormat | None:
    """Return the format of a file that begins with ``head``, whatever its name; None if unknown."""
    if head[4:8] == b"ftyp" and head[8:12] in OPEN_BRANDS and b"avif" in head[16:]:
        return _by_name("AVIF")
    for format_ in FORMATS:
        if format_.signatures and head.startswith(format_.signatures):
            return format_
        if head[4:8] == b"ftyp" and head[8:12] in format_.brands:
            return format_
        if format_.name == "WEBP" and head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return format_
    if head[4:8] == b"ftyp" and b"avif" in head[16:]:  # among the compatible brands
        return _by_name("AVIF")
    return None


def _by_name(name: str) -> PictureFormat:
    return next(format_ for format_ in FORMATS if format_.name == name)


def guess_kind(head: bytes) -> str:
    """Guess what a file that isn't a picture is ("a PDF document"); "" without a clue."""
    if head[4:8] == b"ftyp":
        return "a video or a sound file"
    for signature, kind in OTHER_KINDS:
        if head.startswith(signature):
            return kind
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        # A character of several bytes may be cut in two where the head ends.
        text = head[: error.start].decode() if error.start > len(head) - 4 else ""
    printable = "".join(text.split())
    return "text" if printable and printable.isprintable() else ""


def read_header(format_: PictureFormat, file: IO[bytes]) -> ImageFile.ImageFile:
    """Return Pillow's image of ``file`` with its header read and nothing decoded.

    Raises ImportError if Pillow was built without the format, and whatever Pillow raises for
    damaged files.
    """
    # Image.open would warn about and refuse photographs of 200 million pixels, by a limit for the
    # whole process, which isn't ours to change.
    if format_.plugin == HEIF_PLUGIN:
        from pi_heif import HeifImageFile

        return HeifImageFile(file, "")
    import_module(f"PIL.{format_.plugin}")
    if format_.name not in Image.OPEN:
        raise ImportError(f"Pillow was built without {format_.name}")
    factory, _ = Image.OPEN[format_.name]
    return factory(file, "")


def limit_px(format_: PictureFormat, image: Image.Image, file: IO[bytes]) -> int:
    """Return how many pixels this file may have, given how it would be decoded."""
    tiles = getattr(image, "tile", [])
    if any(tile[0] in Image.DECODERS for tile in tiles):
        return SLOW_LIMIT_PX
    if format_.name == "JPEG" and _inspect(file, jpeg.is_multi_scan):
        scans = max(1, _inspect(file, jpeg.count_scans))
        return min(PROGRESSIVE_LIMIT_PX, SCANNED_LIMIT_PX // scans)
    return format_.limit_px


def is_excessive(format_: PictureFormat, file: IO[bytes], frame: int = 0) -> bool:
    """Return whether a frame of a file would keep a decoder busy, whatever its size.

    A few bytes can ask for hours of work: a JPEG of a thousand scans, a TIFF of millions of tiles.
    """
    if format_.name == "JPEG" and _inspect(file, jpeg.is_multi_scan):
        return _inspect(file, jpeg.count_scans) > SCANS_LIMIT
    if format_.name == "TIFF":
        return _inspect(file, lambda file: tiff.has_excessive_parts(file, format_.limit_px, frame))
    return False


def is_truncated(format_: PictureFormat, file: IO[bytes], size: int) -> bool:
    """Return whether a file of ``size`` bytes is shorter than its headers say.

    For some formats only Pillow can tell; for these, False.
    """
    if format_.name == "JPEG":
        return jpeg.is_truncated(file)
    if format_.name == "WEBP":
        return webp.is_truncated(file, size)
    if format_.name in ISOBMFF_FORMATS:
        return isobmff.is_truncated(file, size)
    return format_.name == "TIFF" and tiff.is_truncated(file)


def is_filled_up(format_: PictureFormat, file: IO[bytes]) -> bool:
    """Return whether zeros stand for the end of a file, which a decoder would take for pixels."""
    return format_.name == "JPEG" and _inspect(file, jpeg.is_filled_up)


def crop_box(format_: PictureFormat, file: IO[bytes]) -> tuple[int, int, int, int] | None:
    """Return what is shown of a picture that Pillow decodes whole: (left, top, right, bottom)."""
    if format_.name != "AVIF":
        return None
    try:
        return _inspect(file, isobmff.crop_box)
    except DamagedFileError:
        return None


def repaired(format_: PictureFormat, file: IO[bytes]) -> Iterator[bytes]:
    """Yield contents to be opened in place of a file that a strict decoder refuses."""
    with contextlib.suppress(DamagedFileError, OSError, ValueError):
        if format_.name in ISOBMFF_FORMATS:
            yield from isobmff.repaired(file)
        elif format_.name in _WITHOUT_METADATA:
            file.seek(0)
            content = file.read(REPAIR_LIMIT_BYTES + 1)
            if len(content) <= REPAIR_LIMIT_BYTES:
                yield _WITHOUT_METADATA[format_.name](content)


def is_unknown_kind(format_: PictureFormat, file: IO[bytes]) -> bool:
    """Return whether a file has the structure of its format, but its decoder refuses the header.

    For some formats only Pillow can tell; for these, False.
    """
    if format_.name not in ISOBMFF_FORMATS:
        return False
    try:
        if not isobmff.ItemProperties(isobmff.read_meta(file)).associations:
            return False
    except (OSError, ValueError):
        return False
    file.seek(0)
    try:
        read_header(format_, file)
    except Exception:  # Pillow raises nearly every kind of error
        return True
    return False


def _inspect(file: IO[bytes], function: Callable[[IO[bytes]], T]) -> T:
    """Call ``function`` and restore the position of ``file``."""
    position = file.tell()
    try:
        return function(file)
    finally:
        file.seek(position)
