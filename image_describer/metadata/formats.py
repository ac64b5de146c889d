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

from image_describer.metadata.containers import (
    isobmff,
    isobmff_repair,
    jpeg,
    jpeg2000,
    png,
    tiff,
    webp,
)
from image_describer.metadata.containers.base import DamagedFileError

T = TypeVar("T")

FILE_LIMIT_BYTES = 300_000_000  # an incompressible PNG of the most pixels allowed
TIFF_LIMIT_BYTES = 700_000_000  # 102 million pixels of 16 bits, of which only a band is held
HEAD_BYTES = 256  # as much of a file as `recognize` needs
SIDE_LIMIT_PX = 100_000  # more than any camera, scanner or panorama has
SLOW_LIMIT_PX = 1_500_000  # for decoders that Pillow only has in Python: 1 s for a million pixels
MEGA = 1_000_000


@dataclass(frozen=True)
class PictureFormat:
    """A format: Pillow's plugin for it, and how its files begin and are named.

    ``limit_px`` is the most pixels that are decoded within 5 s on one slow core. How many fit into
    memory depends on the file; see `limit_px`.
    """

    name: str
    plugin: str
    limit_px: int
    suffixes: tuple[str, ...]
    signatures: tuple[bytes, ...] = ()
    brands: tuple[bytes, ...] = ()  # of the ISO base media format, at byte 8


ISOBMFF_FORMATS = ("AVIF", "HEIC")
REDUCED_FORMATS = ("JPEG", "JPEG2000", "TIFF")  # while they are decoded
ANIMATED_FORMATS = ("PNG", "WEBP", "GIF", "AVIF")  # the others have pages or unrelated pictures
HEIF_PLUGIN = "pi_heif"  # not part of Pillow
OPEN_BRANDS = (b"mif1", b"msf1")  # any codec
HEVC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")
# Pictures with these codecs can't be opened, and are told as what they are.
OTHER_CODEC_BRANDS = (
    *(b"avci", b"avcs", b"evbi", b"evbs", b"evmi", b"evms", b"j2ki", b"j2is"),
    *(b"jpeg", b"jpgs", b"vvic", b"vvis", b"miaf"),
)

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
    PictureFormat("PNG", "PngImagePlugin", 150 * MEGA, (".png",), (b"\x89PNG\r\n\x1a\n",)),
    PictureFormat("WEBP", "WebPImagePlugin", 150 * MEGA, (".webp",)),
    PictureFormat("GIF", "GifImagePlugin", 60 * MEGA, (".gif",), (b"GIF87a", b"GIF89a")),
    PictureFormat("BMP", "BmpImagePlugin", 150 * MEGA, (".bmp", ".dib"), (b"BM",)),
    PictureFormat(
        "TIFF",
        "TiffImagePlugin",
        110 * MEGA,
        (".tif", ".tiff"),
        (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    ),
    PictureFormat(
        "PPM",
        "PpmImagePlugin",
        150 * MEGA,
        (".ppm", ".pgm", ".pbm", ".pnm"),
        tuple(b"P%d%c" % (kind, space) for kind in range(1, 7) for space in b" \t\r\n#"),
    ),
    PictureFormat("AVIF", "AvifImagePlugin", 110 * MEGA, (".avif",), brands=(b"avif", b"avis")),
    # Phones take up to 48 million pixels, and panoramas of 65 million.
    PictureFormat(
        "HEIC",
        HEIF_PLUGIN,
        110 * MEGA,
        (".heic", ".heif", ".hif"),
        brands=(*HEVC_BRANDS, *OPEN_BRANDS, *OTHER_CODEC_BRANDS),
    ),
    # Decoded at a half, a quarter or an eighth of the size where the file allows.
    PictureFormat(
        "JPEG2000",
        "Jpeg2KImagePlugin",
        210 * MEGA,
        (".jp2", ".j2k", ".jpf", ".j2c", ".jpc"),
        (jpeg2000.BOX_SIGNATURE, jpeg2000.CODESTREAM_SIGNATURE),
    ),
)
PICTURE_SUFFIXES = tuple(suffix for format_ in FORMATS for suffix in format_.suffixes)
DOCUMENT_SUFFIXES = (".pdf",)  # beside those of pictures: a TIFF may have several pages

