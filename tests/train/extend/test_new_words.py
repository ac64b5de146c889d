"""New words for a decoder whose other weights stay as they are."""

import numpy as np
import pytest

from image_describer.captioner.bundle import open_bundle
from image_describer.captioner.decoder import Decoder
from image_describer.captioner.encoder import Encoder
from image_describer.imaging.open import open_picture
from image_describer.train.data.vocabulary import END, START, UNKNOWN
from image_describer.train.extend import new_words, own_pictures
from image_describer.train.extend.new_words import DecoderSteps
from image_describer.train.models.bundle_weights import decoder_weights

UNITS, KNOWN, SUBSTITUTES = 6, 9, (5, 7)


@pytest.fixture
def weights():
    rng = np.random.default_rng(0)
    return {
        new_words.EMBEDDINGS: rng.normal(size=(KNOWN, 5)).astype(np.float32),
        new_words.KERNEL: rng.normal(size=(UNITS, KNOWN)).astype(np.float32),
        new_words.BIAS: np.zeros(KNOWN, np.float32),
        "to_query/kernel": rng.normal(size=(UNITS, UNITS)).astype(np.float32),
    }


@pytest.fixture
def steps():
    """The first new word follows states on one side; the second one occurs at random."""
    rng = np.random.default_rng(1)
    states = rng.normal(size=(400, UNITS)).astype(np.float32)
    words = rng.integers(4, KNOWN, 400)
    words[rng.random(400) < 0.1] = KNOWN + 1
    words[states[:, 0] > 0.8] = KNOWN
    return DecoderSteps(states, words)


@pytest.fixture
def bundle(tiny_bundle):
    return open_bundle(tiny_bundle)


@pytest.fixture
def decoder(bundle):
    return own_pictures._decoder(bundle, decoder_weights(bundle))


@pytest.fixture
def regions(bundle, tiny_data):
    pixels = open_picture(tiny_data / "Flicker8k_Dataset" / "picture1.jpg").pixels
    return Encoder.from_bundle(bundle).encode(pixels).regions


def probabilities(weights, states):
    logits = states @ weights[new_words.KERNEL] + weights[new_words.BIAS]
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def test_new_words_are_learned_and_all_other_weights_stay(weights, steps, monkeypatch):
    monkeypatch.setattr(new_words, "PENALTY", 0.1)
    fitted = new_words.fit(weights, steps, SUBSTITUTES)
    assert np.array_equal(fitted[new_words.KERNEL][:, :KNOWN], weights[new_words.KERNEL])
    assert np.array_equal(fitted[new_words.BIAS][:KNOWN], weights[new_words.BIAS])
    assert np.array_equal(fitted["to_query/kernel"], weights["to_query/kernel"])
    embeddings = fitted[new_words.EMBEDDINGS]
    assert np.array_equal(embeddings[:KNOWN], weights[new_words.EMBEDDINGS])
    assert np.array_equal(embeddings[KNOWN:], embeddings[list(SUBSTITUTES)])
    first = probabilities(fitted, steps.states)[:, KNOWN]
    assert first[steps.words == KNOWN].mean() > 0.6
    assert first[steps.words != KNOWN].mean() < 0.2
    # At the optimum, a word is as frequent as in the captions, even if nothing predicts it.
    second = probabilities(fitted, steps.states)[:, KNOWN + 1]
    assert second.mean() == pytest.approx((steps.words == KNOWN + 1).mean(), abs=1e-3)
    assert new_words.word_loss(fitted, steps) < new_words.word_loss(weights, steps)


def test_a_larger_penalty_makes_new_words_less_likely(weights, steps, monkeypatch):
    means = []
    for penalty in (0.1, 1000.0):
        monkeypatch.setattr(new_words, "PENALTY", penalty)
        fitted = new_words.fit(weights, steps, SUBSTITUTES)
        means.append(probabilities(fitted, steps.states)[steps.words == KNOWN, KNOWN].mean())
    assert means[1] < 0.6 * means[0]


def test_word_loss_is_the_cross_entropy_of_the_words(weights, steps, monkeypatch):
    known = np.where(steps.words < KNOWN, steps.words, UNKNOWN)
    expected = -np.log(probabilities(weights, steps.states)[np.arange(len(known)), known]).mean()
    monkeypatch.setattr(new_words, "ROWS", 7)
    assert new_words.word_loss(weights, steps) == pytest.approx(expected, rel=1e-4)


def test_captions_read_are_as_likely_as_in_the_beam_search(bundle, decoder, regions):
    beams = Decoder.from_bundle(bundle).decode(regions)
    ids = np.zeros((len(beams), max(len(beam.words) for beam in beams) + 3), np.int32)
    for row, beam in zip(ids, beams, strict=True):
        row[: len(beam.words) + 2] = [START, *beam.words, END]
    weights = decoder_weights(bundle)
    for row, beam in zip(ids, beams, strict=True):
        steps = new_words.run_decoder(decoder, regions, row[np.newaxis])
        assert steps.words.tolist() == [*beam.words, END]
        assert new_words.word_loss(weights, steps) == pytest.approx(-beam.mean_log_prob, abs=0.03)
    together = new_words.run_decoder(decoder, regions, ids)
    assert together.words.tolist() == [word for beam in beams for word in (*beam.words, END)]
    one_by_one = new_words.join(new_words.run_decoder(decoder, regions, row[None]) for row in ids)
    assert np.allclose(together.states, one_by_one.states, atol=1e-5)


def test_the_substitute_is_the_word_that_best_predicts_what_follows(
    bundle, decoder, regions, monkeypatch
):
    monkeypatch.setattr(new_words, "CANDIDATES", 4)
    words = Decoder.from_bundle(bundle).decode(regions)[0].words
    new, weights = len(bundle.tokenizer["words"]), decoder_weights(bundle)
    ids = np.array([START, *words, END, 0], np.int32)
    ids[2] = new
    chosen = new_words.find_substitute(weights, decoder, [(regions, ids)], new)

    def loss(word):
        steps = new_words.run_decoder(decoder, regions, np.where(ids == new, word, ids)[np.newaxis])
        return new_words.word_loss(weights, DecoderSteps(*(part[2:6] for part in steps)))

    assert loss(chosen) == min(loss(word) for word in range(UNKNOWN, UNKNOWN + 4))
    as_new = new_words.run_decoder(decoder, regions, ids[np.newaxis], [chosen])
    as_known = new_words.run_decoder(
        decoder, regions, np.where(ids == new, chosen, ids)[np.newaxis]
    )
    assert np.array_equal(as_new.states, as_known.states)
    assert as_new.words[1] == new
