"""Pixels -> what is written in them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from image_describer import paths, runtime
from image_describer.imaging.region import Region
from image_describer.reading.barcodes import find_codes
from image_describer.reading.detector import Box, TextDetector
from image_describer.reading.layout import Fragment, Row, reading_order
from image_describer.reading.recognizer import Lines, ReadLine, TextRecognizer
from image_describer.reading.text import PictureText, ReadWord, TextLine

DOUBTFUL = 0.8  # confidence of a line below which it is read upside down too
DIRECTION_LINES = 4  # long lines that tell which way up the others are
FEW = 4  # boxes at a glance that are read first, to see whether they are text at all
# What is text for sure: letters and digits of a line, and its confidence. Textures look like one or
# two letters, and like more with less confidence.
CERTAIN = ((3, 0.8), (2, 0.9))
CERTAIN_LINES = 3  # from this number on, what else is there is text too, such as a page number
LEAST_CONFIDENCE = 0.55  # of such lines
CHINESE_SHARE = 0.1  # of the letters, below which a Chinese character is a misread mark
# Long boxes whose letters can't be read, although the detector is sure that they are lines: letters
# of other scripts are taken for Latin ones, many with little probability. Those of a blurred Latin
# text are not doubtful, and the mean of a line tells less.
UNKNOWN_LINES, UNKNOWN_ASPECT, UNKNOWN_SCORE = 2, 3.0, 0.8
DOUBTFUL_CHARACTER = 0.9  # probability
DOUBTFUL_SHARE = 0.15  # of the characters, from which on a line is in other letters
DOUBTFUL_LETTERS = 12  # of a line alone, from which on it must not be doubtful
LEVEL = 0.005  # radians from level that are not told from none
PAGE_LINES = 6  # least number of lines of a page
PAGE_COVER = 0.08  # least area of the lines of a page, of the picture


class TextReader:
    """Reads the text of pictures; safe to share between threads.

    ``folder``: the files of the networks (default: those that ship). ``threads``: default one for
    each core, at most four. Raises BundleError.
    """

    def __init__(self, folder: Path | None = None, threads: int | None = None) -> None:
        folder = folder or paths.assets_folder() / "reading"
        threads = threads or runtime.default_threads()
        self._detector = TextDetector(folder / "detector.tflite", threads)
        self._recognizer = TextRecognizer(
            folder / "recognizer.tflite", folder / "characters.json", threads
        )

    def read(self, pixels: np.ndarray) -> PictureText:
        """Return the text in ``pixels`` (H, W, 3) uint8, in reading order, and the codes."""
        image = Image.fromarray(pixels)
        return replace(self._read_text(image), codes=find_codes(image))

    def _read_text(self, image: Image.Image) -> PictureText:
        boxes = self._detector.glance(image)
        lines = Lines(image)
        if len(boxes) <= FEW:
            found = self._read_boxes(lines, boxes)
            if not any(map(_is_text, found)) and not _has_unknown_script(found):
                return PictureText()
        found = self._read_boxes(lines, self._detector.detect(image, boxes))
        unknown = _has_unknown_script(found)
        readable = [line for line in _readable(found) if not (unknown and _is_doubtful(line))]
        area = sum(line.box.length * line.box.thickness for line in readable)
        width, height = image.size
        angle = _direction(readable)
        in_order = _in_order(readable, angle, (height, width))
        return PictureText(
            lines=in_order,
            is_page=len(in_order) >= PAGE_LINES and area >= PAGE_COVER * height * width,
            unknown_script=unknown,
            quarters=round(angle / (np.pi / 2)) % 4,
        )

    def _read_boxes(self, lines: Lines, boxes: Sequence[Box]) -> list[ReadLine]:
        """Read the boxes, those that stand on their head too."""
        # Long lines first: they tell which way up the others are.
        boxes = sorted(boxes, key=lambda box: -box.length / box.thickness)
        both = [
            [self._recognizer.read(lines, box, turned) for box in boxes[:DIRECTION_LINES]]
            for turned in (False, True)
        ]
        upright, upside_down = (
            sum(line.confidence * len(line.text) for line in found) for found in both
        )
        turned = upside_down > upright
        found = both[turned]
        for box in boxes[DIRECTION_LINES:]:
            line = self._recognizer.read(lines, box, turned)
            if line.confidence < DOUBTFUL and box.is_line:
                other = self._recognizer.read(lines, box, not turned)
                line = other if other.confidence > DOUBTFUL else line
            found.append(line)
        return found


def _is_text(line: ReadLine) -> bool:
    """Whether this is text, whatever else there is in the picture."""
    letters = sum(char.isalnum() for char in line.text)
    sure_enough = any(letters >= least and line.confidence >= sure for least, sure in CERTAIN)
    return sure_enough and not (_is_doubtful(line) and letters >= DOUBTFUL_LETTERS)


def _readable(found: Sequence[ReadLine]) -> list[ReadLine]:
    """The lines that are text."""
    certain = [line for line in found if _is_text(line)]
    if len(certain) < CERTAIN_LINES:
        return certain
    letters = "".join(line.text for line in certain)
    chinese = sum(_is_chinese(char) for char in letters) >= CHINESE_SHARE * len(letters)
    return [
        line
        for line in found
        if line.confidence >= LEAST_CONFIDENCE and (chinese or not all(map(_is_chinese, line.text)))
    ]


def _is_chinese(char: str) -> bool:
    return "\u3400" <= char <= "\u9fff"


def _has_unknown_script(found: Sequence[ReadLine]) -> bool:
    """Whether most of the long lines are in letters that the recognizer doesn't know."""
    long = [
        line
        for line in found
        if line.box.length >= UNKNOWN_ASPECT * line.box.thickness
        and line.box.score >= UNKNOWN_SCORE
    ]
    unknown = sum(map(_is_doubtful, long))
    return unknown >= max(UNKNOWN_LINES, len(long) / 2)


