"""gTTS against a local stand-in of its service: well, slowly, 429, garbage, and nobody there."""

import contextlib
import socket
import time
from pathlib import Path

import pytest

from image_describer.errors import SpeechError
from image_describer.speech import Speaker
from image_describer.speech.cache import SpeechCache
from image_describer.speech.voices import google as gtts
from image_describer.speech.voices import google_client
from image_describer.speech.voices.google import GttsVoice
from tests.support.gtts_service import black_hole, closed_port, service, tone_mp3

CAPTION = "Probably: a brown dog runs through the grass."
LIMIT_S = 1.0
BOUND_S = LIMIT_S + 10.0  # the limit itself, and a busy machine; what hangs takes longer
BAD_MANNERS = ["blocked", "broken", "html", "noise", "empty", "other_json", "huge", "dripping"]
BAD_MANNERS += ["half", "half_and_hang"]


@pytest.fixture(autouse=True)
def _fresh_pauses():
    # A port may be given twice, and a pause holds for the process.
    gtts._pauses.clear()
    yield
    gtts._pauses.clear()


@pytest.fixture
def cache(tmp_path: Path) -> SpeechCache:
    return SpeechCache(tmp_path / "speech")


def voice_at(address: str, cache: SpeechCache | None = None) -> GttsVoice:
    return GttsVoice(cache, address=address, time_limit_s=LIMIT_S)


def test_a_good_answer_is_the_sound_that_was_sent(cache) -> None:
    with service() as stand_in:
        audio = voice_at(stand_in.address, cache).record(CAPTION, 175)
        assert stand_in.texts == [CAPTION]
    assert audio.mp3 == tone_mp3()
    assert audio.seconds == pytest.approx(0.8, abs=0.1)
    assert audio.rate_hz == 24000
    assert audio.file is not None
    assert audio.file.read_bytes() == tone_mp3()


def test_nothing_but_the_sentence_is_sent() -> None:
    with service() as stand_in:
        voice_at(stand_in.address).record(CAPTION, 175)
        (body,) = stand_in.bodies
    rest = body.replace(google_quoted(CAPTION), "")
    assert len(body) - len(rest) > len(CAPTION)
    assert len(rest) < 150


def google_quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text)


def test_a_cache_hit_makes_no_second_request(cache) -> None:
    with service() as stand_in:
        first = voice_at(stand_in.address, cache).record(CAPTION, 175)
        second = voice_at(stand_in.address, cache).record(CAPTION, 300)
        assert len(stand_in.bodies) == 1
    assert second.seconds == pytest.approx(first.seconds * 175 / 300, rel=0.01)
    with closed_port() as nobody:
        assert voice_at(nobody, cache).record(CAPTION, 175).mp3 == first.mp3


def test_a_damaged_cache_entry_is_made_anew(cache) -> None:
    with service() as stand_in:
        voice = voice_at(stand_in.address, cache)
        file = voice.record(CAPTION, 175).file
        assert file is not None
        file.write_bytes(file.read_bytes()[:100])
        assert voice.record(CAPTION, 175).mp3 == tone_mp3()
        assert len(stand_in.bodies) == 2
        assert file.read_bytes() == tone_mp3()


def test_a_cached_file_that_never_was_mp3_is_dropped(cache) -> None:
    with service() as stand_in:
        voice = voice_at(stand_in.address, cache)
        key = cache.key(CAPTION, "en", "com", voice.name)
        cache.put(key, b"not a sound")
        assert voice.record(CAPTION, 175).mp3 == tone_mp3()


def test_a_long_text_comes_in_parts() -> None:
    text = " ".join(["a brown dog runs through the grass."] * 6)
    with service() as stand_in:
        audio = voice_at(stand_in.address).record(text, 175)
        assert len(stand_in.texts) >= 3
        # gTTS drops the punctuation at which it cuts.
        assert " ".join(stand_in.texts).replace(".", "").split() == text.replace(".", "").split()
    assert audio.seconds > 2


@pytest.mark.parametrize("manner", BAD_MANNERS)
def test_a_bad_answer_is_refused_in_time_and_not_kept(manner: str, cache) -> None:
    with service(manner) as stand_in:
        voice = voice_at(stand_in.address, cache)
        began = time.monotonic()
        with pytest.raises(SpeechError) as refused:
            voice.record(CAPTION, 175)
        assert time.monotonic() - began < BOUND_S
        assert refused.value.sentence.startswith("Google")
    assert not cache.folder.exists() or list(cache.folder.iterdir()) == []


@pytest.mark.parametrize("nobody", [closed_port, black_hole])
def test_nobody_there_is_noticed_in_time(nobody) -> None:
    with nobody() as address:
        began = time.monotonic()
        with pytest.raises(SpeechError, match="Google's voice"):
            voice_at(address).record(CAPTION, 175)
        assert time.monotonic() - began < BOUND_S


