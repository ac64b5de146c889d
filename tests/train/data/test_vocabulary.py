"""Words, vocabulary and ids."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from image_describer.captioner.tokenizer import load_tokenizer, save_tokenizer
from image_describer.train.data.vocabulary import (
    END,
    PAD,
    START,
    UNKNOWN,
    Vocabulary,
    words_of,
)


def test_words_lose_case_and_punctuation_but_keep_hyphens_and_possession():
    caption = "A man 's T-shirt , tri-colored , is on the dog's back ."
    assert words_of(caption) == (
        ["a", "man", "'s", "t-shirt", "tri-colored", "is", "on", "the", "dog", "'s", "back"]
    )


@given(st.text())
def test_any_text_gives_words_without_spaces_or_capitals(text):
    for word in words_of(text):
        assert word == word.lower()
        assert not any(c.isspace() for c in word)


def test_the_vocabulary_holds_the_common_words_commonest_first():
    vocabulary = Vocabulary.build(["a dog", "a cat", "a dog runs"], min_count=2, max_length=5)
    assert vocabulary.words == ("<pad>", "<start>", "<end>", "<unk>", "a", "dog")


def test_encoding_marks_unknown_words_the_end_and_the_padding():
    vocabulary = Vocabulary.build(["a dog", "a dog"], min_count=2, max_length=4)
    a, dog = vocabulary.words.index("a"), vocabulary.words.index("dog")
    assert vocabulary.encode(["A dog .", "a cat"]).tolist() == [
        [START, a, dog, END, PAD, PAD],
        [START, a, UNKNOWN, END, PAD, PAD],
    ]


def test_a_caption_that_is_too_long_is_cut_without_an_end():
    vocabulary = Vocabulary.build(["a a a"], min_count=1, max_length=2)
    row = vocabulary.encode(["a a a a a"])[0]
    assert END not in row
    assert len(row) == 4


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4), st.integers(1, 8))
def test_encoding_has_one_shape_whatever_the_captions(captions, length):
    ids = Vocabulary.build(captions, 1, length).encode(captions)
    assert ids.shape == (len(captions), length + 2)
    assert ids.dtype == np.int32


def test_the_tokenizer_survives_its_pickle(tmp_path):
    tokenizer = Vocabulary.build(["a dog runs"], 1, 5).tokenizer()
    save_tokenizer(tokenizer, tmp_path / "tokenizer.pkl")
    assert load_tokenizer(tmp_path / "tokenizer.pkl") == tokenizer
