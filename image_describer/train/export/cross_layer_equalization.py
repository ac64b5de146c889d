"""Make the tower fit int8: give all channels of a tensor one range, without changing a result.

LiteRT has one step size for all channels of an activation, and Xception's channels differ by
orders of magnitude: quantised as it is, almost nothing is left of the picture. But a positive
factor on a channel passes through ReLU, maximum pooling and addition, so what a writer of the
channel is multiplied by, its readers can be divided by. After Nagel et al. 2019 (arXiv:1906.04721,
section 4.1), with ranges measured on pictures rather than read off the weights.

What a block adds to a stream has the stream's factors, though, which suit no block alone. Where a
block ends with factors of its own (``xception.RESCALED``), its channels are evened out before them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import keras
import numpy as np
from keras import ops

from image_describer.train.models.bundle_weights import scaled_by

LEAST_SHARE = 1e-2  # a channel that hardly ever answers is not blown up beyond this share
TINY = 1e-12  # of a layer that is dead altogether
REGIONS = "block14_sepconv2_bn"
PASSED_ON = "passed_on"


@dataclass(frozen=True)
class _Channels:
    """Channels that share their factors: who writes them, who reads them, where they are measured.

    writers: normalisation layers. readers: convolutions, separable or not. ranges: any layers.
    """

    writers: tuple[str, ...]
    readers: tuple[str, ...]
    ranges: tuple[str, ...]


def equalise(lower: keras.Model, upper: keras.Model, batches: Iterable[np.ndarray]) -> np.ndarray:
    """Rescale the weights of both parts in place; returns the factors on the regions' channels.

    batches: pixels (N, S, S, 3) in [-1, 1] to measure ranges on. The parts put out what they did
    before, but for the regions (R, C), which come multiplied by the returned (C,) factors.
    """
    layers = {layer.name: layer for part in (lower, upper) for layer in part.layers}
    ranges = _measure(lower, upper, batches)
    for channels in _plan(layers):
        factors = _factors(np.max([ranges[name] for name in channels.ranges], axis=0))
        for name in channels.writers:
            _scale_output(layers[name], factors)
            ranges[name] = ranges[name] * factors
        for name in channels.readers:
            _scale_input(layers[name], 1.0 / factors)
    for name, layer in layers.items():
        if isinstance(layer, keras.layers.SeparableConv2D):
            _balance_inside(layer, ranges[_depthwise(name)])
    for name, layer in layers.items():
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            end = scaled_by(name)
            factors = _factors(ranges[end])
            _scale_output(layers[end], factors)
            layer.kernel.assign(layer.kernel / factors[:, np.newaxis])
    last = _factors(ranges[REGIONS])
    _scale_output(layers[REGIONS], last)
    return last


def _plan(layers: dict[str, keras.Layer]) -> list[_Channels]:
    """All groups of channels but the last layer's, read off the names of Xception's layers."""
    blocks: dict[int, list[str]] = {}
    for name, layer in layers.items():
        if isinstance(layer, keras.layers.SeparableConv2D):
            blocks.setdefault(int(name.split("_")[0].removeprefix("block")), []).append(name)
    plan = [
        _Channels(("block1_conv1_bn",), ("block1_conv2",), ("block1_conv1_act",)),
        _Channels(("block1_conv2_bn",), _readers(layers, blocks, 2), ("block1_conv2_act",)),
    ]
    for units in blocks.values():
        for writer, reader in pairwise(units):
            plan.append(_Channels((f"{writer}_bn",), (reader,), (_input(reader),)))
    # A stream is a sum that several blocks add to: the middle flow's begins in block 4.
    middle = [block for block in blocks if 4 < block < 13]
    for stream, followers in (([2], [3]), ([3], [4]), ([4, *middle], [*middle, 13]), ([13], [14])):
        writers = [f"{blocks[block][-1]}_bn" for block in stream]
        writers.append(f"block{stream[0]}_residual_bn")
        readers = [name for block in followers for name in _readers(layers, blocks, block)]
        sums = [f"block{block}_add" for block in stream]
        plan.append(_Channels(tuple(writers), tuple(readers), (*writers, *sums)))
    return plan


def _readers(
    layers: dict[str, keras.Layer], blocks: dict[int, list[str]], block: int
) -> tuple[str, ...]:
    """What reads the input of a block: its first unit, and its shortcut where that is one."""
    shortcut = f"block{block}_residual_conv"
    return (blocks[block][0], *([shortcut] if shortcut in layers else []))


def _measure(
    lower: keras.Model, upper: keras.Model, batches: Iterable[np.ndarray]
) -> dict[str, np.ndarray]:
    """The greatest magnitude (C,) that each channel reaches, for every layer's output by name.

    A separable convolution's input and its depthwise half's output go by names of their own.
    """
    probes = []
    for part in (lower, upper):
        outputs = {}
        for layer in part.layers[1:]:
            if len(layer.output.shape) == 4:
                outputs[layer.name] = layer.output
            if isinstance(layer, keras.layers.SeparableConv2D):
                half = ops.depthwise_conv(layer.input, layer.depthwise_kernel, padding="same")
                outputs |= {_input(layer.name): layer.input, _depthwise(layer.name): half}
        peaks = {name: ops.max(ops.abs(x), axis=(0, 1, 2)) for name, x in outputs.items()}
        probes.append(keras.Model(part.input, {**peaks, PASSED_ON: part.output}))
    ranges: dict[str, np.ndarray] = {}
    for batch in batches:
        x = batch
        for probe in probes:
            found = probe.predict_on_batch(x)
            x = found.pop(PASSED_ON)
            for name, peak in found.items():
                ranges[name] = np.maximum(ranges.get(name, 0.0), peak)
    return ranges


def _factors(ranges: np.ndarray) -> np.ndarray:
    """What brings every channel to the same range, their mean; (C,) float32."""
    return ranges.mean() / np.maximum(ranges, LEAST_SHARE * ranges.max() + TINY)


def _scale_output(norm: keras.layers.BatchNormalization, factors: np.ndarray) -> None:
    norm.gamma.assign(norm.gamma * factors)
    norm.beta.assign(norm.beta * factors)


def _scale_input(reader: keras.Layer, factors: np.ndarray) -> None:
    separable = isinstance(reader, keras.layers.SeparableConv2D)
    kernel = reader.depthwise_kernel if separable else reader.kernel
    kernel.assign(kernel * factors[:, np.newaxis])


def _balance_inside(layer: keras.layers.SeparableConv2D, ranges: np.ndarray) -> None:
    """Even out the depthwise half's output, at no more cost than half of it to the kernel after.

    The pointwise kernel has one step size for all its input channels, so what the activation
    gains the kernel loses; the root shares it (Xiao et al. 2023, arXiv:2211.10438, eq. 4).
    """
    peaks = np.abs(np.asarray(layer.pointwise_kernel)).max(axis=(0, 1, 3))
    factors = np.sqrt(
        np.maximum(peaks, LEAST_SHARE * peaks.max() + TINY)
        / np.maximum(ranges, LEAST_SHARE * ranges.max() + TINY)
    )
    factors /= factors.mean()
    layer.depthwise_kernel.assign(layer.depthwise_kernel * factors[:, np.newaxis])
    layer.pointwise_kernel.assign(layer.pointwise_kernel / factors[:, np.newaxis])


def _depthwise(name: str) -> str:
    return f"{name}_depthwise"


def _input(name: str) -> str:
    return f"{name}_input"
