"""Give the channels of each activation of Xception the same range, so that int8 fits all of them.

LiteRT has one step size for all channels of an activation, and Xception's channels differ by orders
of magnitude: quantized as it is, hardly anything is left of the picture. But a positive factor on a
channel passes through ReLU, maximum pooling and addition. So the layers that write a channel can be
multiplied by a factor, and the layers that read it divided by it. After Nagel et al. 2019
(arXiv:1906.04721, section 4.1), with ranges measured on pictures instead of read off the weights.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import keras
import numpy as np
from keras import ops

PICTURES = 64  # more hardly change the factors
BATCH = 8  # pictures: all activations of a batch are in memory at once
MIN_SHARE = 1e-2  # of the largest range; weaker channels are not enlarged further
# Of the mean range: the values of a channel before ReLU are no larger afterwards. One that ReLU
# nearly always stops is otherwise enlarged each time that a bundle is trained on and exported,
# until its step size is not one that XNNPACK takes.
MAX_PEAK = 30.0
TINY = 1e-12  # avoids divisions by zero in dead layers
REGIONS = "block14_sepconv2_bn"
OUTPUT = "output"


@dataclass(frozen=True)
class _ChannelGroup:
    """Channels that share factors.

    ``writers`` are the batch normalizations that write them, ``readers`` the convolutions that read
    them, and ``measured`` the tensors that their ranges are measured on.
    """

    writers: tuple[str, ...]
    readers: tuple[str, ...]
    measured: tuple[str, ...]


def equalize(lower: keras.Model, upper: keras.Model, pictures: np.ndarray) -> np.ndarray:
    """Scale the weights of both parts of an Xception in place; return the factors of the regions.

    Ranges are measured on the first `PICTURES` of ``pictures``, (N, S, S, 3) uint8. The regions
    (R, C) are multiplied by the returned factors (C,) and otherwise the same as before.
    """
    layers = {layer.name: layer for part in (lower, upper) for layer in part.layers}
    pixels = pictures[:PICTURES].astype(np.float32) / 127.5 - 1.0
    ranges = _measure(lower, upper, np.array_split(pixels, -(-len(pixels) // BATCH)))
    for group in _groups(layers):
        measured, written = (
            np.max([ranges[name] for name in names], axis=0)
            for names in (group.measured, group.writers)
        )
        factors = np.minimum(
            _factors(measured), MAX_PEAK * measured.mean() / np.maximum(written, TINY)
        )
        for name in group.writers:
            _scale_output(layers[name], factors)
            ranges[name] = ranges[name] * factors
        for name in group.readers:
            _scale_input(layers[name], 1.0 / factors)
    for name, layer in layers.items():
        if isinstance(layer, keras.layers.SeparableConv2D):
            _balance_halves(layer, ranges[_depthwise(name)])
    factors = _factors(ranges[REGIONS])
    _scale_output(layers[REGIONS], factors)
    return factors


def _groups(layers: dict[str, keras.Layer]) -> list[_ChannelGroup]:
    """All groups of channels apart from the regions, by the names of Xception's layers."""
    blocks: dict[int, list[str]] = {}
    for name, layer in layers.items():
        if isinstance(layer, keras.layers.SeparableConv2D):
            blocks.setdefault(int(name.split("_")[0].removeprefix("block")), []).append(name)
    groups = [
        _ChannelGroup(("block1_conv1_bn",), ("block1_conv2",), ("block1_conv1_act",)),
        _ChannelGroup(("block1_conv2_bn",), _readers(layers, blocks, 2), ("block1_conv2_act",)),
    ]
    for units in blocks.values():
        for writer, reader in pairwise(units):
            groups.append(_ChannelGroup((f"{writer}_bn",), (reader,), (_input(reader),)))
    # Several blocks add to each sum; that of the middle flow begins in block 4.
    middle = [block for block in blocks if 4 < block < 13]
    for added, readers in (([2], [3]), ([3], [4]), ([4, *middle], [*middle, 13]), ([13], [14])):
        writers = [f"{blocks[block][-1]}_bn" for block in added]
        writers.append(f"block{added[0]}_residual_bn")
        names = [name for block in readers for name in _readers(layers, blocks, block)]
        sums = [f"block{block}_add" for block in added]
        groups.append(_ChannelGroup(tuple(writers), tuple(names), (*writers, *sums)))
    return groups


