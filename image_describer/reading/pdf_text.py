"""The own text of a page of a PDF.

A PDF places letters, in any order and without spaces, lines or columns. Where the letters stand
makes them words and rows; `layout` puts these in reading order.

Every function must be called with the lock of `documents`.
"""

import ctypes
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from image_describer.imaging.region import Region
from image_describer.reading.layout import Fragment, Row, reading_order
from image_describer.reading.text import ReadWord, TextLine

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

LETTERS_LIMIT = 100_000  # of a page; a dense one has 10,000
GARBLED_SHARE = 0.2  # of the letters, from which on a font has no usable table of characters
STAMP_LETTERS = 100  # fewer are a stamp or a page number if an image fills the page
IMAGE_SHARE = 0.5  # of the page, from which on an image fills it
WORD_GAP = 0.25  # between two letters, in their heights; spaces may be missing
FRAGMENT_GAP = 1.0  # between two words of a row, in their heights; more is perhaps a gutter
_GRID = 1_000_000  # pdfium converts positions to whole pixels
_HYPHEN = 0x02  # pdfium's mark for one at the end of a line
_GARBLED_CATEGORIES = frozenset({"Cc", "Cn", "Co", "Cs"})


@dataclass
class _Word:
    """A word, its box and that of its last letter, in points from the upper left corner of the page
    as it is shown.
    """

    box: np.ndarray
    last: np.ndarray
    letters: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.letters)

    @property
    def height(self) -> float:
        return float(self.box[3] - self.box[1])

    def is_followed_by(self, box: np.ndarray, gap: float) -> bool:
        """Whether ``box`` stands to the right in the same row, ``gap`` heights away at most.

        The letters of a ligature have the same box.
        """
        height = min(self.height, box[3] - box[1])
        overlap = min(self.box[3], box[3]) - max(self.box[1], box[1])
        return bool(
            overlap > 0.5 * height
            and self.last[0] - 0.5 * height <= box[0] <= self.box[2] + gap * height
        )

    def extend(self, box: np.ndarray) -> None:
        self.box = np.concatenate(
            [np.minimum(self.box[:2], box[:2]), np.maximum(self.box[2:], box[2:])]
        )
        self.last = box


def own_lines(page: "PdfPage") -> tuple[TextLine, ...] | None:
    """Return the text of a page in reading order; None if it has none that can be used.

    It can't be used if it is garbled, stands sideways, or is a stamp on a scanned page. An
    invisible text behind the image of a scanned page can be.
    """
    text_page = page.get_textpage()
    try:
        count = min(text_page.count_chars(), LETTERS_LIMIT)
        words, garbled = _words(text_page, count, _to_shown(page))
    finally:
        text_page.close()
    size = np.array(page.get_size())
    words = [word for word in words if _is_on_page(word, size)]
    letters = sum(len(word.letters) for word in words)
    if not letters or garbled > GARBLED_SHARE * (letters + garbled):
        return None
    if np.median([word.height for word in words]) <= 0 or _stands_sideways(words):
        return None
    if letters < STAMP_LETTERS and _image_share(page) > IMAGE_SHARE:
        return None
    return _lines(words, size)


def _to_shown(page: "PdfPage") -> np.ndarray:
    """The (2, 3) affine map from the coordinates of the file to points on the page as shown."""
    from pypdfium2 import raw

    def shown(x: float, y: float) -> np.ndarray:
        across, down = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page, 0, 0, _GRID, _GRID, 0, x, y, across, down)
        return np.array([across.value, down.value]) / _GRID * page.get_size()

    origin, length = shown(0, 0), max(page.get_size())
    columns = [(shown(length, 0) - origin) / length, (shown(0, length) - origin) / length, origin]
    return np.stack(columns, axis=1)


