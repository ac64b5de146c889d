"""The speaker: order of voices, lazy loading, privacy and interruption."""

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from image_describer import i18n
from image_describer.errors import SpeechError
from image_describer.speech import (
    DEFAULT_RATE_WPM,
    MAX_RATE_WPM,
    MIN_RATE_WPM,
    Speaker,
    Voice,
    make_speaker,
)
from image_describer.speech.audio.clip import AudioClip
from image_describer.speech.audio.playback import Playback
from image_describer.speech.languages import SpokenLanguage
from image_describer.speech.speaker import ONLINE_UNREACHABLE
from image_describer.speech.voices import google
from image_describer.speech.voices.silent import SilentPlayback, SilentVoice
from tests.support import gtts_service
from tests.support.screen import wait_for

LIMIT_S = 60.0  # far more than needed, for a busy machine


class FailingVoice(SilentVoice):
    """Raises ``error`` when asked to speak, or ``late``: while it speaks."""

    def __init__(self, name: str, error: Exception, late: bool = False) -> None:
        super().__init__(name=name)
        self.error, self.late = error, late

    def speak(self, *_: object) -> Playback:
        if not self.late:
            raise self.error
        return FailingPlayback(self.error)

    def record(self, *_: object) -> AudioClip:
        raise self.error


class FailingPlayback(SilentPlayback):
    def __init__(self, error: Exception) -> None:
        super().__init__(0)
        self.error = error

    def wait(self, timeout: float | None = None) -> bool:
        raise self.error


class SlowLoading:
    """Creates the silent voice once ``allow`` is called."""

    def __init__(self) -> None:
        self.voice = SilentVoice(name="espeak")
        self._allowed = threading.Event()
        self.allow = self._allowed.set

    def __call__(self) -> Sequence[Voice]:
        assert self._allowed.wait(LIMIT_S)
        return [self.voice]


@pytest.fixture
def loading() -> Iterator[SlowLoading]:
    loading = SlowLoading()
    yield loading
    loading.allow()


def spoken(voice: SilentVoice) -> list[str]:
    return [text for text, _ in voice.spoken]


def speaker_with(*voices: Voice, **options: int | None) -> Speaker:
    names = tuple(voice.name for voice in voices)
    return Speaker(voices, order={"description": names, "phrase": names}, **options)


def test_only_descriptions_go_online() -> None:
    online, offline = SilentVoice(name="gtts", online=True), SilentVoice(name="espeak")
    with Speaker([online, offline]) as speaker:
        speaker.say("a dog")
        for kind in ("phrase", "notice", "error"):
            speaker.say(kind, kind=kind, interrupt=False)
        assert speaker.wait(LIMIT_S)
    assert spoken(online) == ["a dog"]
    assert spoken(offline) == ["phrase", "notice", "error"]


def test_an_online_voice_that_cannot_be_reached_is_reported_once() -> None:
    online = FailingVoice("gtts", SpeechError("No network."))
    online.online = True
    offline = SilentVoice(name="espeak")
    with Speaker([online, offline]) as speaker:
        for text in ("a dog", "a cat"):
            speaker.say(text)
            assert speaker.wait(LIMIT_S)
    assert spoken(offline) == ["a dog", ONLINE_UNREACHABLE, "a cat"]


@pytest.mark.parametrize("kind", ["description", "phrase", "notice", "error"])
def test_private_texts_never_go_online(kind) -> None:
    online, offline = SilentVoice(name="gtts", online=True), SilentVoice(name="espeak")
    order = dict.fromkeys(("description", "phrase", "notice", "error"), ("gtts", "espeak"))
    with Speaker([online, offline], order=order) as speaker:
        utterance = speaker.say("Ann and Ben at the lake", kind=kind, private=True)
        assert utterance.wait(LIMIT_S)
    assert (utterance.voice, utterance.error) == ("espeak", None)
    assert spoken(online) == []


def test_private_texts_are_not_sent_to_google(tmp_path: Path) -> None:
    google._pauses.clear()
    with (
        gtts_service.service() as server,
        make_speaker(cache_folder=tmp_path / "cache", gtts_address=server.address) as speaker,
    ):
        assert speaker.save("Ann and Ben", tmp_path / "private.wav", private=True) == "espeak"
        assert server.bodies == []
        assert speaker.save("a brown dog", tmp_path / "public.wav") == "gtts"
        assert server.texts == ["a brown dog"]


def test_a_private_text_is_not_replaced_by_the_same_public_one() -> None:
    online, offline = SilentVoice(60, "gtts", online=True), SilentVoice(60, "espeak")
    with Speaker([online, offline]) as speaker:
        public = speaker.say("a dog")
        private = speaker.say("a dog", private=True)
        assert public is not private
        wait_for(lambda: offline.spoken, LIMIT_S, "the private text")


