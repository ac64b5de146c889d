"""Recall in a joint space."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_describer.train.evaluate import retrieval


def test_recall_of_a_small_example():
    pictures = np.eye(3, dtype=np.float32)
    captions = np.array([[1, 0, 0], [0, 3, 2], [0, 1, 0], [0, 0, 1]], np.float32)
    figures = retrieval.recalls(pictures, captions, [0, 2, 1, 2])
    # Picture 1's own caption scores 1, but a caption of picture 2 scores 3.
    assert figures["captions of a picture: R@1"] == pytest.approx(2 / 3, abs=1e-4)
    assert figures["captions of a picture: R@5"] == 1.0
    # Caption 1 is nearest to picture 1.
    assert figures["picture of a caption: R@1"] == pytest.approx(3 / 4)
    assert figures["picture of a caption: median rank"] == 1.0


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 2**16))
def test_recall_equals_that_of_sorting(count, captions_each, seed):
    rng = np.random.default_rng(seed)
    pictures = rng.normal(size=(count, 5))
    captions = rng.normal(size=(count * captions_each, 5))
    owners = np.repeat(np.arange(count), captions_each)
    figures = retrieval.recalls(pictures, captions, owners)
    for k in retrieval.AT:
        nearest = owners[np.argsort(-(pictures @ captions.T), axis=1)[:, :k]]
        share = (nearest == np.arange(count)[:, np.newaxis]).any(axis=1).mean()
        assert figures[f"captions of a picture: R@{k}"] == pytest.approx(share, abs=1e-4)
        nearest = np.argsort(-(captions @ pictures.T), axis=1)[:, :k]
        share = (nearest == owners[:, np.newaxis]).any(axis=1).mean()
        assert figures[f"picture of a caption: R@{k}"] == pytest.approx(share, abs=1e-4)


def test_pictures_are_compared_with_their_own_captions():
    class Space:
        def embed_sentence(self, sentence):
            return np.eye(3)[int(sentence)]

    pictures = {"first": np.array([1.0, 0.2, 0.1]), "second": np.array([0.1, 0.2, 1.0])}
    captions = {"second": ["2"], "first": ["1", "0"], "other": ["0"]}
    figures = retrieval.judge(Space(), pictures, captions)
    assert figures["captions of a picture: R@1"] == 1.0
    # The sentence "1" fits both equally.
    assert figures["picture of a caption: R@1"] == pytest.approx(2 / 3, abs=1e-4)


def test_many_rows_are_ranked_in_chunks(monkeypatch):
    rng = np.random.default_rng(0)
    pictures, captions = rng.normal(size=(20, 5)), rng.normal(size=(60, 5))
    owners = np.repeat(np.arange(20), 3)
    expected = retrieval.recalls(pictures, captions, owners)
    monkeypatch.setattr(retrieval, "CHUNK", 7)
    assert retrieval.recalls(pictures, captions, owners) == expected


def test_a_space_in_which_all_embeddings_are_equal_finds_nothing():
    same = np.ones((40, 3), np.float32)
    figures = retrieval.recalls(same, same, np.arange(40))
    assert figures["captions of a picture: R@10"] == 0.0
    assert figures["picture of a caption: R@10"] == 0.0
