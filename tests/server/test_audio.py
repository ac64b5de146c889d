"""Speech as a response: formats, languages and voices."""

import io
import wave

import miniaudio
import pytest

from image_describer.errors import DescriptionLanguageError
from image_describer.server import speech
from image_describer.speech.voices.google_client import ADDRESS_VARIABLE
from tests.support import gtts_service
from tests.support.service import Service, picture_with_alt_text, sample


@pytest.mark.parametrize("kind", ["audio/mpeg", "audio/wav"])
def test_the_sentence_is_spoken(service, kind):
    answer = service.describe(sample(), headers={"Accept": kind})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind
    decoded = miniaudio.decode(answer.content)
    assert decoded.duration > 1.0
    assert max(map(abs, decoded.samples)) > 3000, "the speech is silent"


def test_wav_is_mono_with_16_bits(service):
    sound = service.describe(sample(), headers={"Accept": "audio/wav"}).content
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)


ACCEPTED = {
    None: "application/json",
    "*/*": "application/json",
    "application/*": "application/json",
    "audio/*": "audio/mpeg",
    "AUDIO/MPEG": "audio/mpeg",
    "audio/wav;q=0.5, audio/mpeg;q=0.9": "audio/mpeg",
    "text/html, */*;q=0.1": "application/json",
    "audio/*, audio/mpeg;q=0": "audio/wav",
    "*/*;q=0.1, application/json;q=0": "audio/mpeg",
    "audio/wav; codec=1; q=1.0": "audio/wav",
    "text/html": None,
    "*/*;q=0": None,
    "audio/mpeg;q=nan": None,
    ";;;,,,": None,
}


@pytest.mark.parametrize("accept", ACCEPTED)
def test_the_accept_header_chooses_the_media_type(accept):
    assert speech.best_media_type(accept) == ACCEPTED[accept]


def test_unacceptable_media_types_are_refused_before_the_picture_is_opened(service):
    answer = service.describe(b"no picture", headers={"Accept": "text/html"})
    assert answer.status_code == 406
    assert "audio/mpeg" in answer.json()["detail"]


@pytest.mark.parametrize("language", ["en", "EN-us"])
def test_english_is_spoken_offline(service, language):
    answer = service.describe(
        sample(), params={"language": language}, headers={"Accept": "audio/wav"}
    )
    assert answer.status_code == 200, answer.text


def test_a_text_is_spoken_in_its_language():
    english, german = (speech.spoken_offline("Guten Morgen", "wav", code) for code in ("", "de"))
    assert english != german


@pytest.mark.parametrize("language", ["fr", "de-AT", "", "../../etc", "e\x00n"])
def test_unknown_languages_are_refused(service, language):
    answer = service.describe(
        sample(), params={"language": language}, headers={"Accept": "audio/wav"}
    )
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Choose one of these: en, de, en-US," in answer.json()["detail"]


def test_german_is_described_and_spoken_in_german(service):
    record = service.describe(sample(), params={"language": "de"}).json()
    form = {"files": {"picture": sample()}, "data": {"language": "DE"}}
    for answer in (record, service.client.post("/v1/describe", **form).json()):
        assert (answer["language"], "Quadrat" in answer["sentence"]) == ("de", True)
    assert service.describe(sample()).json()["language"] == "en"
    sound = {"Accept": "audio/wav"}
    german = service.describe(sample(), params={"language": "de"}, headers=sound)
    assert german.status_code == 200
    assert miniaudio.decode(german.content).duration > 1.0


def test_what_others_wrote_is_private() -> None:
    own = {"alt_text": None, "text": "", "codes": []}
    assert not speech.is_private(own)
    assert not speech.is_private({**own, "text": None})
    for quoted in ({"alt_text": "Ann"}, {"text": "Dear Ann"}, {"codes": [{"content": "Ann"}]}):
        assert speech.is_private({**own, **quoted})


def test_the_language_is_the_given_one_or_that_of_the_client(monkeypatch):
    assert speech.choose_language("EN-gb", ("en",)) == ("en", "en-GB")
    assert speech.choose_language(None, ("en", "de")) == ("en", "en")
    monkeypatch.setattr("image_describer.i18n.language", lambda: "de")
    assert speech.choose_language(None, ("en", "de")) == ("de", "de")
    assert speech.choose_language(None, ("en",)) == ("en", "en")
    with pytest.raises(DescriptionLanguageError, match=": en, en-US"):
        speech.choose_language("de", ("en",))


def test_the_online_voice_speaks_descriptions_but_no_alt_text(tiny_bundle, tmp_path):
    with gtts_service.service() as google:
        env = {ADDRESS_VARIABLE: google.address, "XDG_CACHE_HOME": str(tmp_path)}
        with Service(tiny_bundle, "--workers", "1", "--online-voice", env=env) as own:
            response = own.describe(picture_with_alt_text(), headers={"Accept": "audio/mpeg"})
            assert response.status_code == 200
            assert not google.texts, "alt text was sent to Google"
            response = own.describe(
                sample(), params={"language": "de"}, headers={"Accept": "audio/mpeg"}
            )
            assert response.status_code == 200
            german = own.describe(sample(), params={"language": "de"})
            assert google.texts == [german.json()["sentence"]]


def test_google_gets_no_request_by_default(tiny_bundle, tmp_path):
    with gtts_service.service() as google:
        env = {ADDRESS_VARIABLE: google.address, "XDG_CACHE_HOME": str(tmp_path)}
        with Service(tiny_bundle, "--workers", "1", env=env) as own:
            assert own.describe(sample(), headers={"Accept": "audio/mpeg"}).status_code == 200
        assert not google.texts
        assert not list(tmp_path.rglob("*.mp3")), "speech was stored"
