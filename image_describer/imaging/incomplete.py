"""JPEGs that end too early, of which most of the picture is there, or nearly all of it."""

import io
import random

import numpy as np

from image_describer.imaging.decode import reduce_while_decoding
from image_describer.imaging.notes import DETAIL_MISSING, missing_part
from image_describer.metadata import formats
from image_describer.metadata.containers import jpeg
from image_describer.metadata.containers.base import DamagedFileError
from image_describer.metadata.formats import PictureFormat

MISSING_LIMIT = 0.1  # of a picture, beyond which it is not described
DETAIL_LIMIT = 0.01  # of a picture, up to which nobody sees that it is less sharp

_END = b"\xff\xd9"
_NOISE_BYTES = 500  # in each piece of invented data


def completed(format_: PictureFormat, content: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return a JPEG with the end that it lacks, and the notes on what is missing.

    Raises DamagedFileError for other formats, if it has its end, and if more than `MISSING_LIMIT`
    of the picture is missing; and whatever Pillow raises for damaged files.
    """
    scan = jpeg.cut_scan(content) if format_.name == "JPEG" else None
    if scan is None:
        raise DamagedFileError
    share = _missing_share(format_, scan.content)
    if share and not scan.is_detail:
        if share > MISSING_LIMIT:
            raise DamagedFileError
        return scan.content + _END, (missing_part(share),)
    is_less_sharp = scan.is_coarse or share > DETAIL_LIMIT
    return scan.content + _END, (DETAIL_MISSING,) if is_less_sharp else ()


def _missing_share(format_: PictureFormat, cut: bytes) -> float:
    """Return which share of the pixels depends on what follows ``cut``, from 0 to 1."""
    ended, continued = (_decode(format_, cut + end) for end in (_END, _noise() + _END))
    differs = (ended != continued).reshape(*ended.shape[:2], -1).any(axis=-1)
    rows = np.flatnonzero(differs.any(axis=1))
    if not rows.size:
        return 0.0
    # Everything after the first of them is missing, also where the noise doesn't reach.
    columns = differs[rows[0] :].argmax(axis=1)
    return float((differs.shape[1] - columns).sum() / differs.size)


def _decode(format_: PictureFormat, content: bytes) -> np.ndarray:
    image = formats.read_header(format_, io.BytesIO(content))
    reduce_while_decoding(image)
    image.load()
    return np.asarray(image)


def _noise() -> bytes:
    """Return random data for a scan, with each of the restart markers, one of which is the next."""
    pieces = (random.Random(number).randbytes(_NOISE_BYTES) for number in range(9))
    noise = [piece.replace(b"\xff", b"\0") for piece in pieces]
    markers = (bytes([0xFF, 0xD0 + number]) for number in range(8))
    return noise[0] + b"".join(map(bytes.__add__, markers, noise[1:]))
