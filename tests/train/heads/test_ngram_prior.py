"""Fitting the n-gram prior."""

import io
from collections.abc import Sequence

import numpy as np
import pytest

from image_describer.captioner import ngram_prior
from image_describer.captioner.bundle import NGRAM_PRIOR, open_bundle
from image_describer.captioner.ngram_prior import NgramPrior
from image_describer.errors import TrainingError
from image_describer.train.export.bundle import update
from image_describer.train.heads import ngram_prior as fitting
from image_describer.train.heads.context import HeadContext


def prior(arrays: dict[str, np.ndarray]) -> NgramPrior:
    return NgramPrior(
        arrays["to"] * arrays["to_scale"], arrays["offset"], arrays["grams"],
        arrays["vectors"] * arrays["vectors_scale"], arrays["rarity"], float(arrays["rarest"]),
    )  # fmt: skip


def test_captions_score_best_for_pictures_of_their_kind() -> None:
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 3, 300)
    pooled = (np.eye(3)[kinds] * 5 + rng.normal(size=(300, 3))).astype(np.float32)
    captions = [[[4, 10 + kind, 20 + kind], [4, 10 + kind]] for kind in kinds]
    fitted = prior(fitting.fit_arrays(pooled, captions, rank=6, min_pictures=3))
    for kind in range(3):
        expected = fitted.expected(np.eye(3)[kind] * 5)
        scores = [fitted.score([4, 10 + other, 20 + other], expected) for other in range(3)]
        assert int(np.argmax(scores)) == kind
        assert scores[kind] > 2 * sorted(scores)[1]


def test_captions_without_a_common_word_are_refused() -> None:
    with pytest.raises(TrainingError, match="no word that the captions"):
        fitting.fit_arrays(np.ones((3, 2), np.float32), [[[5]], [[6]], [[7]]])


def test_ids_of_a_large_vocabulary_do_not_collide() -> None:
    captions: Sequence[list[list[int]]] = [
        [[4, 70_000 + kind, 199_990 + kind]] for kind in (0, 1, 2)
    ] * 3
    pooled = np.eye(3, dtype=np.float32)[[0, 1, 2] * 3] * 5
    arrays = fitting.fit_arrays(pooled, captions, rank=3, min_pictures=3)
    keys = {
        int(key)
        for caption in captions
        for counts, _ in ngram_prior.count_ngrams(caption[0])
        for key in counts
    }
    assert {int(gram) for gram in arrays["grams"]} == keys
    assert len(keys) == 1 + 6 + 6


def test_the_part_holds_the_ngrams_of_the_training_captions(context: HeadContext) -> None:
    fitted = fitting.fit(context)
    with np.load(io.BytesIO(fitted.files[NGRAM_PRIOR])) as arrays:
        assert arrays["grams"].dtype == np.uint64
        assert arrays["grams"].size == fitted.figures["n-grams"] > 10
    folder = context.bundle.folder
    update(folder, fitted.files, fitted.sections)
    assert NgramPrior.from_bundle(open_bundle(folder)) is not None
