"""The convolutional networks that see for a captioner, behind one interface."""

import contextlib
import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from image_describer.errors import TrainingError
from image_describer.train.fit.loop import precision as computing_in
from image_describer.train.models import xception

CPU_FACTS = Path("/proc/cpuinfo")
BFLOAT16_FLAGS = ("amx_bf16", "avx512_bf16")
RANDOM_SEED = 1  # of weights "random": the same ones each time, so that a cache of them is found


@dataclass(frozen=True)
class Kind:
    """What is fixed for a network: its usual input and the least, in pixels a side; its scaling."""

    size: int
    least: int
    scaling: Callable[[np.ndarray], np.ndarray]
    weights: tuple[str, ...]


@dataclass(frozen=True)
class Extractor:
    """A network without its top: (B, size, size, 3) in its own scaling -> (B, grid, grid, C).

    ``digest`` stands for everything that its features depend on, the pictures apart.
    """

    name: str
    weights: str
    model: keras.Model
    digest: str

    @property
    def size(self) -> int:
        """Pixels a side of the input."""
        return int(self.model.input_shape[1])

    @property
    def grid(self) -> int:
        """Cells a side of the feature map."""
        return int(self.model.output_shape[1])

    @property
    def channels(self) -> int:
        return int(self.model.output_shape[-1])

    def scale(self, pixels: np.ndarray) -> np.ndarray:
        """(..., size, size, 3) uint8, RGB -> float32 as the network was trained on."""
        return KINDS[self.name].scaling(pixels)

    def regions(self, pixels: np.ndarray) -> np.ndarray:
        """(B, size, size, 3) uint8 -> (B, grid * grid, C) float32, row by row from the top."""
        maps = self.model.predict_on_batch(self.scale(pixels))
        return np.asarray(maps, np.float32).reshape(len(pixels), -1, self.channels)


def build(
    name: str,
    weights: str,
    size: int | None = None,
    *,
    precision: str = "auto",
    width: float = 1.0,
    middle_blocks: int = 8,
) -> Extractor:
    """The network ``name`` with its weights.

    ``weights`` is "imagenet" (fetched by Keras), "random", a file, and for Xception "bundled" (the
    shipped model). ``precision`` is what layers compute in, one of Keras's policies; "auto" takes
    bfloat16 where the processor has it, which is three times as fast. ``width`` and
    ``middle_blocks`` make a small Xception for tests. Raises TrainingError and BundleError.
    """
    kind = _kind(name)
    size = kind.size if size is None else size
    if size < kind.least:
        raise TrainingError(
            f"{name} can't see pictures of {size} pixels a side.",
            f"It needs at least {kind.least}; {kind.size} is usual.",
        )
    chosen = best_precision() if precision == "auto" else precision
    with computing_in(chosen), _same_draws():
        if name == "xception":
            model = _xception(weights, size, width, middle_blocks)
        else:
            model = _from_keras(name, weights, size)
    return Extractor(name, weights, model, _digest(name, chosen, model))


def best_precision() -> str:
    """Of layers: "mixed_bfloat16" where the processor has bfloat16, else "float32"."""
    try:
        flags = CPU_FACTS.read_text("utf-8", errors="replace")
    except OSError:
        return "float32"  # not Linux: nothing to go by
    return "mixed_bfloat16" if any(flag in flags for flag in BFLOAT16_FLAGS) else "float32"


def _to_one(pixels: np.ndarray) -> np.ndarray:
    scaled = np.array(pixels, np.float32)
    scaled /= 127.5
    scaled -= 1.0
    return scaled


def _less_the_mean(pixels: np.ndarray) -> np.ndarray:
    """As Caffe's networks were trained: BGR, less ImageNet's mean."""
    bgr = np.asarray(pixels, np.float32)[..., ::-1]
    return bgr - np.asarray([103.939, 116.779, 123.68], np.float32)


KINDS = {
    "xception": Kind(299, 71, _to_one, ("imagenet", "bundled", "random")),
    "inception_v3": Kind(299, 75, _to_one, ("imagenet", "random")),
    "resnet50": Kind(224, 32, _less_the_mean, ("imagenet", "random")),
}


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise TrainingError(f"No extractor '{name}'.", f"There are: {', '.join(KINDS)}.")
    return KINDS[name]


def _xception(weights: str, size: int, width: float, middle_blocks: int) -> keras.Model:
    lower = xception.build_lower(size, width, middle_blocks)
    grid = lower.output_shape[1]
    upper = xception.build_upper(grid, lower.output_shape[-1], width)
    if weights != "random":
        missing = xception.load_weights(lower, upper, weights)
        if missing:
            raise TrainingError(
                f"{weights} lacks {len(missing)} arrays of Xception, {missing[0]} among them.",
                "Features need the whole network: give --weights bundled or imagenet.",
            )
    regions = upper(lower.output)
    maps = keras.layers.Reshape((grid, grid, regions.shape[-1]), name="maps")(regions)
    return keras.Model(lower.input, maps, name="xception")


def _from_keras(name: str, weights: str, size: int) -> keras.Model:
    make = {
        "inception_v3": keras.applications.InceptionV3,
        "resnet50": keras.applications.ResNet50,
    }[name]
    names = _kind(name).weights
    way_out = (
        f"Give --weights {' or '.join(names)}, a file of Keras weights without the top "
        "(.weights.h5), or let --extractor xception stand in."
    )
    if weights == "bundled":
        raise TrainingError(f"The shipped model is no {name}.", way_out)
    if weights not in names and not Path(weights).is_file():
        raise TrainingError(f"There are no weights '{weights}' for {name}.", way_out)
    try:
        model = make(
            weights="imagenet" if weights == "imagenet" else None,
            include_top=False,
            input_shape=(size, size, 3),
        )
        if weights not in ("imagenet", "random"):
            model.load_weights(weights)
    except Exception as error:  # Keras wraps failures of a download or a file in a bare Exception
        raise TrainingError(
            f"The weights '{weights}' for {name} can't be had: {error}.", way_out
        ) from error
    return model


@contextlib.contextmanager
def _same_draws() -> Iterator[None]:
    # Keras draws the seed of each initialiser from Python's own generator.
    before = random.getstate()
    random.seed(RANDOM_SEED)
    try:
        yield
    finally:
        random.setstate(before)


def _digest(name: str, policy: str, model: keras.Model) -> str:
    digest = hashlib.sha256(f"{name} {policy} {model.input_shape}".encode())
    for weight in model.weights:
        digest.update(np.ascontiguousarray(weight, np.float32).tobytes())
    return digest.hexdigest()