MEMORY_LIMIT_BYTES = 700 * MEGA  # for decoding; the rest of the program takes 0.2 GB
CHROMA_SAMPLES = {420: 0.5, 422: 1}  # of a pixel; two without subsampling
TILE_LIMIT_PX = 110 * MEGA
PROGRESSIVE_LIMIT_PX = 80 * MEGA  # up to 8 bytes a pixel (CMYK), all held at once
SCANNED_LIMIT_PX = 2_000 * MEGA  # pixels times scans: each scan goes over the whole picture
JPEG2000_LIMIT_PX = 8 * MEGA  # decoded, at up to 30 bytes and 0.5 microseconds a pixel
HALVINGS = 3  # what libjpeg does
SCANS_LIMIT = 200  # a progressive JPEG has about ten
REPAIR_LIMIT_BYTES = 100_000_000  # of damaged files, which are copied

_WITHOUT_METADATA = {
    "JPEG": jpeg.without_metadata,
    "JPEG2000": jpeg2000.without_metadata,
    "PNG": png.without_metadata,
    "TIFF": tiff.without_metadata,
    "WEBP": webp.without_metadata,
}

PDF = b"%PDF"


def recognize(head: bytes) -> PictureFormat | None:
    """Return the format of a file that begins with ``head``, whatever its name; None if unknown."""
    # The main brand may be that of any codec; then the compatible ones say which.
    brands = _brands(head)
    if b"avif" in brands and brands[0] not in HEVC_BRANDS:
        return _by_name("AVIF")
    for format_ in FORMATS:
        if format_.signatures and head.startswith(format_.signatures):
            return format_
        if brands[:1] and brands[0] in format_.brands:
            return format_
        if format_.name == "WEBP" and head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return format_
    return _by_name("HEIC") if {*HEVC_BRANDS, *OPEN_BRANDS} & {*brands} else None


def _brands(head: bytes) -> list[bytes]:
    """Return the brands of a file of the ISO base media format: the main one, then others."""
    if head[4:8] != b"ftyp":
        return []
    end = min(len(head), int.from_bytes(head[:4], "big"))
    return [head[8:12], *(head[start : start + 4] for start in range(16, end - 3, 4))]


def _by_name(name: str) -> PictureFormat:
    return next(format_ for format_ in FORMATS if format_.name == name)


def read_header(format_: PictureFormat, file: IO[bytes]) -> ImageFile.ImageFile:
    """Return Pillow's image of ``file`` with its header read and nothing decoded.

    Raises ImportError if Pillow was built without the format, and whatever Pillow raises for
    damaged files.
    """
    # Image.open would warn about and refuse photographs of 200 million pixels, by a limit for the
    # whole process, which isn't ours to change.
    if format_.plugin == HEIF_PLUGIN:
        from pi_heif import HeifImageFile

        _inspect(file, isobmff.check_heif)
        return HeifImageFile(file, "")
    import_module(f"PIL.{format_.plugin}")
    if format_.name not in Image.OPEN:
        raise ImportError(f"Pillow was built without {format_.name}")  # untranslated
    factory, _unused = Image.OPEN[format_.name]
    return factory(file, "")


def file_limit_bytes(format_: PictureFormat | None) -> int:
    """Return how large a file may be."""
    is_tiff = format_ is not None and format_.name == "TIFF"
    return TIFF_LIMIT_BYTES if is_tiff else FILE_LIMIT_BYTES


