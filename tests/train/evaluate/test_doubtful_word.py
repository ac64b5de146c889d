"""How often doubtful words are right."""

from image_describer.captioner.description import DoubtfulWord
from image_describer.train.evaluate import doubtful_word

REFERENCES = {
    "told": ["a man with a phone", "a man is calling"],
    "other": ["a man and his remotes"],
    "neither": ["a man holds a cup"],
    "sure": ["a man"],
}
PHONE = DoubtfulWord(4, "phone", "remote")


def test_a_word_is_right_if_people_used_it_or_its_plural() -> None:
    doubts = {key: None if key == "sure" else PHONE for key in REFERENCES}
    assert doubtful_word.judge(doubts, REFERENCES) == {
        "doubtful word": 0.75,
        "doubtful word right": 0.3333,
        "either word right": 0.6667,
    }


def test_captions_without_doubts_are_not_judged() -> None:
    assert doubtful_word.judge({"sure": None}, REFERENCES) == {"doubtful word": 0.0}
