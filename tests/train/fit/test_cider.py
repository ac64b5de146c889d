"""CIDEr-D in NumPy: the same numbers as pycocoevalcap."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_describer.errors import TrainingError
from image_describer.train.data.vocabulary import END, UNKNOWN, Vocabulary
from image_describer.train.fit.rewards.cider import CiderD

CAPTIONS = {
    "dog": ["A brown dog runs .", "The dog runs fast in the grass .", "a dog"],
    "man": ["A man sits on a bench .", "The man rests ."],
    "cat": ["A cat sleeps on a bed .", "a grey cat on the bed", "A sleeping cat .", "The cat ."],
    "sea": ["Two people surf the sea ."],
}


def published(candidates, references):
    """pycocoevalcap's CIDEr-D of captions, document frequencies from the same references."""
    from pycocoevalcap.cider.cider import Cider

    def as_text(ids):
        return " ".join(f"w{i}" for i in ids)

    names = range(len(references))
    expected = {n: [as_text(r) for r in references[n]] for n in names}
    return Cider().compute_score(expected, {n: [as_text(candidates[n])] for n in names})[1]


def padded(rows):
    made = np.zeros((len(rows), max(map(len, rows), default=1) or 1), np.int32)
    for i, row in enumerate(rows):
        made[i, : len(row)] = row
    return made


words = st.lists(st.integers(3, 9), min_size=1, max_size=9)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.lists(words, min_size=1, max_size=4), words), min_size=2, max_size=6),
    st.booleans(),
)
def test_scores_are_those_of_pycocoevalcap(pictures, with_end):
    end = [END] if with_end else []
    references = [[[*r, *end] for r in several] for several, _ in pictures]
    candidates = [[*one, *end] for _, one in pictures]
    found = CiderD(references).score(padded(candidates), np.arange(len(candidates)))
    np.testing.assert_allclose(found, published(candidates, references), rtol=1e-9, atol=1e-12)


def test_words_without_a_reference_lower_the_score_as_published():
    references = [[[3, 4, 5, END]], [[6, 7, END], [3, 4, END]], [[3, 8, END]]]
    candidates = [[3, 4, 90, 90, 90, END], [6, 7, END], [91, 92, END]]
    found = CiderD(references).score(padded(candidates), np.arange(3))
    np.testing.assert_allclose(found, published(candidates, references), rtol=1e-9, atol=1e-12)
    assert found[2] == 0.0 < found[0] < found[1]


def test_candidatesof_a_picture_can_come_in_any_order():
    vocabulary = Vocabulary.build((c for s in CAPTIONS.values() for c in s), 1, 10)
    cider = CiderD.of(CAPTIONS, list(CAPTIONS), vocabulary)
    right = vocabulary.encode(["a brown dog runs", "a man sits on a bench"])[:, 1:]
    together = cider.score(right[[1, 0, 1, 0]], np.array([1, 0, 0, 1]))
    alone = [cider.score(right[[k]], np.array([p]))[0] for k, p in ((1, 1), (0, 0), (1, 0), (0, 1))]
    np.testing.assert_allclose(together, alone)
    assert together[0] > together[3]
    assert together[1] > together[2]


def test_the_unknown_word_is_not_rewarded_where_a_reference_has_a_rare_word():
    captions = {**CAPTIONS, "sun": ["a surf"], "moon": ["a moon"]}
    vocabulary = Vocabulary.build((c for s in captions.values() for c in s), 3, 10)
    assert not {"surf", "moon"} & set(vocabulary.words)
    cider = CiderD.of(captions, list(captions), vocabulary)
    a = vocabulary.words.index("a")
    candidates = padded([[a, END], [a, UNKNOWN, END]])
    plain, with_unknown = cider.score(candidates, np.array([4, 4]))
    assert 0.0 < with_unknown < plain


def test_a_complete_caption_scores_higher_than_a_truncated_one():
    vocabulary = Vocabulary.build((c for s in CAPTIONS.values() for c in s), 1, 10)
    cider = CiderD.of(CAPTIONS, list(CAPTIONS), vocabulary)
    whole = vocabulary.encode(["a brown dog runs"])[:, 1:]
    truncated = np.where(whole == END, 0, whole)
    assert cider.score(whole, np.array([0])) > cider.score(truncated, np.array([0]))


def test_references_score_high():
    rng = np.random.default_rng(0)
    references = [[[*(3 + rng.zipf(1.3, 10) % 2000), END] for _ in range(5)] for _ in range(1000)]
    cider = CiderD(references)
    candidates = padded([references[i % 1000][i % 5] for i in range(5000)])
    found = cider.score(candidates, np.arange(5000) % 1000)
    assert found.min() > 1.0  # each caption is one of its picture's own references


@pytest.mark.parametrize("references", [[], [[[3]], []]])
def test_a_picture_without_references_is_refused(references):
    with pytest.raises(TrainingError, match="at least one reference"):
        CiderD(references)


def test_too_many_words_for_a_key_are_refused():
    with pytest.raises(TrainingError, match="min_count"):
        CiderD([[[70_000, END]]])
