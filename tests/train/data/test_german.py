"""German captions in one spelling."""

import unicodedata

import pytest

from image_describer.train.data.german import Spelling, words_of

CAPTIONS = [
    *["Ein Junge läuft mit dem Hund über die Straße."] * 20,
    *["Eine junge Frau steht auf der Straße."] * 8,
    *["Heute spielen zwei junge Hunde im Schnee"] * 8,
    *["Dort steht eine Frau"] * 3,
    "ein mädchen läuft über die strasse",
    *["Das Mädchen trägt ein weißes T-Shirt."] * 3,
    "DAS MÄDCHEN TRÄGT EIN WEISSES T-SHIRT",
]


@pytest.fixture(scope="module")
def spelling():
    return Spelling.learn(CAPTIONS)


def test_words_keep_umlauts_capitals_and_hyphens():
    decomposed = unicodedata.normalize("NFD", "Mädchen, weiß/schwarz: T-Shirt!")
    assert words_of(decomposed) == ["Mädchen", "weiß", "schwarz", "T-Shirt"]


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("Ein mädchen mit hund", "ein Mädchen mit Hund"),
        ("DER HUND SPIELT", "der Hund spielt"),
        ("Straße im schnee", "Straße im Schnee"),
        ("die strasse", "die Straße"),
        ("Ein weisses t-shirt.", "ein weißes T-Shirt"),
        ("2 hunde", "zwei Hunde"),
        ("ein unbekannteswort", "ein unbekannteswort"),
        ("", ""),
    ],
)
def test_captions_get_the_usual_casing_and_letters(spelling, written, spelled):
    assert spelling.write(written) == spelled


def test_the_neighbours_decide_between_two_casings(spelling):
    assert spelling.write("EINE JUNGE FRAU") == "eine junge Frau"
    assert spelling.write("ein junge läuft") == "ein Junge läuft"


def test_what_is_written_is_not_changed_again(spelling):
    for caption in CAPTIONS:
        once = spelling.write(caption)
        assert spelling.write(once) == once
