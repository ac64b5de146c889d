"""The LiteRT file of a joint space."""

from pathlib import Path

import numpy as np
import pytest

from image_describer.captioner.embedding import JointSpace
from image_describer.train.data.vocabulary import PAD, SPECIAL_WORDS, UNKNOWN
from image_describer.train.export import joint_space
from image_describer.train.models.joint_space import JointSpaceNetwork, Standardization, Words

WORDS = (*SPECIAL_WORDS, "red", "green", "square", "squares")


@pytest.mark.parametrize("vectors", [False, True])
def test_the_file_computes_what_the_network_computes(tmp_path: Path, vectors: bool) -> None:
    rng = np.random.default_rng(0)
    pooled = rng.gamma(2.0, 1.0, (40, 12)).astype(np.float32)
    words = Words(
        np.array([0, 1, 2, 3, 4, 5, 6, 6], np.int32), rng.uniform(0, 3, len(WORDS)),
        rng.normal(size=(len(WORDS), 5)).astype(np.float32) if vectors else None,
    )  # fmt: skip
    network = JointSpaceNetwork(
        Standardization.fit(pooled, 6), words, heads=2, units=8, dropout=0.5, seed=1
    )
    file = tmp_path / "joint_space.tflite"
    joint_space.convert(network, (4, 12), 5, file)
    space = JointSpace(file, WORDS, unknown=UNKNOWN, pad=PAD)

    expected = np.asarray(network.embed_pictures(pooled[:3]))
    for row in range(3):
        embedded = space.embed_picture(np.tile(pooled[row], (4, 1)))
        assert float(embedded @ expected[row]) > 0.99
    counts = np.zeros((1, len(WORDS)), np.float32)
    counts[0, [4, 6]] = 1.0
    expected = np.asarray(network.embed_sentences(counts))
    assert float(space.embed_sentence("a red square") @ expected[0]) > 0.99