def test_offline_keeps_descriptions_from_the_network() -> None:
    online, offline = SilentVoice(name="gtts", online=True), SilentVoice(name="espeak")
    with Speaker([online, offline], offline=True) as speaker:
        utterance = speaker.say("a dog")
        assert utterance.wait(LIMIT_S)
    assert online.spoken == []
    assert (utterance.voice, utterance.error) == ("espeak", None)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("error", [SpeechError("No sound.", "Do this."), ValueError("odd")])
def test_the_next_voice_speaks_if_the_first_fails(late, error, caplog) -> None:
    second = SilentVoice(name="second")
    with (
        caplog.at_level(logging.WARNING, "image_describer.speech"),
        speaker_with(FailingVoice("first", error, late), second) as speaker,
    ):
        utterance = speaker.say("a secret sentence")
        assert utterance.wait(LIMIT_S)
    assert second.spoken == [("a secret sentence", DEFAULT_RATE_WPM)]
    assert (utterance.voice, utterance.error) == ("second", None)
    assert list(utterance.failures) == ["first"]
    assert "first" in caplog.text
    assert "secret" not in caplog.text


def test_an_utterance_says_why_it_was_not_heard() -> None:
    failing = FailingVoice("espeak", SpeechError("No sound.", "Do this."))
    with Speaker([failing, SilentVoice()]) as speaker:
        utterance = speaker.say("a dog")
        assert utterance.wait(LIMIT_S)
        assert speaker.last_error == "No sound. Do this."
    assert (utterance.voice, utterance.error) == ("silent", "No sound. Do this.")


def test_without_a_voice_there_is_a_sentence_too(tmp_path: Path) -> None:
    with make_speaker(muted=True) as speaker:
        utterance = speaker.say("a dog")
        assert utterance.wait(LIMIT_S)
        with pytest.raises(SpeechError, match="no voice that can save"):
            speaker.save("a dog", tmp_path / "dog.wav")
    assert utterance.voice is None
    assert utterance.error == "I can't speak: there is no voice."


def test_texts_are_spoken_once_the_voices_are_loaded(loading: SlowLoading) -> None:
    with Speaker(loading) as speaker:
        speaker.say("dropped", interrupt=False)
        speaker.say("first", kind="phrase")
        speaker.say("second", interrupt=False)
        assert speaker.speaking
        assert speaker.last_error == ""
        loading.allow()
        assert speaker.wait(LIMIT_S)
        assert not speaker.speaking
        assert spoken(loading.voice) == ["first", "second"]


def test_an_error_survives_a_notice_while_the_voices_load(loading: SlowLoading) -> None:
    with Speaker(loading) as speaker:
        speaker.say("The settings file is damaged.", kind="error")
        speaker.say("Image Describer.", kind="notice")
        loading.allow()
        assert speaker.wait(LIMIT_S)
    assert spoken(loading.voice) == ["The settings file is damaged.", "Image Describer."]


def test_stop_while_the_voices_load(loading: SlowLoading) -> None:
    with Speaker(loading) as speaker:
        dropped = speaker.say("dropped")
        speaker.stop()
        assert dropped.interrupted
        assert not speaker.speaking
        loading.allow()
        assert speaker.say("spoken").wait(LIMIT_S)
    assert spoken(loading.voice) == ["spoken"]


def test_close_while_the_voices_load(loading: SlowLoading, monkeypatch) -> None:
    monkeypatch.setattr("image_describer.speech.speaker.CLOSE_LIMIT_S", 0.01)
    speaker = Speaker(loading)
    speaker.say("dropped")
    speaker.close()
    assert speaker._thread is not None
    loading.allow()
    speaker._thread.join(LIMIT_S)
    assert not speaker._thread.is_alive()
    assert loading.voice.spoken == []


def test_voices_that_cannot_be_loaded_are_reported(tmp_path: Path, caplog) -> None:
    def fail() -> Sequence[Voice]:
        raise OSError("no sound library")

    with Speaker(fail) as speaker:
        for _ in range(2):
            utterance = speaker.say("a dog", allow_duplicate=True)
            assert utterance.wait(LIMIT_S)
            assert utterance.error is not None
            assert "no sound library" in utterance.error
            assert speaker.last_error == utterance.error
        with pytest.raises(SpeechError, match="no sound library"):
            speaker.save("a dog", tmp_path / "dog.wav")
    assert "the voices can't be loaded" in caplog.text