def test_a_name_server_that_hangs_is_given_up(monkeypatch) -> None:
    def hang(*_: object, **__: object) -> None:
        time.sleep(BOUND_S * 2)
        raise OSError("no name server")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    began = time.monotonic()
    with pytest.raises(SpeechError, match="within 1 s"):
        voice_at("http://nowhere.invalid").record(CAPTION, 175)
    assert time.monotonic() - began < BOUND_S


@pytest.mark.parametrize(("manner", "pause_s"), [("blocked", 600), ("broken", 60)])
def test_after_a_failure_the_service_is_left_alone_for_a_while(
    manner: str, pause_s: int, monkeypatch
) -> None:
    with service(manner) as stand_in:
        for _ in range(3):
            with pytest.raises(SpeechError):
                voice_at(stand_in.address).record(CAPTION, 175)
        assert len(stand_in.bodies) == 1
        paused = voice_at(stand_in.address).available()
        assert not paused
        assert "asked again in" in paused.reason
        later = time.monotonic() + pause_s
        stand_in.manner = "well"
        monkeypatch.setattr(gtts.time, "monotonic", lambda: later - 2)
        assert not voice_at(stand_in.address).available()
        monkeypatch.setattr(gtts.time, "monotonic", lambda: later + 1)
        assert voice_at(stand_in.address).available()


def test_what_is_cached_is_spoken_during_a_pause(cache) -> None:
    with service() as stand_in:
        voice = voice_at(stand_in.address, cache)
        voice.record(CAPTION, 175)
        stand_in.manner = "blocked"
        with pytest.raises(SpeechError):
            voice.record("another sentence", 175)
        assert voice.record(CAPTION, 175).mp3 == tone_mp3()


def test_a_late_answer_is_kept_for_the_next_time(cache) -> None:
    with service("slowly", delay_s=0.6) as stand_in:
        voice = GttsVoice(cache, address=stand_in.address, time_limit_s=0.3)
        with pytest.raises(SpeechError, match=r"within 0\.3 s"):
            voice.record(CAPTION, 175)
        deadline = time.monotonic() + 60
        while not list(cache.folder.glob("*.mp3")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert voice.record(CAPTION, 175).mp3 == tone_mp3()
        assert len(stand_in.bodies) == 1


@pytest.mark.parametrize("text", ["", "...", "\0", "!?"])
def test_a_text_without_words_is_refused_and_starts_no_pause(text: str) -> None:
    with service() as stand_in:
        voice = voice_at(stand_in.address)
        with contextlib.suppress(SpeechError):
            voice.record(text, 175)
        assert voice.available()


@pytest.mark.parametrize(
    "text", ["a dog\0 and\x07 a \ud800cat", "ein Hund läuft über die Wiese 🐕"]
)
def test_wild_texts_are_sent_cleaned(text: str) -> None:
    with service() as stand_in:
        voice_at(stand_in.address).record(text, 175)
        (sent,) = stand_in.texts
    assert "\0" not in sent
    assert "dog" in sent or "läuft" in sent


def test_the_address_can_be_chosen_from_outside(monkeypatch) -> None:
    monkeypatch.setenv(google_client.ADDRESS_VARIABLE, "http://127.0.0.1:9/")
    assert GttsVoice().address() == "http://127.0.0.1:9"
    monkeypatch.delenv(google_client.ADDRESS_VARIABLE)
    assert GttsVoice().address() == "https://translate.google.com"


def test_offline_saves_without_a_request(tmp_path: Path) -> None:
    from image_describer.speech import make_speaker

    with (
        service() as stand_in,
        make_speaker(True, cache_folder=tmp_path, gtts_address=stand_in.address) as speaker,
    ):
        assert speaker.save(CAPTION, tmp_path / "dog.wav") == "espeak"
        assert stand_in.bodies == []
        speaker.offline = False
        assert speaker.save(CAPTION, tmp_path / "dog.mp3") == "gtts"
        assert len(stand_in.bodies) == 1


def test_without_a_sound_card_the_sentence_is_not_sent(no_sound_card, cache) -> None:
    with service() as stand_in, Speaker([voice_at(stand_in.address, cache)]) as speaker:
        utterance = speaker.say(CAPTION)
        assert utterance.wait(60)
        assert stand_in.bodies == []
    assert utterance.error is not None
    assert "no sound output" in utterance.error


@pytest.mark.net
def test_the_real_service_speaks(tmp_path: Path) -> None:
    audio = GttsVoice(address="https://translate.google.com").record("A brown dog.", 175)
    assert 0.5 < audio.seconds < 5
