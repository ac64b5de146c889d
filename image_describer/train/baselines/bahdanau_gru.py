"""Additive attention over the regions of a picture, and a GRU, as attend-and-tell combines them.

After Xu et al. 2015 (arXiv:1502.03044), with the attention of Bahdanau et al. 2015
(arXiv:1409.0473) and the GRU of Cho et al. 2014 (arXiv:1406.1078).
"""

from typing import Any

import keras
from keras import ops

Tensors = dict[str, Any]


class BahdanauGru(keras.Layer):
    """Regions (B, R, C) and words -> logits; see `train.models.captioner` for the interface."""

    def __init__(
        self, vocabulary: int, units: int, embedding: int, attention: int, dropout: float
    ) -> None:
        super().__init__(name="decoder")
        dense = keras.layers.Dense
        self.units, self.attention = units, attention
        self.project = dense(embedding, "relu", name="project")
        self.embed = keras.layers.Embedding(vocabulary, embedding, name="embed")
        self.drop_words = keras.layers.Dropout(dropout, name="drop_words")
        self.to_keys = dense(attention, name="to_keys")
        self.to_query = dense(attention, use_bias=False, name="to_query")
        # In float32, which is as fast as bfloat16 here: no matrix is multiplied.
        self.score = dense(1, use_bias=False, dtype="float32", name="score")
        self.cell = keras.layers.GRUCell(units, name="cell")
        self.hidden_layer = dense(units, name="hidden_layer")
        self.drop_output = keras.layers.Dropout(dropout, name="drop_output")
        self.to_words = dense(vocabulary, name="to_words")

    def prepare(self, regions: Any, training: bool = False) -> Tensors:
        """Regions (B, R, C) -> values (B, R, E), keys (B, R, A)."""
        values = self.project(regions)
        return {"values": values, "keys": ops.cast(self.to_keys(values), "float32")}

    def begin(self, batch: Any, rows: int) -> Tensors:
        """Hidden state (B, K, units) before the first word: zeros."""
        return {"hidden": ops.zeros((batch, rows, self.units), dtype=self.compute_dtype)}

    def step(self, words: Any, state: Tensors, prepared: Tensors) -> tuple[Any, Tensors, Any]:
        """Words (B, K) -> logits (B, K, V), next state, attention (B, K, R)."""
        state, attention = self._step(self.embed(words), state, prepared)
        return self.to_words(self.hidden_layer(state["hidden"])), state, attention

    def call(self, regions: Any, words: Any, training: bool = False) -> Any:
        """Teacher forcing: regions (B, R, C), words (B, K, T) -> logits (B, K, T, V)."""
        prepared = self.prepare(regions, training)
        embedded = self.drop_words(self.embed(words), training=training)
        state = self.begin(ops.shape(words)[0], words.shape[1])
        outputs = []
        # Unstacked, because the gradient of a slice is as large as the tensor it is cut from.
        for word in ops.unstack(embedded, axis=2):
            state, _ = self._step(word, state, prepared)
            outputs.append(state["hidden"])
        hidden = self.hidden_layer(ops.stack(outputs, axis=2))
        return self.to_words(self.drop_output(hidden, training=training))

    def _step(self, embedded: Any, state: Tensors, prepared: Tensors) -> tuple[Tensors, Any]:
        """Embedded words (B, K, E) -> next state, attention (B, K, R)."""
        values, keys, hidden = prepared["values"], prepared["keys"], state["hidden"]
        rows = embedded.shape[1]
        query = ops.cast(self.to_query(hidden), "float32")
        energy = ops.tanh(keys[:, None] + query[:, :, None])
        # As one matrix (B * K * R, A): several times as fast on a CPU as with four axes.
        scores = self.score(ops.reshape(energy, (-1, self.attention)))
        attention = ops.softmax(ops.reshape(scores, (-1, rows, keys.shape[1])))
        attended = ops.matmul(ops.cast(attention, values.dtype), values)
        inputs = ops.concatenate([embedded, attended], axis=-1)
        # A cell of Keras has one batch axis.
        flat = ops.reshape(inputs, (-1, inputs.shape[-1]))
        hidden, _ = self.cell(flat, [ops.reshape(hidden, (-1, self.units))])
        return {"hidden": ops.reshape(hidden, (-1, rows, self.units))}, attention
