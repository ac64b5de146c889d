"""What keeps a tower from learning its pictures by heart: parts left out while it trains.

All of it acts on the maps of the frozen blocks and on what is learnt above them, where the views
of a picture are kept and can't be drawn anew. Every layer has a ``rate``; at 0 it does nothing.
"""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import keras
from keras import ops

# At strength 1. All are of batches, maps or channels, as each layer says.
SKIPPED = 0.2  # of batches, the last block that can be left out; those before it less
CUT_OUT = 0.5  # of maps have a rectangle of zeros
OVERLAID = 0.3  # of maps have another picture's faintly over them
BEFORE, BETWEEN, AFTER = 0.1, 0.2, 0.2  # dropout around the two layers of block 14
CUT_SIDE = (0.28, 0.6)  # of the map's side, each side of a rectangle
FAINTEST, STRONGEST = 0.0, 0.3  # the share of the other picture


class _Noise(keras.layers.Layer):
    """Acts in training alone, at ``rate``."""

    def __init__(self, rate: float, name: str) -> None:
        super().__init__(name=name)
        self.rate = rate
        self.seed = keras.random.SeedGenerator()

    def call(self, x: Any, training: bool = False) -> Any:
        return self.disturbed(x) if training and self.rate else x

    def disturbed(self, x: Any) -> Any:
        """``x`` with its noise, of the same shape."""
        raise NotImplementedError

    def _of_each(self, x: Any, low: float = 0.0, high: float = 1.0) -> Any:
        shape = (ops.shape(x)[0], 1, 1, 1)
        return keras.random.uniform(shape, low, high, dtype="float32", seed=self.seed)


@keras.saving.register_keras_serializable("image_describer")
class StochasticDepth(_Noise):
    """A residual branch that whole batches go without (Huang et al. 2016, arXiv:1603.09382).

    Where it stays it is as much stronger, so that nothing is left to do when training is over.
    """

    def disturbed(self, x: Any) -> Any:
        drawn = keras.random.uniform((), dtype="float32", seed=self.seed)
        return x * ops.cast(ops.where(drawn < self.rate, 0.0, 1.0 / (1.0 - self.rate)), x.dtype)


@keras.saving.register_keras_serializable("image_describer")
class CutOut(_Noise):
    """Maps (N, G, G, C) with a rectangle of zeros (DeVries and Taylor 2017, arXiv:1708.04552)."""

    def disturbed(self, x: Any) -> Any:
        down = self._span(x, x.shape[1], (1, -1, 1, 1))
        across = self._span(x, x.shape[2], (1, 1, -1, 1))
        chosen = self._of_each(x) < self.rate
        hidden = ops.logical_and(chosen, ops.logical_and(down, across))
        return x * ops.cast(ops.logical_not(hidden), x.dtype)

    def _span(self, x: Any, side: int, shape: tuple[int, ...]) -> Any:
        length = ops.floor(self._of_each(x, *CUT_SIDE) * side)
        start = ops.floor(self._of_each(x) * (side - length + 1))
        place = ops.reshape(ops.arange(side, dtype="float32"), shape)
        return ops.logical_and(place >= start, place < start + length)


@keras.saving.register_keras_serializable("image_describer")
class Overlaid(_Noise):
    """Maps (N, ...) with the batch's next picture faintly over them, whose captions don't count.

    After mixup (Zhang et al. 2018, arXiv:1710.09412), of which only the stronger picture is asked.
    """

    def disturbed(self, x: Any) -> Any:
        share = self._of_each(x, FAINTEST, STRONGEST)
        share = ops.cast(ops.where(self._of_each(x) < self.rate, share, 0.0), x.dtype)
        return x * (1 - share) + ops.roll(x, 1, axis=0) * share


def layers_of(model: keras.Model) -> list[keras.Layer]:
    """Those of ``model`` that act in training alone."""
    dropout = keras.layers.Dropout, keras.layers.SpatialDropout2D
    return [layer for layer in model.layers if isinstance(layer, (_Noise, *dropout))]


@contextlib.contextmanager
def silenced(model: keras.Model) -> Iterator[None]:
    """Inside, ``model`` called for training is undisturbed; what is compiled doesn't hear of it."""
    layers = layers_of(model)
    rates = [layer.rate for layer in layers]
    for layer in layers:
        layer.rate = 0.0
    try:
        yield
    finally:
        for layer, rate in zip(layers, rates, strict=True):
            layer.rate = rate


def settle_normalisation(tower: keras.Model, batches: Iterable[Any]) -> None:
    """Give batch normalisation that learns the statistics of undisturbed ``batches``.

    Dropout changes a layer's variance in training and not afterwards (Li et al. 2019,
    arXiv:1801.05134), so what was gathered on the way doesn't fit what comes.
    """
    normal = keras.layers.BatchNormalization
    learning = [la for la in tower.layers if isinstance(la, normal) and la.trainable]
    if not learning:
        return
    before = [layer.momentum for layer in learning]
    with silenced(tower):
        for number, batch in enumerate(batches):
            for layer in learning:
                layer.momentum = number / (number + 1)  # so that the mean of all comes out
            tower(ops.convert_to_tensor(batch), training=True)
    for layer, momentum in zip(learning, before, strict=True):
        layer.momentum = momentum
