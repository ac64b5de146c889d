"""Which language pictures are described in, where nobody asks for one."""

import pytest

from image_describer.captioner.languages import default_language, excuse


@pytest.mark.parametrize(
    ("program", "languages", "expected"),
    [
        ("en", ("en", "de"), "en"),
        ("de", ("en", "de"), "de"),
        ("de", ("en",), "en"),
        ("fr", ("en", "de"), "en"),
    ],
)
def test_it_is_the_programs_if_the_model_has_it(
    program: str, languages: tuple[str, ...], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("image_describer.i18n.language", lambda: program)
    assert default_language(languages) == expected
    assert bool(excuse(languages)) == (expected != program)


def test_the_excuse_names_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("image_describer.i18n._of_process", "de")
    assert "Deutsch" in excuse(("en",))
