"""The language in use: of the process, of a block, and of the system."""

import threading

import pytest

from image_describer import i18n, text


@pytest.fixture(autouse=True)
def _english_afterwards():
    yield
    i18n.set_language(i18n.ENGLISH)
    i18n.system_language.cache_clear()


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("de_DE.UTF-8", "de"),
        ("DE", "de"),
        ("en-us", "en"),
        ("C", "en"),
        ("C.UTF-8", "en"),
        ("fr_FR", "en"),
        ("../de", "en"),
        ("", "en"),
    ],
)
def test_a_locale_means_a_language_of_the_program(code: str, language: str) -> None:
    assert i18n.supported(code) == language


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "de_DE.UTF-8"}, "de"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "de_CH"}, "de"),
        ({"LANG": "en_GB.UTF-8", "LANGUAGE": "de:en"}, "de"),
        ({}, "en"),
    ],
)
def test_the_variables_name_the_language_of_the_system(
    variables: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    i18n.system_language.cache_clear()
    i18n.set_language(i18n.SYSTEM)
    assert i18n.language() == language


def test_a_block_has_its_own_language_in_its_own_thread() -> None:
    seen = []
    with i18n.using("de"):
        thread = threading.Thread(target=lambda: seen.append(i18n.language()))
        thread.start()
        thread.join()
        seen.append(i18n.language())
    assert [*seen, i18n.language()] == ["en", "de", "en"]


def test_a_message_without_translation_stays_as_it_is() -> None:
    with i18n.using("de"):
        assert i18n.gettext("Nobody translated this.") == "Nobody translated this."
        assert i18n.gettext("") == ""


def test_numbers_counts_and_sizes_are_written_as_the_language_does() -> None:
    def texts() -> list[str]:
        return [
            text.number(12_345),
            text.number(1234.5, 1),
            text.percent(0.76),
            text.file_size(1_200_000),
            text.file_size(1_000_000, brief=True),
            text.plural("{count} folder", "{count} folders", 1),
            text.plural("{count} folder", "{count} folders", 1_200),
        ]

    assert texts() == [
        "12,345", "1,234.5", "76 percent", "1.2 megabytes", "1 MB", "1 folder", "1,200 folders",
    ]  # fmt: skip
    with i18n.using("de"):
        assert texts() == [
            "12.345", "1.234,5", "76 Prozent", "1,2 Megabyte", "1 MB", "1 Ordner", "1.200 Ordner",
        ]  # fmt: skip
