"""The frozen part of an encoder, as a function of pixels: Keras networks, and bundles' encoders."""

import contextlib
import hashlib
import logging
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from image_describer.captioner.bundle import ENCODER, Bundle
from image_describer.captioner.encoder import Encoder
from image_describer.errors import TrainingError
from image_describer.train.models import xception
from image_describer.train.models.bundle_weights import bundle_named
from image_describer.train.precision import precision
from image_describer.train.recipe import BLOCKS, BUNDLED, FeatureSettings, starts_from_bundle

log = logging.getLogger(__name__)

RANDOM_SEED = 1  # of weights "random": the same each time, so that cached features are found again


class KerasEncoder:
    """A Keras network as a function: pixels (N, size, size, 3) uint8 -> maps or regions (N, *shape)
    float32, or the mean of the regions if ``pooled``."""

    def __init__(self, name: str, model: keras.Model, pooled: bool = False) -> None:
        self.name, self.model, self.pooled = name, model, pooled
        self.size = int(model.input_shape[1])
        shape = tuple(model.output_shape[1:])
        self.shape = (1, shape[-1]) if pooled else shape

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        scaled = PREPROCESS[self.name](np.asarray(pixels, np.float32))
        maps = np.asarray(self.model.predict_on_batch(scaled), np.float32)
        return maps.mean(axis=1, keepdims=True) if self.pooled else maps

    def digest(self) -> str:
        """Hash of everything that the output depends on, apart from the pixels."""
        policy = self.model.layers[-1].dtype_policy.name
        facts = f"{self.name} {policy} {self.model.input_shape} {self.shape}"
        digest = hashlib.sha256(facts.encode())
        for weight in self.model.weights:
            digest.update(np.asarray(weight, np.float32).tobytes())
        return digest.hexdigest()


class BundleEncoder:
    """The encoder of a bundle as a function, with the same numbers as for its users: pixels
    (N, size, size, 3) uint8 -> regions (N, R, C), or their mean (N, 1, C) if ``pooled``."""

    name = "bundle"

    def __init__(self, bundle: Bundle, pooled: bool = False) -> None:
        self.bundle, self.pooled = bundle, pooled
        self.encoder = Encoder(bundle.path(ENCODER), threads=os.cpu_count() or 1)
        self.size = self.encoder.size
        grid = bundle.manifest["regions"]
        cells = 1 if pooled else grid["rows"] * grid["columns"]
        self.shape: tuple[int, ...] = (cells, grid["channels"])

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        features = [self.encoder.encode(picture) for picture in pixels]
        if self.pooled:
            return np.stack([one.pooled[np.newaxis] for one in features])
        return np.stack([one.regions for one in features])

    def digest(self) -> str:
        content = f"{self.bundle.manifest['files'][ENCODER]['sha256']} {self.shape}"
        return hashlib.sha256(content.encode()).hexdigest()


FrozenEncoder = KerasEncoder | BundleEncoder


def build(features: FeatureSettings, policy: str) -> FrozenEncoder:
    """The frozen part of a recipe's encoder, computing in ``policy``, a dtype policy of Keras.

    Raises TrainingError and BundleError.
    """
    bundle = bundle_of(features)
    if bundle is not None:
        return BundleEncoder(bundle, features.pooled)
    return build_keras(features, features.train_size or features.size, policy)


def build_keras(features: FeatureSettings, size: int, policy: str) -> KerasEncoder:
    """`build` for pixels of this size, without a bundle."""
    with precision(policy):
        if features.encoder == "xception":
            lower, upper = build_xception(features, size)
            model = lower if features.frozen_blocks < BLOCKS else xception.join(lower, upper)
        else:
            model = _from_keras(features.encoder, features.weights, size)
    return KerasEncoder(features.encoder, model, features.pooled)


def bundle_of(features: FeatureSettings) -> Bundle | None:
    """The bundle whose encoder the recipe uses as it is, if it does: no block is trained."""
    frozen = features.encoder == "xception" and features.frozen_blocks == BLOCKS
    if frozen and starts_from_bundle(features.weights):
        return bundle_named(features.weights)
    return None


def build_xception(
    features: FeatureSettings, size: int, regularization: float = 0.0
) -> tuple[keras.Model, keras.Model]:
    """Xception with the recipe's weights, in two parts: the frozen blocks and the others.

    ``regularization`` is that of `xception.build_upper`. Raises TrainingError and BundleError.
    """
    last = min(features.frozen_blocks, xception.LAST_BLOCK)
    width, blocks = features.width, features.middle_blocks
    with _fixed_initial_weights():
        lower = xception.build_lower(size, width, blocks, last)
        grid, channels = lower.output_shape[2:]
        upper = xception.build_upper(grid, channels, width, blocks, last, regularization)
    if features.weights != "random":
        missing = xception.load_weights(lower, upper, features.weights)
        if missing and features.frozen_blocks == BLOCKS:
            raise TrainingError(
                f"{features.weights} lacks {len(missing)} arrays of Xception, {missing[0]} first.",
                "Use weights for all blocks: --weights bundled or imagenet; or train the others: "
                "frozen_blocks = 13.",
            )
        if missing:
            log.info("%d arrays start from random weights: %s ...", len(missing), missing[0])
    return lower, upper


def _to_one(pixels: np.ndarray) -> np.ndarray:
    return pixels / np.float32(127.5) - np.float32(1.0)


def _minus_mean(pixels: np.ndarray) -> np.ndarray:
    """As Caffe's networks were trained: BGR, minus ImageNet's mean."""
    return pixels[..., ::-1] - np.asarray(IMAGENET_MEAN_BGR, np.float32)


IMAGENET_MEAN_BGR = (103.939, 116.779, 123.68)
PREPROCESS: dict[str, Callable[[Any], Any]] = {
    "xception": _to_one,
    "inception_v3": _to_one,
    "resnet50": _minus_mean,
}


def _from_keras(name: str, weights: str, size: int) -> keras.Model:
    """InceptionV3 or ResNet50 without its top -> regions (R, C)."""
    make = {
        "inception_v3": keras.applications.InceptionV3,
        "resnet50": keras.applications.ResNet50,
    }[name]
    way_out = (
        "Give --weights imagenet, random, or a file of Keras weights without the top "
        "(.weights.h5), or use --encoder xception instead."
    )
    if weights == BUNDLED:
        raise TrainingError(f"The shipped model has no {name}.", way_out)
    if weights not in ("imagenet", "random") and not Path(weights).is_file():
        raise TrainingError(f"There are no weights '{weights}' for {name}.", way_out)
    try:
        with _fixed_initial_weights():
            model = make(
                weights="imagenet" if weights == "imagenet" else None,
                include_top=False,
                input_shape=(size, size, 3),
            )
        if weights not in ("imagenet", "random"):
            model.load_weights(weights)
    except Exception as error:  # Keras wraps failures of a download or a file in a bare Exception
        raise TrainingError(
            f"The weights '{weights}' of {name} can't be loaded: {error}.", way_out
        ) from error
    rows, columns, channels = model.output_shape[1:]
    regions = keras.layers.Reshape((rows * columns, channels), name="regions")(model.output)
    return keras.Model(model.input, regions, name=name)


@contextlib.contextmanager
def _fixed_initial_weights() -> Iterator[None]:
    # Keras draws the seed of each initializer from Python's own generator.
    before = random.getstate()
    random.seed(RANDOM_SEED)
    try:
        yield
    finally:
        random.setstate(before)
