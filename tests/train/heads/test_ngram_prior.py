"""Fitting the n-gram prior, and the bundle that results."""

import shutil
import sys

import numpy as np
import pytest

from image_describer import Describer
from image_describer.captioner import ngram_prior
from image_describer.captioner.bundle import NGRAM_PRIOR, open_bundle
from image_describer.errors import TrainingError
from image_describer.train.data.dataset import read_flickr8k
from image_describer.train.heads import ngram_prior as learning
from tests.support import tiny


def test_what_pictures_have_in_common_is_learnt():
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 3, 300)
    pooled = (np.eye(3)[kinds] * 5 + rng.normal(size=(300, 3))).astype(np.float32)
    captions = [[[4, 10 + kind, 20 + kind], [4, 10 + kind]] for kind in kinds]
    arrays = learning.learn(pooled, captions, rank=6, least=3)
    found = ngram_prior.NgramPrior(
        arrays["to"] * arrays["to_scale"], arrays["offset"], arrays["grams"],
        arrays["vectors"] * arrays["vectors_scale"], arrays["rarity"], float(arrays["rarest"]),
    )  # fmt: skip
    for kind in range(3):
        expected = found.expected(np.eye(3)[kind] * 5)
        scores = [found.score([4, 10 + other, 20 + other], expected) for other in range(3)]
        assert int(np.argmax(scores)) == kind
        assert scores[kind] > 2 * sorted(scores)[1]


def test_too_little_to_learn_from_is_told():
    with pytest.raises(TrainingError, match="no word that the captions"):
        learning.learn(np.ones((3, 2), np.float32), [[[5]], [[6]], [[7]]])


def test_a_fitted_bundle_describes(tiny_bundle, tiny_data, tmp_path):
    data = read_flickr8k(tiny_data)
    folder = shutil.copytree(tiny_bundle, tmp_path / "bundle")
    assert learning.fit(folder, data)["n-grams"] > 10
    with np.load(folder / NGRAM_PRIOR) as arrays:
        assert arrays["grams"].dtype == np.uint64
    assert "square" in Describer(folder).describe(data.path(data.splits["dev"][0])).caption


def test_a_large_vocabulary_is_learned_without_collisions():
    words = [[[4, 70_000 + kind, 199_990 + kind]] for kind in (0, 1, 2)] * 3
    arrays = learning.learn(np.eye(3, dtype=np.float32)[[0, 1, 2] * 3] * 5, words, rank=3, least=3)
    keys = {
        int(key)
        for caption in words
        for counts, _ in ngram_prior.count_ngrams(caption[0])
        for key in counts
    }
    assert {int(gram) for gram in arrays["grams"]} == keys
    assert len(keys) == 1 + 6 + 6


def test_the_command_fits_and_tells_sizes(tiny_bundle, tiny_data, tmp_path):
    folder = tmp_path / "bundle"
    shutil.copytree(tiny_bundle, folder)
    words = ("-m", "image_describer.train.heads.ngram_prior", "--bundle", str(folder), "--data")
    done = tiny.run([sys.executable, *words, str(tiny_data)])
    assert done.returncode == 0, done.stderr
    assert "n-grams" in done.stdout
    assert NGRAM_PRIOR in open_bundle(folder).manifest["files"]
    missing = tiny.run([sys.executable, *words, str(tmp_path / "nowhere")])
    assert missing.returncode == 2
    assert "Traceback" not in missing.stderr
