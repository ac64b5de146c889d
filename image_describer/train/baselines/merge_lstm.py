"""The merge network: an LSTM reads the words, and only what it made of them meets the picture.

After Tanti, Gatt and Camilleri 2018 (arXiv:1703.09137), who call it "merge"; in the form that
image-describer, keras-captioning and audio-captions share.
"""

from typing import Any

import keras
from keras import ops

State = tuple[Any, Any, Any]
"""The picture (B, units), the LSTM's hidden and cell state: (B, units) each."""


class MergeLstm(keras.Model):
    """Picture (B, C) and words -> logits; see ``networks`` for the ways in."""

    def __init__(self, vocabulary: int, units: int, embedding: int, dropout: float) -> None:
        super().__init__(name="merge_lstm")
        self.drop_picture = keras.layers.Dropout(dropout, name="drop_picture")
        self.from_picture = keras.layers.Dense(units, "relu", name="from_picture")
        self.embed = keras.layers.Embedding(vocabulary, embedding, name="embed")
        self.drop_words = keras.layers.Dropout(dropout, name="drop_words")
        self.lstm = keras.layers.LSTM(units, return_sequences=True, name="lstm")
        self.join = keras.layers.Dense(units, "relu", name="join")
        self.to_words = keras.layers.Dense(vocabulary, name="to_words")

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        # Padding stands after the words, so that no word's state knows of it: no mask is needed.
        read = self.lstm(self.drop_words(self.embed(inputs["words"]), training=training))
        picture = self._picture(inputs["picture"], training)
        if "last" in inputs:
            place = ops.reshape(inputs["last"], (-1, 1, 1))
            read = ops.take_along_axis(read, place, axis=1)[:, 0]
            return self._say(read, picture)
        return self._say(read, picture[:, None])

    def begin(self, picture: Any) -> State:
        seen = self._picture(picture, training=False)
        return seen, ops.zeros_like(seen), ops.zeros_like(seen)

    def step(self, words: Any, state: State) -> tuple[Any, State, None]:
        picture, hidden, cell = state
        read, (hidden, cell) = self.lstm.cell(self.embed(words), (hidden, cell))
        return self._say(read, picture), (picture, hidden, cell), None

    def _picture(self, picture: Any, training: bool) -> Any:
        return self.from_picture(self.drop_picture(picture, training=training))

    def _say(self, read: Any, picture: Any) -> Any:
        return self.to_words(self.join(read + picture))
