"""A trained captioner -> the LiteRT files of a bundle, with built-in ops only."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tqdm import tqdm

from image_describer.captioner import bundle_files
from image_describer.errors import TrainingError
from image_describer.train.export import calibration as ranges
from image_describer.train.models.attention_lstm import AttentionDecoder
from image_describer.train.models.bundle_encoder import RESCALE

FLOAT_OPS = ("ADD", "RELU", "MAX_POOL_2D")


def export_extractor(tower: keras.Model, pictures: np.ndarray, file: Path) -> None:
    """Pixels (1, S, S, 3) in 0..255 -> regions (1, R, C) float32, in int8 but for the sums.

    The ranges of the activations come from ``pictures`` (N, S, S, 3) uint8: see ``ranges``. The
    sums of the residual blocks stay in float, and the ReLU after them: rounding twelve sums in a
    row costs much of the picture, and an int8 ReLU of its own is what XNNPACK can't run. So do
    factors before the sums, whose tensors have ``RESCALE`` in their names.
    """
    size = tower.input_shape[1]

    @tf.function(input_signature=[tf.TensorSpec((1, size, size, 3), tf.float32)])
    def extract(pixels: tf.Tensor) -> tf.Tensor:
        return tower(pixels / 127.5 - 1.0, training=False)

    def calibration() -> Iterator[list[np.ndarray]]:
        for picture in tqdm(pictures, desc="calibration", unit="picture"):
            yield [picture[np.newaxis].astype(np.float32)]

    frozen = convert_variables_to_constants_v2(extract.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = calibration

    def convert() -> bytes:
        # The one public way to LiteRT's selective quantisation leads through its debugger.
        options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=list(FLOAT_OPS))
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=calibration, debug_options=options
        )
        debugger.calibrated_model = ranges.tightened(debugger.calibrated_model, pictures)
        named = ranges.activations(debugger.calibrated_model)
        options.denylisted_nodes = [name for name in named if RESCALE in name]
        return bytes(debugger.get_nondebug_quantized_model())

    _write(convert, file)


def export_decoder(
    decoder: AttentionDecoder, regions: tuple[int, int], beams: int, file: Path
) -> None:
    """Two signatures, ``prepare`` and ``step``, for one picture and ``beams`` rows; int8 weights.

    prepare: regions (1, R, C) -> keys, values, picture. step: words (1, K) int32, h1, c1, h2, c2
    (1, K, units), keys, values, picture -> log_probs (1, K, V), the new states, and attention
    (K, R), the mean over the heads.
    """
    module = _Step(decoder)
    units, heads, (cells, channels) = decoder.units, decoder.heads, regions
    state = tf.TensorSpec((1, beams, units), tf.float32)
    depth = units // heads
    prepare = module.prepare.get_concrete_function(
        regions=tf.TensorSpec((1, cells, channels), tf.float32)
    )
    step = module.step.get_concrete_function(
        words=tf.TensorSpec((1, beams), tf.int32),
        h1=state, c1=state, h2=state, c2=state,
        keys=tf.TensorSpec((1, heads, depth, cells), tf.float32),
        values=tf.TensorSpec((1, heads, cells, depth), tf.float32),
        picture=tf.TensorSpec((1, 1, 4 * units), tf.float32),
    )  # fmt: skip
    convert_signatures({"prepare": prepare, "step": step}, file)


def convert_signatures(functions: Mapping[str, Any], file: Path) -> None:
    """Concrete functions by name -> one LiteRT file with int8 weights and built-in ops only."""
    saved = file.with_suffix(".saved")
    frozen = {name: _frozen(function) for name, function in functions.items()}
    holder = tf.Module()
    holder.functions = list(frozen.values())
    tf.saved_model.save(holder, str(saved), signatures=frozen)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved), signature_keys=list(frozen))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    try:
        _write(converter.convert, file)
    finally:
        tf.io.gfile.rmtree(str(saved))


class _Step(tf.Module):
    def __init__(self, decoder: AttentionDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    @tf.function
    def prepare(self, regions: tf.Tensor) -> dict[str, tf.Tensor]:
        keys, values, picture = self.decoder.prepare(regions)
        return {"keys": keys, "values": values, "picture": picture}

    @tf.function
    def step(
        self, words: Any, h1: Any, c1: Any, h2: Any, c2: Any, keys: Any, values: Any, picture: Any
    ) -> dict[str, tf.Tensor]:
        gates = self.decoder.from_word(self.decoder.embed(words))
        prepared = (keys, values, picture)
        output, state, attention = self.decoder.step(gates, (h1, c1, h2, c2), prepared)
        h1, c1, h2, c2 = state
        return {
            "log_probs": ops.log_softmax(self.decoder.to_words(output)),
            "h1": h1, "c1": c1, "h2": h2, "c2": c2,
            "attention": ops.mean(attention, axis=1)[0],
        }  # fmt: skip


def _frozen(function: Any) -> Any:
    """The same function with its variables as constants: only those get int8 weights."""
    constant = convert_variables_to_constants_v2(function)
    names = sorted(function.structured_outputs)
    specs = {spec.name.split(":")[0]: spec for spec in function.inputs if spec.dtype != tf.resource}

    @tf.function
    def call(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = constant(**inputs)
        return dict(zip(names, outputs, strict=True))

    return call.get_concrete_function(
        **{name: tf.TensorSpec(spec.shape, spec.dtype, name=name) for name, spec in specs.items()}
    )


def _write(convert: Callable[[], bytes], file: Path) -> None:
    try:
        content = convert()
    except Exception as error:  # the converter raises many kinds, its own among them
        reason = str(error).splitlines()[0]
        raise TrainingError(f"{file.name} can't be exported: {reason}.") from error
    bundle_files.write(file, content)
