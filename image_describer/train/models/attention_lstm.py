"""The attention decoder that ships, in Keras 3 for any of its backends.

A two-layer attention LSTM (Anderson et al. 2018, arXiv:1707.07998, section 3.2) with multi-head
dot-product attention (Vaswani et al. 2017) over the cells of the feature map.
"""

from typing import Any

import keras
from keras import ops

Tensors = dict[str, Any]


class AttentionLstm(keras.Layer):
    """Regions (B, R, C) and words -> logits; see `train.models.captioner` for the interface."""

    def __init__(
        self, vocabulary: int, units: int, embedding: int, heads: int, dropout: float
    ) -> None:
        super().__init__(name="decoder")
        self.units, self.heads = units, heads
        dense = keras.layers.Dense
        self.embed = keras.layers.Embedding(vocabulary, embedding, name="embed")
        self.project = dense(units, "relu", name="project")
        self.to_keys = dense(units, use_bias=False, name="to_keys")
        self.to_query = dense(units, use_bias=False, name="to_query")
        self.from_picture = dense(4 * units, bias_initializer=_forget_bias, name="from_picture")
        self.from_word = dense(4 * units, use_bias=False, name="from_word")
        self.attention_gates = dense(4 * units, use_bias=False, name="attention_gates")
        self.language_gates = dense(4 * units, bias_initializer=_forget_bias, name="language_gates")
        self.to_words = dense(vocabulary, name="to_words")
        self.drop_regions = keras.layers.Dropout(dropout, name="drop_regions")
        self.drop_words = keras.layers.Dropout(dropout / 2, name="drop_words")
        self.drop_output = keras.layers.Dropout(dropout, name="drop_output")

    def prepare(self, regions: Any, training: bool = False) -> Tensors:
        """Regions (B, R, C) -> keys (B, heads, d, R), values (B, heads, R, d), picture (B, 1, 4u),
        the picture's part of the gates."""
        values = self.drop_regions(self.project(regions), training=training)
        keys = self._split_heads(self.to_keys(values))
        return {
            "keys": ops.transpose(keys, (0, 1, 3, 2)),
            "values": self._split_heads(values),
            "picture": self.from_picture(ops.mean(values, axis=1, keepdims=True)),
        }

    def begin(self, batch: Any, rows: int) -> Tensors:
        """Hidden and cell states (B, K, units) of both layers before the first word: zeros."""
        zeros = ops.zeros((batch, rows, self.units), dtype=self.compute_dtype)
        return {"h1": zeros, "c1": zeros, "h2": zeros, "c2": zeros}

    def step(self, words: Any, state: Tensors, prepared: Tensors) -> tuple[Any, Tensors, Any]:
        """Words (B, K) -> logits (B, K, V), next state, attention (B, K, R)."""
        state, attention = self._step(self.from_word(self.embed(words)), state, prepared)
        return self.to_words(state["h2"]), state, ops.mean(attention, axis=1)

    def call(self, regions: Any, words: Any, training: bool = False) -> Any:
        """Teacher forcing: regions (B, R, C), words (B, K, T) -> logits (B, K, T, V)."""
        prepared = self.prepare(regions, training)
        word_gates = self.from_word(self.drop_words(self.embed(words), training=training))
        state = self.begin(ops.shape(words)[0], words.shape[1])
        outputs = []
        # Unstacked, because the gradient of a slice is as large as the tensor it is cut from.
        for gates in ops.unstack(word_gates, axis=2):
            state, _ = self._step(gates, state, prepared)
            outputs.append(state["h2"])
        return self.to_words(self.drop_output(ops.stack(outputs, axis=2), training=training))

    def _step(self, word_gates: Any, state: Tensors, prepared: Tensors) -> tuple[Tensors, Any]:
        """Gates (B, K, 4u) of the words -> next state, attention (B, heads, K, R)."""
        hidden = ops.concatenate([state["h1"], state["h2"]], -1)
        gates = word_gates + prepared["picture"] + self.attention_gates(hidden)
        h1, c1 = _lstm(gates, state["c1"])
        scores = ops.matmul(self._split_heads(self.to_query(h1)), prepared["keys"])
        attention = ops.softmax(scores * (self.units // self.heads) ** -0.5)
        attended = self._merge_heads(ops.matmul(attention, prepared["values"]))
        gates = self.language_gates(ops.concatenate([attended, h1, state["h2"]], -1))
        h2, c2 = _lstm(gates, state["c2"])
        return {"h1": h1, "c1": c1, "h2": h2, "c2": c2}, attention

    def _split_heads(self, x: Any) -> Any:
        shape = (-1, x.shape[1], self.heads, self.units // self.heads)
        return ops.transpose(ops.reshape(x, shape), (0, 2, 1, 3))

    def _merge_heads(self, x: Any) -> Any:
        return ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, x.shape[2], self.units))


def _lstm(gates: Any, cell: Any) -> tuple[Any, Any]:
    """Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000."""
    into, forget, new, out = ops.split(gates, 4, axis=-1)
    cell = ops.sigmoid(forget) * cell + ops.sigmoid(into) * ops.tanh(new)
    return ops.sigmoid(out) * ops.tanh(cell), cell


def _forget_bias(shape: tuple[int, ...], dtype: Any = None) -> Any:
    # An open forget gate lets gradients reach the first words (Jozefowicz et al. 2015).
    quarter = shape[0] // 4
    position = ops.arange(shape[0])
    is_forget = ops.logical_and(position >= quarter, position < 2 * quarter)
    return ops.cast(is_forget, dtype or "float32")
