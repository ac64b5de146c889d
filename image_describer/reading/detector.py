"""Finds lines of text in a picture.

The network is the detector of PP-OCRv6 tiny (Apache-2.0), which computes for each pixel whether it
belongs to the middle of a line: differentiable binarization (Liao et al., 2020: arXiv 1911.08947).
"""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from image_describer import runtime
from image_describer.reading.components import find_components

MULTIPLE = 32  # of the sides of what the network takes
GLANCE_SIDE = 640  # longer side, in pixels, of the pass that decides whether there is text
FULL_SIDE = 1280  # of the pass that finds its lines
LARGE_SIDE = 2048  # where the lines are small
SMALL_LINE = 9.0  # pixels across the middle of a line in the full pass

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

    def glance(self, pixels: np.ndarray) -> list[Box]:
        """Return what may be text in ``pixels`` (H, W, 3) uint8, in little time."""
        return self._boxes(pixels, GLANCE_SIDE)

    def detect(self, pixels: np.ndarray) -> list[Box]:
        """Return the lines of text in ``pixels`` (H, W, 3) uint8, in no order."""
        boxes = self._boxes(pixels, FULL_SIDE)
        if boxes and max(pixels.shape) > FULL_SIDE:
            scale = FULL_SIDE / max(pixels.shape)
            if np.median([box.thickness for box in boxes]) * scale < 2 * SMALL_LINE:
                boxes = self._boxes(pixels, LARGE_SIDE)
        return boxes

    def probabilities(self, pixels: np.ndarray, side: int) -> tuple[np.ndarray, float]:
        """The map (h, w) float32 of a picture whose longer side is ``side``, and its scale."""
        height, width = pixels.shape[:2]
        scale = min(side / max(height, width), 2.0)  # enlarging more shows nothing new
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = Image.fromarray(pixels)
        if size != image.size:
            image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
        padded = np.full((1, _round_up(size[1]), _round_up(size[0]), 3), 127, np.float32)
        padded[0, : size[1], : size[0]] = np.asarray(image)
        with self._lock:
            found = runtime.run_resized(self._interpreter, padded)
        return found[0, : size[1], : size[0], 0], scale

    def _boxes(self, pixels: np.ndarray, side: int) -> list[Box]:
        values, scale = self.probabilities(pixels, side)
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
                bend=bend / scale, score=float(found.score[index]),
            ))  # fmt: skip
        return boxes


def _round_up(side: int) -> int:
    return -(-side // MULTIPLE) * MULTIPLE
