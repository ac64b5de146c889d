"""The translations: every string that users see is marked, and every marked one is translated."""

import gettext
import re
import string
from functools import cache
from pathlib import Path

import pytest
from babel.messages import Message, pofile
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir

from image_describer import i18n
from tests.support import unmarked_strings

TRANSLATED = [code for code in i18n.languages() if code != i18n.ENGLISH]
KEYWORDS = {**DEFAULT_KEYWORDS, "plural": (1, 2)}  # as in the Makefile
METHODS = [("train/**", "ignore"), ("**.py", "python")]  # as in pyproject.toml
MARKUP = re.compile(r"<[^>]+>|https?://[\w.:/-]*[\w/]|--[a-z-]+")


def test_every_string_that_users_see_is_marked() -> None:
    unmarked = {
        f"{path.relative_to(unmarked_strings.PACKAGE)}:{line}": text
        for path in unmarked_strings.modules()
        for line, text in unmarked_strings.unmarked(path)
    }
    assert unmarked == {}


def test_an_unmarked_string_is_found(tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    file.write_text('"""A docstring."""\nlog.info("Not for users.")\nsay(f"No such {thing}.")\n')
    assert unmarked_strings.unmarked(file) == [(3, "No such {x}.")]


def test_german_is_there() -> None:
    assert "de" in TRANSLATED


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated(language: str) -> None:
    translated = {message.id: message for message in _catalogue(language)}
    missing = [message for message in _extracted() if not _is_translated(translated.get(message))]
    assert missing == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_left_of_a_message_that_is_gone(language: str) -> None:
    assert {message.id for message in _catalogue(language)} - _extracted() == set()


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_have_the_placeholders_and_options_of_their_messages(language: str) -> None:
    different = [
        (original, translation)
        for message in _catalogue(language)
        for original, translation in _pairs(message)
        if _fields(original) != _fields(translation) or _markup(original) != _markup(translation)
    ]
    assert different == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalogue_is_that_of_the_source(language: str) -> None:
    compiled = gettext.translation(i18n.DOMAIN, str(i18n.FOLDER), [language])
    for message in _catalogue(language):
        if isinstance(message.id, tuple):
            forms = [compiled.ngettext(*message.id, count) for count in (1, 2)]
            assert forms == list(message.string)
        elif message.context:
            assert compiled.pgettext(message.context, message.id) == message.string
        else:
            assert compiled.gettext(message.id) == message.string


@cache
def _extracted() -> set[str | tuple[str, ...]]:
    """The messages of the code."""
    found = extract_from_dir(unmarked_strings.PACKAGE, METHODS, keywords=KEYWORDS)
    return {message for _file, _line, message, _comments, _context in found}


@cache
def _catalogue(language: str) -> list[Message]:
    path = i18n.FOLDER / language / "LC_MESSAGES" / f"{i18n.DOMAIN}.po"
    with path.open("rb") as file:
        return [message for message in pofile.read_po(file, language) if message.id]


def _is_translated(message: Message | None) -> bool:
    if message is None or message.fuzzy:
        return False
    return all(message.string) if isinstance(message.string, tuple) else bool(message.string)


def _pairs(message: Message) -> list[tuple[str, str]]:
    if isinstance(message.id, tuple):
        return list(zip(message.id, message.string, strict=True))
    return [(message.id, message.string)]


def _fields(text: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name}


def _markup(text: str) -> list[str]:
    return sorted(MARKUP.findall(text))
