"""The languages of Google's voice: listed, found by key, and requested from the service."""

import subprocess
import sys
from pathlib import Path

import pytest

from image_describer.speech import languages, make_speaker
from image_describer.speech.voices import google as gtts
from image_describer.speech.voices import google_client
from image_describer.speech.voices.google import GttsVoice
from tests.support.gtts_service import service


def test_english_accents_come_first_then_the_others_by_name() -> None:
    labels = [label for _, label in languages.choices()]
    assert labels[:7] == [
        "English, American",
        "English, British",
        "English, Australian",
        "English, Indian",
        "English, Canadian",
        "English, Irish",
        "English, South African",
    ]
    others = labels[7:]
    assert others == sorted(others)
    assert {"German", "French (Canada)", "Welsh"} <= set(others)
    assert len(others) > 50


def test_keys_and_labels_are_unique_and_can_be_looked_up() -> None:
    choices = languages.choices()
    assert len({key for key, _ in choices}) == len({label for _, label in choices}) == len(choices)
    for key, label in choices:
        assert languages.look_up(key.upper()).label == label


def test_gtts_knows_every_code() -> None:
    from gtts.lang import tts_langs

    assert {entry.language for entry in languages.all_languages()} == set(tts_langs())


@pytest.mark.parametrize("key", [None, "", "EN", "xx"])
def test_unknown_keys_are_american_english(key: str | None) -> None:
    assert languages.look_up(key) is languages.DEFAULT_LANGUAGE


def test_english_is_found_without_gtts() -> None:
    code = (
        "import sys; from image_describer.speech import languages\n"
        "print(languages.look_up('en-gb').label, 'gtts' in sys.modules)\n"
        "sys.modules['gtts'] = sys.modules['gtts.lang'] = None\n"
        "print(len(languages.choices()), languages.look_up('de').key)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "English, British False\n7 en-US\n"


def test_each_accent_has_its_own_domain(monkeypatch) -> None:
    monkeypatch.delenv(google_client.ADDRESS_VARIABLE, raising=False)
    voice = GttsVoice()
    hosts = {voice.address(entry).removeprefix("https://") for entry in languages.ENGLISH}
    assert "translate.google.co.uk" in hosts
    assert len(hosts) == len(languages.ENGLISH)


def test_the_request_has_the_current_language(tmp_path: Path) -> None:
    gtts._pauses.clear()
    with (
        service() as server,
        make_speaker(cache_folder=tmp_path, gtts_address=server.address) as speaker,
    ):
        for key in ("en-US", "en-GB", "de", "nonsense", "de"):
            speaker.language = key
            speaker.save("a dog", tmp_path / "dog.mp3")
        # Accents are cached separately, and cached sentences are not requested again.
        languages_sent = [arguments[1] for arguments in server.arguments]
    assert speaker.language == "de"
    assert languages_sent == ["en", "en", "de"]
