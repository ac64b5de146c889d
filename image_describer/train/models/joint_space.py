"""The shipped joint space: a picture's pooled regions and a sentence's words, as unit vectors."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops


@dataclass(frozen=True)
class Shape:
    """How large the towers are.

    ``channels``: what is seen of a picture; ``words``: how many are known; ``heads`` spaces of
    ``units`` numbers each.
    """

    channels: int
    words: int
    heads: int
    units: int


class Head(keras.layers.Layer):
    """One space: a picture through a dense layer, a sentence as the sum of its words.

    A word is a vector of its own and one that it shares with the words of its stem; where there
    are word vectors, what is made of them is added.
    With a ``basis`` (C, K) it sees the picture along those axes alone.
    Pairs of words that follow each other were tried, and made no difference that could be told.
    """

    def __init__(
        self,
        shape: Shape,
        stems: np.ndarray,
        rarity: np.ndarray,
        vectors: np.ndarray | None,
        dropout: float,
        seed: int,
        basis: np.ndarray | None = None,
    ) -> None:
        super().__init__(name=f"head_{seed}")
        self._stems, self._vectors = stems.astype(np.int32), vectors
        rng = np.random.default_rng(seed)
        self._basis = basis
        units = shape.units
        channels = shape.channels if basis is None else basis.shape[1]
        even = units**-0.5

        def drawn(rows: int, spread: float, scale: Any = 1.0) -> Any:
            value = rng.normal(0.0, spread, (rows, units)) * scale
            return keras.Variable(value.astype(np.float32))

        self.see = drawn(channels, channels**-0.5)
        self.seen_bias = keras.Variable(np.zeros(units, np.float32))
        # Rare words start out longer: they tell more.
        self.words = drawn(shape.words, even, scale=rarity[:, None] / max(rarity.mean(), 1e-6))
        self.stems = drawn(int(stems.max()) + 1, 0.5 * even)
        self.from_vectors = None if vectors is None else drawn(vectors.shape[1], 0.03 * even)
        self._drop = keras.layers.Dropout(dropout, seed=seed)

    def table(self) -> Any:
        """Each word's vector: (V, units)."""
        table = self.words + ops.take(self.stems, self._stems, axis=0)
        if self.from_vectors is not None:
            table += ops.cast(ops.matmul(self._vectors, self.from_vectors), table.dtype)
        return table

    def kernel(self) -> np.ndarray:
        """What a picture is multiplied by, whatever it is seen along: (C, units)."""
        kernel = np.asarray(self.see)
        return kernel if self._basis is None else self._basis @ kernel

    def picture(self, seen: Any, training: bool = False) -> Any:
        """(B, C) -> (B, units)."""
        if self._basis is not None:
            seen = ops.matmul(seen, ops.cast(self._basis, seen.dtype))
        return unit(ops.matmul(self._drop(seen, training=training), self.see) + self.seen_bias)

    def sentence(self, words: Any) -> Any:
        """Counts (B, words) -> (B, units)."""
        return unit(ops.matmul(words, self.table()))

    def call(self, inputs: dict[str, Any], training: bool = False) -> tuple[Any, Any]:
        """-> representations of ``picture`` and of the captions' ``words``."""
        seen = self.picture(inputs["picture"], training)
        return seen, self.sentence(inputs["words"])


class JointTowers(keras.Model):
    """Several heads, which learn apart; a representation is theirs in a row, of length 1.

    Every second head sees the picture along its main axes, the columns of ``basis`` (C, K): heads
    that differ make other mistakes, and two together are better than a wider one.
    """

    def __init__(
        self,
        shape: Shape,
        stems: np.ndarray,
        rarity: np.ndarray,
        vectors: np.ndarray | None,
        dropout: float,
        seed: int,
        basis: np.ndarray,
    ) -> None:
        super().__init__(name="joint_space")
        self.heads = [
            Head(shape, stems, rarity, vectors, dropout, seed * 100 + at, basis if at % 2 else None)
            for at in range(shape.heads)
        ]

    def call(self, inputs: dict[str, Any], training: bool = False) -> list[tuple[Any, Any]]:
        """What each head makes of a batch."""
        return [head(inputs, training=training) for head in self.heads]

    def pictures(self, seen: Any) -> Any:
        """(B, C) -> (B, D)."""
        return together([head.picture(seen) for head in self.heads])

    def sentences(self, words: Any) -> Any:
        """Counts (B, words) -> (B, D)."""
        return together([head.sentence(words) for head in self.heads])


def unit(vectors: Any) -> Any:
    """(..., D) of any length -> of length 1, zeros apart."""
    vectors = ops.cast(vectors, "float32")  # half precision is enough for products, not for lengths
    return vectors / ops.sqrt(ops.sum(ops.square(vectors), axis=-1, keepdims=True) + 1e-12)


def together(parts: list[Any]) -> Any:
    """Unit vectors of several heads -> one unit vector: its products are the mean of theirs."""
    return ops.concatenate(parts, axis=-1) / len(parts) ** 0.5
