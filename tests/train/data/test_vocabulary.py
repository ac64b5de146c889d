"""Vocabularies: their words, and the ids of captions."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.captioner.tokenizer import load_tokenizer, save_tokenizer
from image_describer.errors import TrainingError
from image_describer.train.data import cleaning
from image_describer.train.data.vocabulary import (
    END,
    PAD,
    SPECIAL_WORDS,
    START,
    UNKNOWN,
    Vocabulary,
    count_words,
)


def test_the_vocabulary_has_the_frequent_words_in_order():
    vocabulary = Vocabulary.build(["a dog", "a cat", "a dog runs"], min_count=2, max_length=5)
    assert vocabulary.words == ("<pad>", "<start>", "<end>", "<unk>", "a", "dog")


def test_encoding_marks_start_unknown_words_end_and_padding():
    vocabulary = Vocabulary.build(["a dog", "a dog"], min_count=2, max_length=4)
    a, dog = vocabulary.words.index("a"), vocabulary.words.index("dog")
    assert vocabulary.encode(["A dog .", "a cat"]).tolist() == [
        [START, a, dog, END, PAD, PAD],
        [START, a, UNKNOWN, END, PAD, PAD],
    ]


def test_a_caption_that_is_too_long_is_cut_and_has_no_end():
    vocabulary = Vocabulary.build(["a a a"], min_count=1, max_length=2)
    row = vocabulary.encode(["a a a a a"])[0]
    assert END not in row
    assert len(row) == 4


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4), st.integers(1, 8))
def test_encoding_has_one_shape_whatever_the_captions(captions, length):
    ids = Vocabulary.build(captions, 1, length).encode(captions)
    assert ids.shape == (len(captions), length + 2)
    assert ids.dtype == np.int32


class CountingWords(tuple):
    """Words that count how often somebody goes through all of them."""

    iterations = 0

    def __iter__(self):
        CountingWords.iterations += 1
        return super().__iter__()


def test_the_dictionary_of_ids_is_built_once():
    vocabulary = Vocabulary(CountingWords((*SPECIAL_WORDS, "a", "dog")), 4)
    rows = [vocabulary.encode([f"a dog {number}"]).tolist() for number in range(5)]
    assert rows == [[[START, 4, 5, UNKNOWN, END, PAD]]] * 5
    assert CountingWords.iterations == 1


def test_top_words_keeps_the_most_frequent_words():
    captions = ["a dog runs", "a dog", "a cat"]
    vocabulary = Vocabulary.build(captions, 1, 5, top_words=2)
    assert vocabulary.words == (*SPECIAL_WORDS, "a", "dog")


def test_unknown_words_are_marked_or_skipped():
    captions = ["red dog", "red dog"]
    for unknown, row in (("mark", [START, 4, UNKNOWN, 5, END]), ("skip", [START, 4, 5, END, PAD])):
        vocabulary = Vocabulary.build(captions, 2, 3, unknown=unknown)
        assert vocabulary.words[4:] == ("dog", "red")
        assert vocabulary.encode(["dog blue red"]).tolist() == [row]


def test_without_marks_there_are_only_words_and_padding():
    vocabulary = Vocabulary.build(["a dog"], 1, 3)
    assert vocabulary.encode(["a dog", "a a a a"], marks=False).tolist() == [[4, 5, 0], [4, 4, 4]]


def test_the_longest_caption_can_set_the_length():
    assert Vocabulary.build(["a dog", "a dog runs away"], 1, 0).max_length == 4
    assert Vocabulary.build([], 1, 0).max_length == 1


def test_a_vocabulary_encodes_by_the_rules_it_was_built_by():
    vocabulary = Vocabulary.build(["a t-shirt"], 1, 4, rules="image-describer")
    assert vocabulary.words[4:] == ("tshirt",)
    assert vocabulary.encode(["A T-shirt"]).tolist() == [[START, 4, END, PAD, PAD, PAD]]


def test_a_special_word_in_a_caption_is_an_unknown_word():
    vocabulary = Vocabulary.build(["<end> a dog <end>"], 1, 4, rules="attend-and-tell")
    assert vocabulary.words == (*SPECIAL_WORDS, "a", "dog")
    assert vocabulary.encode(["<end> a"])[0].tolist() == [START, UNKNOWN, 4, END, PAD, PAD]


@given(rules=st.sampled_from(list(cleaning.RULES)), captions=st.lists(st.text(), max_size=4))
def test_every_vocabulary_can_be_saved_and_loaded(tmp_path_factory, rules, captions):
    captions = [*captions, "word " + "x" * 150]
    vocabulary = Vocabulary.build(captions, 1, 0, rules=rules)
    path = tmp_path_factory.mktemp("vocabulary") / "tokenizer.pkl"
    save_tokenizer(vocabulary.tokenizer(), path)
    again = Vocabulary.from_tokenizer(load_tokenizer(path))
    assert (again.words, again.max_length) == (vocabulary.words, vocabulary.max_length)


def test_a_tokenizer_with_other_ids_is_refused():
    words = ["a", "b", "c", "d"]
    with pytest.raises(TrainingError, match="<pad>"):
        Vocabulary.from_tokenizer({"words": words, "max_length": 3})


def test_the_json_of_joint_embedding_has_0_for_the_end(tmp_path):
    vocabulary = Vocabulary.build(["a dog"], 1, 5)
    vocabulary.write_json(tmp_path / "vocab.json")
    ids = json.loads((tmp_path / "vocab.json").read_text("utf-8"))
    assert ids["<eos>"] == 0
    assert "<pad>" not in ids
    assert ids["dog"] == vocabulary.words.index("dog")
    assert len(ids) == len(vocabulary)


def test_words_are_counted_by_the_rules():
    counts = count_words(["A dog .", "a dog's"], "image-describer")
    assert counts == {"dog": 1, "dogs": 1}


def test_plain_vocabularies_encode_as_before():
    # With other ids, the checkpoints and bundles that exist would be useless.
    captions = ["A man 's T-shirt .", "a man in a t-shirt", "A dog's back"]
    vocabulary = Vocabulary.build(captions, 2, 6)
    assert vocabulary.words == (*SPECIAL_WORDS, "a", "'s", "man", "t-shirt")
    expected = [[1, 4, 6, 5, 7, 2, 0, 0], [1, 4, 6, 3, 4, 7, 2, 0], [1, 4, 3, 5, 3, 2, 0, 0]]
    assert np.array_equal(vocabulary.encode(captions), expected)
