"""The weights in a bundle's LiteRT files, as float32 arrays to start training from.

TensorFlow's converter merges tensors and renames them as it likes. Therefore layers are recognized
by the structure of the graph: the kinds, order and shapes of its operators. Another structure is
refused.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from image_describer import runtime
from image_describer.captioner.bundle import DECODER, ENCODER, Bundle, open_bundle
from image_describer.errors import TrainingError
from image_describer.train.data.vocabulary import SPECIAL_WORDS
from image_describer.train.recipe import BUNDLED

Arrays = dict[str, np.ndarray]

EPSILON = 1e-3  # of batch normalization in Keras

_OP = schema.BuiltinOperator
_ENCODER_OPS = {
    _OP.CONV_2D, _OP.DEPTHWISE_CONV_2D, _OP.ADD, _OP.RELU, _OP.MAX_POOL_2D, _OP.RESHAPE,
    _OP.QUANTIZE, _OP.DEQUANTIZE,
}  # fmt: skip
_DTYPES = {
    schema.TensorType.INT8: np.int8,
    schema.TensorType.INT32: np.int32,
    schema.TensorType.FLOAT32: np.float32,
}


def bundle_named(weights: str) -> Bundle:
    """Open the bundle that ``weights`` of a recipe names; see `recipe.starts_from_bundle`.

    Raises BundleError.
    """
    return open_bundle(None if weights == BUNDLED else Path(weights))


def encoder_weights(folder: Path | None = None) -> Arrays:
    """Arrays by ``layer/variable`` of the Xception in a bundle (None: the shipped one).

    Batch normalization is merged into the convolution before it; here it is an identity with the
    bias as its ``beta``. Raises BundleError, and TrainingError for another network.
    """
    model = _Model(open_bundle(folder).path(ENCODER), "an Xception")
    graph = model.subgraphs[0]
    if not {model.kind(operator) for operator in graph.operators} <= _ENCODER_OPS:
        model.refuse("it has other operators")
    convolutions: list[tuple[np.ndarray, np.ndarray]] = []
    shortcuts, pointwise = convolutions.copy(), convolutions.copy()
    depthwise: list[np.ndarray] = []
    # Index of a separable convolution -> factors after it, which bundles of 2026 have.
    rescaled: dict[int, np.ndarray] = {}
    for operator in graph.operators:
        kind = model.kind(operator)
        if kind not in (_OP.CONV_2D, _OP.DEPTHWISE_CONV_2D):
            continue
        kernel, bias = (model.array(graph, index) for index in operator.inputs[1:3])
        kernel = kernel.transpose(1, 2, 3, 0)
        if kind == _OP.DEPTHWISE_CONV_2D:
            if kernel.shape[0] > 1:
                depthwise.append(kernel)
            else:
                rescaled[len(pointwise) - 1] = kernel.ravel()
        elif kernel.shape[0] > 1:
            convolutions.append((kernel, bias))
        elif operator.builtinOptions.strideW > 1:
            shortcuts.append((kernel, bias))
        else:
            pointwise.append((kernel, bias))
    middle_blocks, rest = divmod(len(pointwise) - 10, 3)
    if (len(convolutions), len(shortcuts), rest) != (2, 4, 0) or len(depthwise) != len(pointwise):
        model.refuse("it has another number of convolutions")
    arrays: Arrays = {}
    for index, (kernel, bias) in enumerate(convolutions, start=1):
        arrays[f"block1_conv{index}/kernel"] = kernel
        arrays |= _identity_norm(f"block1_conv{index}_bn", bias)
    for block, (kernel, bias) in zip((2, 3, 4, 13), shortcuts, strict=True):
        arrays[f"block{block}_residual_conv/kernel"] = kernel
        arrays |= _identity_norm(f"block{block}_residual_bn", bias)
    blocks = {2: 2, 3: 2, 4: 2, **{5 + i: 3 for i in range(middle_blocks)}, 13: 2, 14: 2}
    names = [f"block{b}_sepconv{unit + 1}" for b, units in blocks.items() for unit in range(units)]
    for index, (name, first, (second, bias)) in enumerate(
        zip(names, depthwise, pointwise, strict=True)
    ):
        if first.shape[2] != second.shape[2]:
            model.refuse(f"{name} has another shape")
        arrays[f"{name}/depthwise_kernel"] = first
        arrays[f"{name}/pointwise_kernel"] = second
        arrays |= _identity_norm(f"{name}_bn", bias, rescaled.get(index))
    # Export merged x / 127.5 - 1 into the first convolution.
    kernel = arrays["block1_conv1/kernel"] * np.float32(127.5)
    arrays["block1_conv1/kernel"] = kernel
    arrays["block1_conv1_bn/beta"] = arrays["block1_conv1_bn/beta"] + kernel.sum(axis=(0, 1, 2))
    return arrays


def decoder_weights(bundle: Bundle) -> Arrays:
    """Arrays by ``layer/variable`` of the `AttentionLstm` in a bundle.

    Raises BundleError, and TrainingError for another network.
    """
    model = _Model(bundle.path(DECODER), "an attention LSTM")
    prepare, step = model.graph("prepare"), model.graph("step")
    tables = [o for o in step.operators if model.kind(o) == _OP.GATHER]
    states = [t for t in model.inputs("step") if t.name == b"h1"]
    if len(tables) != 1 or len(states) != 1:
        model.refuse("it has no word vectors or no state")
    table = model.array(step, tables[0].inputs[0])
    units = int(step.tensors[states[0].tensorIndex].shape[-1])
    words, width = table.shape
    channels = bundle.manifest["regions"]["channels"]
    arrays = {"embed/embeddings": table}
    # Layer: inputs, outputs, has a bias, reads the word vectors.
    arrays |= model.dense_layers(prepare, {
        "project": (channels, units, True, False),
        "to_keys": (units, units, False, False),
        "from_picture": (units, 4 * units, True, False),
    })  # fmt: skip
    arrays |= model.dense_layers(step, {
        "from_word": (width, 4 * units, False, True),
        "attention_gates": (2 * units, 4 * units, False, False),
        "to_query": (units, units, False, False),
        "language_gates": (3 * units, 4 * units, True, False),
        "to_words": (units, words, True, False),
    })  # fmt: skip
    return arrays


def fill(decoder: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Assign arrays with the names of `decoder_weights` to an `AttentionLstm`."""
    for key, value in arrays.items():
        layer, variable = key.split("/")
        getattr(getattr(decoder, layer), variable).assign(value.astype(np.float32))


