"""The merge network: an LSTM reads the words alone, and its output is merged with the picture.

After Tanti, Gatt and Camilleri 2018 (arXiv:1703.09137), in the form that image-describer,
keras-captioning and audio-captions share.
"""

from typing import Any

import keras
from keras import ops

Tensors = dict[str, Any]


class MergeLstm(keras.Layer):
    """Regions (B, R, C), of which it uses the mean, and words -> logits; see
    `train.models.captioner` for the interface."""

    def __init__(self, vocabulary: int, units: int, embedding: int, dropout: float) -> None:
        super().__init__(name="decoder")
        self.units = units
        self.drop_picture = keras.layers.Dropout(dropout, name="drop_picture")
        self.project = keras.layers.Dense(units, "relu", name="project")
        self.embed = keras.layers.Embedding(vocabulary, embedding, name="embed")
        self.drop_words = keras.layers.Dropout(dropout, name="drop_words")
        self.lstm = keras.layers.LSTM(units, return_sequences=True, name="lstm")
        self.merge = keras.layers.Dense(units, "relu", name="merge")
        self.to_words = keras.layers.Dense(vocabulary, name="to_words")

    def prepare(self, regions: Any, training: bool = False) -> Tensors:
        """Regions (B, R, C) -> picture (B, 1, units), and attention (B, 1, R), the same for all
        regions."""
        pooled = self.drop_picture(ops.mean(regions, axis=1, keepdims=True), training=training)
        uniform = ops.zeros_like(regions[..., 0]) + 1 / regions.shape[1]
        return {"picture": self.project(pooled), "attention": uniform[:, None]}

    def begin(self, batch: Any, rows: int) -> Tensors:
        """Hidden and cell state (B, K, units) before the first word: zeros."""
        zeros = ops.zeros((batch, rows, self.units), dtype=self.compute_dtype)
        return {"hidden": zeros, "cell": zeros}

    def step(self, words: Any, state: Tensors, prepared: Tensors) -> tuple[Any, Tensors, Any]:
        """Words (B, K) -> logits (B, K, V), next state, attention (B, K, R)."""
        rows = words.shape[1]
        # A cell of Keras has one batch axis.
        states = [ops.reshape(state[name], (-1, self.units)) for name in ("hidden", "cell")]
        _, states = self.lstm.cell(self.embed(ops.reshape(words, (-1,))), states)
        hidden, cell = (ops.reshape(x, (-1, rows, self.units)) for x in states)
        logits = self.to_words(self.merge(hidden + prepared["picture"]))
        attention = ops.repeat(prepared["attention"], rows, axis=1)
        return logits, {"hidden": hidden, "cell": cell}, attention

    def call(self, regions: Any, words: Any, training: bool = False) -> Any:
        """Teacher forcing: regions (B, R, C), words (B, K, T) -> logits (B, K, T, V)."""
        rows, length = words.shape[1:]
        embedded = self.embed(ops.reshape(words, (-1, length)))
        # Padding follows the words, so no state before it depends on it: no mask is needed.
        read = self.lstm(self.drop_words(embedded, training=training), training=training)
        read = ops.reshape(read, (-1, rows, length, self.units))
        picture = self.prepare(regions, training)["picture"]
        return self.to_words(self.merge(read + picture[:, :, None]))
