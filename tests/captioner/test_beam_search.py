"""Beam search without a network: the step probabilities are given."""

import numpy as np
import pytest

from image_describer.captioner.beam_search import BeamSearch, BeamSearchSettings, repeated_words

START, END, A, B = range(4)
ATTENTION = np.full((2, 4), 0.25, np.float32)


def run(steps, length_norm=0.0, max_length=5, banned=(), never_last=()):
    """Search with the same log-probabilities (words,) for each beam in each step."""
    settings = BeamSearchSettings(
        START, END, (START,), max_length, length_norm, 2, frozenset(never_last)
    )
    search = BeamSearch(settings, banned)
    for step in steps:
        log_probs = np.log(np.tile(np.array(step, np.float32), (2, 1)))
        if search.advance(log_probs, ATTENTION) is None:
            break
    return [beam.words for beam in search.captions]


def test_the_most_probable_captions_come_first():
    assert run([(0.1, 0.0001, 0.6, 0.3), (0.1, 0.8, 0.05, 0.05), (0.1, 0.8, 0.05, 0.05)]) == [
        (A,),
        (B,),
    ]


def test_banned_words_and_empty_captions_do_not_occur():
    captions = run([(0.9, 0.05, 0.04, 0.01), (0.1, 0.8, 0.05, 0.05)] * 3, banned=(A,))
    assert captions == [(B,)]


def test_a_caption_ends_at_the_maximum_length():
    captions = run([(0.1, 0.001, 0.5, 0.4)] * 9, max_length=2)
    assert {len(words) for words in captions} == {2}


def test_no_caption_ends_with_a_word_that_is_never_last():
    captions = run([(0.1, 0.8, 0.06, 0.04)] * 4, never_last=(A,))
    assert captions
    assert all(words[-1] == B for words in captions)
    captions = run([(0.1, 0.8, 0.099, 0.001)] * 4, max_length=1, never_last=(A,))
    assert captions[0] == (A,)  # there is no other


@pytest.mark.parametrize(
    ("words", "repeated"),
    [((), set()), ((7,), {7}), ((7, 8, 9, 7, 8), {8, 9}), ((7, 8, 7), {7}), ((4, 4, 4), {4})],
)
def test_words_that_would_be_repeated(words, repeated):
    assert set(repeated_words(words)) == repeated
