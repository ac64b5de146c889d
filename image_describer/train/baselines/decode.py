"""Captions from a network that says words: beam search over many pictures at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from tqdm import tqdm

from image_describer.train.baselines.batches import Features
from image_describer.train.data.vocabulary import END, PAD, START, UNKNOWN, Vocabulary

PICTURES_AT_A_TIME = 100
NEVER = (PAD, START, UNKNOWN)  # what no caption should say


@dataclass(frozen=True)
class Spoken:
    """A caption in words. ``attention`` (words, R) says where each was seen, or is None."""

    words: tuple[str, ...]
    mean_log_prob: float
    attention: np.ndarray | None = None

    @property
    def caption(self) -> str:
        return " ".join(self.words)


class Decoder:
    """Beam search with a network of ``networks``; one beam is greedy."""

    def __init__(
        self, model: keras.Model, vocabulary: Vocabulary, beams: int, length_norm: float
    ) -> None:
        self._model, self._vocabulary = model, vocabulary
        self._beams, self._length_norm = beams, length_norm
        self._begin = tf.function(model.begin, reduce_retracing=True)
        self._step = tf.function(self._one_word, reduce_retracing=True)

    def captions(self, names: Sequence[str], features: Features) -> dict[str, Spoken]:
        """What the network says of each picture."""
        said: dict[str, Spoken] = {}
        with tqdm(total=len(names), desc="captions", unit=" pictures") as bar:
            for start in range(0, len(names), PICTURES_AT_A_TIME):
                some = names[start : start + PICTURES_AT_A_TIME]
                said |= dict(zip(some, self.decode(features(some)), strict=True))
                bar.update(len(some))
        return said

    def decode(self, pictures: np.ndarray) -> list[Spoken]:
        """pictures: (N, ...) features -> of each the caption of the best normed log-probability."""
        count, beams, most = len(pictures), self._beams, self._vocabulary.max_length
        state = self._begin(tf.convert_to_tensor(pictures))
        state = tuple(tf.repeat(part, beams, axis=0) for part in state)
        search = _Search(count, beams, most)
        for _ in range(most + 1):
            log_p, state, attention = self._step(tf.convert_to_tensor(search.last), state)
            rows = search.advance(log_p.numpy(), None if attention is None else attention.numpy())
            if search.over:
                break
            state = tuple(tf.gather(part, rows) for part in state)
        return [self._spoken(*search.best(i, self._length_norm)) for i in range(count)]

    def _one_word(self, words: Any, state: Any) -> Any:
        logits, state, attention = self._model.step(words, state)
        barred = np.zeros(logits.shape[-1], np.float32)
        barred[list(NEVER)] = -np.inf
        return ops.log_softmax(ops.cast(logits, "float32")) + barred, state, attention

    def _spoken(self, ids: np.ndarray, log_prob: float, attention: np.ndarray | None) -> Spoken:
        words = tuple(self._vocabulary.words[i] for i in ids if i != END)
        seen = None if attention is None else attention[: len(words)]
        return Spoken(words, log_prob / max(1, len(ids)), seen)


class _Search:
    """The beams of N pictures: N * K rows, picture by picture, the best of each picture first."""

    def __init__(self, count: int, beams: int, most: int) -> None:
        self._count, self._beams = count, beams
        self.last = np.full(count * beams, START, np.int32)
        self._ids = np.zeros((count * beams, most + 1), np.int32)
        self._scores = np.full((count, beams), -np.inf)
        self._scores[:, 0] = 0.0  # all beams begin alike: but one of them would be copies
        self._ended = np.zeros((count, beams), bool)
        self._attention: np.ndarray | None = None
        self._at = 0

    @property
    def over(self) -> bool:
        return bool(self._ended.all()) or self._at == self._ids.shape[1]

    def advance(self, log_p: np.ndarray, attention: np.ndarray | None) -> np.ndarray:
        """Go on by log_p (N * K, V): returns which row each row of the next step grew from."""
        count, beams, size = self._count, self._beams, log_p.shape[-1]
        log_p = log_p.reshape(count, beams, size).astype(np.float64)
        # An ended beam goes on by nothing, at no cost; PAD stands for that.
        log_p[self._ended] = -np.inf
        log_p[self._ended, PAD] = 0.0
        grown = (self._scores[..., None] + log_p).reshape(count, -1)
        kept = np.argpartition(-grown, beams - 1, axis=1)[:, :beams]
        scores = np.take_along_axis(grown, kept, axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")
        kept, self._scores = (np.take_along_axis(a, order, axis=1) for a in (kept, scores))
        parents, words = np.divmod(kept, size)
        rows = (parents + beams * np.arange(count)[:, None]).ravel()
        self._keep_attention(rows, attention)
        self._ids = self._ids[rows]
        self._ids[:, self._at] = words.ravel()
        self._ended = self._ended.ravel()[rows].reshape(count, beams) | (words == END)
        self.last = words.ravel().astype(np.int32)
        self._at += 1
        return rows

    def best(self, picture: int, length_norm: float) -> tuple[np.ndarray, float, np.ndarray | None]:
        """-> ids without padding, their log-probability, attention of each id (T, R) or None."""
        start = picture * self._beams
        ids = self._ids[start : start + self._beams]
        lengths = np.maximum(1, (ids != PAD).sum(axis=1))
        normed = self._scores[picture] / lengths**length_norm
        k = int(normed.argmax())
        attention = None if self._attention is None else self._attention[start + k, : lengths[k]]
        return ids[k, : lengths[k]], float(self._scores[picture, k]), attention

    def _keep_attention(self, rows: np.ndarray, attention: np.ndarray | None) -> None:
        if attention is None:
            return
        if self._attention is None:
            shape = (*self._ids.shape, attention.shape[-1])
            self._attention = np.zeros(shape, np.float16)
        self._attention = self._attention[rows]
        self._attention[:, self._at] = attention[rows]