def _is_doubtful(line: ReadLine) -> bool:
    """Whether it may be in letters that the recognizer doesn't know."""
    known = [c.probability < DOUBTFUL_CHARACTER for c in line.characters if not c.text.isspace()]
    return not known or sum(known) >= DOUBTFUL_SHARE * len(known)


def _direction(lines: list[ReadLine]) -> float:
    """The direction in which most of the text runs, in radians clockwise from the x axis."""
    total = sum(
        len(line.text) * np.exp(1j * (line.box.angle + (np.pi if line.turned else 0.0)))
        for line in lines
    )
    angle = float(np.angle(total)) if lines else 0.0
    quarter = np.pi / 2 * round(angle / (np.pi / 2))
    return quarter if abs(angle - quarter) < LEVEL else angle


def _in_order(lines: list[ReadLine], angle: float, shape: tuple[int, int]) -> tuple[TextLine, ...]:
    """Put the lines in reading order and join those that stand in one row."""
    cos, sin = np.cos(angle), np.sin(angle)
    fragments = []
    for index, line in enumerate(lines):
        corners = line.box.corners
        x, y = corners[:, 0] * cos + corners[:, 1] * sin, corners[:, 1] * cos - corners[:, 0] * sin
        fragments.append(
            Fragment(index, x.min(), y.min(), x.max(), y.max(), len(line.text.split()))
        )
    return tuple(_text_line(row, lines, shape) for row in reading_order(fragments))


def _text_line(row: Row, lines: list[ReadLine], shape: tuple[int, int]) -> TextLine:
    words = [word for fragment in row.fragments for word in _words(lines[fragment.index], shape)]
    letters = [len(word.text) for word in words]
    return TextLine(
        text=" ".join(word.text for word in words),
        box=_around([word.box for word in words]),
        confidence=float(np.average([word.confidence for word in words], weights=letters)),
        words=tuple(words),
        block=row.block,
        heading=row.heading,
    )


def _words(line: ReadLine, shape: tuple[int, int]) -> list[ReadWord]:
    """Split a line at its spaces."""
    words = []
    start = 0
    characters = line.characters
    for end in range(len(characters) + 1):
        if end == len(characters) or characters[end].text.isspace():
            if part := characters[start:end]:
                words.append(
                    ReadWord(
                        "".join(c.text for c in part),
                        _region(line, part[0].start, part[-1].end, shape),
                        float(np.mean([c.probability for c in part])),
                    )
                )
            start = end + 1
    return words


def _region(line: ReadLine, start: float, end: float, shape: tuple[int, int]) -> Region:
    """A part of a line, in fractions of the picture."""
    if line.turned:
        start, end = 1 - end, 1 - start
    upper_left, upper_right, _lower_right, lower_left = line.box.corners
    ends = np.array(
        [
            corner + fraction * (upper_right - upper_left)
            for corner in (upper_left, lower_left)
            for fraction in (start, end)
        ]
    )
    low = np.clip(ends.min(0) / shape[::-1], 0, 1)
    high = np.clip(ends.max(0) / shape[::-1], 0, 1)
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def _around(regions: list[Region]) -> Region:
    x0, y0, x1, y1 = zip(*regions, strict=True)
    return (min(x0), min(y0), max(x1), max(y1))
