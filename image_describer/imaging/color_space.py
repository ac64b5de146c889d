"""Colours that a file states without a profile: by code points, chromaticities, gamma or EXIF.

Each becomes the profile that a camera would have embedded.
"""

import struct
from collections.abc import Callable
from contextlib import suppress
from typing import IO, NamedTuple

import numpy as np
from PIL import ExifTags, Image

HEAD_BYTES = 1 << 16  # within which code points are stated: before the pixels
REFERENCE_WHITE = 203.0  # candelas per square metre, of a white page; brighter light is clipped
HLG_PEAK = 1000.0
CURVE_LENGTH = 1024
SRGB_GAMMA = 2.2
SAME_GAMMA = 0.1  # a PNG that states 2.2 means the curve of sRGB
MIN_GAMMA, MAX_GAMMA = 0.1, 10.0  # that a PNG may state; most often 1 / 2.2
_INTEROPERABILITY_INDEX = 1
_ADOBE_RGB = "R03"
_CODE_POINT_FIELDS = {
    "AVIF": (b"colrnclx", ">HH"),
    "HEIF": (b"colrnclx", ">HH"),
    "PNG": (b"cICP", ">BB"),
}

_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_D50 = np.array([0.9642, 1.0, 0.8249])  # the white of all profiles

Curve = Callable[[np.ndarray], np.ndarray]


class Primaries(NamedTuple):
    """CIE x and y of the light of each channel, and of white."""

    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]
    white: tuple[float, float] = (0.3127, 0.3290)


SRGB = Primaries((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
ADOBE_RGB = Primaries((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
DISPLAY_P3 = Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
DCI_P3 = DISPLAY_P3._replace(white=(0.314, 0.351))
REC2020 = Primaries((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))


def power(gamma: float) -> Curve:
    """Return the curve of a gamma."""
    return lambda signal: signal**gamma


def srgb_curve(signal: np.ndarray) -> np.ndarray:
    """Return the light of signals of sRGB, both in [0, 1] (IEC 61966-2-1)."""
    return np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)


def pq_curve(signal: np.ndarray) -> np.ndarray:
    """Return the light of signals of PQ, 1 being a white page (SMPTE ST 2084)."""
    root = signal ** (1 / 78.84375)
    light = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
    return 10_000 / REFERENCE_WHITE * light ** (1 / 0.1593017578125)


def hlg_curve(signal: np.ndarray) -> np.ndarray:
    """Return the light of signals of HLG on a usual display, 1 being a white page (BT.2100)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return HLG_PEAK / REFERENCE_WHITE * scene**1.2


# By the code points of ITU-T H.273. Other values are those of sRGB, or near enough.
_CODED_PRIMARIES = {9: REC2020, 11: DCI_P3, 12: DISPLAY_P3}
_CODED_CURVES = {4: power(2.2), 5: power(2.8), 8: power(1.0), 16: pq_curve, 18: hlg_curve}


def add_stated_profile(image: Image.Image, file: IO[bytes]) -> None:
    """Put a profile into ``image.info`` where its file states the colours in another way."""
    if image.info.get("icc_profile"):
        return
    stated = _code_points(image, file) or _chromaticities(image) or _exif(image)
    if stated is None:
        return
    with suppress(ZeroDivisionError, np.linalg.LinAlgError):  # primaries of no light
        image.info["icc_profile"] = matrix_profile(*stated)


def matrix_profile(primaries: Primaries, curve: Curve) -> bytes:
    """Return an ICC profile (version 2) of these primaries, with one curve for all channels."""
    light = np.clip(curve(np.linspace(0, 1, CURVE_LENGTH)), 0, 1)
    values = np.rint(light * 65535).astype(">u2").tobytes()
    curve_tag = b"curv\0\0\0\0" + struct.pack(">I", CURVE_LENGTH) + values
    tags = {b"wtpt": _xyz_tag(_D50)}
    for channel, column in zip((b"r", b"g", b"b"), _to_d50(primaries).T, strict=True):
        tags[channel + b"XYZ"] = _xyz_tag(column)
        tags[channel + b"TRC"] = curve_tag
    table, data = struct.pack(">I", len(tags)), b""
    for name, body in tags.items():
        position = 128 + 4 + 12 * len(tags) + len(data)
        table += struct.pack(">4sII", name, position, len(body))
        data += body
    size = 128 + len(table) + len(data)
    kind = struct.pack(">I4xI4s4s4s", size, 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    header = kind.ljust(36, b"\0") + b"acsp" + bytes(28) + _xyz_tag(_D50)[8:]
    return header.ljust(128, b"\0") + table + data


def _xyz_tag(xyz: np.ndarray) -> bytes:
    return b"XYZ \0\0\0\0" + np.rint(xyz * 65536).astype(">i4").tobytes()


def _to_d50(primaries: Primaries) -> np.ndarray:
    """Return the matrix from light of red, green and blue to CIE XYZ as seen under D50."""
    columns = np.array([_xyz(*xy) for xy in primaries[:3]]).T
    white = _xyz(*primaries.white)
    from_white = np.diag((_BRADFORD @ _D50) / (_BRADFORD @ white))
    adaptation = np.linalg.inv(_BRADFORD) @ from_white @ _BRADFORD
    return adaptation @ columns * np.linalg.solve(columns, white)


def _xyz(x: float, y: float) -> np.ndarray:
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _code_points(image: Image.Image, file: IO[bytes]) -> tuple[Primaries, Curve] | None:
    if image.format not in _CODE_POINT_FIELDS:
        return None
    name, layout = _CODE_POINT_FIELDS[image.format]
    position = file.tell()
    file.seek(0)
    after = file.read(HEAD_BYTES).partition(name)[2]
    file.seek(position)
    if len(after) < struct.calcsize(layout):
        return None
    primaries, curve = struct.unpack_from(layout, after)
    if primaries not in _CODED_PRIMARIES and curve not in _CODED_CURVES:
        return None
    return _CODED_PRIMARIES.get(primaries, SRGB), _CODED_CURVES.get(curve, srgb_curve)


def _chromaticities(image: Image.Image) -> tuple[Primaries, Curve] | None:
    """Read a PNG's chunks gAMA and cHRM, unless it has the chunk sRGB."""
    gamma = image.info.get("gamma", 0)
    if image.format != "PNG" or "srgb" in image.info or not MIN_GAMMA <= gamma <= MAX_GAMMA:
        return None
    primaries = SRGB
    if "chromaticity" in image.info:
        white, red, green, blue = zip(*[iter(image.info["chromaticity"])] * 2, strict=True)
        primaries = Primaries(red, green, blue, white)
    is_srgb = abs(1 / gamma - SRGB_GAMMA) < SAME_GAMMA
    return primaries, srgb_curve if is_srgb else power(1 / gamma)


def _exif(image: Image.Image) -> tuple[Primaries, Curve] | None:
    """Read whether a camera states Adobe RGB."""
    if image.format != "JPEG":
        return None
    try:
        stated = image.getexif().get_ifd(ExifTags.IFD.Interop).get(_INTEROPERABILITY_INDEX)
    except Exception:  # damaged EXIF raises nearly every kind of error
        return None
    return (ADOBE_RGB, power(2.2)) if stated == _ADOBE_RGB else None
