"""Regularization of the trained blocks of an encoder: layers that disturb maps in training only.

They matter most where the views of a picture are cached, and so the same in each epoch.
"""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

# At strength 1.
SKIP_RATE = 0.2  # of batches, for the last residual block; less for those before
CUTOUT_RATE = 0.5  # of maps
MIXUP_RATE = 0.3  # of maps
DROPOUT_BEFORE, DROPOUT_BETWEEN, DROPOUT_AFTER = 0.1, 0.2, 0.2  # around the layers of block 14
CUTOUT_SIDE = (0.28, 0.6)  # of the side of the map
MIXUP_SHARE = (0.0, 0.3)  # of the other picture


class _Noise(keras.layers.Layer):
    """Acts in training only, at ``rate``; a rate of 0 does nothing."""

    def __init__(self, rate: float, name: str) -> None:
        super().__init__(name=name)
        self.rate = rate
        self.seed = keras.random.SeedGenerator()

    def call(self, x: Any, training: bool = False) -> Any:
        return self.disturb(x) if training and self.rate else x

    def disturb(self, x: Any) -> Any:
        """``x`` with noise, in the same shape."""
        raise NotImplementedError

    def _uniform(self, x: Any, low: float = 0.0, high: float = 1.0) -> Any:
        """A number for each map of the batch: (N, 1, 1, 1)."""
        shape = (ops.shape(x)[0], 1, 1, 1)
        return keras.random.uniform(shape, low, high, dtype="float32", seed=self.seed)


class StochasticDepth(_Noise):
    """Skips a residual branch for whole batches (Huang et al. 2016, arXiv:1603.09382).

    Otherwise the branch is scaled up, so that inference needs no change.
    """

    def disturb(self, x: Any) -> Any:
        number = keras.random.uniform((), dtype="float32", seed=self.seed)
        return x * ops.cast(ops.where(number < self.rate, 0.0, 1.0 / (1.0 - self.rate)), x.dtype)


class Cutout(_Noise):
    """Zeros a rectangle of maps (N, G, G, C) (DeVries and Taylor 2017, arXiv:1708.04552)."""

    def disturb(self, x: Any) -> Any:
        rows = self._span(x, x.shape[1], (1, -1, 1, 1))
        columns = self._span(x, x.shape[2], (1, 1, -1, 1))
        chosen = self._uniform(x) < self.rate
        hidden = ops.logical_and(chosen, ops.logical_and(rows, columns))
        return x * ops.cast(ops.logical_not(hidden), x.dtype)

    def _span(self, x: Any, side: int, shape: tuple[int, ...]) -> Any:
        length = ops.floor(self._uniform(x, *CUTOUT_SIDE) * side)
        start = ops.floor(self._uniform(x) * (side - length + 1))
        position = ops.reshape(ops.arange(side, dtype="float32"), shape)
        return ops.logical_and(position >= start, position < start + length)


class FaintMixup(_Noise):
    """Mixes maps (N, ...) with a little of the batch's next picture, whose captions don't count.

    After mixup (Zhang et al. 2018, arXiv:1710.09412).
    """

    def disturb(self, x: Any) -> Any:
        share = self._uniform(x, *MIXUP_SHARE)
        share = ops.cast(ops.where(self._uniform(x) < self.rate, share, 0.0), x.dtype)
        return x * (1 - share) + ops.roll(x, 1, axis=0) * share


def leaves(network: keras.Model) -> Iterator[keras.Layer]:
    """The layers of a network; those of the networks inside it instead of these."""
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from leaves(layer)
        else:
            yield layer


@contextlib.contextmanager
def disabled(model: keras.Model) -> Iterator[None]:
    """Inside, ``model`` called in training mode has no noise; compiled functions keep theirs."""
    kinds = (_Noise, keras.layers.Dropout, keras.layers.SpatialDropout2D)
    layers = [layer for layer in leaves(model) if isinstance(layer, kinds)]
    rates = [layer.rate for layer in layers]
    for layer in layers:
        layer.rate = 0.0
    try:
        yield
    finally:
        for layer, rate in zip(layers, rates, strict=True):
            layer.rate = rate


def settle_normalization(encoder: keras.Model, batches: Iterable[np.ndarray]) -> None:
    """Give trained batch normalization the statistics of ``batches`` without noise.

    Dropout changes the variance of a layer in training and not in inference (Li et al. 2019,
    arXiv:1801.05134), so the statistics gathered during training don't fit.
    """
    kind = keras.layers.BatchNormalization
    trained = [la for la in leaves(encoder) if isinstance(la, kind) and la.trainable]
    if not trained:
        return
    before = [layer.momentum for layer in trained]
    with disabled(encoder):
        for number, batch in enumerate(batches):
            for layer in trained:
                layer.momentum = number / (number + 1)  # so that the result is the mean of all
            encoder(ops.convert_to_tensor(batch), training=True)
    for layer, momentum in zip(trained, before, strict=True):
        layer.momentum = momentum
