"""Responses in the language that a client prefers."""

import pytest

from image_describer import i18n
from image_describer.server.middleware.language import preferred_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr,en;q=0.5,de;q=0.7", "de"),
        ("en-GB, de;q=0.9", "en"),
        ("de;q=0, en;q=0.1", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("", "en"),
        (";;,q=,de;q=x", "en"),
    ],
)
def test_the_translated_language_with_the_highest_quality_counts(header, language) -> None:
    assert preferred_language(header) == language


def test_otherwise_the_language_is_that_of_the_service() -> None:
    with i18n.using("de"):
        assert preferred_language("fr") == "de"


@pytest.mark.parametrize("path", ["/v1/describe", "/nowhere"])
def test_errors_are_in_the_language_of_the_request(service, path) -> None:
    details = {}
    for code in ("de", "en", ""):
        answer = service.client.post(
            path, content=b"no picture", headers={"Accept-Language": code} if code else {}
        )
        assert answer.status_code in (404, 405, 422)
        details[code] = answer.json()["detail"]
    assert details["de"] != details["en"] == details[""]


def test_the_page_is_in_the_language_of_the_browser(service) -> None:
    german = service.client.get("/", headers={"Accept-Language": "de"})
    assert '<html lang="de"' in german.text
    assert "Bild wählen" in german.text
    assert "Choose a picture" not in german.text
    assert "Accept-Language" in german.headers["Vary"]
    assert '<html lang="en"' in service.client.get("/").text
