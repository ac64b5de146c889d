"""Speech as an answer: which format, which language, and whose voice."""

import io
import wave

import miniaudio
import pytest

from image_describer.errors import NoLanguageError
from image_describer.server import speech
from image_describer.speech.voices.google_client import ADDRESS_VARIABLE
from tests.support import gtts_service
from tests.support.service import Service, authored, sample


@pytest.mark.parametrize("kind", ["audio/mpeg", "audio/wav"])
def test_the_sentence_is_spoken(service, kind):
    answer = service.describe(sample(), headers={"Accept": kind})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind
    decoded = miniaudio.decode(answer.content)
    assert decoded.duration > 1.0
    assert max(map(abs, decoded.samples)) > 3000, "it is silent"


def test_wav_is_wav(service):
    sound = service.describe(sample(), headers={"Accept": "audio/wav"}).content
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)


ACCEPTED = {
    None: "application/json",
    "": "application/json",
    "*/*": "application/json",
    "application/json": "application/json",
    "application/*": "application/json",
    "audio/*": "audio/mpeg",
    "audio/mpeg": "audio/mpeg",
    "AUDIO/MPEG": "audio/mpeg",
    "audio/wav;q=0.5, audio/mpeg;q=0.4": "audio/wav",
    "audio/wav;q=0.5, audio/mpeg;q=0.9": "audio/mpeg",
    "text/html, */*;q=0.1": "application/json",
    "audio/*;q=0.8, application/json;q=0.2": "audio/mpeg",
    "audio/*, audio/mpeg;q=0": "audio/wav",
    "*/*;q=0.1, application/json;q=0": "audio/mpeg",
    "audio/wav; codec=1; q=1.0": "audio/wav",
    "text/html": None,
    "image/*": None,
    "*/*;q=0": None,
    "audio/mpeg;q=nan": None,
    ";;;,,,": None,
}


@pytest.mark.parametrize("accept", ACCEPTED)
def test_the_accept_header_is_understood(accept):
    assert speech.best_media_type(accept) == ACCEPTED[accept]


def test_nothing_acceptable_is_said_before_the_picture_is_looked_at(service):
    answer = service.describe(b"no picture", headers={"Accept": "text/html"})
    assert answer.status_code == 406
    assert "audio/mpeg" in answer.json()["detail"]


@pytest.mark.parametrize("language", ["en", "en-GB", "EN-us"])
def test_english_is_spoken_offline(service, language):
    answer = service.describe(
        sample(), params={"language": language}, headers={"Accept": "audio/wav"}
    )
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("language", ["de", "tlh", "", "../../etc", "e\x00n"])
def test_a_language_that_is_not_spoken_gets_a_problem(service, language):
    answer = service.describe(
        sample(), params={"language": language}, headers={"Accept": "audio/wav"}
    )
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_google_is_asked_only_where_that_is_allowed_and_never_for_an_authors_words():
    assert speech.is_private({"sentence": "Reworded: Ann. Probably: a woman.", "alt_text": "Ann"})
    assert not speech.is_private({"sentence": "Probably: a woman.", "alt_text": None})
    assert speech.check_language("de", online=True) == "de"
    with pytest.raises(NoLanguageError, match="English only"):
        speech.check_language("de", online=False)


def test_googles_voice_speaks_where_that_was_asked_for_but_no_authors_words(tiny_bundle, tmp_path):
    with gtts_service.service() as google:
        env = {ADDRESS_VARIABLE: google.address, "XDG_CACHE_HOME": str(tmp_path)}
        with Service(tiny_bundle, "--workers", "1", "--online-voice", env=env) as own:
            heard = own.describe(authored(), headers={"Accept": "audio/mpeg"})
            assert heard.status_code == 200
            assert not google.texts, "what an author wrote went to Google"
            heard = own.describe(
                sample(), params={"language": "de"}, headers={"Accept": "audio/mpeg"}
            )
            assert heard.status_code == 200
            assert google.texts == [own.describe(sample()).json()["sentence"]]


def test_by_default_google_is_not_asked(tiny_bundle, tmp_path):
    with gtts_service.service() as google:
        env = {ADDRESS_VARIABLE: google.address, "XDG_CACHE_HOME": str(tmp_path)}
        with Service(tiny_bundle, "--workers", "1", env=env) as own:
            assert own.describe(sample(), headers={"Accept": "audio/mpeg"}).status_code == 200
        assert not google.texts
        assert not list(tmp_path.rglob("*.mp3")), "nothing that was said is kept"
