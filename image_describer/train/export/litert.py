"""Keras networks -> the LiteRT files of a bundle, with built-in operators only.

Needs TensorFlow as the backend of Keras, whatever the networks were trained on.
"""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from image_describer import bundle_files, runtime
from image_describer.errors import BundleError, TrainingError
from image_describer.train.export import quantization


def export_encoder(
    model: Callable[..., Any], pictures: np.ndarray, file: Path, quantize: bool = True
) -> None:
    """Write an encoder: pixels (1, S, S, 3) 0..255 -> regions (1, R, C), both float32.

    ``model`` is a Keras model with this input and output. ``pictures`` (N, S, S, 3) uint8 have the
    size of its input. With ``quantize`` weights and activations are int8, with ranges measured on
    ``pictures``: see `quantization`. Without it, the weights are float16, for encoders whose
    channels differ too much for int8. Raises TrainingError.
    """
    _check_backend()

    @tf.function(input_signature=[tf.TensorSpec((1, *pictures.shape[1:]), tf.float32, "pixels")])
    def encode(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"regions": model(pixels, training=False)}

    functions = {"encode": encode.get_concrete_function()}
    if quantize:
        _write(lambda: quantization.to_int8(_convert(functions), pictures), file)
    else:
        _write(lambda: _convert(functions, "float16"), file)


def export_decoder(decoder: Any, regions: tuple[int, int], beams: int, file: Path) -> None:
    """Write a decoder for one picture and ``beams`` rows, with int8 weights.

    ``decoder`` has the interface of `train.models.captioner` and computes in float32. Signatures:
    ``prepare``, regions (1, R, C) -> what the decoder prepares; ``step``, words (1, K) int32, the
    states (1, K, ...) and what was prepared -> log_probs (1, K, V), the new states, and attention
    (K, R). Raises TrainingError.
    """
    _check_backend()

    @tf.function
    def prepare(regions: tf.Tensor) -> dict[str, tf.Tensor]:
        prepared: dict[str, tf.Tensor] = decoder.prepare(regions)
        return prepared

    @tf.function
    def step(words: tf.Tensor, **tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        state = {name: tensors[name] for name in states}
        fixed = {name: tensors[name] for name in prepared}
        logits, state, attention = decoder.step(words, state, fixed)
        return {"log_probs": ops.log_softmax(logits), **state, "attention": attention[0]}

    prepare_function = prepare.get_concrete_function(
        regions=tf.TensorSpec((1, *regions), tf.float32)
    )
    states, prepared = decoder.begin(1, beams), prepare_function.structured_outputs
    inputs = {name: tf.TensorSpec(x.shape, x.dtype) for name, x in {**states, **prepared}.items()}
    step_function = step.get_concrete_function(words=tf.TensorSpec((1, beams), tf.int32), **inputs)
    convert_signatures({"prepare": prepare_function, "step": step_function}, file)


def convert_signatures(functions: Mapping[str, Any], file: Path) -> None:
    """Concrete functions by name -> one LiteRT file with int8 weights. Raises TrainingError."""
    _write(lambda: _convert(functions, "int8"), file)


def _convert(functions: Mapping[str, Any], weights: str = "float32") -> bytes:
    """Concrete functions by name -> a LiteRT file with this type of weights."""
    frozen = {name: _frozen(function) for name, function in functions.items()}
    holder = tf.Module()
    holder.functions = list(frozen.values())
    with tempfile.TemporaryDirectory() as saved:
        tf.saved_model.save(holder, saved, signatures=frozen)
        converter = tf.lite.TFLiteConverter.from_saved_model(saved, signature_keys=list(frozen))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if weights != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]  # int8 weights
        if weights == "float16":
            converter.target_spec.supported_types = [tf.float16]
        return bytes(converter.convert())


def _frozen(function: Any) -> Any:
    """The same function with its variables as constants: only constants get int8 weights."""
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


def _check_backend() -> None:
    if keras.backend.backend() != "tensorflow":
        raise TrainingError(
            f"A bundle can't be exported by Keras with the backend {keras.backend.backend()}.",
            "Set KERAS_BACKEND=tensorflow and continue the run with --resume: checkpoints of all "
            "backends are the same.",
        )


def _write(convert: Callable[[], bytes], file: Path) -> None:
    try:
        content = convert()
    except Exception as error:  # the converter raises many kinds, its own among them
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TrainingError(f"{file.name} can't be exported: {reason}.") from error
    try:
        bundle_files.write(file, content)
    except OSError as error:
        raise TrainingError(
            f"{file} can't be written: {error.strerror}.", "Free some space and use --resume."
        ) from error
    try:
        runtime.load(file, threads=1)
    except BundleError as error:  # such as step sizes that the engine doesn't take
        raise TrainingError(f"{file.name} is exported, but of no use: {error.sentence}") from error
