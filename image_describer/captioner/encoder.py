"""Pixels -> features: the Xception tower, run by LiteRT."""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from image_describer.captioner import runtime
from image_describer.captioner.description import Region
from image_describer.imaging import grayscale, light, preprocess


@dataclass(frozen=True)
class Features:
    """What the tower saw: one row for each cell of the feature map, row by row from the top.

    regions: (R, C) float32. pooled: (C,) float32, their mean. frame: the part of the picture that
    they show, without the bars around it. colourless: whether it is black and white.
    """

    regions: np.ndarray
    pooled: np.ndarray
    frame: Region = (0.0, 0.0, 1.0, 1.0)
    colourless: bool = False


class Extractor:
    """The tower in ``extractor.tflite``: one picture at a time, safe to share between threads."""

    def __init__(self, file: Path, threads: int) -> None:
        self._interpreter = runtime.load(file, threads)
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        self._lock = threading.Lock()
        self.size = int(self._input["shape"][1])

    def extract(self, pixels: np.ndarray) -> Features:
        """(H, W, 3) uint8 of any size -> Features, of what is left without bars, well lit."""
        rows, columns = preprocess.photograph(pixels)
        seen = squeeze(pixels[rows, columns], self.size)
        square = light.set_right(seen)[np.newaxis].astype(self._input["dtype"])
        with self._lock:
            self._interpreter.set_tensor(self._input["index"], square)
            self._interpreter.invoke()
            regions = self._interpreter.get_tensor(self._output["index"])[0]
        frame = preprocess.region_of(rows, columns, pixels.shape)
        return Features(regions, regions.mean(axis=0), frame, grayscale.is_colourless(seen))


def squeeze(pixels: np.ndarray, size: int) -> np.ndarray:
    """The whole picture as a square: (H, W, 3) uint8 -> (size, size, 3) uint8.

    Squeezed, neither cropped nor padded, because that is how the training pictures were made. On
    the middle halves of 150 dev pictures squeezing kept 89 % (tall) and 80 % (wide) of CIDEr,
    padding to a square 78 % and 75 %, the middle square 76 % (tall); cropping to 1.41:1 and then
    squeezing 90 % and 84 %, no more than chance allows.
    """
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=3.0))
