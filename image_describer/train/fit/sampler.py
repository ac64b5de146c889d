"""Captions drawn from a captioner, word by word, for self-critical training."""

import numpy as np
import tensorflow as tf

from image_describer.train.data.vocabulary import END, PAD, START, UNKNOWN, Vocabulary
from image_describer.train.models.attention_lstm import Captioner

BARRED = -1e9  # the logit of what no caption may say


class Sampler:
    """Draws captions from a captioner, several of each picture, of which it takes the regions."""

    def __init__(self, model: Captioner, vocabulary: Vocabulary) -> None:
        self._model, self._steps = model, vocabulary.max_length + 1
        self.barred = np.zeros(len(vocabulary), np.float32)
        self.barred[[PAD, START, UNKNOWN]] = BARRED
        self._draw = tf.function(self._walk, reduce_retracing=True)

    def draw(self, regions: tf.Tensor, count: int, seed: tuple[int, int]) -> np.ndarray:
        """(B, count, T) ids: words, END, padding. What is drawn follows from ``seed`` alone."""
        drawn = self._draw(regions, tf.constant(seed, tf.int32), count, False)
        return np.asarray(drawn)

    def greedy(self, regions: tf.Tensor) -> np.ndarray:
        """(B, 1, T) ids: the likeliest word each time."""
        return np.asarray(self._draw(regions, tf.zeros(2, tf.int32), 1, True))

    def _walk(self, regions: tf.Tensor, seed: tf.Tensor, count: int, greedy: bool) -> tf.Tensor:
        decoder = self._model.decoder
        prepared = decoder.prepare(regions)
        batch = tf.shape(regions)[0]
        state = decoder.begin(batch, count)
        words = tf.fill((batch, count), START)
        ended = tf.fill((batch, count), False)
        drawn = []
        for t in range(self._steps):
            output, state, _ = decoder.step(
                decoder.from_word(decoder.embed(words)), state, prepared
            )
            logits = tf.cast(decoder.to_words(output), tf.float32) + self.barred
            if greedy:
                words = tf.argmax(logits, -1, tf.int32)
            else:
                flat = tf.reshape(logits, (-1, self.barred.size))
                words = tf.random.stateless_categorical(flat, 1, seed + t * 7919, tf.int32)
                words = tf.reshape(words, (batch, count))
            words = tf.where(ended, PAD, words)
            ended |= words == END
            drawn.append(words)
        return tf.stack(drawn, axis=2)
