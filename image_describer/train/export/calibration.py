"""The ranges of the activations of an int8 network.

LiteRT takes the smallest and the largest value of any picture. In Xception these are fifty times
the usual ones, so that the values of most pictures fall between two of the 255 steps. Here a range
has the least squared error: larger values are clipped, and the others have finer steps (Nagel et
al. 2021, arXiv:2106.08295, section 3.1).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from image_describer.captioner import runtime
from image_describer.train.progress import progress

PICTURES = 32  # more hardly change the ranges
BINS = 4096
STEPS = 255
SHARES = np.concatenate([[1.0], np.geomspace(0.92, 0.02, 45)])  # of each side of the range


def narrow_ranges(calibrated: bytes, pictures: np.ndarray) -> bytes:
    """Replace the ranges in a calibrated float LiteRT model by those with the least error.

    They are measured on the first `PICTURES` of ``pictures``, (N, S, S, 3) uint8.
    """
    model = runtime.unpack(calibrated)
    tensors = model.subgraphs[0].tensors
    edges = {}
    for index in _activations(model):
        quantization = tensors[index].quantization
        low, high = min(0.0, float(quantization.min[0])), max(0.0, float(quantization.max[0]))
        if high > low:
            edges[index] = np.linspace(low, high, BINS + 1)
    for index, counts in _histograms(calibrated, edges, pictures[:PICTURES]).items():
        low, high = best_range(counts, edges[index])
        quantization = tensors[index].quantization
        quantization.min = np.array([low], np.float32)
        quantization.max = np.array([high], np.float32)
    return runtime.pack(model)


def activation_names(calibrated: bytes) -> list[str]:
    """Return the names of the tensors that a calibrated LiteRT model has ranges for."""
    model = runtime.unpack(calibrated)
    return [model.subgraphs[0].tensors[index].name.decode() for index in _activations(model)]


def _activations(model: Any) -> list[int]:
    """Indices of the tensors with a range. Weights, whose values are in the file, need none."""
    return [
        index
        for index, tensor in enumerate(model.subgraphs[0].tensors)
        if tensor.quantization is not None
        and tensor.quantization.min is not None
        and len(tensor.quantization.min)
        and model.buffers[tensor.buffer].data is None
    ]


def best_range(counts: np.ndarray, edges: np.ndarray) -> tuple[float, float]:
    """Return the range (low, high) around 0 with the least squared error of a histogram.

    ``counts`` (B,) are of values between ``edges`` (B + 1,), which contain 0. The error is that of
    clipping and of rounding together.
    """
    centers = (edges[1:] + edges[:-1]) / 2
    share = counts / max(1, counts.sum())
    highs, lows = edges[-1] * SHARES, edges[0] * SHARES
    if edges[0] == 0.0:
        lows = np.zeros(1)
    if edges[-1] == 0.0:
        highs = np.zeros(1)
    above = np.maximum(centers - highs[:, np.newaxis], 0.0)
    below = np.maximum(lows[:, np.newaxis] - centers, 0.0)
    clipping = (above**2 @ share)[:, np.newaxis] + below**2 @ share
    inside = 1.0 - ((above > 0) @ share)[:, np.newaxis] - (below > 0) @ share
    step = (highs[:, np.newaxis] - lows) / STEPS
    error = clipping + inside * step**2 / 12
    error[step == 0] = np.inf
    high, low = np.unravel_index(error.argmin(), error.shape)
    return float(lows[low]), float(highs[high])


def _histograms(
    content: bytes, edges: dict[int, np.ndarray], pictures: np.ndarray
) -> dict[int, np.ndarray]:
    """Count the values of each activation between its edges, over all pictures."""
    counts = {index: np.zeros(BINS) for index in edges}
    for tensor in _run(content, progress(pictures, "Measuring ranges", "pictures")):
        for index, count in counts.items():
            low, high = edges[index][0], edges[index][-1]
            bins = ((tensor(index).ravel() - low) * (BINS / (high - low))).astype(np.int32)
            count += np.bincount(np.clip(bins, 0, BINS - 1), minlength=BINS)
    return counts


def _run(content: bytes, pictures: Iterable[np.ndarray]) -> Iterator[Callable[[int], np.ndarray]]:
    """Run the model on each picture and yield a function that returns a tensor by its index."""
    interpreter = runtime.load_keeping_tensors(content)
    entry = interpreter.get_input_details()[0]["index"]
    for picture in pictures:
        interpreter.set_tensor(entry, picture[np.newaxis].astype(np.float32))
        interpreter.invoke()
        yield interpreter.get_tensor
