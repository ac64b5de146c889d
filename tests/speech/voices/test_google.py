"""gTTS with a fake service that answers well, slowly, with 429, with garbage, or not at all."""

import contextlib
import socket
import threading
import time
import urllib.parse
from pathlib import Path

import pytest

from image_describer.errors import GoogleError, SpeechError
from image_describer.speech import Speaker, make_speaker, self_test
from image_describer.speech.cache import SpeechCache
from image_describer.speech.voices import google as gtts
from image_describer.speech.voices import google_client
from image_describer.speech.voices.google import GttsVoice
from tests.support.gtts_service import TONE_S, closed_port, service, tone_mp3
from tests.support.screen import LIMIT_S, wait_for

CAPTION = "Probably: a brown dog runs through the grass."
SHORT_LIMIT_S = 0.5  # for answers that never end
BAD_ANSWERS = ["blocked", "broken", "html", "noise", "other_json", "huge", "dripping", "half"]


@pytest.fixture(autouse=True)
def _fresh_pauses():
    # Ports may be reused, and pauses are process-wide.
    gtts._pauses.clear()
    yield
    gtts._pauses.clear()


@pytest.fixture
def cache(tmp_path: Path) -> SpeechCache:
    return SpeechCache(tmp_path / "speech")


def voice_at(
    address: str, cache: SpeechCache | None = None, time_limit_s: float = LIMIT_S
) -> GttsVoice:
    return GttsVoice(cache, address=address, time_limit_s=time_limit_s)


def test_a_good_answer_is_returned_and_cached(cache) -> None:
    with service() as server:
        audio = voice_at(server.address, cache).record(CAPTION, 175)
        assert server.texts == [CAPTION]
    assert audio.mp3 == tone_mp3()
    assert audio.seconds == pytest.approx(TONE_S, abs=0.1)
    assert audio.rate_hz == 24000
    assert audio.file is not None
    assert audio.file.read_bytes() == tone_mp3()


def test_only_the_sentence_is_sent() -> None:
    with service() as server:
        voice_at(server.address).record(CAPTION, 175)
        (body,) = server.bodies
    rest = body.replace(urllib.parse.quote(CAPTION), "")
    assert len(body) - len(rest) > len(CAPTION)
    assert len(rest) < 150


def test_a_cache_hit_makes_no_second_request(cache) -> None:
    with service() as server:
        first = voice_at(server.address, cache).record(CAPTION, 175)
        second = voice_at(server.address, cache).record(CAPTION, 300)
        assert len(server.bodies) == 1
    assert second.seconds == pytest.approx(first.seconds * 175 / 300, rel=0.01)
    with closed_port() as unreachable:
        assert voice_at(unreachable, cache).record(CAPTION, 175).mp3 == first.mp3


def test_a_damaged_cache_entry_is_requested_again(cache) -> None:
    with service() as server:
        voice = voice_at(server.address, cache)
        file = voice.record(CAPTION, 175).file
        assert file is not None
        file.write_bytes(file.read_bytes()[:100])
        assert voice.record(CAPTION, 175).mp3 == tone_mp3()
        assert len(server.bodies) == 2
        assert file.read_bytes() == tone_mp3()


def test_a_cached_file_that_is_not_mp3_is_dropped(cache) -> None:
    with service() as server:
        voice = voice_at(server.address, cache)
        key = cache.key(CAPTION, "en", "com", voice.name)
        cache.put(key, b"not a sound")
        assert voice.record(CAPTION, 175).mp3 == tone_mp3()


def test_a_long_text_comes_in_parts() -> None:
    text = " ".join(["a brown dog runs through the grass."] * 6)
    with service() as server:
        audio = voice_at(server.address).record(text, 175)
        assert len(server.texts) >= 3
        # gTTS drops the punctuation where it splits.
        assert " ".join(server.texts).replace(".", "").split() == text.replace(".", "").split()
    assert audio.seconds > 2


@pytest.mark.parametrize("behavior", BAD_ANSWERS)
def test_a_bad_answer_is_refused_and_not_cached(behavior: str, cache) -> None:
    limit_s = SHORT_LIMIT_S if behavior == "dripping" else LIMIT_S
    with service(behavior) as server:
        with pytest.raises(SpeechError) as refused:
            voice_at(server.address, cache, limit_s).record(CAPTION, 175)
        assert refused.value.sentence.startswith("Google")
    assert not cache.folder.exists() or list(cache.folder.iterdir()) == []


def test_an_unreachable_service_is_reported() -> None:
    with (
        closed_port() as address,
        pytest.raises(SpeechError, match=r"Google's voice can't be reached \(ConnectionError\)"),
    ):
        voice_at(address).record(CAPTION, 175)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("REQUESTS_CA_BUNDLE", "/nonexistent.pem"),
        ("REQUESTS_CA_BUNDLE", "{folder}/noise"),
        ("CURL_CA_BUNDLE", "{folder}"),
        ("SSLKEYLOGFILE", "/nonexistent/keys"),
        ("NETRC", "{folder}/noise"),
        ("HTTPS_PROXY", "http://["),
        ("HTTPS_PROXY", "socks5://127.0.0.1:9"),
        ("HTTPS_PROXY", f"http://{'long' * 20}.example"),
        ("ALL_PROXY", "other://proxy"),
        (google_client.ADDRESS_VARIABLE, f"https://{'long' * 20}.example"),
        (google_client.ADDRESS_VARIABLE, "https://[::1"),
        (google_client.ADDRESS_VARIABLE, "no address"),
    ],
)
def test_the_offline_voice_speaks_whatever_the_network_settings(
    variable: str, value: str, monkeypatch, tmp_path: Path
) -> None:
    (tmp_path / "noise").write_bytes(b"machine \xff\xfe login\n")
    monkeypatch.setenv(google_client.ADDRESS_VARIABLE, "https://127.0.0.1:9")
    monkeypatch.setenv(variable, value.format(folder=tmp_path))
    with make_speaker(cache_folder=tmp_path) as speaker:
        assert speaker.save(CAPTION, tmp_path / "dog.wav") == "espeak"
    own_voice, google = self_test.check_voices()
    assert own_voice.works
    assert (google.works, google.needed) == (False, False)
    assert "can't be reached" in google.sentence


