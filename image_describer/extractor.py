"""Pixels -> features: the Xception tower, run by LiteRT."""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from image_describer import litert


@dataclass(frozen=True)
class Features:
    """What the tower saw: one row for each cell of the feature map, row by row from the top.

    regions: (R, C) float32. pooled: (C,) float32, their mean.
    """

    regions: np.ndarray
    pooled: np.ndarray


class Extractor:
    """The tower in ``extractor.tflite``: one picture at a time, safe to share between threads."""

    def __init__(self, file: Path, threads: int) -> None:
        self._interpreter = litert.load(file, threads)
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        self._lock = threading.Lock()
        self.size = int(self._input["shape"][1])

    def extract(self, pixels: np.ndarray) -> Features:
        """(H, W, 3) uint8 of any size -> Features."""
        square = squeeze(pixels, self.size)[np.newaxis].astype(self._input["dtype"])
        with self._lock:
            self._interpreter.set_tensor(self._input["index"], square)
            self._interpreter.invoke()
            regions = self._interpreter.get_tensor(self._output["index"])[0]
        return Features(regions, regions.mean(axis=0))


def squeeze(pixels: np.ndarray, size: int) -> np.ndarray:
    """The whole picture as a square: (H, W, 3) uint8 -> (size, size, 3) uint8.

    Squeezed, neither cropped nor padded, because that is how the training pictures were made.
    """
    image = Image.fromarray(pixels)
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=3.0))
