"""BLEU-4 and METEOR of single captions, as rewards beside CIDEr-D."""

import numpy as np
import pytest

from image_describer.train.data.vocabulary import END, UNKNOWN, Vocabulary
from image_describer.train.fit.rewards.bleu_meteor import BleuMeteor

A, IN, DOG, RUNS, GRASS, CAT, SITS, BIG = range(4, 12)
COMMON = frozenset({A, IN})
LONG = [A, BIG, DOG, RUNS, IN, A, GRASS]


def scored(captions, references):
    rows = np.zeros((len(captions), 1 + max(map(len, captions))), np.int64)
    for row, caption in zip(rows, captions, strict=True):
        row[: len(caption) + 1] = [*caption, END]
    rewards = BleuMeteor([references], COMMON)
    return rewards.score(rows, np.zeros(len(rows), np.int64))


def test_a_reference_scores_one():
    np.testing.assert_allclose(scored([LONG], [[CAT, SITS], LONG]), [[1.0, 1.0]])


def test_a_caption_of_another_picture_scores_almost_zero():
    (bleu, meteor), *_ = scored([[CAT, SITS]], [LONG])
    assert bleu < 0.01
    assert meteor == 0.0


def test_an_empty_caption_scores_zero():
    assert scored([[]], [LONG]).tolist() == [[0.0, 0.0]]


def test_bleu_counts_a_word_at_most_as_often_as_a_reference_has_it():
    right, (repeated, *_) = scored([[A, DOG, RUNS], [DOG, DOG, DOG]], [[A, DOG, RUNS]])
    assert repeated < right[0] / 2


def test_missing_words_cost_more_than_extra_ones():
    missing, extra = scored([[A, BIG, DOG, CAT], [*LONG, CAT, SITS, SITS]], [LONG])[:, 1]
    assert missing < extra


def test_word_order_counts():
    right, wrong = scored([LONG, LONG[::-1]], [LONG])
    assert (right > wrong).all()


def test_a_noun_counts_more_than_an_article():
    named, unnamed = scored([[DOG], [A]], [[A, DOG]])[:, 1]
    assert named > unnamed


def test_bleu_by_hand():
    # Three of four words, two of three pairs, one of two triples, none of the one four.
    found = scored([[A, DOG, RUNS, CAT]], [[A, DOG, RUNS, GRASS]])[0, 0]
    expected = (3 / 4 * (2.1 / 3.1) * (1.1 / 2.1) * (0.1 / 1.1)) ** 0.25
    assert found == pytest.approx(expected)


def test_unknown_words_lower_the_reward():
    captions = {"a.jpg": ["a dog runs", "a zebra runs"]}
    vocabulary = Vocabulary.build(["a dog runs"] * 9, min_count=2, max_length=8)
    rewards = BleuMeteor.of(captions, ["a.jpg"], vocabulary)
    unknown = np.array(
        [[vocabulary.words.index("a"), UNKNOWN, vocabulary.words.index("runs"), END]]
    )
    known = np.array([[vocabulary.words.index(w) for w in ("a", "dog", "runs")] + [END]])
    assert (rewards.score(unknown, np.array([0])) < rewards.score(known, np.array([0]))).all()
    assert rewards.score(known, np.array([0]))[0, 1] == 1.0
