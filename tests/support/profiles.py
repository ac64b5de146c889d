"""Colour profiles for tests, made from their definitions and by ImageCms."""

import io
import struct

import numpy as np
from PIL import Image, ImageCms

from image_describer.imaging import color_space
from image_describer.imaging.color_space import matrix_profile, power, srgb_curve

PRO_PHOTO = color_space.Primaries(
    (0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), (0.3457, 0.3585)
)
PROFILES = {
    "sRGB": matrix_profile(color_space.SRGB, srgb_curve),
    "Adobe RGB": matrix_profile(color_space.ADOBE_RGB, power(2.2)),
    "Display P3": matrix_profile(color_space.DISPLAY_P3, srgb_curve),
    "Rec2020": matrix_profile(color_space.REC2020, power(2.4)),
    "ProPhoto": matrix_profile(PRO_PHOTO, power(1.8)),
}


def grey_profile(gamma: float) -> bytes:
    """Return a profile for greyscale of this gamma."""
    return _profile(
        b"GRAY",
        b"XYZ ",
        {
            b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061),
            b"kTRC": b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)),
        },
    )


def cmyk_profile() -> bytes:
    """Return a profile of pale inks on yellowish paper, with two grid points for each ink."""
    inks = np.stack(np.meshgrid(*[[0, 1]] * 4, indexing="ij"), -1).reshape(-1, 4)
    light = 97 - inks @ [30, 35, 8, 60]
    lab = np.stack([light, inks @ [-30, 60, -5, 0], 4 + inks @ [-40, -5, 70, 0]], -1)
    lab = np.clip(lab, [0, -120, -120], [100, 120, 120])
    grid = np.rint(lab * [2.55, 1, 1] + [0, 128, 128]).astype(np.uint8)
    ramp = bytes(range(256))
    matrix = struct.pack(">9i", *[65536 if place % 4 == 0 else 0 for place in range(9)])
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + ramp * 4 + grid.tobytes() + ramp * 3
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    return _profile(b"CMYK", b"Lab ", {b"wtpt": white, b"A2B0": table}, b"prtr")


def _profile(
    colours: bytes, connection: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr"
) -> bytes:
    start = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, body in tags.items():
        table += struct.pack(">4sII", name, start + len(data), len(body))
        data += body + bytes(-len(body) % 4)
    header = struct.pack(">I4xI4s4s4s", start + len(data), 0x02400000, kind, colours, connection)
    header = header.ljust(36, b"\0") + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + table + data


def by_image_cms(image: Image.Image, profile: bytes) -> np.ndarray:
    """Return the pixels of ``image`` in sRGB as littleCMS converts them."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    srgb = ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, source, srgb, outputMode="RGB")
    assert converted is not None
    return np.asarray(converted).astype(int)