def start_decoder(
    decoder: Any, bundle: Bundle, words: Sequence[str], translations: np.ndarray | None = None
) -> None:
    """Give a built `AttentionLstm` for ``words`` the weights of a bundle's decoder.

    Words that the bundle doesn't have keep their initial embedding, plus the mean of its rare
    words (the second half by frequency), and are as probable as those. Words in another language
    start as the means of the bundle's words W that ``translations`` (len(words), W) says; each row
    sums to 1, or is 0 for a word that is new. Raises BundleError, and TrainingError for another
    network.
    """
    arrays = decoder_weights(bundle)
    known_words = bundle.tokenizer["words"]
    if translations is not None:
        known_words = known_words[: len(SPECIAL_WORDS)]
    row_of = {word: row for row, word in enumerate(known_words)}
    known = [(row, row_of[word]) for row, word in enumerate(words) if word in row_of]
    rows, sources = (list(column) for column in zip(*known, strict=True))
    for name, axis in (("embed/embeddings", 0), ("to_words/kernel", 1), ("to_words/bias", 0)):
        layer, variable = name.split("/")
        old = np.moveaxis(arrays[name], axis, 0)
        new = np.repeat(old[len(old) // 2 :].mean(axis=0, keepdims=True), len(words), axis=0)
        if layer == "embed":
            new = new + np.asarray(getattr(getattr(decoder, layer), variable))
        if translations is not None:
            found = translations.sum(axis=1) > 0
            new[found] = translations[found] @ old
        new[rows] = old[sources]
        arrays[name] = np.moveaxis(new, 0, axis)
    for name, array in arrays.items():
        layer, variable = name.split("/")
        shape = tuple(getattr(getattr(decoder, layer), variable).shape)
        if shape != array.shape:
            raise TrainingError(
                f"The decoder of {bundle.folder} has {name} of {array.shape}; the recipe's network "
                f"has {shape}.",
                "Choose the network settings of that bundle, or network.weights = 'random'.",
            )
    fill(decoder, arrays)


def _identity_norm(name: str, bias: np.ndarray, factors: np.ndarray | None = None) -> Arrays:
    """Variables of a batch normalization: x -> (x + ``bias``) * ``factors``, both (C,)."""
    gamma = np.ones_like(bias) if factors is None else factors
    return {
        f"{name}/gamma": gamma,
        f"{name}/beta": bias * gamma,
        f"{name}/moving_mean": np.zeros_like(bias),
        f"{name}/moving_variance": np.full_like(bias, 1.0 - EPSILON),
    }


def _scales(tensor: Any) -> np.ndarray:
    """The scale of each channel of a quantized tensor, with as many axes as it has."""
    quantization = tensor.quantization
    if quantization is None or quantization.scale is None or np.any(quantization.zeroPoint):
        raise ValueError("not symmetric")
    shape = [1] * len(tensor.shape)
    shape[quantization.quantizedDimension] = -1
    return np.asarray(quantization.scale, np.float32).reshape(shape)


class _Model:
    """A LiteRT file. ``expected`` says what network it should contain."""

    def __init__(self, file: Path, expected: str) -> None:
        self._file, self._expected = file, expected
        self._model = runtime.unpack(file.read_bytes())
        self.subgraphs = self._model.subgraphs

    def refuse(self, why: str) -> NoReturn:
        raise TrainingError(
            f"{self._file} does not contain {self._expected} as this version exports it: {why}.",
            "Start from a bundle that was exported by this version, or from --weights imagenet.",
        )

    def kind(self, operator: Any) -> int:
        return int(self._model.operatorCodes[operator.opcodeIndex].builtinCode)

    def graph(self, signature: str) -> Any:
        return self.subgraphs[self._signature(signature).subgraphIndex]

    def inputs(self, signature: str) -> list[Any]:
        return list(self._signature(signature).inputs)

    def _signature(self, name: str) -> Any:
        signatures = {s.signatureKey: s for s in self._model.signatureDefs or ()}
        if name.encode() not in signatures:
            self.refuse(f"it has no signature '{name}'")
        return signatures[name.encode()]

    def array(self, graph: Any, index: int) -> np.ndarray:
        """A constant in float32; int8 ones have a scale for each channel, and zero points of 0."""
        tensor = graph.tensors[index]
        data, dtype = self._model.buffers[tensor.buffer].data, _DTYPES.get(tensor.type)
        if data is None or dtype is None:
            self.refuse(f"{tensor.name.decode()} is not a constant in int8 or float32")
        values = np.frombuffer(data.tobytes(), dtype)
        try:
            values = values.reshape(tensor.shape).astype(np.float32)
            return values if dtype == np.float32 else values * _scales(tensor)
        except ValueError:
            self.refuse(f"{tensor.name.decode()} has another shape or kind of quantization")

    def dense_layers(self, graph: Any, layers: Mapping[str, tuple[int, int, bool, bool]]) -> Arrays:
        """Kernels and biases of a graph's dense layers.

        ``layers``: numbers of inputs and outputs, whether there is a bias, and whether the input is
        the output of a lookup; no two may be the same. The converter drops biases of zeros.
        """
        arrays: Arrays = {}
        found: Counter[str] = Counter()
        looked_up = {
            int(index)
            for operator in graph.operators
            if self.kind(operator) == _OP.GATHER
            for index in operator.outputs
        }
        for operator in graph.operators:
            same = self.kind(operator) in (_OP.RESHAPE, _OP.DEQUANTIZE)
            if same and int(operator.inputs[0]) in looked_up:
                looked_up |= {int(index) for index in operator.outputs}
            if self.kind(operator) != _OP.FULLY_CONNECTED:
                continue
            entry, kernel, *bias = (int(index) for index in operator.inputs)
            bias = [index for index in bias if index >= 0]
            outputs, inputs = (int(side) for side in graph.tensors[kernel].shape)
            shape = (inputs, outputs, entry in looked_up)
            names = [n for n, (i, o, _, table) in layers.items() if (i, o, table) == shape]
            if len(names) > 1 or bias:
                names = [name for name in names if layers[name][2] is bool(bias)]
            if len(names) != 1:
                self.refuse(f"it has a layer of {inputs} x {outputs} weights")
            found.update(names)
            arrays[f"{names[0]}/kernel"] = self.array(graph, kernel).T
            if bias:
                arrays[f"{names[0]}/bias"] = self.array(graph, bias[0])
            elif layers[names[0]][2]:
                arrays[f"{names[0]}/bias"] = np.zeros(outputs, np.float32)
        for name in layers:
            if found[name] != 1:
                self.refuse(f"it has {found[name]} layers like '{name}'")
        return arrays