def _words(text_page: "PdfTextPage", count: int, to_shown: np.ndarray) -> tuple[list[_Word], int]:
    """Return the words in the order of the file, and how many letters are garbled."""
    from pypdfium2 import raw

    rect = raw.FS_RECTF()
    codes: list[int] = []
    boxes: list[tuple[float, float, float, float]] = []
    garbled = 0
    for index in range(count):
        code = raw.FPDFText_GetUnicode(text_page, index)
        letter = chr(code) if code < 0x110000 else "\ufffd"
        if letter.isspace():
            codes.append(0)
            boxes.append((0.0, 0.0, 0.0, 0.0))
            continue
        if code != _HYPHEN and (
            letter == "\ufffd"
            or unicodedata.category(letter) in _GARBLED_CATEGORIES
            or raw.FPDFText_HasUnicodeMapError(text_page, index) == 1
        ):
            garbled += 1
            continue
        if raw.FPDFText_GetLooseCharBox(text_page, index, rect):
            codes.append(code)
            boxes.append((rect.left, rect.bottom, rect.right, rect.top))
    return _joined(codes, _shown_boxes(boxes, to_shown)), garbled


def _shown_boxes(
    boxes: list[tuple[float, float, float, float]], to_shown: np.ndarray
) -> np.ndarray:
    """Map boxes (N, 4) of the file to the page as it is shown."""
    corners = np.array(boxes, dtype=np.float64).reshape(-1, 2, 2)
    shown = corners @ to_shown[:, :2].T + to_shown[:, 2]
    return np.concatenate([shown.min(1), shown.max(1)], axis=1)


def _joined(codes: list[int], boxes: np.ndarray) -> list[_Word]:
    """Join letters; 0 is a space."""
    words: list[_Word] = []
    open_ = False
    for code, box in zip(codes, boxes, strict=True):
        if code == 0:
            open_ = False
            continue
        letter = "-" if code == _HYPHEN else chr(code)
        if open_ and words[-1].is_followed_by(box, WORD_GAP):
            words[-1].extend(box)
        else:
            words.append(_Word(box, box))
        words[-1].letters.append(letter)
        open_ = True
    return words


def _is_on_page(word: _Word, size: np.ndarray) -> bool:
    middle = (word.box[:2] + word.box[2:]) / 2
    return bool((middle >= 0).all() and (middle <= size).all())


def _stands_sideways(words: list[_Word]) -> bool:
    """Whether most long words are higher than wide; their letters then stand one below another."""
    single = sum(len(word.letters) == 1 for word in words)
    long = [word for word in words if len(word.letters) >= 4]
    high = sum(word.height > word.box[2] - word.box[0] for word in long)
    return single > 0.8 * len(words) > 8 or high > 0.5 * max(1, len(long))


def _image_share(page: "PdfPage") -> float:
    """The area of the largest image, of the page."""
    from pypdfium2 import raw

    width, height = page.get_size()
    areas = [0.0]
    for image in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        left, bottom, right, top = image.get_bounds()
        areas.append(abs((right - left) * (top - bottom)))
    return max(areas) / (width * height)


def _lines(words: list[_Word], size: np.ndarray) -> tuple[TextLine, ...]:
    pieces: list[list[_Word]] = []
    for word in words:
        if pieces and pieces[-1][-1].is_followed_by(word.box, FRAGMENT_GAP):
            pieces[-1].append(word)
        else:
            pieces.append([word])
    fragments = []
    for index, piece in enumerate(pieces):
        boxes = np.stack([word.box for word in piece])
        x0, y0 = boxes[:, :2].min(0).tolist()
        x1, y1 = boxes[:, 2:].max(0).tolist()
        fragments.append(Fragment(index, x0, y0, x1, y1, len(piece)))
    return tuple(_line(row, pieces, size) for row in reading_order(fragments))


def _line(row: Row, pieces: list[list[_Word]], size: np.ndarray) -> TextLine:
    words = [word for fragment in row.fragments for word in pieces[fragment.index]]
    boxes = np.stack([word.box for word in words])
    return TextLine(
        text=" ".join(word.text for word in words),
        box=_region(np.concatenate([boxes[:, :2].min(0), boxes[:, 2:].max(0)]), size),
        confidence=1.0,
        words=tuple(ReadWord(word.text, _region(word.box, size), 1.0) for word in words),
        block=row.block,
        heading=row.heading,
    )


def _region(box: np.ndarray, size: np.ndarray) -> Region:
    low, high = np.clip(box[:2] / size, 0, 1), np.clip(box[2:] / size, 0, 1)
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
