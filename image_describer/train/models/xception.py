"""Xception (Chollet 2017, arXiv:1610.02357) in two parts, split after block 13 or an earlier one.

The layers have the names of Keras Applications, so that its weights fit. The first part is slow and
often stays frozen; the second is trained.
"""

import re
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from image_describer.errors import TrainingError
from image_describer.train.models import regularization as noise
from image_describer.train.models.bundle_weights import encoder_weights

ENTRY_FILTERS = (128, 256, 728)
MIDDLE_FILTERS = 728
LOWER_CHANNELS = 1024
UPPER_CHANNELS = (1536, 2048)
RESIDUAL_BLOCKS = (2, 3, 4, 13)
FIRST_MIDDLE, LAST_BLOCK = 5, 13  # 13 is the last block of the lower part


def build_lower(
    size: int,
    width: float = 1.0,
    middle_blocks: int = 8,
    last: int = LAST_BLOCK,
) -> keras.Model:
    """Blocks 1 to ``last``: pixels (N, size, size, 3) in [-1, 1] -> (N, G, G, C).

    G is size / 32 and C 1024 * ``width`` for ``last`` 13; from 4 to 12 they are size / 16 and 728.
    ``width`` scales the number of channels and ``middle_blocks`` the depth, for small test models.
    """
    pixels = keras.Input((size, size, 3), name="pixels")
    x = _conv(pixels, _scaled(32, width), "block1_conv1", strides=2)
    x = _conv(x, _scaled(64, width), "block1_conv2")
    for block, filters in enumerate(ENTRY_FILTERS, start=2):
        shortcut = _shortcut(x, _scaled(filters, width), block)
        if block > 2:
            x = keras.layers.Activation("relu", name=f"block{block}_sepconv1_act")(x)
        x = _separable(x, _scaled(filters, width), f"block{block}_sepconv1")
        x = keras.layers.Activation("relu", name=f"block{block}_sepconv2_act")(x)
        x = _separable(x, _scaled(filters, width), f"block{block}_sepconv2")
        x = _halve(x, block, shortcut)
    x = _later_blocks(x, FIRST_MIDDLE, last, width, middle_blocks)
    return keras.Model(pixels, x, name="xception_lower")


def build_upper(
    grid: int,
    channels: int = LOWER_CHANNELS,
    width: float = 1.0,
    middle_blocks: int = 8,
    last: int = LAST_BLOCK,
    regularization: float = 0.0,
) -> keras.Model:
    """The blocks after ``last``: maps (N, grid, grid, channels) of `build_lower` -> regions
    (N, R, 2048 * width), row by row, one for each cell of block 13.

    ``regularization`` is the strength of the noise of `train.models.regularization`.
    """
    lower = x = keras.Input((grid, grid, channels), name="lower")
    if regularization:
        x = noise.FaintMixup(regularization * noise.MIXUP_RATE, "faint_mixup")(x)
        x = noise.Cutout(regularization * noise.CUTOUT_RATE, "cutout")(x)
    x = _later_blocks(x, last + 1, LAST_BLOCK, width, middle_blocks, regularization)
    if regularization:
        x = keras.layers.Dropout(regularization * noise.DROPOUT_BEFORE, name="drop_before")(x)
    for unit, filters in enumerate(UPPER_CHANNELS, start=1):
        x = _separable(x, _scaled(filters, width), f"block14_sepconv{unit}")
        x = keras.layers.Activation("relu", name=f"block14_sepconv{unit}_act")(x)
        if regularization and unit == 1:
            rate = regularization * noise.DROPOUT_BETWEEN
            x = keras.layers.SpatialDropout2D(rate, name="drop_between")(x)
    if regularization:
        x = keras.layers.Dropout(regularization * noise.DROPOUT_AFTER, name="drop_after")(x)
    regions = keras.layers.Reshape((x.shape[1] * x.shape[2], x.shape[-1]), name="regions")(x)
    return keras.Model(lower, regions, name="xception_upper")


def join(lower: keras.Model, upper: keras.Model) -> keras.Model:
    """Both parts as one model: pixels (N, size, size, 3) -> regions (N, R, C)."""
    return keras.Model(lower.input, upper(lower.output), name="xception")


def load_weights(lower: keras.Model, upper: keras.Model, source: str) -> list[str]:
    """Fill both parts from ``source``: an ``.npz`` keyed ``layer/variable``, or a name.

    ``imagenet`` is fetched through Keras Applications, ``bundled`` is the shipped model, and a
    folder is another bundle. Returns
    the names of the variables that the source lacks, which keep their initial values. Raises
    TrainingError, and BundleError where the shipped model is damaged.
    """
    if source == "imagenet":
        lookup = _imagenet()
    elif source == "bundled" or Path(source).is_dir():
        lookup = encoder_weights(None if source == "bundled" else Path(source)).get
    else:
        lookup = _npz(Path(source))
    missing = []
    for layer in (*lower.layers, *upper.layers):
        for variable in layer.weights:
            key = f"{layer.name}/{_variable_name(variable)}"
            value = lookup(key)
            if value is None:
                missing.append(key)
            elif tuple(value.shape) != tuple(variable.shape):
                raise TrainingError(
                    f"{source} holds {key} as {value.shape}, but the network needs "
                    f"{tuple(variable.shape)}.",
                    "Give weights of Xception at full width.",
                )
            else:
                variable.assign(value.astype("float32"))
    return missing


