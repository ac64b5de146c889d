"""The command line in German: its help, its errors, and what stays the same."""

import re
from collections.abc import Callable, Iterator

import pytest

from image_describer import i18n
from image_describer.cli import main
from image_describer.cli.options import ARGPARSE_WORDS
from image_describer.errors import PictureError
from image_describer.imaging.open import open_picture

COMMANDS = tuple(module.__name__.rpartition(".")[2] for module in main.COMMANDS)
HELP_PAGES = [(), *((name.replace("_", "-"),) for name in COMMANDS)]
# What is typed, or is the same in both languages.
SAME = re.compile(
    r"image-describer\S*|install-launcher|--?[A-Za-z][\w-]*|https?://\S+|tcp://\S+|/v1/\w+|\b\w+\.[a-z]\w+|N|MB|S|"
    r"HOST|CODE|URL|PEM|JSON|PDF|TIFF|QR|TLS|HTTP|Dask|Google\w*|MP3|stderr|Browser|Hosts?"
)
WORD = re.compile(r"[A-Za-zÄÖÜäöüß]{2,}")


@pytest.fixture
def german(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The system's language is German."""
    monkeypatch.setenv("LANGUAGE", "de_AT.UTF-8")
    i18n.system_language.cache_clear()
    yield
    i18n.system_language.cache_clear()
    i18n.set_language(i18n.ENGLISH)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collects the messages that are translated."""
    messages: list[str] = []
    catalogue = i18n._catalogue("de")

    class Recorder:
        def gettext(self, message: str) -> str:
            messages.append(message)
            return catalogue.gettext(message)

        ngettext, pgettext = catalogue.ngettext, catalogue.pgettext

    monkeypatch.setattr(i18n, "_catalogue", lambda _code: Recorder())
    return messages


@pytest.mark.parametrize("page", HELP_PAGES)
def test_the_help_is_german_to_the_last_word(run, german, said, monkeypatch, page) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    status, out, err = run(*page, "--help")
    assert (status, err) == (0, [])
    assert max(map(len, out)) <= 100
    text = "\n".join(out)
    assert text.startswith("Aufruf: image-describer")
    messages = list(dict.fromkeys(said))
    translated = " ".join(map(i18n.gettext, messages))
    known = set(WORD.findall(SAME.sub(" ", translated)))
    # Whatever is printed went through the catalogue ...
    assert set(WORD.findall(SAME.sub(" ", text.replace("-\n", "-")))) - known == set()
    # ... and is in it.
    missing = [m for m in messages if i18n.gettext(m) == m and WORD.search(SAME.sub("", m))]
    assert missing == []


def test_argparse_says_nothing_in_english(german) -> None:
    i18n.set_language(i18n.SYSTEM)
    assert [word for word in ARGPARSE_WORDS if i18n.gettext(word) == word] == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["beschreibe", "a.jpg"], "Argument BEFEHL: ungültige Auswahl: 'beschreibe'"),
        (["describe", "--laut", "a.jpg"], "unbekannte Argumente: --laut"),
        (["match", "a.jpg"], "diese Argumente fehlen: SATZ"),
        (["search", "--limit", "0", "Hund"], "'0' ist keine ganze Zahl von 1 bis 100.000"),
        (["describe", "--save-speech", "a.ogg", "a.jpg"], "endet weder auf .wav noch auf .mp3"),
    ],
)
def test_a_usage_error_is_german_and_its_status_the_same(run, german, arguments, sentence) -> None:
    status, out, err = run(*arguments)
    assert (status, out, len(err)) == (2, [], 1)
    assert sentence in err[0]


def test_an_error_of_a_picture_is_german(describe, german, tmp_path) -> None:
    with pytest.raises(PictureError) as english:
        open_picture(str(tmp_path / "none.jpg"))
    status, out, err = describe(tmp_path / "none.jpg")
    assert (status, out, len(err)) == (2, [], 1)
    assert str(english.value) not in err[0]
    with i18n.using("de"), pytest.raises(PictureError) as expected:
        open_picture(str(tmp_path / "none.jpg"))
    assert str(expected.value) in err[0]


def test_the_setting_comes_before_the_system(run, german, settings_file) -> None:
    settings_file.write_text('program_language = "en"\n')
    assert run("doctor", "--help")[1][0].startswith("usage: ")


def test_a_damaged_settings_file_is_left_to_the_command(
    run: Callable[..., tuple[int, list[str], list[str]]], german, settings_file
) -> None:
    settings_file.write_text("program_language = ")
    assert run("doctor", "--help")[1][0].startswith("Aufruf: ")
    assert settings_file.read_text() == "program_language = "
