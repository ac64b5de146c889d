"""What is said of a description is in its own language, whatever the program speaks."""

import pytest

from image_describer import i18n
from image_describer.captioner.description import Description, DoubtfulWord, Word
from image_describer.imaging.notes import DARK, in_words, missing_part
from image_describer.wording import details
from image_describer.wording.record import from_record, to_record
from image_describer.wording.sentence import part_sentence, sentence

pytestmark = pytest.mark.skipif("de" not in i18n.languages(), reason="no German translation")

DOG = "ein Hund im Schnee"
GERMAN = Description(
    DOG, 0.76, words=(Word("Hund", 0.9, (0.0, 0.0, 0.2, 0.2)),), notes=(DARK,), language="de"
)
ENGLISH = Description("a dog in the snow", 0.76, notes=(DARK,))


def test_german_of_a_german_description() -> None:
    assert sentence(GERMAN) == f"Das Bild ist sehr dunkel. Wahrscheinlich: {DOG}."
    assert sentence(GERMAN, hedged=False).endswith("Ein Hund im Schnee.")
    assert part_sentence(GERMAN) == f"Sehr dunkel. Wahrscheinlich: {DOG}."
    assert details.confidence_label(GERMAN) == "zu 76 Prozent sicher"
    assert "Was ist wo: Hund: oben links." in details.sentences(GERMAN)


def test_english_of_an_english_description() -> None:
    with i18n.using("de"):
        assert sentence(ENGLISH).startswith("The picture is very dark. Probably: ")
        assert details.confidence_label(ENGLISH) == "76 percent sure"


def test_records_keep_the_notes_in_english() -> None:
    with i18n.using("de"):
        stored = to_record(GERMAN, for_storage=True)
        assert stored["notes"] == [DARK]
        assert from_record(stored) == GERMAN
        assert to_record(ENGLISH)["sentence"] == sentence(ENGLISH)


@pytest.mark.parametrize("share", [0.001, 0.01, 0.43, 1.0])
def test_the_missing_part_is_translated_when_it_is_said(share: float) -> None:
    note = missing_part(share)
    with i18n.using("de"):
        assert missing_part(share) == note == note.replace("Datei", "file")
        said = in_words(note)
    assert said.startswith("Die Datei ist unvollständig: ")
    assert f"{round(100 * share) or 1} Prozent" in said


def test_no_second_word_with_another_article() -> None:
    description = Description(DOG, 0.76, doubt=DoubtfulWord(1, "Hund", "Katze"), language="de")
    assert "Katze" not in sentence(description)