def _readers(
    layers: dict[str, keras.Layer], blocks: dict[int, list[str]], block: int
) -> tuple[str, ...]:
    """The layers that read the input of a block: its first unit, and its shortcut if it has one."""
    shortcut = f"block{block}_residual_conv"
    return (blocks[block][0], *([shortcut] if shortcut in layers else []))


def _measure(
    lower: keras.Model, upper: keras.Model, batches: Iterable[np.ndarray]
) -> dict[str, np.ndarray]:
    """Measure the largest magnitude (C,) of each channel of each layer's output.

    The input of a separable convolution, and the output of its depthwise half, have own names.
    """
    probes = []
    for part in (lower, upper):
        tensors = {}
        for layer in part.layers[1:]:
            if len(layer.output.shape) == 4:
                tensors[layer.name] = layer.output
            if isinstance(layer, keras.layers.SeparableConv2D):
                half = ops.depthwise_conv(layer.input, layer.depthwise_kernel, padding="same")
                tensors |= {_input(layer.name): layer.input, _depthwise(layer.name): half}
        peaks = {name: ops.max(ops.abs(x), axis=(0, 1, 2)) for name, x in tensors.items()}
        probes.append(keras.Model(part.input, {**peaks, OUTPUT: part.output}))
    ranges: dict[str, np.ndarray] = {}
    for batch in batches:
        x = batch
        for probe in probes:
            found = probe.predict_on_batch(x)
            x = found.pop(OUTPUT)
            for name, peak in found.items():
                ranges[name] = np.maximum(ranges.get(name, 0.0), peak)
    return ranges


def _factors(ranges: np.ndarray) -> np.ndarray:
    """Factors (C,) that give all channels the mean of their ranges (C,)."""
    return ranges.mean() / np.maximum(ranges, MIN_SHARE * ranges.max() + TINY)


def _scale_output(normalization: keras.layers.BatchNormalization, factors: np.ndarray) -> None:
    normalization.gamma.assign(normalization.gamma * factors)
    normalization.beta.assign(normalization.beta * factors)


def _scale_input(reader: keras.Layer, factors: np.ndarray) -> None:
    separable = isinstance(reader, keras.layers.SeparableConv2D)
    kernel = reader.depthwise_kernel if separable else reader.kernel
    kernel.assign(kernel * factors[:, np.newaxis])


def _balance_halves(layer: keras.layers.SeparableConv2D, ranges: np.ndarray) -> None:
    """Even out the ``ranges`` (C,) of the depthwise half's output, by half of what they differ.

    The pointwise kernel after it has one step size for all its input channels, so what the
    activation gains the kernel loses; the square root divides it between them (Xiao et al. 2023,
    arXiv:2211.10438, equation 4).
    """
    peaks = np.abs(np.asarray(layer.pointwise_kernel)).max(axis=(0, 1, 3))
    factors = np.sqrt(
        np.maximum(peaks, MIN_SHARE * peaks.max() + TINY)
        / np.maximum(ranges, MIN_SHARE * ranges.max() + TINY)
    )
    factors /= factors.mean()
    layer.depthwise_kernel.assign(layer.depthwise_kernel * factors[:, np.newaxis])
    layer.pointwise_kernel.assign(layer.pointwise_kernel / factors[:, np.newaxis])


def _depthwise(name: str) -> str:
    return f"{name}_depthwise"


def _input(name: str) -> str:
    return f"{name}_input"
