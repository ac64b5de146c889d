"""BLEU-4 and METEOR of single captions, as rewards beside CIDEr-D."""

import numpy as np
import pytest

from image_describer.train.data.vocabulary import END, UNKNOWN, Vocabulary
from image_describer.train.fit.rewards.bleu_meteor import Overlap

A, IN, DOG, RUNS, GRASS, CAT, SITS, BIG = range(4, 12)
COMMON = frozenset({A, IN})
LONG = [A, BIG, DOG, RUNS, IN, A, GRASS]


def scored(captions, references):
    rows = np.zeros((len(captions), 1 + max(map(len, captions))), np.int64)
    for row, caption in zip(rows, captions, strict=True):
        row[: len(caption) + 1] = [*caption, END]
    overlap = Overlap([references], COMMON)
    return overlap.score(rows, np.zeros(len(rows), np.int64))


def test_a_persons_own_caption_scores_one():
    np.testing.assert_allclose(scored([LONG], [[CAT, SITS], LONG]), [[1.0, 1.0]])


def test_another_pictures_caption_scores_nearly_nothing():
    (bleu, meteor), *_ = scored([[CAT, SITS]], [LONG])
    assert bleu < 0.01
    assert meteor == 0.0


def test_an_empty_caption_scores_nothing():
    assert scored([[]], [LONG]).tolist() == [[0.0, 0.0]]


def test_bleu_counts_no_word_more_often_than_a_person_said_it():
    said, (again, *_) = scored([[A, DOG, RUNS], [DOG, DOG, DOG]], [[A, DOG, RUNS]])
    assert again < said[0] / 2


def test_what_is_missed_costs_more_than_what_is_too_much():
    missed, too_much = scored([[A, BIG, DOG, CAT], [*LONG, CAT, SITS, SITS]], [LONG])[:, 1]
    assert missed < too_much


def test_order_counts():
    right, wrong = scored([LONG, LONG[::-1]], [LONG])
    assert (right > wrong).all()


def test_a_dog_counts_more_than_an_article():
    named, unnamed = scored([[DOG], [A]], [[A, DOG]])[:, 1]
    assert named > unnamed


def test_bleu_is_the_mean_of_the_smoothed_shares():
    # Three of four words, two of three pairs, one of two triples, none of the one four.
    found = scored([[A, DOG, RUNS, CAT]], [[A, DOG, RUNS, GRASS]])[0, 0]
    expected = (3 / 4 * (2.1 / 3.1) * (1.1 / 2.1) * (0.1 / 1.1)) ** 0.25
    assert found == pytest.approx(expected)


def test_words_outside_the_vocabulary_can_not_be_said():
    captions = {"a.jpg": ["a dog runs", "a zebra runs"]}
    vocabulary = Vocabulary.build(["a dog runs"] * 9, min_count=2, max_length=8)
    overlap = Overlap.of(captions, ["a.jpg"], vocabulary)
    unknown = np.array(
        [[vocabulary.words.index("a"), UNKNOWN, vocabulary.words.index("runs"), END]]
    )
    known = np.array([[vocabulary.words.index(w) for w in ("a", "dog", "runs")] + [END]])
    assert (overlap.score(unknown, np.array([0])) < overlap.score(known, np.array([0]))).all()
    assert overlap.score(known, np.array([0]))[0, 1] == 1.0
