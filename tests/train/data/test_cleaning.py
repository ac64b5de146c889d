"""Rules that split captions into words, and descriptions.txt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.errors import TrainingError
from image_describer.train.data import cleaning

CAPTION = "A man 's T-shirt , no. 42 , isn't on the dog's back !"

EXPECTED = {
    "plain": "a man 's t-shirt no 42 isn t on the dog 's back",
    "image-describer": "man tshirt no isnt on the dogs back",
    "keras-captioning": "a man s t shirt no isn t on the dog s back",
    "audio-captions": "man tshirt no isnt on the dogs back",
    "attend-and-tell": "a man 's t shirt no 42 isn't on the dog's back",
    "joint-embedding": "a man s t-shirt no 42 isn't on the dog's back",
    "german": "A man s T-shirt no 42 isn t on the dog s back",
}


@pytest.mark.parametrize("rules", cleaning.RULES)
def test_each_system_cleans_captions_by_its_own_rules(rules):
    assert " ".join(cleaning.RULES[rules](CAPTION)) == EXPECTED[rules]


@given(rules=st.sampled_from(list(cleaning.RULES)), text=st.text())
def test_any_text_gives_lower_case_words_without_blanks(rules, text):
    for word in cleaning.RULES[rules](text):
        assert word
        assert rules == "german" or word == word.lower()
        assert len(word.split()) == 1


def test_unknown_rules_are_refused_with_the_known_ones():
    with pytest.raises(TrainingError) as caught:
        cleaning.rule("keras")
    assert "'keras'" in caught.value.sentence
    assert "keras-captioning" in caught.value.way_out


def test_descriptions_are_written_cleaned(tmp_path):
    captions = {"b.jpg": ["A Dog runs !", "2 !"], "a.jpg": ["Two cats ."]}
    cleaning.write_descriptions(tmp_path / "d.txt", captions, "image-describer")
    assert (tmp_path / "d.txt").read_text("utf-8") == "b.jpg\tdog runs\na.jpg\ttwo cats\n"
