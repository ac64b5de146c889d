"""Additive attention over the cells of a feature map, and a GRU that tells what it sees there.

After Xu et al. 2015 (arXiv:1502.03044) with the attention of Bahdanau et al. 2015 and the GRU of
Cho et al. 2014, as attend-and-tell puts them together.
"""

from typing import Any

import keras
from keras import ops

State = tuple[Any, Any, Any]
"""The regions (B, R, E), their part of the attention's sum (B, R, A), the hidden state (B, U)."""


class BahdanauGru(keras.Model):
    """Regions (B, R, C) and words -> logits; see ``networks`` for the ways in."""

    def __init__(
        self, vocabulary: int, units: int, embedding: int, attention: int, dropout: float
    ) -> None:
        super().__init__(name="bahdanau_gru")
        dense = keras.layers.Dense
        self.units, self.attention = units, attention
        self.project = dense(embedding, "relu", name="project")
        self.embed = keras.layers.Embedding(vocabulary, embedding, name="embed")
        self.drop = keras.layers.Dropout(dropout, name="drop")
        self.of_regions = dense(attention, name="of_regions")
        self.of_hidden = dense(attention, use_bias=False, name="of_hidden")
        # In float32: as fast as bfloat16 here, since no multiplication of matrices is in it.
        self.score = dense(1, use_bias=False, dtype="float32", name="score")
        self.from_word = dense(3 * units, name="from_word")
        self.from_seen = dense(3 * units, use_bias=False, name="from_seen")
        self.from_hidden = dense(3 * units, name="from_hidden")
        self.between = dense(units, name="between")
        self.to_words = dense(vocabulary, name="to_words")

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        words = inputs["words"]
        state = self.begin(inputs["picture"])
        gates = self.from_word(self.drop(self.embed(words), training=training))
        outputs = []
        # Unstacked: the gradient of a slice is as large as what it was cut from.
        for word_gates in ops.unstack(gates, axis=1):
            state, _ = self._step(word_gates, state)
            outputs.append(state[2])
        told = ops.stack(outputs, axis=1)
        if "last" in inputs:
            told = ops.take_along_axis(told, ops.reshape(inputs["last"], (-1, 1, 1)), axis=1)[:, 0]
        return self._say(told, training)

    def begin(self, picture: Any) -> State:
        regions = self.project(picture)
        hidden = ops.zeros((ops.shape(regions)[0], self.units), dtype=self.compute_dtype)
        return regions, ops.cast(self.of_regions(regions), "float32"), hidden

    def step(self, words: Any, state: State) -> tuple[Any, State, Any]:
        state, attention = self._step(self.from_word(self.embed(words)), state)
        return self._say(state[2], training=False), state, attention

    def _step(self, word_gates: Any, state: State) -> tuple[State, Any]:
        regions, keys, hidden = state
        query = ops.cast(self.of_hidden(hidden), "float32")
        # As one matrix of (B * R, A): several times as fast on a processor as (B, R, A) times (A,).
        rows = ops.reshape(ops.tanh(keys + query[:, None]), (-1, self.attention))
        attention = ops.softmax(ops.reshape(self.score(rows), (-1, keys.shape[1])))
        seen = ops.matmul(ops.cast(attention, regions.dtype)[:, None], regions)[:, 0]
        hidden = _gru(word_gates + self.from_seen(seen), self.from_hidden(hidden), hidden)
        return (regions, keys, hidden), attention

    def _say(self, told: Any, training: bool) -> Any:
        return self.to_words(self.drop(self.between(told), training=training))


def _gru(inward: Any, recurrent: Any, hidden: Any) -> Any:
    """inward, recurrent: (B, 3 * units), the shares of update, reset and candidate."""
    update_in, reset_in, new_in = ops.split(inward, 3, axis=-1)
    update_re, reset_re, new_re = ops.split(recurrent, 3, axis=-1)
    update = ops.sigmoid(update_in + update_re)
    new = ops.tanh(new_in + ops.sigmoid(reset_in + reset_re) * new_re)
    return update * hidden + (1 - update) * new
