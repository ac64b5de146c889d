"""Pixels -> features: the convolutional encoder, run by LiteRT."""

import threading
from pathlib import Path

import numpy as np

from image_describer import runtime
from image_describer.captioner.bundle import ENCODER, Bundle
from image_describer.captioner.features import Features
from image_describer.imaging.grayscale import is_grayscale
from image_describer.imaging.preprocess import autocontrast, resize, trim_bars
from image_describer.imaging.region import region_of


class Encoder:
    """The network in ``encoder.tflite``: one picture at a time, safe to share between threads."""

    def __init__(self, file: Path, threads: int) -> None:
        self._interpreter = runtime.load(file, threads)
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        self._lock = threading.Lock()
        self.size = int(self._input["shape"][1])  # pixels, of each side

    @classmethod
    def from_bundle(cls, bundle: Bundle, threads: int | None = None) -> "Encoder":
        """Load a bundle's encoder. Raises BundleError."""
        return cls(bundle.path(ENCODER), threads or runtime.default_threads())

    def encode(self, pixels: np.ndarray) -> Features:
        """Encode (H, W, 3) uint8 of any size, without bars and with its contrast corrected."""
        rows, columns = trim_bars(pixels)
        resized = resize(pixels[rows, columns], self.size)
        batch = autocontrast(resized)[np.newaxis].astype(self._input["dtype"])
        with self._lock:
            self._interpreter.set_tensor(self._input["index"], batch)
            self._interpreter.invoke()
            regions = self._interpreter.get_tensor(self._output["index"])[0]
        frame = region_of(rows, columns, pixels.shape)
        return Features(regions, regions.mean(axis=0), frame, is_grayscale(resized))
