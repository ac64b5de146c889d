"""Pictures and captions in one space: two towers whose dot product says what belongs together."""

from typing import Any

import keras
from keras import ops

from image_describer.train.fit import losses


class Joint(keras.Model):
    """Two towers, each a ``keras.Model`` of its own that can be saved and used without the other.

    ``pictures``: features (B, C) -> (B, D), a dense layer with tanh. ``sentences``: ids (B, T),
    padding after the words -> (B, D), the last state of a GRU.
    """

    def __init__(self, channels: int, vocabulary: int, units: int, embedding: int) -> None:
        super().__init__(name="joint")
        features = keras.Input((channels,), name="features")
        seen = keras.layers.Dense(units, "tanh", name="picture")(features)
        self.pictures = keras.Model(features, seen, name="picture_tower")
        words = keras.Input((None,), dtype="int32", name="words")
        self.embed = keras.layers.Embedding(vocabulary, embedding, mask_zero=True, name="embed")
        read = keras.layers.GRU(units, name="sentence")(self.embed(words))
        self.sentences = keras.Model(words, read, name="sentence_tower")

    def call(self, inputs: dict[str, Any], training: bool = False) -> tuple[Any, Any]:
        """-> representations of ``picture`` (B, C) and of ``words`` (B, T): (B, D) each."""
        seen = self.pictures(inputs["picture"], training=training)
        return seen, self.sentences(inputs["words"], training=training)


def pair_loss(
    seen: Any, read: Any, owners: Any, others: Any, negatives: str, margin: float
) -> tuple[Any, Any]:
    """-> (loss, accuracy), scalars.

    seen: (B, D) pictures, read: (B, D) their captions, owners: (B,) which picture a row is of,
    others: (B, D) captions shuffled, or None where ``negatives`` is "hardest": these are found
    within the batch.
    """
    seen, read = ops.cast(seen, "float32"), ops.cast(read, "float32")
    if negatives == "hardest":
        return losses.hinge_hardest(ops.matmul(seen, ops.transpose(read)), owners, margin)
    positive = ops.sum(seen * read, axis=-1)
    negative = ops.sum(seen * ops.cast(others, "float32"), axis=-1)
    return losses.hinge_shuffled(positive, negative, margin)