def limit_px(format_: PictureFormat, image: Image.Image, file: IO[bytes]) -> int:
    """Return how many pixels this file may have, given how it would be decoded."""
    if hasattr(image, "limit_px"):
        return image.limit_px
    tiles = getattr(image, "tile", [])
    if any(tile[0] in Image.DECODERS for tile in tiles):
        return SLOW_LIMIT_PX
    is_large = image.width * image.height > SCANNED_LIMIT_PX // SCANS_LIMIT
    if format_.name == "JPEG" and is_large and _inspect(file, jpeg.is_multi_scan):
        scans = max(1, _inspect(file, jpeg.count_scans))
        return min(PROGRESSIVE_LIMIT_PX, SCANNED_LIMIT_PX // scans)
    if format_.name == "JPEG2000":
        return min(format_.limit_px, JPEG2000_LIMIT_PX * 4 ** halvings(format_, file))
    if format_.name == "JPEG":
        return format_.limit_px
    return min(format_.limit_px, int(MEMORY_LIMIT_BYTES / _bytes_per_px(format_, image, file)))


def _bytes_per_px(format_: PictureFormat, image: Image.Image, file: IO[bytes]) -> float:
    """Return how many bytes are held for each pixel while a file is decoded."""
    channels = len(image.getbands())
    in_pillow = 4 if channels > 1 or image.mode in ("I", "F") else 2 if ";16" in image.mode else 1
    if format_.name == "WEBP":
        return 4 * in_pillow
    if format_.name not in ISOBMFF_FORMATS:
        return in_pillow + (in_pillow if format_.name == "TIFF" else 1)  # a tile; a band
    if format_.name == "HEIC":
        chroma, depth = image.info.get("chroma", 444), image.info.get("bit_depth", 16)
    else:
        chroma, depth = _inspect(file, isobmff.av1_chroma_and_depth)
    samples = 1 + (channels % 2 == 0) + (CHROMA_SAMPLES.get(chroma, 2) if channels > 2 else 0)
    return samples * (1 if depth == 8 else 2) + channels + in_pillow


def halvings(format_: PictureFormat, file: IO[bytes]) -> int:
    """Return how often width and height can be halved while a file is decoded, up to 3 times."""
    if format_.name == "JPEG2000":
        return min(HALVINGS, _inspect(file, jpeg2000.halvings))
    return HALVINGS if format_.name == "JPEG" else 0


def is_excessive(format_: PictureFormat, file: IO[bytes], frame: int = 0) -> bool:
    """Return whether a frame of a file would keep a decoder busy, whatever its size.

    A few bytes can ask for hours of work: a JPEG of a thousand scans, a TIFF of millions of tiles.
    Raises DamagedFileError for a file without pixels, in which a decoder would look for them.
    """
    if format_.name == "JPEG" and _inspect(file, jpeg.is_multi_scan):
        return _inspect(file, jpeg.count_scans) > SCANS_LIMIT
    if format_.name == "PNG":
        return _inspect(file, png.has_excessive_parts)
    if format_.name == "JPEG2000":
        halvings(format_, file)
    if format_.name == "TIFF":
        return _inspect(file, lambda file: tiff.has_excessive_parts(file, TILE_LIMIT_PX, frame))
    return False


def is_truncated(format_: PictureFormat, file: IO[bytes], size: int) -> bool:
    """Return whether a file of ``size`` bytes is shorter than its headers say.

    For some formats only Pillow can tell; for these, False.
    """
    if format_.name == "JPEG":
        return jpeg.is_truncated(file)
    if format_.name == "WEBP":
        return webp.is_truncated(file, size)
    if format_.name == "JPEG2000":
        return jpeg2000.is_truncated(file, size)
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
            yield from isobmff_repair.repaired(file)
        elif format_.name in _WITHOUT_METADATA:
            file.seek(0)
            content = file.read(REPAIR_LIMIT_BYTES + 1)
            if len(content) <= REPAIR_LIMIT_BYTES:
                yield _WITHOUT_METADATA[format_.name](content)


def is_unknown_kind(format_: PictureFormat, file: IO[bytes]) -> bool:
    """Return whether a file has the structure of its format, but its decoder refuses the header.

    For some formats only Pillow can tell; for these, False.
    """
    try:
        if format_.name in ISOBMFF_FORMATS:
            is_whole = bool(isobmff.ItemProperties(isobmff.read_meta(file)).associations)
        else:
            is_whole = format_.name == "TIFF" and tiff.is_page(file)
        if not is_whole:
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
