"""Text files of GloVe and word2vec, and their coverage of a vocabulary."""

import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.errors import TrainingError
from image_describer.train.data import word_vectors
from image_describer.train.data.vocabulary import Vocabulary

GLOVE = "the 0.5 -1 2e-1\ndog 1 2 3\ncat 4 5 6\n"
WORDS = ("<pad>", "<start>", "<end>", "<unk>", "dog", "unicorn", "the")


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "vectors.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_each_word_gets_its_vector_and_the_others_zeros(file):
    vectors = word_vectors.load(file(GLOVE), WORDS)
    assert vectors.matrix.shape == (7, 3)
    assert vectors.matrix.dtype == np.float32
    assert vectors.matrix[4].tolist() == [1, 2, 3]
    assert np.allclose(vectors.matrix[6], [0.5, -1, 0.2])
    assert not vectors.matrix[[0, 1, 2, 3, 5]].any()
    assert vectors.covered.tolist() == [False] * 4 + [True, False, True]


@pytest.mark.parametrize("dimension", [1, 2, 25, 300])
@pytest.mark.parametrize("header", [False, True])
def test_any_dimension_is_read_with_or_without_the_header_of_word2vec(file, dimension, header):
    numbers = np.random.default_rng(0).normal(size=(2, dimension)).round(3)
    lines = [f"{w} " + " ".join(map(str, n)) for w, n in zip(("dog", "the"), numbers, strict=True)]
    top = [f"2 {dimension}"] if header else []
    vectors = word_vectors.load(file("\n".join([*top, *lines])), WORDS)
    assert vectors.dimension == dimension
    assert np.allclose(vectors.matrix[4], numbers[0])
    assert np.allclose(vectors.matrix[6], numbers[1])


def test_coverage_is_of_the_vocabulary_and_of_the_captions(file):
    captions = ["the dog", "the dog", "the unicorn runs"]
    vocabulary = Vocabulary.build(captions, 1, 5)
    counts = {"the": 3, "dog": 2, "unicorn": 1, "runs": 1}
    coverage = word_vectors.load(file(GLOVE), vocabulary.words).coverage(counts)
    assert coverage == pytest.approx((2 / 4, 5 / 7))


def test_words_with_blanks_duplicates_and_malformed_lines_do_no_harm(file, caplog):
    lines = "the 1 1 1\n. . . 2 2 2\ndog 3 3 3\ndog 9 9 9\nunicorn 1 2\nunicorn 1 2 nan\n\n"
    with caplog.at_level(logging.WARNING):
        vectors = word_vectors.load(file(lines), WORDS)
    assert vectors.matrix[4].tolist() == [3, 3, 3]
    assert not vectors.covered[5]
    assert "not word vectors: 2" in caplog.text


def test_missing_vectors_can_be_random_with_the_same_deviation(file):
    words = (*WORDS, *(f"word{n}" for n in range(2000)))
    vectors = word_vectors.load(file(GLOVE), words)
    filled = vectors.filled(seed=1)
    assert (filled[vectors.covered] == vectors.matrix[vectors.covered]).all()
    assert not filled[0].any()
    deviation = vectors.matrix[vectors.covered].std()
    assert filled[7:].std() == pytest.approx(deviation, rel=0.1)
    assert (filled == vectors.filled(seed=1)).all()


@pytest.mark.parametrize(
    "content",
    ["", "no vectors here\n", "horse 1 2 3\n", b"2 3\ndog \x00\x01\x02\xff\xfe\n", "dog\n"],
)
def test_a_file_without_vectors_of_the_words_is_refused_with_the_way_out(file, content):
    with pytest.raises(TrainingError) as caught:
        word_vectors.load(file(content), WORDS)
    assert "glove" in caught.value.way_out


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TrainingError, match=r"missing\.txt"):
        word_vectors.load(tmp_path / "missing.txt", WORDS)


@given(content=st.binary() | st.text("dog1. -e\nna").map(str.encode))
def test_any_file_gives_finite_vectors_or_an_error_for_users(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("wild") / "vectors.txt"
    path.write_bytes(content)
    try:
        vectors = word_vectors.load(path, WORDS)
    except TrainingError:
        return
    assert vectors.matrix.shape == (len(WORDS), vectors.dimension)
    assert np.isfinite(vectors.matrix).all()
    assert vectors.covered.any()
