"""Finds lines of text in a picture.

The network is the detector of PP-OCRv6 tiny (Apache-2.0), which computes for each pixel whether it
belongs to the middle of a line: differentiable binarization (Liao et al., 2020: arXiv 1911.08947).
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from image_describer import runtime
from image_describer.reading.components import find_components

MULTIPLE = 32  # of the sides of what the network takes
GLANCE_SIDE = 576  # longer side, in pixels, of the pass that decides whether there is text
FULL_SIDE = 1280  # of the pass that finds its lines
LARGE_SIDE = 2048  # where the lines are small
OVERLAP = 64  # pixels of the neighbouring parts that the network sees around a part
SMALL_LINE = 18.0  # pixels of height of a line in the full pass
HUGE_LINE = 120.0  # pixels of height of a line in the full pass that breaks it apart

THRESHOLD = 0.25  # of the probability, for a pixel of a line
LINE_SCORE = 0.5  # least mean probability of a line
LEAST_SIDE = 3.0  # pixels
UNCLIP = 1.5  # the map shows the middle of lines: their area times this, by their circumference


@dataclass(frozen=True)
class Box:
    """A line of text: a rectangle, or a part of a ring if it is bent.

    x, y: its middle in pixels of the picture. angle: radians clockwise from the x axis to its
    direction. length, thickness: in pixels. bend: how far its middle lies below the line between
    its ends, in pixels. score: mean probability, in [0, 1].
    """

    x: float
    y: float
    angle: float
    length: float
    thickness: float
    bend: float
    score: float

    @property
    def is_line(self) -> bool:
        """Whether it is long enough to hold a word."""
        return self.length >= 2 * self.thickness

    def contains(self, other: "Box") -> bool:
        """Whether the middle of ``other`` is in this rectangle."""
        dx, dy = other.x - self.x, other.y - self.y
        along = dx * np.cos(self.angle) + dy * np.sin(self.angle)
        across = dy * np.cos(self.angle) - dx * np.sin(self.angle)
        return bool(abs(along) <= self.length / 2 and abs(across) <= self.thickness / 2)

    @property
    def corners(self) -> np.ndarray:
        """(4, 2) x and y: upper left, upper right, lower right and lower left of the text."""
        along = np.array([np.cos(self.angle), np.sin(self.angle)]) * self.length / 2
        across = np.array([-np.sin(self.angle), np.cos(self.angle)]) * self.thickness / 2
        middle = np.array([self.x, self.y])
        return middle + np.stack([-along - across, along - across, along + across, across - along])


class TextDetector:
    """Safe to share between threads. Raises BundleError if the file is missing or damaged."""

    def __init__(self, file: Path, threads: int) -> None:
        self._interpreter = runtime.load(file, threads)
        self._lock = threading.Lock()

    def glance(self, image: Image.Image) -> list[Box]:
        """Return what may be text in an RGB image, in little time."""
        return self._boxes(image, GLANCE_SIDE)

    def detect(self, image: Image.Image, glanced: Sequence[Box] = ()) -> list[Box]:
        """Return the lines of text in an RGB image, in no order.

        ``glanced``: what `glance` returned, which finds huge letters better.
        """
        boxes = self._boxes(image, FULL_SIDE)
        scale = _scale(image, FULL_SIDE)
        if boxes and scale < 1 and np.median([b.thickness for b in boxes]) * scale < SMALL_LINE:
            boxes = self._boxes(image, LARGE_SIDE)
        huge = [box for box in glanced if box.thickness * scale > HUGE_LINE]
        return [box for box in boxes if not any(other.contains(box) for other in huge)] + huge

    def probabilities(self, image: Image.Image, side: int) -> tuple[np.ndarray, float]:
        """The map (h, w) float32 of a picture whose longer side is ``side``, and its scale.

        The map of a picture that is more than twice as long as wide is larger: its shorter side is
        half of ``side``, and it is computed in parts.
        """
        scale = _scale(image, side)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        if size != image.size:
            image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=1.5)
        found = np.zeros((size[1], size[0]), np.float32)
        for top in range(0, size[1], side):
            for left in range(0, size[0], side):
                self._fill(found, image, (left, top, left + side, top + side))
        return found, scale

    def _fill(self, found: np.ndarray, image: Image.Image, part: tuple[int, int, int, int]) -> None:
        """Compute a part of a map: left, top, right, bottom, of which the end may lie outside."""
        width, height = image.size
        left, top, right, bottom = part
        x0, y0 = max(0, left - OVERLAP), max(0, top - OVERLAP)
        x1, y1 = min(width, right + OVERLAP), min(height, bottom + OVERLAP)
        padded = np.full((1, _round_up(y1 - y0), _round_up(x1 - x0), 3), 127, np.float32)
        padded[0, : y1 - y0, : x1 - x0] = np.asarray(image.crop((x0, y0, x1, y1)))
        with self._lock:
            values = runtime.run_resized(self._interpreter, padded)[0, :, :, 0]
        found[top:bottom, left:right] = values[
            top - y0 : min(bottom, height) - y0, left - x0 : min(right, width) - x0
        ]

    def _boxes(self, image: Image.Image, side: int) -> list[Box]:
        values, scale = self.probabilities(image, side)
        found = find_components(values, THRESHOLD)
        boxes = []
        for index in range(len(found.area)):
            length, thickness = (float(side) for side in found.size[index])
            if min(length, thickness) < LEAST_SIDE or found.score[index] < LINE_SCORE:
                continue
            bend = float(found.bend[index])
            thickness = max(thickness - abs(bend), LEAST_SIDE)
            grow = UNCLIP * length * thickness / (2 * (length + thickness))
            x, y = (float(c) for c in found.center[index])
            boxes.append(Box(
                x=(x + 0.5) / scale, y=(y + 0.5) / scale, angle=float(found.angle[index]),
                length=(length + 2 * grow) / scale, thickness=(thickness + 2 * grow) / scale,
                bend=bend * (1 + 2 * grow / length) ** 2 / scale, score=float(found.score[index]),
            ))  # fmt: skip
        return boxes


def _scale(image: Image.Image, side: int) -> float:
    """By what a picture is scaled for a map whose longer side is ``side``."""
    # Enlarging it more than twice shows nothing new.
    return min(max(side / max(image.size), side / 2 / min(image.size)), 2.0)


def _round_up(side: int) -> int:
    return -(-side // MULTIPLE) * MULTIPLE
