"""The n-gram prior: counting, scoring, and how a bundle with one ranks captions."""

import shutil

import numpy as np
import pytest

from image_describer import Describer
from image_describer.captioner import ngram_prior
from image_describer.captioner.bundle import NGRAM_PRIOR, open_bundle
from image_describer.captioner.captions import CaptionGenerator
from image_describer.captioner.encoder import Encoder
from image_describer.captioner.ngram_prior import NgramPrior, count_ngrams
from image_describer.captioner.tokenizer import WORDS_LIMIT
from image_describer.errors import BundleError
from image_describer.imaging.open import open_picture
from tests.support import bundle_parts
from tests.support.pictures import photograph

FIRST, SECOND = 7, 9


@pytest.fixture(scope="module")
def features(tiny_bundle):
    picture = open_picture(photograph(96, 96))
    return Encoder.from_bundle(open_bundle(tiny_bundle)).encode(picture.pixels)


@pytest.fixture
def folder(tiny_bundle, tmp_path):
    return shutil.copytree(tiny_bundle, tmp_path / "bundle")


def arrays_of(grams, channels=1, dtype=np.uint64):
    """Arrays that expect these n-grams of every picture, all of them alike."""
    count = len(grams)
    return {
        "to": np.zeros((channels, 1), np.int8), "to_scale": np.ones(1, np.float32),
        "offset": np.ones(1, np.float32), "grams": np.array(grams, dtype),
        "vectors": np.ones((count, 1), np.int8), "vectors_scale": np.ones(1, np.float32),
        "rarity": np.ones(count, np.float32), "rarest": np.float32(1.0),
    }  # fmt: skip


def key(*word_ids):
    """The key of one n-gram."""
    return int(count_ngrams(word_ids)[len(word_ids) - 1][0][0])


def put_prior(folder, arrays, **decode):
    manifest = open_bundle(folder).manifest
    content = ngram_prior.pack_arrays(arrays)
    return bundle_parts.put(folder, NGRAM_PRIOR, content, decode={**manifest["decode"], **decode})


def test_words_and_pairs_are_counted():
    singles, pairs = count_ngrams([FIRST, SECOND, FIRST, SECOND])
    assert dict(zip(singles[0], singles[1], strict=True)) == {FIRST + 1: 2, SECOND + 1: 2}
    expected = {key(FIRST, SECOND): 2, key(SECOND, FIRST): 1}
    assert dict(zip(pairs[0], pairs[1], strict=True)) == expected
    assert [len(keys) for keys, _ in count_ngrams([])] == [0, 0]


def test_keys_are_unique_up_to_the_largest_vocabulary():
    ids = [0, 1, 65_499, 65_500, 65_535, 65_536, WORDS_LIMIT - 2, WORDS_LIMIT - 1]
    keys = [key(a) for a in ids] + [key(a, b) for a in ids for b in ids]
    assert len(set(keys)) == len(ids) + len(ids) ** 2
    assert keys == sorted(keys)  # the order in which a file has to hold them


def test_words_of_a_large_vocabulary_are_told_apart(folder, features):
    channels = features.pooled.size
    put_prior(folder, arrays_of([key(150_000), key(150_000, 150_001)], channels))
    prior = NgramPrior.from_bundle(open_bundle(folder))
    expected = prior.expected(features.pooled)
    assert prior.score([150_000, 150_001], expected) > 0
    wrapped = [150_000 % 2**16, 150_001 % 2**16]
    assert prior.score(wrapped, expected) == 0


def test_the_score_is_a_mean_of_cosines():
    # One number in the middle, two n-grams; the picture expects word 0 twice as much as word 1.
    prior = NgramPrior(
        to=np.ones((1, 1)), offset=np.zeros(1), grams=np.array([1, 2], np.uint64),
        vectors=np.array([[2.0], [1.0]]), rarity=np.array([1.0, 1.0]), rarest=3.0,
    )  # fmt: skip
    expected = prior.expected(np.array([0.25]))
    assert expected == pytest.approx([0.5])
    assert prior.score([0], expected) == pytest.approx(1.0 / 2)
    assert prior.score([1], expected) == pytest.approx(0.5 / 2)
    # An unexpected word only makes the caption longer.
    assert prior.score([0, 5], expected) == pytest.approx(1.0 / np.sqrt(10) / 2)
    assert prior.score([], expected) == 0.0


def test_files_with_16_bits_a_word_mean_the_same(folder, features):
    channels = features.pooled.size
    old = [FIRST + 1, ((FIRST + 1) << 16) + SECOND + 1]
    put_prior(folder, arrays_of(old, channels, np.uint32))
    prior = NgramPrior.from_bundle(open_bundle(folder))
    assert prior.grams.tolist() == [key(FIRST), key(FIRST, SECOND)]
    assert prior.grams.dtype == np.uint64


def test_the_shipped_file_is_read(shipped_bundle):
    bundle = open_bundle(shipped_bundle)
    prior = NgramPrior.from_bundle(bundle)
    pairs = prior.grams[prior.grams >> np.uint64(32) > 0]
    assert len(prior.grams) > len(pairs) > 1000
    ids = np.concatenate([pairs >> np.uint64(32), pairs & np.uint64(2**32 - 1)])
    assert 0 < ids.min() <= ids.max() <= len(bundle.tokenizer["words"])


def test_a_bundle_without_a_prior_has_no_ngram_measure(tiny_bundle, features):
    bundle = open_bundle(tiny_bundle)
    assert NgramPrior.from_bundle(bundle) is None
    generator = CaptionGenerator(bundle)
    (first, *_) = generator.measures(generator.generate(features), features)
    assert "ngram_score" not in first


def test_captions_with_expected_ngrams_come_first(folder, features):
    before = CaptionGenerator(open_bundle(folder)).generate(features)
    keys = [{int(k) for keys, _ in count_ngrams(b.words) for k in keys} for b in before]
    gram = min(set().union(*keys[1:]) - keys[0])  # in a lower caption, but not in the first
    put_prior(folder, arrays_of([gram], features.pooled.size), ngram_weight=100.0)
    generator = CaptionGenerator(open_bundle(folder))
    after = generator.generate(features)
    assert {beam.words for beam in after} == {beam.words for beam in before}
    contains = [gram in [k for ks, _ in count_ngrams(b.words) for k in ks] for b in after]
    assert contains == sorted(contains, reverse=True)
    assert contains[0]
    assert not contains[-1]
    measures = generator.measures(after, features)
    assert [measured["ngram_score"] > 0 for measured in measures] == contains
    caption = Describer(folder).describe(photograph(96, 96)).caption
    assert caption == generator.text(after[0].words)


@pytest.mark.parametrize("damage", ["truncated", "text", "types", "order", "infinite", "missing"])
def test_a_damaged_file_is_refused(damage, folder, features):
    arrays = arrays_of([1, 2], features.pooled.size)
    if damage == "types":
        arrays["vectors"] = arrays["vectors"].astype(np.float32)
    elif damage == "order":
        arrays["grams"] = arrays["grams"][::-1].copy()
    elif damage == "infinite":
        arrays["rarity"] = np.full_like(arrays["rarity"], np.inf)
    elif damage == "missing":
        del arrays["rarest"]
    content = ngram_prior.pack_arrays(arrays)
    broken = {"truncated": content[: len(content) // 2], "text": b"not arrays"}
    bundle_parts.put(folder, NGRAM_PRIOR, broken.get(damage, content))
    with pytest.raises(BundleError, match=NGRAM_PRIOR):
        Describer(folder)
