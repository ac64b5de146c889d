"""Static int8 quantization of an encoder."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from io import StringIO

import numpy as np

from image_describer.train.progress import progress

CHUNK = 20  # pictures; each chunk loads the model again
FLOAT_OPERATORS = ("INPUT", "OUTPUT", "ADD", "RELU", "MAX_POOL_2D")


def to_int8(content: bytes, pictures: np.ndarray) -> bytes:
    """Quantize weights and activations of a float LiteRT model with the signature ``encode``.

    The range of an activation is a moving average of the smallest and largest values in
    ``pictures``, (N, S, S, 3) uint8. The largest values of all pictures would leave most pictures
    few of the 255 steps.

    The sums of residual blocks stay in float, and so do the operators next to them: twelve rounded
    sums in a row would lose much of the picture, and XNNPACK can't run an int8 ReLU on its own.
    """
    from ai_edge_quantizer import Quantizer
    from ai_edge_quantizer.algorithm_manager import AlgorithmName
    from ai_edge_quantizer.qtyping import TFLOperationName

    quantizer = Quantizer(content)
    quantizer.add_static_config(".*", TFLOperationName.ALL_SUPPORTED, 8, 8)
    for name in FLOAT_OPERATORS:
        operator = TFLOperationName[name]
        quantizer.update_quantization_recipe(".*", operator, None, AlgorithmName.NO_QUANTIZE)
    ranges = None
    for start in progress(range(0, len(pictures), CHUNK), "Calibrating", f"times {CHUNK} pictures"):
        chunk = pictures[start : start + CHUNK].astype(np.float32)
        inputs = {"encode": [{"pixels": picture[np.newaxis]} for picture in chunk]}
        with _quiet():
            ranges = quantizer.calibrate(inputs, ranges)
    with _quiet():
        quantized = quantizer.quantize(ranges, enable_progress_report=False)
    return bytes(quantized.quantized_model)


@contextmanager
def _quiet() -> Iterator[None]:
    """Drop the quantizer's progress bars and log."""
    logging.disable(logging.INFO)
    try:
        with redirect_stderr(StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)
