"""New words for a decoder that otherwise stays as it is."""

import numpy as np
import pytest

from image_describer.captioner.bundle import open_bundle
from image_describer.captioner.decoder import Decoder
from image_describer.captioner.encoder import Encoder
from image_describer.imaging.open import open_picture
from image_describer.train.data.vocabulary import END, START, UNKNOWN
from image_describer.train.extend import new_words
from image_describer.train.extend.new_words import Read, Reader, Tuning
from image_describer.train.models.bundle_weights import decoder_weights

UNITS, KNOWN, STAND_INS = 6, 9, (5, 7)


@pytest.fixture
def weights():
    rng = np.random.default_rng(0)
    return {
        new_words.EMBEDDING: rng.normal(size=(KNOWN, 5)).astype(np.float32),
        new_words.KERNEL: rng.normal(size=(UNITS, KNOWN)).astype(np.float32),
        new_words.BIAS: np.zeros(KNOWN, np.float32),
        "to_query/kernel": rng.normal(size=(UNITS, UNITS)).astype(np.float32),
    }


@pytest.fixture
def read():
    """The first new word belongs to states along one axis; the second one is said at random."""
    rng = np.random.default_rng(1)
    states = rng.normal(size=(400, UNITS)).astype(np.float32)
    words = rng.integers(4, KNOWN, 400)
    words[rng.random(400) < 0.1] = KNOWN + 1
    words[states[:, 0] > 0.8] = KNOWN
    return Read(states, words)


def probabilities(weights, states):
    logits = states @ weights[new_words.KERNEL] + weights[new_words.BIAS]
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    return likely / likely.sum(axis=1, keepdims=True)


def test_new_words_are_learnt_where_they_belong_and_nothing_else_moves(weights, read):
    learnt = new_words.learn(weights, read, STAND_INS, Tuning(decay=0.1))
    assert np.array_equal(learnt[new_words.KERNEL][:, :KNOWN], weights[new_words.KERNEL])
    assert np.array_equal(learnt[new_words.BIAS][:KNOWN], weights[new_words.BIAS])
    assert np.array_equal(learnt["to_query/kernel"], weights["to_query/kernel"])
    embeddings = learnt[new_words.EMBEDDING]
    assert np.array_equal(embeddings[KNOWN:], embeddings[list(STAND_INS)])
    first = probabilities(learnt, read.states)[:, KNOWN]
    there = read.words == KNOWN
    assert first[there].mean() > 0.6
    assert first[~there].mean() < 0.2
    # A word that nothing tells of is said as often as it was there.
    second = probabilities(learnt, read.states)[:, KNOWN + 1]
    assert second.mean() == pytest.approx((read.words == KNOWN + 1).mean(), abs=0.03)
    assert new_words.word_loss(learnt, read) < new_words.word_loss(weights, read)


def test_decay_makes_words_more_hesitant(weights, read):
    there = read.words == KNOWN
    said = [
        probabilities(new_words.learn(weights, read, STAND_INS, Tuning(decay=d)), read.states)[
            there, KNOWN
        ]
        for d in (0.1, 1000.0)
    ]
    assert said[1].mean() < 0.6 * said[0].mean()


def test_a_reader_is_in_the_state_that_the_decoder_itself_was_in(tiny_bundle, tiny_data):
    bundle = open_bundle(tiny_bundle)
    pixels = open_picture(tiny_data / "Flicker8k_Dataset" / "picture1.jpg").pixels
    regions = Encoder.from_bundle(bundle).encode(pixels).regions
    beams = Decoder.from_bundle(bundle).decode(regions)
    weights, width = decoder_weights(bundle), max(len(beam.words) for beam in beams) + 3
    ids = np.zeros((len(beams) + 1, width), np.int32)  # one more than the file has rows
    for row, beam in enumerate([*beams, beams[0]]):
        ids[row, : len(beam.words) + 2] = [START, *beam.words, END]
    for row, beam in enumerate(beams):
        read = Reader(bundle).read(regions, ids[row : row + 1])
        assert read.words.tolist() == [*beam.words, END]
        assert new_words.word_loss(weights, read) == pytest.approx(-beam.mean_log_prob, abs=0.03)
    together = Reader(bundle).read(regions, ids)
    assert len(together.words) == sum(len(b.words) + 1 for b in [*beams, beams[0]])


def test_a_new_word_is_read_as_the_known_one_that_foretells_what_follows(tiny_bundle, tiny_data):
    bundle = open_bundle(tiny_bundle)
    pixels = open_picture(tiny_data / "Flicker8k_Dataset" / "picture1.jpg").pixels
    regions = Encoder.from_bundle(bundle).encode(pixels).regions
    words = Decoder.from_bundle(bundle).decode(regions)[0].words
    ids, new = np.array([START, *words, END, 0], np.int32), len(bundle.tokenizer["words"])
    known = ids[2]
    ids[2] = new
    reader, weights = Reader(bundle), decoder_weights(bundle)
    losses = {}
    for word in (new_words.stand_in(weights, reader, [(regions, ids)], new), int(known), UNKNOWN):
        read = reader.read(regions, np.where(ids == new, word, ids)[np.newaxis])
        tail = Read(read.states[2:6], read.words[2:6])
        losses[word] = new_words.word_loss(weights, tail)
    chosen = next(iter(losses))
    assert losses[chosen] == min(losses.values())
    reader.know([chosen])
    said = reader.read(regions, ids[np.newaxis])
    plain = reader.read(regions, np.where(ids == new, chosen, ids)[np.newaxis])
    assert np.array_equal(said.states, plain.states)
    assert new in said.words


def test_new_words_without_a_stand_in_are_read_as_unknown(tiny_bundle):
    bundle = open_bundle(tiny_bundle)
    grid, known = bundle.manifest["regions"], len(bundle.tokenizer["words"])
    regions = np.ones((grid["rows"] * grid["columns"], grid["channels"]), np.float32)
    reader = Reader(bundle)
    new = reader.read(regions, np.array([[START, known + 5, 4, END]], np.int32))
    unknown = reader.read(regions, np.array([[START, UNKNOWN, 4, END]], np.int32))
    assert np.array_equal(new.states, unknown.states)
    assert new.words.tolist() == [known + 5, 4, END]
