"""The decoder of a finished bundle as weights to start from: int8 back to float."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from image_describer.captioner.bundle import Bundle
from image_describer.errors import TrainingError
from image_describer.train.models.attention_lstm import AttentionDecoder

LAYERS = (
    "embed", "project", "to_keys", "to_query", "from_picture", "from_word", "attention_gates",
    "language_gates", "to_words",
)  # fmt: skip
_LAYER = re.compile(rf"(?:^|[/;])({'|'.join(LAYERS)})_?\d*/")
_TYPES = {schema.TensorType.INT8: np.int8, schema.TensorType.FLOAT32: np.float32}
_WITH_WEIGHTS = (schema.BuiltinOperator.FULLY_CONNECTED, schema.BuiltinOperator.GATHER)


def decoder_weights(bundle: Bundle) -> dict[str, np.ndarray]:
    """Arrays keyed ``layer/kernel``, ``layer/bias`` and ``embed/embeddings``.

    Raises TrainingError where the file holds another decoder than an attention LSTM.
    """
    model = schema.ModelT.InitFromPackedBuf(bundle.path("decoder.tflite").read_bytes(), 0)
    found: dict[str, np.ndarray] = {}
    for graph in model.subgraphs:
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex].builtinCode
            if code in _WITH_WEIGHTS:
                found |= _of_operator(model, graph, operator, code)
    missing = [layer for layer in LAYERS if not any(k.startswith(f"{layer}/") for k in found)]
    if missing:
        raise TrainingError(
            f"The decoder of {bundle.folder} is no attention LSTM: it has no '{missing[0]}'.",
            "Only 'best' and its like can be tuned.",
        )
    return found


def fill(decoder: AttentionDecoder, arrays: Mapping[str, np.ndarray]) -> None:
    """Assign what `decoder_weights` found, or arrays of the same names, to a decoder."""
    for key, value in arrays.items():
        layer, kind = key.split("/")
        getattr(getattr(decoder, layer), kind).assign(value.astype(np.float32))


def _of_operator(model: Any, graph: Any, operator: Any, code: int) -> dict[str, np.ndarray]:
    tensors = [graph.tensors[i] for i in operator.inputs if i >= 0]
    if code == schema.BuiltinOperator.GATHER:
        return {"embed/embeddings": _floats(model, tensors[0])}
    layer = _LAYER.search(tensors[1].name.decode())
    if layer is None:
        return {}
    name = layer.group(1)
    arrays = {f"{name}/kernel": _floats(model, tensors[1]).T}
    if len(tensors) > 2:
        arrays[f"{name}/bias"] = _floats(model, tensors[2])
    return arrays


def _floats(model: Any, tensor: Any) -> np.ndarray:
    """A constant in float32; small ones were never made int8. Zero points are 0."""
    raw = model.buffers[tensor.buffer].data.tobytes()
    values = np.frombuffer(raw, _TYPES[tensor.type]).reshape(tensor.shape)
    if tensor.type == schema.TensorType.FLOAT32:
        return values.astype(np.float32)
    scales = np.asarray(tensor.quantization.scale, np.float32)
    shape = [1] * values.ndim
    shape[tensor.quantization.quantizedDimension] = -1
    return values.astype(np.float32) * scales.reshape(shape)
