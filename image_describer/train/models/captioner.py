"""The trained part of an encoder and a decoder together.

A decoder is a ``keras.Layer`` with these methods. Its tensors have a row axis K beside the batch
axis B: the captions of a picture in training, the beams in decoding.

- ``prepare(regions (B, R, C)) -> {name: (B, ...)}``: what is computed once for a picture;
- ``begin(B, K) -> {name: (B, K, ...)}``: the state before the first word;
- ``step(words (B, K), state, prepared) -> logits (B, K, V), next state, attention (B, K, R)``;
- ``call(regions, words (B, K, T)) -> logits (B, K, T, V)`` of the word after each: teacher forcing.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

RARE = -4.0  # initial log-odds: a picture's captions contain one in fifty words


class Captioner(keras.Model):
    """Encoder, decoder, and two heads over the pooled regions that only training uses.

    Called on ``{"picture": input of the encoder, "words": (B, K, T)}`` it returns ``words``, logits
    (B, K, T, V); ``presence``, logits (B, V) of the words of any caption; and, with a teacher of L
    labels, ``labels``, logits (B, L). Without an encoder, the pictures are regions already.
    """

    def __init__(
        self, encoder: keras.Model | None, decoder: Any, vocabulary: int, labels: int = 0
    ) -> None:
        super().__init__(name="captioner")
        self.encoder, self.decoder = encoder, decoder
        self.presence = keras.layers.Dense(
            vocabulary, bias_initializer=keras.initializers.Constant(RARE), name="presence"
        )
        self.teacher = keras.layers.Dense(labels, name="teacher") if labels else None

    def encode(self, picture: Any, training: bool = False) -> Any:
        """-> regions (B, R, C) in the precision of the decoder."""
        if self.encoder is None:
            return ops.cast(picture, self.decoder.compute_dtype)
        return self.encoder(picture, training=training)

    def call(self, inputs: dict[str, Any], training: bool = False) -> dict[str, Any]:
        regions = self.encode(inputs["picture"], training)
        pooled = ops.mean(regions, axis=1)
        outputs = {
            "words": self.decoder(regions, inputs["words"], training=training),
            "presence": self.presence(pooled),
        }
        if self.teacher is not None:
            outputs["labels"] = self.teacher(pooled)
        return outputs

    def create_weights(self, picture_shape: tuple[int, ...]) -> None:
        """Call the model once on zeros; ``picture_shape`` is that of one input."""
        picture = np.zeros((1, *picture_shape), np.float32)
        self({"picture": picture, "words": np.zeros((1, 1, 2), np.int32)})
