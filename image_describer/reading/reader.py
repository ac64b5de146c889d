"""Pixels -> what is written in them."""

from pathlib import Path

import numpy as np

from image_describer import paths, runtime
from image_describer.imaging.region import Region
from image_describer.reading.detector import Box, TextDetector
from image_describer.reading.layout import Fragment, Row, reading_order
from image_describer.reading.recognizer import Lines, ReadLine, TextRecognizer, best_of
from image_describer.reading.text import PictureText, ReadWord, TextLine

DOUBTFUL = 0.8  # confidence of a line below which it is read upside down too
LEAST_CONFIDENCE = 0.55  # of a line that is text
UNKNOWN_SHARE = 0.6  # of the lines, from which on the letters are of an unknown script
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
        """Return the text in ``pixels`` (H, W, 3) uint8, in reading order."""
        boxes = self._detector.detect(pixels)
        if not boxes:
            return PictureText()
        found = self._read_boxes(pixels, boxes)
        readable = [line for line in found if line.confidence >= LEAST_CONFIDENCE and line.text]
        area = sum(line.box.length * line.box.thickness for line in readable)
        height, width = pixels.shape[:2]
        angle = _direction(readable)
        lines = _in_order(readable, angle, (height, width))
        return PictureText(
            lines=lines,
            is_page=len(lines) >= PAGE_LINES and area >= PAGE_COVER * height * width,
            unknown_script=len(found) - len(readable) >= max(2, UNKNOWN_SHARE * len(found)),
            quarters=round(angle / (np.pi / 2)) % 4,
        )

    def _read_boxes(self, pixels: np.ndarray, boxes: list[Box]) -> list[ReadLine]:
        """Read the boxes, those that stand on their head too."""
        lines = Lines(pixels)
        boxes = sorted(boxes, key=lambda box: box.length / box.thickness)  # similar widths
        found = [self._recognizer.read(lines, box) for box in boxes]
        for index, line in enumerate(found):
            if line.confidence < DOUBTFUL:
                turned = self._recognizer.read(lines, line.box, turned=True)
                found[index] = best_of([line, turned])
        # Where most long lines stand on their head, the short ones do.
        letters = [len(line.text) * (-1 if line.turned else 1) for line in found]
        mostly_turned = sum(letters) < 0
        for index, line in enumerate(found):
            if line.turned != mostly_turned and len(line.text) <= 3:
                found[index] = self._recognizer.read(lines, line.box, mostly_turned)
        return found


def _direction(lines: list[ReadLine]) -> float:
    """The direction in which most of the text runs, in radians clockwise from the x axis."""
    total = sum(
        len(line.text) * np.exp(1j * (line.box.angle + (np.pi if line.turned else 0.0)))
        for line in lines
    )
    return float(np.angle(total)) if lines else 0.0


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
