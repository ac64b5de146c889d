"""The range that each activation's 255 steps are spread over, where a network becomes int8.

LiteRT takes the least and the greatest number that any picture gave. In Xception these are fifty
times the usual ones, and what most pictures hold falls between two steps. Here the range is the one
with the least squared error: what lies outside is cut off, for finer steps within (Nagel et al.
2021, arXiv:2106.08295, section 3.1).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from tqdm import tqdm

from image_describer.captioner.runtime import load_keeping_tensors

PICTURES = 32  # more change the ranges by next to nothing
BINS = 4096
STEPS = 255
SHARES = np.concatenate([[1.0], np.geomspace(0.92, 0.02, 45)])  # of the range, on either side


def tightened(calibrated: bytes, pictures: np.ndarray) -> bytes:
    """A LiteRT network in float with the least and greatest numbers of its activations -> the same
    with better ranges, by the first ``PICTURES`` of pictures (N, S, S, 3) uint8.
    """
    from tensorflow.lite.tools import flatbuffer_utils

    network = flatbuffer_utils.read_model_from_bytearray(bytearray(calibrated))
    tensors = network.subgraphs[0].tensors
    edges = {}
    for place in _places(network):
        known = tensors[place].quantization
        low, high = min(0.0, float(known.min[0])), max(0.0, float(known.max[0]))
        if high > low:
            edges[place] = np.linspace(low, high, BINS + 1)
    for place, counts in _histograms(calibrated, edges, pictures[:PICTURES]).items():
        low, high = best_range(counts, edges[place])
        known = tensors[place].quantization
        known.min, known.max = np.array([low], np.float32), np.array([high], np.float32)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(network))


def activations(calibrated: bytes) -> list[str]:
    """The names of the tensors that a calibrated LiteRT network has ranges for."""
    from tensorflow.lite.tools import flatbuffer_utils

    network = flatbuffer_utils.read_model_from_bytearray(bytearray(calibrated))
    tensors = network.subgraphs[0].tensors
    return [tensors[place].name.decode() for place in _places(network)]


def _places(network: Any) -> list[int]:
    """Of the activations: what has a range and is no weight, whose numbers lie in the file."""
    return [
        place
        for place, tensor in enumerate(network.subgraphs[0].tensors)
        if tensor.quantization is not None
        and tensor.quantization.min is not None
        and len(tensor.quantization.min)
        and network.buffers[tensor.buffer].data is None
    ]


def best_range(counts: np.ndarray, edges: np.ndarray) -> tuple[float, float]:
    """Of numbers that were counted (B,) between edges (B + 1,), which hold 0: the range (low, high)
    around 0 in which rounding and what is cut off have the least squared error together.
    """
    middles = (edges[1:] + edges[:-1]) / 2
    share = counts / max(1, counts.sum())
    highs, lows = edges[-1] * SHARES, edges[0] * SHARES
    if edges[0] == 0.0:
        lows = np.zeros(1)
    if edges[-1] == 0.0:
        highs = np.zeros(1)
    above = np.maximum(middles - highs[:, np.newaxis], 0.0)
    below = np.maximum(lows[:, np.newaxis] - middles, 0.0)
    cut = (above**2 @ share)[:, np.newaxis] + below**2 @ share
    inside = 1.0 - ((above > 0) @ share)[:, np.newaxis] - (below > 0) @ share
    step = (highs[:, np.newaxis] - lows) / STEPS
    error = cut + inside * step**2 / 12
    error[step == 0] = np.inf
    high, low = np.unravel_index(error.argmin(), error.shape)
    return float(lows[low]), float(highs[high])


def _histograms(
    network: bytes, edges: dict[int, np.ndarray], pictures: np.ndarray
) -> dict[int, np.ndarray]:
    """How many numbers of each activation lie between its edges, over all pictures."""
    counts = {place: np.zeros(BINS) for place in edges}
    for read in _runs(network, tqdm(pictures, desc="ranges", unit="picture")):
        for place, found in counts.items():
            numbers = read(place).ravel()
            low, high = edges[place][0], edges[place][-1]
            bins = ((numbers - low) * (BINS / (high - low))).astype(np.int32)
            found += np.bincount(np.clip(bins, 0, BINS - 1), minlength=BINS)
    return counts


def _runs(network: bytes, pictures: Iterable[np.ndarray]) -> Iterator[Callable[[int], np.ndarray]]:
    """After each picture, what gives a tensor by its place."""
    interpreter = load_keeping_tensors(network)
    entry = interpreter.get_input_details()[0]["index"]
    for picture in pictures:
        interpreter.set_tensor(entry, picture[np.newaxis].astype(np.float32))
        interpreter.invoke()
        yield interpreter.get_tensor
