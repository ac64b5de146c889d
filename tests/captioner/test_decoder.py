"""The decoder of the tiny bundle, compared with an exhaustive search."""

import itertools

import numpy as np
import pytest

from image_describer.captioner.bundle import open_bundle
from image_describer.captioner.decoder import BATCH_SIZE, Decoder


@pytest.fixture(scope="module")
def tokenizer(tiny_bundle):
    return open_bundle(tiny_bundle).tokenizer


def decoder(tiny_bundle, tokenizer, max_length, threads=1):
    banned = (tokenizer["pad"], tokenizer["start"], tokenizer["unk"])
    return Decoder(
        tiny_bundle / "decoder.tflite",
        start=tokenizer["start"],
        end=tokenizer["end"],
        banned=banned,
        max_length=max_length,
        threads=threads,
    )


def regions(tiny_bundle, seed):
    shape = open_bundle(tiny_bundle).manifest["regions"]
    cells = shape["rows"] * shape["columns"]
    return np.random.default_rng(seed).random((cells, shape["channels"]), np.float32)


def log_probability(searcher, picture, words):
    """Log-probability of a caption, step by step, without a search."""
    prepared = searcher._prepare(regions=picture[np.newaxis])
    state = searcher._zeros
    last, log_probs = searcher._settings.start, []
    for word in (*words, searcher._settings.end):
        row = np.full((1, searcher.beams), last, np.int32)
        output = searcher._step(words=row, **state, **prepared)
        log_probs.append(float(output["log_probs"][0, 0, word]))
        state = {name: output[name] for name in searcher._zeros}
        last = word
    return sum(log_probs)


@pytest.mark.parametrize("seed", range(2))
def test_a_score_is_the_log_probability_of_the_words(tiny_bundle, tokenizer, seed):
    searcher = decoder(tiny_bundle, tokenizer, max_length=10)
    picture = regions(tiny_bundle, seed)
    for beam in searcher.decode(picture):
        assert beam.score == pytest.approx(log_probability(searcher, picture, beam.words), abs=1e-3)
        assert sum(beam.log_probs) == pytest.approx(beam.score, abs=1e-4)


def test_threads_change_nothing(tiny_bundle, tokenizer):
    picture = regions(tiny_bundle, 0)
    searches = [decoder(tiny_bundle, tokenizer, 10, threads).decode(picture) for threads in (1, 4)]
    one, several = [[(beam.words, beam.score) for beam in beams] for beams in searches]
    assert several == one


@pytest.mark.parametrize("seed", range(2))
def test_the_best_beam_is_among_the_best_captions_of_two_words(tiny_bundle, tokenizer, seed):
    searcher = decoder(tiny_bundle, tokenizer, max_length=2)
    picture = regions(tiny_bundle, seed)
    allowed = range(4, len(tokenizer["words"]))
    pairs = ((a, b) for a, b in itertools.product(allowed, repeat=2) if a != b)
    every = [*((a,) for a in allowed), *pairs]
    scores = np.sort([log_probability(searcher, picture, words) for words in every])[::-1]
    score = searcher.decode(picture)[0].score
    # Three beams may miss the very best caption, but not the best tenth.
    assert scores[len(scores) // 10] <= score <= scores[0] + 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_beams_differ_and_are_ordered(tiny_bundle, tokenizer, seed):
    beams = decoder(tiny_bundle, tokenizer, max_length=10).decode(regions(tiny_bundle, seed))
    assert 1 <= len(beams) <= 3
    assert len({beam.words for beam in beams}) == len(beams)
    assert [beam.score for beam in beams] == sorted((b.score for b in beams), reverse=True)
    for beam in beams:
        assert beam.words
        assert not {tokenizer[k] for k in ("pad", "start", "end", "unk")} & set(beam.words)
        assert all(a != b for a, b in itertools.pairwise(beam.words))
        assert beam.attention.shape[0] == len(beam.words)
        assert np.allclose(beam.attention.sum(axis=1), 1.0, atol=1e-3)


def test_a_caption_ends_at_the_maximum_length(tiny_bundle, tokenizer):
    beams = decoder(tiny_bundle, tokenizer, max_length=1).decode(regions(tiny_bundle, 0))
    assert all(len(beam.words) == 1 for beam in beams)


def test_several_pictures_at_once_get_the_same_captions(tiny_bundle, tokenizer):
    searcher = decoder(tiny_bundle, tokenizer, max_length=10)
    pictures = [regions(tiny_bundle, seed) for seed in range(BATCH_SIZE + 3)]
    banned = [(4,) if seed % 2 else () for seed in range(len(pictures))]
    alone = [searcher.decode(*pair) for pair in zip(pictures, banned, strict=True)]
    together = searcher.decode_many(pictures, banned)
    assert searcher._can_batch
    assert [[b.words for b in beams] for beams in together] == [
        [b.words for b in beams] for beams in alone
    ]
    assert all(4 not in beam.words for beams in together[1::2] for beam in beams)


def test_german_captions_end_with_no_article(tiny_bundle):
    german = open_bundle(tiny_bundle).in_language("de")
    words = german.tokenizer["words"]
    never_last = Decoder.from_bundle(german)._settings.never_last
    assert {words[index] for index in never_last} == {"ein", "auf", "der"}
    assert not Decoder.from_bundle(open_bundle(tiny_bundle))._settings.never_last
