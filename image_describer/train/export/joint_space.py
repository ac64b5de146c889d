"""A trained joint space -> the LiteRT file of a bundle."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from keras import ops

from image_describer.train.data.vocabulary import SPECIAL_WORDS
from image_describer.train.export import litert
from image_describer.train.models.joint_space import JointSpaceHead, JointSpaceNetwork


def convert(
    network: JointSpaceNetwork, regions: tuple[int, int], max_words: int, file: Path
) -> None:
    """Write two signatures with int8 weights: ``picture``, regions (1, R, C) -> vector (1, D), and
    ``sentence``, word ids (1, max_words) -> vector (1, D). Raises TrainingError."""
    module = _JointSpaceModule(network)
    litert.convert_signatures(
        {
            "picture": module.picture.get_concrete_function(
                regions=tf.TensorSpec((1, *regions), tf.float32)
            ),
            "sentence": module.sentence.get_concrete_function(
                words=tf.TensorSpec((1, max_words), tf.int32)
            ),
        },
        file,
    )


class _JointSpaceModule(tf.Module):
    """The network in TensorFlow, whatever trained it; words are looked up instead of counted."""

    def __init__(self, network: JointSpaceNetwork) -> None:
        super().__init__()
        self._standardization = network.standardization
        self._heads = [_Head(head) for head in network.heads]

    @tf.function
    def picture(self, regions: tf.Tensor) -> dict[str, tf.Tensor]:
        roots = tf.sqrt(tf.maximum(tf.reduce_mean(regions, 1), 0.0))
        features = (roots - self._standardization.center) / self._standardization.scale
        return {"vector": _concatenate([head.picture(features) for head in self._heads])}

    @tf.function
    def sentence(self, words: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"vector": _concatenate([head.sentence(words) for head in self._heads])}


class _Head(tf.Module):
    def __init__(self, head: JointSpaceHead) -> None:
        super().__init__()
        self._kernel = tf.Variable(head.kernel())
        self._bias = np.asarray(head.bias)
        self._words = tf.Variable(ops.convert_to_numpy(head.word_vectors()))

    def picture(self, features: tf.Tensor) -> tf.Tensor:
        return _unit(tf.matmul(features, self._kernel) + self._bias)

    def sentence(self, words: tf.Tensor) -> tf.Tensor:
        known = tf.cast(words >= len(SPECIAL_WORDS), tf.float32)
        return _unit(tf.matmul(known, tf.gather(self._words, words[0])))


def _unit(vectors: tf.Tensor) -> tf.Tensor:
    return vectors / tf.sqrt(tf.reduce_sum(tf.square(vectors), -1, keepdims=True) + 1e-12)


def _concatenate(parts: list[tf.Tensor]) -> tf.Tensor:
    return tf.concat(parts, axis=-1) / len(parts) ** 0.5
