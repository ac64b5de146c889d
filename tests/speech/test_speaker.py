"""The speaker: order of voices, interruption, and that nothing makes it raise."""

import logging
import threading
import time
from pathlib import Path

import pytest

from image_describer.errors import SpeechError
from image_describer.speech import (
    DEFAULT_RATE_WPM,
    MAX_RATE_WPM,
    MIN_RATE_WPM,
    Speaker,
    make_speaker,
)
from image_describer.speech.audio.clip import AudioClip
from image_describer.speech.audio.playback import Playback
from image_describer.speech.availability import Availability
from image_describer.speech.voices.silent import SilentPlayback, SilentVoice

SOON_S = 60.0  # a busy machine is slow; nothing here takes a hundredth of it


class OnlineVoice(SilentVoice):
    online = True


class BrokenVoice:
    """Fails when asked to speak, or only once it speaks."""

    online = False

    def __init__(self, name: str, error: Exception, late: bool = False) -> None:
        self.name, self.error, self.late = name, error, late

    def available(self) -> Availability:
        return Availability(True)

    def speak(self, text: str, rate: int, *_: object) -> Playback:
        if not self.late:
            raise self.error
        return BrokenPlayback(self.error)

    def record(self, text: str, rate: int, *_: object) -> AudioClip:
        raise self.error


class BrokenPlayback(SilentPlayback):
    def __init__(self, error: Exception) -> None:
        super().__init__(0)
        self.error = error

    def wait(self, timeout: float | None = None) -> bool:
        raise self.error


def speaker_of(*voices, **options) -> Speaker:
    names = tuple(voice.name for voice in voices)
    return Speaker(voices, order={"description": names, "phrase": names}, **options)


def test_descriptions_go_online_first_and_phrases_never() -> None:
    online, offline = OnlineVoice(name="gtts"), SilentVoice(name="espeak")
    with Speaker([online, offline]) as speaker:
        assert speaker.say("a dog").wait(SOON_S)
        assert speaker.say("Repeat, button", kind="phrase").wait(SOON_S)
    assert [text for text, _ in online.spoken] == ["a dog"]
    assert [text for text, _ in offline.spoken] == ["Repeat, button"]


def test_offline_keeps_descriptions_from_the_network() -> None:
    online, offline = OnlineVoice(name="gtts"), SilentVoice(name="espeak")
    with Speaker([online, offline], offline=True) as speaker:
        utterance = speaker.say("a dog")
        assert utterance.wait(SOON_S)
    assert online.spoken == []
    assert (utterance.voice, utterance.error) == ("espeak", None)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("error", [SpeechError("No tongue.", "Grow one."), ValueError("odd")])
def test_the_next_voice_says_what_the_first_could_not(late, error, caplog) -> None:
    second = SilentVoice(name="second")
    with (
        caplog.at_level(logging.WARNING, "image_describer.speech"),
        speaker_of(BrokenVoice("first", error, late), second) as speaker,
    ):
        utterance = speaker.say("a secret sentence")
        assert utterance.wait(SOON_S)
    assert second.spoken == [("a secret sentence", DEFAULT_RATE_WPM)]
    assert (utterance.voice, utterance.error) == ("second", None)
    assert list(utterance.failures) == ["first"]
    assert "first" in caplog.text
    assert "secret" not in caplog.text


def test_when_only_silence_is_left_the_utterance_says_why() -> None:
    broken = BrokenVoice("espeak", SpeechError("No tongue.", "Grow one."))
    with Speaker([broken, SilentVoice()]) as speaker:
        utterance = speaker.say("a dog")
        assert utterance.wait(SOON_S)
    assert (utterance.voice, utterance.error) == ("silent", "No tongue. Grow one.")


def test_no_voice_at_all_is_a_sentence_too() -> None:
    with Speaker([]) as speaker:
        utterance = speaker.say("a dog")
        assert utterance.wait(SOON_S)
    assert utterance.voice is None
    assert utterance.error == "I can't speak: there is no voice."


def test_an_interruption_silences_at_once_and_drops_what_waits() -> None:
    voice = SilentVoice(seconds=60, name="slow")
    with speaker_of(voice) as speaker:
        first = speaker.say("first", interrupt=False)
        second = speaker.say("second", interrupt=False)
        while not voice.spoken:
            time.sleep(0.001)
        began = time.monotonic()
        third = speaker.say("third")
        assert first.wait(SOON_S)
        assert second.wait(SOON_S)
        while len(voice.spoken) < 2:
            assert time.monotonic() - began < SOON_S
            time.sleep(0.001)
        assert time.monotonic() - began < 1
        assert (first.interrupted, second.interrupted, third.interrupted) == (True, True, False)
        assert (first.voice, second.voice) == ("slow", None)
        assert [text for text, _ in voice.spoken] == ["first", "third"]
        assert not third.wait(0.01)


def test_without_interruption_all_is_said_in_order() -> None:
    voice = SilentVoice(seconds=0.01, name="slow")
    with speaker_of(voice) as speaker:
        for text in "abcde":
            speaker.say(text, interrupt=False)
        assert speaker.wait(SOON_S)
        assert [text for text, _ in voice.spoken] == list("abcde")


def test_wait_gives_up_after_its_time() -> None:
    with speaker_of(SilentVoice(seconds=60)) as speaker:
        utterance = speaker.say("a dog")
        assert not speaker.wait(0.02)
        assert not utterance.wait(0.02)
        speaker.stop()
        assert speaker.wait(SOON_S)


def test_nothing_to_say_is_over_at_once() -> None:
    voice = SilentVoice()
    with speaker_of(voice) as speaker:
        utterance = speaker.say(" \n\t")
        assert utterance.wait(0)
        assert (utterance.voice, utterance.error, voice.spoken) == (None, None, [])


def test_a_closed_speaker_answers_and_stays_silent() -> None:
    voice = SilentVoice(seconds=60)
    speaker = speaker_of(voice)
    running = speaker.say("a dog")
    speaker.close()
    speaker.close()
    assert running.wait(SOON_S)
    late = speaker.say("another dog")
    assert late.wait(0)
    assert late.error == "The program is closing and says nothing more."
    assert speaker.wait(SOON_S)


def test_a_machine_without_threads_left_gets_an_answer_too(monkeypatch) -> None:
    def none_left(self) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none_left)
    utterance = speaker_of(SilentVoice()).say("a dog")
    assert utterance.wait(0)
    assert utterance.error == "I can't speak: can't start new thread."


@pytest.mark.parametrize(
    ("asked", "given"),
    [(None, DEFAULT_RATE_WPM), (1, MIN_RATE_WPM), (80, 80), (300, 300), (9999, MAX_RATE_WPM)],
)
def test_the_rate_stays_in_its_range(asked, given) -> None:
    voice = SilentVoice()
    with speaker_of(voice, rate=asked) as speaker:
        assert speaker.rate == given
        speaker.rate = -5
        assert speaker.rate == MIN_RATE_WPM
        speaker.say("a dog").wait(SOON_S)
    assert voice.spoken == [("a dog", MIN_RATE_WPM)]


def test_a_speaker_without_a_writable_cache_folder_is_made_all_the_same(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with make_speaker(offline=True, cache_folder=blocked / "speech") as speaker:
        assert speaker.save("a dog", tmp_path / "dog.wav") == "espeak"