def _variable_name(variable: keras.Variable) -> str:
    # Since Keras 3 a separable convolution's own name stands before its kernels' names.
    return variable.path.rsplit("/", 1)[-1]


def _npz(path: Path) -> Callable[[str], np.ndarray | None]:
    try:
        arrays = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"The weights {path} can't be read: {error}.",
            "Give an .npz file of arrays named layer/variable, or 'imagenet'.",
        ) from error
    return arrays.get


def _imagenet() -> Callable[[str], np.ndarray | None]:
    try:
        whole = keras.applications.Xception(weights="imagenet", include_top=False)
    except Exception as error:  # Keras wraps every failure of the download in a bare Exception
        raise TrainingError(
            f"Keras could not fetch its ImageNet weights: {error}.",
            "Connect to the internet, or give --weights FILE.npz.",
        ) from error
    found: dict[str, np.ndarray] = {}
    shortcuts = iter(RESIDUAL_BLOCKS)
    shortcut_norms = iter(RESIDUAL_BLOCKS)
    for layer in whole.layers:
        name = layer.name
        if name.startswith("conv2d"):
            name = f"block{next(shortcuts)}_residual_conv"
        elif name.startswith("batch_normalization"):
            name = f"block{next(shortcut_norms)}_residual_bn"
        for variable in layer.weights:
            found[f"{name}/{_variable_name(variable)}"] = np.asarray(variable)
    return found.get


def _later_blocks(
    x: keras.KerasTensor,
    first: int,
    last: int,
    width: float,
    middle_blocks: int,
    regularization: float = 0.0,
) -> keras.KerasTensor:
    """Those of the middle flow, and block 13, that lie between ``first`` and ``last``."""
    filters = _scaled(MIDDLE_FILTERS, width)
    middle = range(FIRST_MIDDLE, FIRST_MIDDLE + middle_blocks)
    asked = [block for block in middle if first <= block <= last]
    # From half the share to the whole, the later the more.
    skipped = np.linspace(0.5, 1.0, len(asked)) * regularization * noise.SKIP_RATE
    for block, rate in zip(asked, skipped, strict=True):
        shortcut = x
        for unit in (1, 2, 3):
            x = keras.layers.Activation("relu", name=f"block{block}_sepconv{unit}_act")(x)
            x = _separable(x, filters, f"block{block}_sepconv{unit}")
        if regularization:
            x = noise.StochasticDepth(float(rate), f"block{block}_depth")(x)
        x = keras.layers.Add(name=f"block{block}_add")([x, shortcut])
    if not first <= LAST_BLOCK <= last:
        return x
    shortcut = _shortcut(x, _scaled(LOWER_CHANNELS, width), LAST_BLOCK)
    for unit, wide in ((1, filters), (2, _scaled(LOWER_CHANNELS, width))):
        x = keras.layers.Activation("relu", name=f"block13_sepconv{unit}_act")(x)
        x = _separable(x, wide, f"block13_sepconv{unit}")
    return _halve(x, LAST_BLOCK, shortcut)


def block_of(layer: str) -> int:
    """The number of the block that a layer of either part belongs to, 0 for any other layer."""
    found = re.match(r"block(\d+)_", layer)
    return int(found[1]) if found else 0


def _scaled(filters: int, width: float) -> int:
    return max(8, int(filters * width))


def _conv(x: keras.KerasTensor, filters: int, name: str, strides: int = 1) -> keras.KerasTensor:
    x = keras.layers.Conv2D(filters, 3, strides=strides, use_bias=False, name=name)(x)
    x = keras.layers.BatchNormalization(name=f"{name}_bn")(x)
    return keras.layers.Activation("relu", name=f"{name}_act")(x)


def _separable(x: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    x = keras.layers.SeparableConv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
    return keras.layers.BatchNormalization(name=f"{name}_bn")(x)


def _shortcut(x: keras.KerasTensor, filters: int, block: int) -> keras.KerasTensor:
    name = f"block{block}_residual"
    x = keras.layers.Conv2D(
        filters, 1, strides=2, padding="same", use_bias=False, name=f"{name}_conv"
    )(x)
    return keras.layers.BatchNormalization(name=f"{name}_bn")(x)


def _halve(x: keras.KerasTensor, block: int, shortcut: keras.KerasTensor) -> keras.KerasTensor:
    x = keras.layers.MaxPooling2D(3, strides=2, padding="same", name=f"block{block}_pool")(x)
    return keras.layers.Add(name=f"block{block}_add")([x, shortcut])
