"""The tower of a finished bundle as weights to start from: int8 back to float."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from image_describer.captioner.bundle import open_bundle

_LAYER = re.compile(r"/(block\d+_(?:sepconv\d|residual_conv|conv\d|rescale))_?\d*/")
_TYPES = {
    schema.TensorType.INT8: np.int8,
    schema.TensorType.INT32: np.int32,
    schema.TensorType.FLOAT32: np.float32,
}
RESCALE = "_rescale"  # ends the names of the layers that scale the ends of blocks
_DEPTHWISE = schema.BuiltinOperator.DEPTHWISE_CONV_2D
_CONVOLUTIONS = (_DEPTHWISE, schema.BuiltinOperator.CONV_2D)
FIRST_KERNEL, FIRST_BIAS = "block1_conv1/kernel", "block1_conv1_bn/beta"
EPSILON = 1e-3  # of Keras's batch normalisation


def tower_weights(folder: Path | None = None) -> dict[str, np.ndarray]:
    """Arrays keyed ``layer/variable`` out of ``extractor.tflite``, checked as every bundle is.

    Export folded each batch normalisation into the kernel before it; here it comes back as the
    identity with the folded bias. Raises BundleError.
    """
    file = open_bundle(folder).path("encoder.tflite")
    model = schema.ModelT.InitFromPackedBuf(file.read_bytes(), 0)
    graph = model.subgraphs[0]
    found: dict[str, np.ndarray] = {}
    factors: dict[str, np.ndarray] = {}
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex].builtinCode
        if code not in _CONVOLUTIONS:
            continue
        kernel, bias = (graph.tensors[i] for i in operator.inputs[1:3])
        layer = _layer_name(kernel)
        weights = _floats(model, kernel)
        if layer.endswith(RESCALE):
            factors[scaled_by(layer)] = weights.ravel()
            continue
        if code == _DEPTHWISE:
            found[f"{layer}/depthwise_kernel"] = weights.transpose(1, 2, 3, 0)
            continue
        name = "pointwise_kernel" if "sepconv" in layer else "kernel"
        found[f"{layer}/{name}"] = weights.transpose(1, 2, 3, 0)
        found |= _identity_norm(_norm_name(layer), _floats(model, bias))
    for norm, factor in factors.items():
        for key in (f"{norm}/gamma", f"{norm}/beta"):
            found[key] = found[key] * factor
    _unfold_scaling(found)
    return found


def scaled_by(layer: str) -> str:
    """The normalisation, the last of its block, that a layer whose name ends in RESCALE scales."""
    return f"{layer.removesuffix(RESCALE)}_sepconv3_bn"


def _unfold_scaling(found: dict[str, np.ndarray]) -> None:
    """Give the first convolution pixels in [-1, 1] again.

    Export scales 0..255 by x / 127.5 - 1, and the converter folds that into the convolution.
    """
    found[FIRST_KERNEL] = found[FIRST_KERNEL] * 127.5
    found[FIRST_BIAS] = found[FIRST_BIAS] + found[FIRST_KERNEL].sum(axis=(0, 1, 2))


def _layer_name(tensor: Any) -> str:
    # A fused tensor carries the names of all it was made from; the convolution's own comes last.
    names = _LAYER.findall(tensor.name.decode() + "/")
    if not names:
        raise ValueError(f"no layer's name in {tensor.name!r}")
    return str(names[-1])


def _norm_name(layer: str) -> str:
    return layer.replace("residual_conv", "residual_bn") if "residual" in layer else f"{layer}_bn"


def _identity_norm(name: str, bias: np.ndarray) -> dict[str, np.ndarray]:
    return {
        f"{name}/gamma": np.ones_like(bias),
        f"{name}/beta": bias,
        f"{name}/moving_mean": np.zeros_like(bias),
        f"{name}/moving_variance": np.full_like(bias, 1.0 - EPSILON),
    }


def _floats(model: Any, tensor: Any) -> np.ndarray:
    """A constant in float32. Where it was quantised, each channel has its own scale; zero points
    are 0."""
    raw = model.buffers[tensor.buffer].data.tobytes()
    values = np.frombuffer(raw, _TYPES[tensor.type]).reshape(tensor.shape)
    if values.dtype == np.float32:
        return values
    scales = np.asarray(tensor.quantization.scale, np.float32)
    shape = [1] * values.ndim
    shape[tensor.quantization.quantizedDimension] = -1
    return values.astype(np.float32) * scales.reshape(shape)
