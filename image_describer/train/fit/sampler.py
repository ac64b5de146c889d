"""Captions sampled from a captioner, for self-critical training."""

from typing import Any

import keras
import numpy as np
from keras import ops

from image_describer.train.data.vocabulary import END, PAD, START, UNKNOWN, Vocabulary
from image_describer.train.models.captioner import Captioner

BANNED = -1e9  # the logit of ids that no caption may contain


class Sampler(keras.Model):
    """Samples captions of a batch of pictures; ``rows`` of each, or the most likely words.

    ``regularized``: the encoder sees the pictures with the noise of training. ``banned`` (V,) are
    the logits that keep special ids out of captions.
    """

    def __init__(
        self, captioner: Captioner, vocabulary: Vocabulary, rows: int, regularized: bool = False
    ) -> None:
        super().__init__(name="sampler")
        self.captioner, self.rows, self.regularized = captioner, rows, regularized
        self.banned = np.zeros(len(vocabulary), np.float32)
        self.banned[[PAD, START, UNKNOWN]] = BANNED
        self._steps = vocabulary.max_length + 1
        self._random = keras.random.SeedGenerator(0)
        self.built = True

    def sample(self, pictures: np.ndarray, seed: tuple[int, int]) -> np.ndarray:
        """(B, rows, T) ids: words, END, padding; they depend on ``seed`` and the weights alone.

        The random states of the captioner stay what they were, so that the step that follows has
        the same noise.
        """
        self._random.state.assign(np.array(seed))
        known = {id(variable) for variable in self.captioner.weights}
        states = [v for v in self.captioner.variables if id(v) not in known]
        before = [np.asarray(state).copy() for state in states]
        sampled = np.asarray(self.predict_on_batch(pictures))
        for state, value in zip(states, before, strict=True):
            state.assign(value)
        return sampled

    def call(self, pictures: Any) -> Any:
        decoder = self.captioner.decoder
        regions = self.captioner.encode(pictures, training=self.regularized)
        prepared = decoder.prepare(regions)
        batch = ops.shape(regions)[0]
        state = decoder.begin(batch, self.rows)
        words = ops.full((batch, self.rows), START, dtype="int32")
        ended = ops.full((batch, self.rows), False)
        sampled = []
        for _ in range(self._steps):
            logits, state, _ = decoder.step(words, state, prepared)
            words = self._next(ops.cast(logits, "float32") + self.banned)
            words = ops.where(ended, PAD, words)
            ended = ops.logical_or(ended, ops.equal(words, END))
            sampled.append(words)
        return ops.stack(sampled, axis=2)

    def _next(self, logits: Any) -> Any:
        """Logits (B, rows, V) -> ids (B, rows)."""
        if self.rows == 1:
            return ops.cast(ops.argmax(logits, axis=-1), "int32")
        flat = ops.reshape(logits, (-1, self.banned.size))
        chosen = keras.random.categorical(flat, 1, dtype="int32", seed=self._random)
        return ops.reshape(chosen, (-1, self.rows))
