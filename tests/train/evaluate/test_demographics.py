"""How often captions name groups of people and things."""

import pytest

from image_describer.train.evaluate import demographics

REFERENCES = {
    "1": ["a man runs", "a man on a road", "someone runs", "a runner", "a man jogs"],
    "2": ["a woman sings", "the lady sings", "a singer", "a woman", "a person sings"],
    "3": ["a woman reads", "a man reads", "a person reads", "two women", "a reader"],
    "4": ["a girl jumps", "a little girl", "a child jumps", "a girl", "the girl leaps"],
    "5": ["a boy and a kite", "boys with kites", "a kite", "a kid", "a boy"],
}
CAPTIONS = {
    "1": "a man is running",
    "2": "a man is singing",
    "3": "a woman is sitting",
    "4": "a boy and a girl",
    "5": "a dog on a road",
}


@pytest.fixture(scope="module")
def found():
    return demographics.compare(CAPTIONS, REFERENCES)


def test_the_rates_count_captions_with_a_word_of_the_group(found):
    assert found["rates"]["man"] == {"said": 0.4, "written": 4 / 25}
    assert found["rates"]["woman"] == {"said": 0.2, "written": 5 / 25}
    assert found["rates"]["child"] == {"said": 0.0, "written": 2 / 25}


def test_confusion_is_counted_only_where_people_agree(found):
    # Picture 3 is not counted: people disagree on it.
    confused = found["confused"]
    counts = ("pictures", "right", "wrong", "both", "neither")
    assert [confused["men or boys"][key] for key in counts] == [2, 1, 0, 0, 1]
    assert [confused["women or girls"][key] for key in counts] == [2, 0, 1, 1, 0]
    assert confused["young"]["pictures"] == 2


def test_unused_words_are_nouns_and_none_is_used_in_the_other_number(found):
    unused = found["words"]["never said"]
    assert "kite" in unused
    assert "kites" not in unused
    assert "women" in unused  # its plural is irregular
    assert not {"road", "the", "runs", "little", "boys"} & set(unused)
