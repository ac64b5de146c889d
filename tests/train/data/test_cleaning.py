"""The originals' rules for words, descriptions.txt, and vocabularies by rules, count and top k."""

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

CAPTION = "A man 's T-shirt , no. 42 , isn't on the dog's back !"

EXPECTED = {
    "plain": "a man 's t-shirt no 42 isn t on the dog 's back",
    "image-describer": "man tshirt no isnt on the dogs back",
    "keras-captioning": "a man s t shirt no isn t on the dog s back",
    "audio-captions": "man tshirt no isnt on the dogs back",
    "attend-and-tell": "a man 's t shirt no 42 isn't on the dog's back",
    "joint-embedding": "a man s t-shirt no 42 isn't on the dog's back",
}


@pytest.mark.parametrize("rules", cleaning.RULES)
def test_each_system_cleans_captions_by_its_own_rules(rules):
    assert " ".join(cleaning.RULES[rules](CAPTION)) == EXPECTED[rules]


@pytest.mark.parametrize("rules", cleaning.RULES)
@given(st.text())
def test_any_text_gives_lower_case_words_without_blanks(rules, text):
    for word in cleaning.RULES[rules](text):
        assert word
        assert word == word.lower()
        assert len(word.split()) == 1


def test_unknown_rules_are_refused_with_those_that_there_are():
    with pytest.raises(TrainingError) as caught:
        Vocabulary.build(["a dog"], 1, 5, rules="keras")
    assert "'keras'" in caught.value.sentence
    assert "keras-captioning" in caught.value.way_out


def test_descriptions_are_written_cleaned_and_read_back(tmp_path):
    captions = {"b.jpg": ["A Dog runs !", "2 !"], "a.jpg": ["Two cats ."]}
    empty = cleaning.write_descriptions(tmp_path / "d.txt", captions, "image-describer")
    assert (tmp_path / "d.txt").read_text("utf-8") == "b.jpg\tdog runs\na.jpg\ttwo cats\n"
    assert empty == 1
    found, malformed = cleaning.read_descriptions(tmp_path / "d.txt")
    assert found == {"b.jpg": ["dog runs"], "a.jpg": ["two cats"]}
    assert malformed == 0


@given(content=st.text())
def test_any_descriptions_file_is_read(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("wild") / "descriptions.txt"
    path.write_text(content, "utf-8", errors="replace")
    captions, _ = cleaning.read_descriptions(path)
    assert all(name and several and all(several) for name, several in captions.items())


def test_descriptions_that_are_absent_are_told(tmp_path):
    with pytest.raises(TrainingError, match="none"):
        cleaning.read_descriptions(tmp_path / "none")


def test_top_k_keeps_the_commonest_words_the_special_ones_apart():
    captions = ["a dog runs", "a dog", "a cat"]
    vocabulary = Vocabulary.build(captions, 1, 5, top_k=2)
    assert vocabulary.words == (*SPECIAL_WORDS, "a", "dog")


def test_unknown_words_are_marked_or_left_out():
    captions = ["red dog", "red dog"]
    for unknown, row in (("mark", [START, 4, UNKNOWN, 5, END]), ("skip", [START, 4, 5, END, PAD])):
        vocabulary = Vocabulary.build(captions, 2, 3, unknown=unknown)
        assert vocabulary.words[4:] == ("dog", "red")
        assert vocabulary.encode(["dog blue red"]).tolist() == [row]
    with pytest.raises(TrainingError, match="'drop'"):
        Vocabulary.build(captions, 1, 3, unknown="drop")


def test_without_marks_only_words_and_padding_are_left():
    vocabulary = Vocabulary.build(["a dog"], 1, 3)
    assert vocabulary.encode(["a dog", "a a a a"], marks=False).tolist() == [[4, 5, 0], [4, 4, 4]]


def test_the_longest_caption_may_set_the_length():
    assert Vocabulary.build(["a dog", "a dog runs away"], 1, 0).max_length == 4
    assert Vocabulary.build([], 1, 0).max_length == 1


def test_a_vocabulary_encodes_by_the_rules_it_was_built_by():
    vocabulary = Vocabulary.build(["a t-shirt"], 1, 4, rules="image-describer")
    assert vocabulary.words[4:] == ("tshirt",)
    assert vocabulary.encode(["A T-shirt"]).tolist() == [[START, 4, END, PAD, PAD, PAD]]


def test_a_special_word_in_a_caption_is_a_word_like_any_other_unknown_one():
    vocabulary = Vocabulary.build(["<end> a dog <end>"], 1, 4, rules="attend-and-tell")
    assert vocabulary.words == (*SPECIAL_WORDS, "a", "dog")
    assert vocabulary.encode(["<end> a"])[0].tolist() == [START, UNKNOWN, 4, END, PAD, PAD]


@pytest.mark.parametrize("rules", cleaning.RULES)
@given(captions=st.lists(st.text(), max_size=4))
def test_every_vocabulary_survives_the_restricted_reader(rules, captions, tmp_path_factory):
    captions = [*captions, "word " + "x" * 150]
    vocabulary = Vocabulary.build(captions, 1, 0, rules=rules)
    path = tmp_path_factory.mktemp("vocabulary") / "tokenizer.pkl"
    save_tokenizer(vocabulary.tokenizer(), path)
    again = Vocabulary.from_tokenizer(load_tokenizer(path), rules)
    assert again == vocabulary
    assert (again.encode(captions) == vocabulary.encode(captions)).all()


def test_a_tokenizer_with_other_ids_is_refused():
    words = ["a", "b", "c", "d"]
    with pytest.raises(TrainingError, match="<pad>"):
        Vocabulary.from_tokenizer({"words": words, "max_length": 3})


def test_the_json_of_the_joint_embedding_ends_and_pads_with_zero(tmp_path):
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


def test_plain_vocabularies_encode_as_they_always_did():
    # Of the recipe that ships: any other ids would make its checkpoints worthless.
    captions = ["A man 's T-shirt .", "a man in a t-shirt", "A dog's back"]
    vocabulary = Vocabulary.build(captions, 2, 6)
    assert vocabulary.words == (*SPECIAL_WORDS, "a", "'s", "man", "t-shirt")
    expected = [[1, 4, 6, 5, 7, 2, 0, 0], [1, 4, 6, 3, 4, 7, 2, 0], [1, 4, 3, 5, 3, 2, 0, 0]]
    assert np.array_equal(vocabulary.encode(captions), expected)
