"""The language of a text: told for sentences, and left open for a few words."""

import re
from pathlib import Path

import pytest

from image_describer.reading.language import language_of

# The first article of the Universal Declaration of Human Rights.
ARTICLE = {
    "da": "Alle mennesker er født frie og lige i værdighed og rettigheder. De er udstyret med "
    "fornuft og samvittighed, og de bør handle mod hverandre i en broderskabets ånd.",
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft "
    "und Gewissen begabt und sollen einander im Geiste der Brüderlichkeit begegnen.",
    "en": "All human beings are born free and equal in dignity and rights. They are endowed with "
    "reason and conscience and should act towards one another in a spirit of brotherhood.",
    "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como "
    "están de razón y conciencia, deben comportarse fraternalmente los unos con los otros.",
    "fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués "
    "de raison et de conscience et doivent agir les uns envers les autres dans un esprit de "
    "fraternité.",
    "it": "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Essi sono dotati "
    "di ragione e di coscienza e devono agire gli uni verso gli altri in spirito di fratellanza.",
    "ja": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "nl": "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren. Zij zijn begiftigd "
    "met verstand en geweten, en behoren zich jegens elkander in een geest van broederschap te "
    "gedragen.",
    "pl": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni "
    "obdarzeni rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa.",
    "pt": "Todos os seres humanos nascem livres e iguais em dignidade e em direitos. Dotados de "
    "razão e de consciência, devem agir uns para com os outros em espírito de fraternidade.",
    "sv": "Alla människor är födda fria och lika i värde och rättigheter. De är utrustade med "
    "förnuft och samvete och bör handla gentemot varandra i en anda av broderskap.",
    "zh": "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。",
}


@pytest.mark.parametrize("language", ARTICLE)
def test_the_language_of_two_sentences(language: str) -> None:
    assert language_of(ARTICLE[language]) == language


@pytest.mark.parametrize(
    "text",
    ["", "Exit", "Rue de la Paix", "Calle de la Cruz", "MILCH 1,19\nBROT 2,49", "2026-11-30"],
)
def test_a_few_words_are_left_open(text: str) -> None:
    assert language_of(text) == ""


def test_english_is_never_taken_for_another_language() -> None:
    files = (Path(__file__).parents[2] / "docs").glob("*.md")
    for file in (file for file in files if not file.stem.endswith(".de")):
        for paragraph in re.split(r"\n\s*\n", file.read_text(encoding="utf-8")):
            assert language_of(paragraph) in ("", "en"), paragraph