def test_making_a_speaker_loads_nothing_heavy() -> None:
    code = (
        "import sys; from image_describer.speech import make_speaker\n"
        "make_speaker(language='de').configure(\n"
        "    offline=False, rate=200, volume=50, language='fr', voice='auto'\n"
        ")\n"
        "heavy = {'miniaudio', 'playsound3', 'requests', 'gtts', 'lameenc', 'espeakng_loader',"
        " 'numpy', 'jeepney', 'image_describer.speech.voices.google'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_an_interruption_silences_and_drops_the_queue() -> None:
    voice = SilentVoice(seconds=60, name="slow")
    with speaker_with(voice) as speaker:
        first = speaker.say("first", interrupt=False)
        second = speaker.say("second", interrupt=False)
        wait_for(lambda: voice.spoken, LIMIT_S, "the first text")
        third = speaker.say("third")
        assert first.wait(LIMIT_S)
        assert second.wait(LIMIT_S)
        wait_for(lambda: len(voice.spoken) == 2, LIMIT_S, "the third text")
        assert (first.interrupted, second.interrupted, third.interrupted) == (True, True, False)
        assert (first.voice, second.voice) == ("slow", None)
        assert spoken(voice) == ["first", "third"]
        assert not third.wait(0)


def test_without_interruption_everything_is_spoken_in_order() -> None:
    voice = SilentVoice(seconds=0.01, name="slow")
    with speaker_with(voice) as speaker:
        for text in "abcde":
            speaker.say(text, interrupt=False)
        assert speaker.wait(LIMIT_S)
    assert spoken(voice) == list("abcde")


def test_wait_returns_after_its_timeout() -> None:
    with speaker_with(SilentVoice(seconds=60)) as speaker:
        utterance = speaker.say("a dog")
        assert not speaker.wait(0.02)
        assert not utterance.wait(0.02)
        speaker.stop()
        assert speaker.wait(LIMIT_S)


def test_an_empty_text_is_over_at_once() -> None:
    voice = SilentVoice()
    with speaker_with(voice) as speaker:
        utterance = speaker.say(" \n\t")
        assert utterance.wait(0)
    assert (utterance.voice, utterance.error, voice.spoken) == (None, None, [])


def test_a_closed_speaker_stays_silent() -> None:
    speaker = speaker_with(SilentVoice(seconds=60))
    current = speaker.say("a dog")
    speaker.close()
    speaker.close()
    assert current.wait(LIMIT_S)
    late = speaker.say("another dog")
    assert late.wait(0)
    assert late.error == "The program is closing and says nothing more."
    assert speaker.wait(LIMIT_S)


def test_running_out_of_threads_is_reported(monkeypatch) -> None:
    def fail(self) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    utterance = speaker_with(SilentVoice()).say("a dog")
    assert utterance.wait(0)
    assert utterance.error == "I can't speak: can't start new thread."


@pytest.mark.parametrize(
    ("rate", "clamped"),
    [(None, DEFAULT_RATE_WPM), (1, MIN_RATE_WPM), (300, 300), (9999, MAX_RATE_WPM)],
)
def test_the_rate_is_clamped(rate, clamped) -> None:
    voice = SilentVoice()
    with speaker_with(voice, rate=rate) as speaker:
        assert speaker.rate == clamped
        speaker.rate = -5
        assert speaker.say("a dog").wait(LIMIT_S)
    assert voice.spoken == [("a dog", MIN_RATE_WPM)]


@pytest.mark.parametrize(("volume", "clamped"), [(None, 100), (-5, 0), (33, 33), (500, 100)])
def test_the_volume_is_clamped(volume: int | None, clamped: int) -> None:
    speaker = speaker_with(SilentVoice(), volume=volume)
    assert speaker.volume == clamped
    speaker.volume = 1000
    assert speaker.volume == 100


def test_speech_works_without_a_cache_folder(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with make_speaker(offline=True, cache_folder=blocked / "speech") as speaker:
        assert speaker.save("a dog", tmp_path / "dog.wav") == "espeak"


class LanguageVoice(SilentVoice):
    """Records the languages in which it was asked to speak."""

    def __init__(self, name: str, *, online: bool = False) -> None:
        super().__init__(name=name, online=online)
        self.languages: list[str] = []

    def speak(self, text: str, rate: int, volume: int, language: SpokenLanguage) -> Playback:
        self.languages.append(language.language)
        return super().speak(text, rate, volume, language)


def test_only_a_text_in_another_language_is_spoken_offline_in_that_language() -> None:
    online, offline = LanguageVoice("gtts", online=True), LanguageVoice("espeak")
    with Speaker([online, offline], language="fr") as speaker:
        speaker.say("a dog")
        speaker.say("ein Hund", kind="phrase", interrupt=False, language="de")
        speaker.say("Ready.", kind="phrase", interrupt=False)
        assert speaker.wait(LIMIT_S)
    assert online.languages == ["fr"]
    assert offline.languages == ["de", "en"]


def test_a_text_stays_in_the_language_that_the_program_spoke_when_it_was_said() -> None:
    with Speaker([SilentVoice()]) as speaker:
        english = speaker.say("Ready.", kind="phrase")
        with i18n.using("de"):
            german = speaker.say("Bereit.", kind="phrase")
    assert (english.language, german.language) == ("en", "de")