@pytest.mark.parametrize("error", [OSError("a file"), KeyError("x"), RecursionError(), MemoryError])
def test_whatever_the_network_library_raises_is_a_failure_of_the_service(
    error: Exception, monkeypatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("requests.post", fail)
    with pytest.raises(GoogleError, match="can't be reached"):
        voice_at("http://127.0.0.1:9").record(CAPTION, 175)
    assert not voice_at("http://127.0.0.1:9").available()


def test_a_hanging_name_server_is_given_up(monkeypatch) -> None:
    released = threading.Event()

    def hang(*_: object, **__: object) -> None:
        released.wait()
        raise OSError("no name server")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with pytest.raises(SpeechError, match=r"within 0\.5 s"):
        voice_at("http://nowhere.invalid", time_limit_s=SHORT_LIMIT_S).record(CAPTION, 175)
    released.set()


@pytest.mark.parametrize(("behavior", "pause_s"), [("blocked", 600), ("broken", 60)])
def test_a_failure_pauses_requests(behavior: str, pause_s: int, monkeypatch) -> None:
    with service(behavior) as server:
        for _ in range(3):
            with pytest.raises(SpeechError):
                voice_at(server.address).record(CAPTION, 175)
        assert len(server.bodies) == 1
        paused = voice_at(server.address).available()
        assert not paused
        assert "The next attempt is in" in paused.reason
        later = time.monotonic() + pause_s
        server.behavior = "well"
        monkeypatch.setattr(gtts.time, "monotonic", lambda: later - 2)
        assert not voice_at(server.address).available()
        monkeypatch.setattr(gtts.time, "monotonic", lambda: later + 1)
        assert voice_at(server.address).available()


def test_the_cache_is_used_during_a_pause(cache) -> None:
    with service() as server:
        voice = voice_at(server.address, cache)
        voice.record(CAPTION, 175)
        server.behavior = "blocked"
        with pytest.raises(SpeechError):
            voice.record("another sentence", 175)
        assert voice.record(CAPTION, 175).mp3 == tone_mp3()


def test_a_late_answer_is_cached(cache) -> None:
    with service("slowly", delay_s=0.6) as server:
        voice = GttsVoice(cache, address=server.address, time_limit_s=0.3)
        with pytest.raises(SpeechError, match=r"within 0\.3 s"):
            voice.record(CAPTION, 175)
        wait_for(lambda: list(cache.folder.glob("*.mp3")), LIMIT_S, "the late answer")
        assert voice.record(CAPTION, 175).mp3 == tone_mp3()
        assert len(server.bodies) == 1


@pytest.mark.parametrize("text", ["", "..."])
def test_a_text_without_words_causes_no_pause(text: str) -> None:
    with service() as server:
        voice = voice_at(server.address)
        with contextlib.suppress(SpeechError):
            voice.record(text, 175)
        assert voice.available()


@pytest.mark.parametrize(
    "text", ["a dog\0 and\x07 a \ud800cat", "ein Hund läuft über die Wiese 🐕"]
)
def test_texts_are_cleaned_before_sending(text: str) -> None:
    with service() as server:
        voice_at(server.address).record(text, 175)
        (sent,) = server.texts
    assert "\0" not in sent
    assert "dog" in sent or "läuft" in sent


def test_the_address_can_be_set_in_the_environment(monkeypatch) -> None:
    monkeypatch.setenv(google_client.ADDRESS_VARIABLE, "http://127.0.0.1:9/")
    assert GttsVoice().address() == "http://127.0.0.1:9"
    monkeypatch.delenv(google_client.ADDRESS_VARIABLE)
    assert GttsVoice().address() == "https://translate.google.com"


def test_offline_makes_no_request(tmp_path: Path) -> None:
    with (
        service() as server,
        make_speaker(offline=True, cache_folder=tmp_path, gtts_address=server.address) as speaker,
    ):
        assert speaker.save(CAPTION, tmp_path / "dog.wav") == "espeak"
        assert server.bodies == []
        speaker.offline = False
        assert speaker.save(CAPTION, tmp_path / "dog.mp3") == "gtts"
        assert len(server.bodies) == 1


def test_without_a_sound_card_the_sentence_is_not_sent(no_sound_card, cache) -> None:
    with service() as server, Speaker([voice_at(server.address, cache)]) as speaker:
        utterance = speaker.say(CAPTION)
        assert utterance.wait(LIMIT_S)
        assert server.bodies == []
    assert utterance.error is not None
    assert "no sound output" in utterance.error


@pytest.mark.net
def test_the_real_service_speaks(tmp_path: Path) -> None:
    audio = GttsVoice(address="https://translate.google.com").record("A brown dog.", 175)
    assert 0.5 < audio.seconds < 5
