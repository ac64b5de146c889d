"""Finds QR codes, bar codes and their kind in a picture.

A search of a whole picture takes 50 ms and more, and few pictures hold a code. A code is the only
thing with that many strong edges so close to each other, apart from print, foliage and the like. So
only the part of the picture is searched, at each size, whose rows or columns have as many.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from image_describer.imaging.region import Region, region_of, to_whole
from image_describer.reading.text import Code

if TYPE_CHECKING:
    from PIL import Image

REDUCTION = 3  # between two sizes; as many widths of a module as a check covers
SMALL_PX = 700  # a picture this small is searched without a check
WHOLE: Region = (0.0, 0.0, 1.0, 1.0)

# The check for edges, in pixels of the size that is searched.
ROW_STEP = 8  # it looks at every eighth row and column
EDGE_PX = 3  # the width of a blurred edge
EDGE_LEVELS = 48  # its least contrast
WINDOW = 96
MARGIN = 192  # around the places with many edges: the rest of a code, and the white around it
LEAST_EDGES = 8  # in a window, and in the one below it; QR codes with modules up to 6 px have that

FORMAT_NAMES = {
    "QRCode": "QR code",  # untranslated
    "MicroQRCode": "Micro QR code",  # untranslated
    "DataMatrix": "Data Matrix code",  # untranslated
    "Aztec": "Aztec code",  # untranslated
    "PDF417": "PDF417 code",
    "EAN13": "EAN-13",
    "EAN8": "EAN-8",
    "UPCA": "UPC-A",
    "UPCE": "UPC-E",
    "Code128": "Code 128",
    "Code39": "Code 39",
    "ITF": "ITF",
}
"""The formats that are searched for, by zxing-cpp's names; the texts are part of records."""
PRODUCT_FORMATS = ("EAN-13", "EAN-8", "UPC-A", "UPC-E")
BAR_FORMATS = (*PRODUCT_FORMATS, "Code 128", "Code 39", "ITF")


def find_codes(image: "Image.Image") -> tuple[Code, ...]:
    """Return the codes in a picture from the top to the bottom.

    What a code holds is returned as it is, and may be anything that a stranger wrote: up to 7,000
    characters with line breaks, control characters, addresses. See `wording.codes` for what to
    say.
    """
    found: list[Code] = []
    for gray, part in _parts(image.convert("L")):
        for code in _search(gray, is_whole=part == WHOLE):
            code = replace(code, box=to_whole(code.box, part))
            if not any(_is_same(code, other) for other in found):
                found.append(code)
    return tuple(sorted(found, key=lambda code: (code.box[1], code.box[0])))


def _parts(image: "Image.Image") -> list[tuple[np.ndarray, Region]]:
    """The parts (H, W) of the picture at each size in which there may be a code, and where they
    are; at its smallest size, the whole one.
    """
    parts = []
    while max(image.size) > SMALL_PX:
        gray = np.asarray(image)
        if (dense := _dense_part(gray)) is not None:
            parts.append((gray[dense], region_of(*dense, gray.shape)))
        image = image.reduce(REDUCTION)
    parts.append((np.asarray(image), WHOLE))
    return parts


def _dense_part(gray: np.ndarray) -> tuple[slice, slice] | None:
    """The rows and columns of (H, W) that hold all places with many strong edges."""
    rows, row_windows = _dense_places(gray)
    columns, column_windows = _dense_places(gray.T)
    y = np.concatenate([rows * ROW_STEP, column_windows * WINDOW // 2])
    x = np.concatenate([row_windows * WINDOW // 2, columns * ROW_STEP])
    if not len(x):
        return None
    top, left = max(0, y.min() - MARGIN), max(0, x.min() - MARGIN)
    return (
        slice(int(top), int(min(gray.shape[0], y.max() + WINDOW + MARGIN))),
        slice(int(left), int(min(gray.shape[1], x.max() + WINDOW + MARGIN))),
    )


def _dense_places(gray: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the sampled rows, and of the windows in them, that have many strong edges as
    the next sampled row has.
    """
    rows = gray[::ROW_STEP].astype(np.int16)
    change = rows[:, EDGE_PX:] - rows[:, :-EDGE_PX]
    edge = (change > EDGE_LEVELS).astype(np.int8) - (change < -EDGE_LEVELS)
    starts = (edge[:, 1:] != edge[:, :-1]) & (edge[:, 1:] != 0)
    half = WINDOW // 2
    count = starts.shape[1] // half
    halves = starts[:, : count * half].reshape(len(rows), count, half).sum(2)
    dense = halves[:, 1:] + halves[:, :-1] >= LEAST_EDGES
    found, windows = np.nonzero(dense[1:] & dense[:-1])
    return found, windows


def _search(gray: np.ndarray, *, is_whole: bool) -> list[Code]:
    """Search a part; only the whole picture for light codes on dark, and at smaller sizes too."""
    import zxingcpp

    formats = zxingcpp.BarcodeFormats(
        [getattr(zxingcpp.BarcodeFormat, name) for name in FORMAT_NAMES]
    )
    # "Plain": without names for control characters, which would change what a code holds.
    results = zxingcpp.read_barcodes(
        np.ascontiguousarray(gray),
        formats=formats,
        text_mode=zxingcpp.TextMode.Plain,
        try_invert=is_whole,
        try_downscale=is_whole,
    )
    return [_code(result.format.name, result.text, result.position, gray) for result in results]


def _code(name: str, content: str, position: object, gray: np.ndarray) -> Code:
    height, width = gray.shape
    corners = [
        getattr(position, corner)
        for corner in ("top_left", "top_right", "bottom_right", "bottom_left")
    ]
    x, y = [corner.x for corner in corners], [corner.y for corner in corners]
    box: Region = (
        min(max(min(x) / width, 0.0), 1.0),
        min(max(min(y) / height, 0.0), 1.0),
        min(max(max(x) / width, 0.0), 1.0),
        min(max(max(y) / height, 0.0), 1.0),
    )
    format_ = FORMAT_NAMES.get(name, name)
    if format_ == "EAN-13" and content.startswith("0"):  # UPC-A is printed without the zero
        format_, content = "UPC-A", content[1:]
    return Code(format_, content, box)


def _is_same(one: Code, other: Code) -> bool:
    """Whether both are one code, found at two sizes."""
    return (
        one.content == other.content
        and one.box[0] < other.box[2]
        and other.box[0] < one.box[2]
        and one.box[1] <= other.box[3]
        and other.box[1] <= one.box[3]
    )
