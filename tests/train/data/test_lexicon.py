"""Translations of words, from captions of the same pictures."""

import numpy as np

from image_describer.train.data.lexicon import translations
from image_describer.train.data.vocabulary import Vocabulary

GERMAN = ["ein Hund im Schnee", "ein Hund am Strand", "ein Kind im Schnee", "ein Kind am Strand"]
ENGLISH = ["dog snow", "dog beach", "child snow", "child beach"]


def test_words_of_the_same_pictures_translate_each_other():
    german = Vocabulary.build([*GERMAN * 3, "Einhorn"], 1, 8, rules="german")
    english = Vocabulary.build(ENGLISH, 1, 8)
    table = translations(
        [german.encode([one]) for one in [*GERMAN * 3, "Einhorn"]],
        [english.encode([one]) for one in [*ENGLISH * 3, "dog"]],
        (len(german), len(english)),
    )
    best = {
        german.words[row]: english.words[table[row].argmax()]
        for row in np.flatnonzero(table.sum(axis=1))
    }
    assert {word: best[word] for word in ("Hund", "Schnee", "Strand", "Kind")} == {
        "Hund": "dog", "Schnee": "snow", "Strand": "beach", "Kind": "child",
    }  # fmt: skip
    rows = table.sum(axis=1)
    assert np.allclose(rows[rows > 0], 1.0)
    assert rows[german.words.index("Einhorn")] == 0.0  # seen too rarely
    assert not rows[:4].any()
