"""The joint space: the mean features of a picture and the words of a sentence, as unit vectors."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

MEAN_DEVIATION = 0.7  # of the inputs along the main axes
STEM_SCALE = 0.5  # initial length of a stem's vector, relative to a word's
VECTORS_SCALE = 0.03


@dataclass(frozen=True)
class Standardization:
    """How the means of the regions (C,) are scaled: (square root - ``center``) / ``scale``.

    ``axes``: (C, K), the main axes of the result, the strongest last, all scaled by the same
    factor. The square root because a few features are large and would drown out the others;
    whitening made recall on dev worse.
    """

    center: np.ndarray
    scale: float
    axes: np.ndarray

    @classmethod
    def fit(cls, pooled: np.ndarray, count: int) -> "Standardization":
        """Fit to the means (N, C) of training pictures, with ``count`` main axes."""
        roots = np.sqrt(np.maximum(pooled, 0.0), dtype=np.float32)
        center = roots.mean(axis=0)
        scale = max(float(np.sqrt(np.square(roots - center).mean())), 1e-6)
        x = (roots - center) / np.float32(scale)
        variances, axes = np.linalg.eigh(x.T @ x / len(x))
        deviations = np.sqrt(np.maximum(variances[-count:], 0.0))
        axes = axes[:, -count:] * (MEAN_DEVIATION / max(float(deviations.mean()), 1e-6))
        return cls(center, scale, axes.astype(np.float32))


@dataclass(frozen=True)
class Words:
    """What is known about V words: the ``stems`` that they belong to, (V,) int32, their ``rarity``
    (V,), and word ``vectors`` (V, D) that others trained, or None."""

    stems: np.ndarray
    rarity: np.ndarray
    vectors: np.ndarray | None = None


class JointSpaceHead(keras.layers.Layer):
    """One space of ``units`` numbers: a picture through a dense layer, a sentence as the sum of
    vectors of its words, both scaled to length 1.

    The vector of a word is the sum of one of its own, one of its stem and, if there are word
    vectors, a projection of its word vector. With ``axes`` (C, K) only these of the picture's
    features are used.
    """

    def __init__(
        self, channels: int, words: Words, units: int, dropout: float, seed: int,
        axes: np.ndarray | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name=f"head_{seed}", dtype="float32")
        self._stems, self._vectors, self._axes = words.stems, words.vectors, axes
        rng = np.random.default_rng(seed)
        inputs = channels if axes is None else axes.shape[1]
        deviation = units**-0.5

        def normal(rows: int, deviation: float, scale: Any = 1.0) -> Any:
            value = rng.normal(0.0, deviation, (rows, units)) * scale
            return keras.Variable(value.astype(np.float32))

        self.weight = normal(inputs, inputs**-0.5)
        self.bias = keras.Variable(np.zeros(units, np.float32))
        # Rare words start with longer vectors, because they are more specific.
        scale = words.rarity[:, None] / max(words.rarity.mean(), 1e-6)
        self.words = normal(len(words.stems), deviation, scale)
        self.stems = normal(int(words.stems.max()) + 1, STEM_SCALE * deviation)
        self.projection = None
        if words.vectors is not None:
            self.projection = normal(words.vectors.shape[1], VECTORS_SCALE * deviation)
        self._dropout = keras.layers.Dropout(dropout, seed=seed, dtype="float32")
        self.built = True

    def word_vectors(self) -> Any:
        """The vectors of all words (V, units)."""
        vectors = self.words + ops.take(self.stems, self._stems, axis=0)
        if self.projection is not None:
            vectors += ops.matmul(self._vectors, self.projection)
        return vectors

    def kernel(self) -> np.ndarray:
        """The matrix (C, units) that the picture's standardized features are multiplied by."""
        weight = np.asarray(self.weight)
        return weight if self._axes is None else self._axes @ weight

    def embed_pictures(self, features: Any, training: bool = False) -> Any:
        """Standardized features (B, C) -> (B, units)."""
        if self._axes is not None:
            features = ops.matmul(features, self._axes)
        return unit(ops.matmul(self._dropout(features, training=training), self.weight) + self.bias)

    def embed_sentences(self, counts: Any) -> Any:
        """How often each word occurs (B, V) -> (B, units)."""
        return unit(ops.matmul(counts, self.word_vectors()))


class JointSpaceNetwork(keras.Model):
    """Several heads, which are trained independently; an embedding is the concatenation of theirs,
    scaled to length 1.

    Every second head uses the main axes of the features alone: heads that differ make different
    mistakes, and two of them are better than a single one of twice the size.
    """

    def __init__(
        self, standardization: Standardization, words: Words, heads: int, units: int,
        dropout: float, seed: int,
    ) -> None:  # fmt: skip
        super().__init__(name="joint_space", dtype="float32")
        self.standardization = standardization
        channels, axes = len(standardization.center), standardization.axes
        self.heads = [
            JointSpaceHead(channels, words, units, dropout, seed * 100 + k, axes if k % 2 else None)
            for k in range(heads)
        ]
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool = False) -> list[tuple[Any, Any]]:
        """Means of regions ``picture`` (B, C) and word counts ``words`` (M, V) -> the embeddings of
        both, (B, units) and (M, units), in each head."""
        features = self._standardize(inputs["picture"])
        return [
            (head.embed_pictures(features, training), head.embed_sentences(inputs["words"]))
            for head in self.heads
        ]

    def embed_pictures(self, pooled: Any) -> Any:
        """Means of regions (B, C) -> (B, D)."""
        features = self._standardize(pooled)
        return concatenate([head.embed_pictures(features) for head in self.heads])

    def embed_sentences(self, counts: Any) -> Any:
        """Word counts (B, V) -> (B, D)."""
        return concatenate([head.embed_sentences(counts) for head in self.heads])

    def _standardize(self, pooled: Any) -> Any:
        roots = ops.sqrt(ops.maximum(ops.cast(pooled, "float32"), 0.0))
        return (roots - self.standardization.center) / self.standardization.scale


def unit(vectors: Any) -> Any:
    """Scale vectors (..., D) to length 1, except zeros."""
    return vectors / ops.sqrt(ops.sum(ops.square(vectors), axis=-1, keepdims=True) + 1e-12)


def concatenate(parts: list[Any]) -> Any:
    """Unit vectors of several heads -> unit vectors whose products are the means of theirs."""
    return ops.concatenate(parts, axis=-1) / len(parts) ** 0.5
