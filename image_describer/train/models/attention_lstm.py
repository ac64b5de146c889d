"""The attention decoder and the captioner around it, in Keras 3 for any of its backends.

The decoder is the two-layer attention LSTM of Anderson et al. 2018 (arXiv:1707.07998, section
3.2), with multi-head dot-product attention (Vaswani et al. 2017) over the cells of the feature
map. Every state has a row axis K beside the batch axis B: the five captions of a picture while
training, the beams while decoding; so a picture's keys and values are computed once.
"""

from typing import Any

import keras
from keras import ops

from image_describer.train.fit.losses import mix_in_guesses, word_losses

State = tuple[Any, Any, Any, Any]
"""Hidden and cell state of the attention layer, then of the language layer: each (B, K, units)."""


@keras.saving.register_keras_serializable("image_describer")
class AttentionDecoder(keras.Layer):
    """Regions (B, R, C) and words -> logits (B, K, V)."""

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

    def prepare(self, regions: Any, training: bool = False) -> tuple[Any, Any, Any]:
        """Regions (B, R, C) -> keys (B, heads, d, R), values (B, heads, R, d), gates (B, 1, 4u)."""
        values = self.drop_regions(self.project(regions), training=training)
        keys = self._by_head(self.to_keys(values))
        picture = self.from_picture(ops.mean(values, axis=1, keepdims=True))
        return ops.transpose(keys, (0, 1, 3, 2)), self._by_head(values), picture

    def begin(self, batch: Any, rows: int) -> State:
        """States of zeros, before the first word."""
        zeros = ops.zeros((batch, rows, self.units), dtype=self.compute_dtype)
        return zeros, zeros, zeros, zeros

    def step(self, word_gates: Any, state: State, prepared: tuple[Any, Any, Any]) -> Any:
        """One word: -> (output (B, K, units), next state, attention (B, heads, K, R))."""
        keys, values, picture = prepared
        h1, c1, h2, c2 = state
        gates = word_gates + picture + self.attention_gates(ops.concatenate([h1, h2], -1))
        h1, c1 = _lstm(gates, c1)
        scores = ops.matmul(self._by_head(self.to_query(h1)), keys)
        attention = ops.softmax(scores * (self.units // self.heads) ** -0.5)
        seen = self._merge_heads(ops.matmul(attention, values))
        gates = self.language_gates(ops.concatenate([seen, h1, h2], -1))
        h2, c2 = _lstm(gates, c2)
        return h2, (h1, c1, h2, c2), attention

    def call(self, regions: Any, words: Any, training: bool = False) -> Any:
        """Teacher forcing: regions (B, R, C), words (B, K, T) -> logits (B, K, T, V)."""
        prepared = self.prepare(regions, training)
        word_gates = self.from_word(self.drop_words(self.embed(words), training=training))
        state = self.begin(ops.shape(words)[0], words.shape[1])
        outputs = []
        # Unstacked: the gradient of a slice is as large as what it was cut from.
        for gates in ops.unstack(word_gates, axis=2):
            output, state, _ = self.step(gates, state, prepared)
            outputs.append(output)
        return self.to_words(self.drop_output(ops.stack(outputs, axis=2), training=training))

    def _by_head(self, x: Any) -> Any:
        shape = (-1, x.shape[1], self.heads, self.units // self.heads)
        return ops.transpose(ops.reshape(x, shape), (0, 2, 1, 3))

    def _merge_heads(self, x: Any) -> Any:
        return ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, x.shape[2], self.units))


class Captioner(keras.Model):
    """Tower and decoder together, with their loss.

    Called on ``{"picture": what the tower takes, "words": (B, K, T) int32}``. The loss is the
    cross-entropy of the next word, with label smoothing, plus that of a second head which says,
    from the pooled regions, which words occur in any caption of the picture.

    With ``sampling``, a share of the words read while training is what the decoder itself would
    have said (scheduled sampling); that share is ``sampling`` times ``progress``, which the
    training raises from 0 to 1.
    """

    def __init__(
        self,
        tower: keras.Model,
        decoder: AttentionDecoder,
        presence: keras.Layer,
        label_smoothing: float,
        presence_weight: float,
        sampling: float = 0.0,
    ) -> None:
        super().__init__(name="captioner")
        self.tower, self.decoder, self.presence = tower, decoder, presence
        self.label_smoothing, self.presence_weight = label_smoothing, presence_weight
        self.word_loss = keras.metrics.Mean(name="word_loss")
        self.sampling = sampling
        if sampling:
            self.sampler = keras.random.SeedGenerator()
            self.progress = self.add_weight(
                name="progress", shape=(), trainable=False, initializer="zeros", autocast=False
            )

    def call(self, inputs: dict[str, Any], training: bool = False) -> dict[str, Any]:
        regions = self.tower(inputs["picture"], training=training)
        words = inputs["words"]
        if training and self.sampling:
            guessed = ops.stop_gradient(self.decoder(regions, words, training=False))
            share = self.sampling * self.progress
            words = mix_in_guesses(words, guessed, share, self.sampler)
        return {
            "words": self.decoder(regions, words, training=training),
            "presence": self.presence(ops.mean(regions, axis=1)),
        }

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """``y``: {"words": (B, K, T) ids, padding ignored; "presence": (B, V) of 0 and 1}."""
        smoothing = self.label_smoothing if training else 0.0
        loss, cross_entropy, count = word_losses(y_pred["words"], y["words"], smoothing)
        self.word_loss.update_state(cross_entropy, count)
        logits = ops.cast(y_pred["presence"], "float32")
        presence = ops.maximum(logits, 0) - logits * y["presence"] + ops.softplus(-ops.abs(logits))
        presence = ops.mean(ops.sum(presence, -1))
        return loss + self.presence_weight * presence


def _lstm(gates: Any, cell: Any) -> tuple[Any, Any]:
    """Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000."""
    inward, forget, new, outward = ops.split(gates, 4, axis=-1)
    cell = ops.sigmoid(forget) * cell + ops.sigmoid(inward) * ops.tanh(new)
    return ops.sigmoid(outward) * ops.tanh(cell), cell


def _forget_bias(shape: tuple[int, ...], dtype: Any = None) -> Any:
    # A forget gate that starts open lets gradients reach the first words (Jozefowicz et al. 2015).
    quarter = shape[0] // 4
    position = ops.arange(shape[0])
    is_forget = ops.logical_and(position >= quarter, position < 2 * quarter)
    return ops.cast(is_forget, dtype or "float32")
