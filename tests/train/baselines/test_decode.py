"""Beam search over many pictures at once, against every caption there is."""

import itertools

import numpy as np
import pytest

from image_describer.train.data.vocabulary import END, START, Vocabulary

VOCABULARY = Vocabulary(("<pad>", "<start>", "<end>", "<unk>", "a", "dog", "runs"), 3)


class Table:
    """A network whose next word follows from the last one and the picture alone."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.log_p = rng.normal(0, 2, (4, 7, 7)).astype(np.float32)
        self.log_p[:, :, [0, 1, 3]] = 50.0  # what may not be said would be said first

    def begin(self, picture):
        import tensorflow as tf

        return (tf.cast(picture[:, 0], tf.int32),)

    def step(self, words, state):
        import tensorflow as tf

        logits = tf.gather_nd(tf.constant(self.log_p), tf.stack([state[0], words], axis=1))
        return logits, state, tf.one_hot(words, 7)


def score(table, picture, ids):
    """The log-probability of a caption, words that may not be said left out at the end."""
    total, last = 0.0, START
    for word in ids:
        row = table.log_p[picture, last].astype(np.float64)
        total += row[word] - np.log(np.exp(row - row.max()).sum()) - row.max()
        last = word
    return total


def every_caption():
    for length in range(4):
        for words in itertools.product((4, 5, 6), repeat=length):
            yield [*words, END]
    yield from map(list, itertools.product((4, 5, 6), repeat=4))


@pytest.mark.parametrize("length_norm", [0.0, 0.9])
@pytest.mark.parametrize("seed", range(4))
def test_with_enough_beams_the_best_caption_of_each_picture_is_found(seed, length_norm):
    from image_describer.train.baselines.decode import Decoder

    table = Table(seed)
    found = Decoder(table, VOCABULARY, 120, length_norm).decode(np.arange(4.0)[:, None])
    for picture, spoken in enumerate(found):
        best = max(every_caption(), key=lambda c: score(table, picture, c) / len(c) ** length_norm)
        assert list(spoken.words) == [VOCABULARY.words[i] for i in best if i != END]
        assert spoken.mean_log_prob == pytest.approx(
            score(table, picture, best) / len(best), rel=1e-4
        )


def test_one_beam_is_greedy_and_attention_goes_with_its_words():
    from image_describer.train.baselines.decode import Decoder

    table = Table(9)
    for picture, spoken in enumerate(
        Decoder(table, VOCABULARY, 1, 0.0).decode(np.arange(4.0)[:, None])
    ):
        last, words, read = START, [], []
        for _ in range(4):
            allowed = table.log_p[picture, last].copy()
            allowed[[0, 1, 3]] = -np.inf
            read.append(last)
            last = int(allowed.argmax())
            if last == END:
                break
            words.append(last)
        assert [VOCABULARY.words.index(w) for w in spoken.words] == words
        # The table "looks" at the word that it has read.
        assert spoken.attention.argmax(axis=1).tolist() == read[: len(words)]
