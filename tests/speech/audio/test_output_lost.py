"""The sound output that goes away in the middle: the sentence is told as lost, or said again."""

import time
from array import array
from pathlib import Path

import pytest

from image_describer.speech import Speaker, make_speaker, speaker
from image_describer.speech.audio import mixer
from image_describer.speech.voices import google
from image_describer.speech.voices.espeak import EspeakVoice
from tests.support.gtts_service import service
from tests.support.screen import LIMIT_S, assert_below, assert_near, wait_for
from tests.support.sound import NullSink, sounding_s

pytestmark = pytest.mark.sound

TEXT = "one two three four five six seven eight"
SHORT = "A brown dog."


@pytest.fixture(autouse=True)
def _no_open_output():
    google._pauses.clear()
    yield
    mixer.close_outputs()


@pytest.fixture
def voice(null_sink: NullSink, tmp_path: Path):
    with make_speaker(True, cache_folder=tmp_path / "cache") as made:
        yield made


@pytest.fixture
def second_sink(null_sink: NullSink, tmp_path: Path, monkeypatch):
    """Starts the sound server again, when called; what had the old one finds the new one."""
    made: list[NullSink] = []

    def start() -> NullSink:
        folder = tmp_path / "second"
        folder.mkdir()
        made.append(NullSink(folder))
        for name, value in made[0].environment.items():
            monkeypatch.setenv(name, value)
        return made[0]

    yield start
    mixer.close_outputs()
    for sink in made:
        sink.close()


def kill(sink: NullSink) -> None:
    sink._server.kill()
    sink._server.wait()


def test_a_killed_server_is_a_sentence_and_the_speaker_goes_on(
    null_sink: NullSink, voice: Speaker, second_sink, monkeypatch
) -> None:
    monkeypatch.setattr(speaker, "REOPEN_LIMIT_S", 0.3)
    null_sink.record()
    utterance = voice.say(TEXT, kind="phrase")
    null_sink.wait_for_sound()
    kill(null_sink)
    began = time.monotonic()
    assert utterance.wait(60)
    assert_below(time.monotonic() - began, 5)
    assert utterance.error is not None
    assert "sound output" in utterance.error
    assert "Connect loudspeakers" in utterance.error
    assert_heard(second_sink(), voice, SHORT)


def test_a_server_that_comes_back_hears_the_sentence_from_its_beginning(
    null_sink: NullSink, voice: Speaker, second_sink
) -> None:
    null_sink.record()
    utterance = voice.say(TEXT, kind="phrase")
    null_sink.wait_for_sound()
    kill(null_sink)
    with second_sink().recording() as heard:
        assert utterance.wait(60)
    assert (utterance.voice, utterance.error) == ("espeak", None)
    assert_near(heard[0].sounding_s, sounding(TEXT), 0.3)


def test_a_server_restarted_between_two_phrases_is_found_again(
    null_sink: NullSink, voice: Speaker, second_sink
) -> None:
    assert voice.say("Ready.", kind="phrase").wait(60)
    assert mixer.mixer(22050)._opened is not None, "the output is not kept open"
    kill(null_sink)
    assert_heard(second_sink(), voice, SHORT)


def test_an_interruption_while_the_server_is_away_does_not_wait(
    null_sink: NullSink, voice: Speaker
) -> None:
    null_sink.record()
    utterance = voice.say(TEXT, kind="phrase")
    null_sink.wait_for_sound()
    kill(null_sink)
    time.sleep(1.5)
    began = time.monotonic()
    voice.stop()
    assert utterance.wait(60)
    assert_below(time.monotonic() - began, 1)
    assert utterance.interrupted


def test_google_s_voice_too_is_heard_again(
    null_sink: NullSink, tmp_path: Path, second_sink
) -> None:
    with (
        service() as stand_in,
        make_speaker(cache_folder=tmp_path / "c", gtts_address=stand_in.address) as online,
    ):
        online.rate = 80  # 0.8 s become 1.75 s, made and played in this process
        null_sink.record()
        utterance = online.say(SHORT)
        null_sink.wait_for_sound()
        kill(null_sink)
        with second_sink().recording() as heard:
            assert utterance.wait(60)
        assert len(stand_in.bodies) == 1
    assert (utterance.voice, utterance.error) == ("gtts", None)
    assert_near(heard[0].sounding_s, 0.8 * 175 / 80, 0.25)


def test_an_idle_output_is_closed_after_a_while(
    null_sink: NullSink, voice: Speaker, monkeypatch
) -> None:
    monkeypatch.setattr(mixer, "KEEP_OPEN_S", 0.3)
    assert voice.say("Ready.", kind="phrase").wait(60)
    assert "native" in null_sink._pactl("list", "short", "sink-inputs")
    wait_for(
        lambda: not null_sink._pactl("list", "short", "sink-inputs"), LIMIT_S, "it to be closed"
    )
    assert_heard(null_sink, voice, SHORT)


def test_many_interruptions_leave_no_output_behind(null_sink: NullSink, voice: Speaker) -> None:
    for number in range(80):  # PulseAudio takes 64 connections
        voice.say(f"{TEXT}, {number}", kind="phrase")
        time.sleep(0.03)
    last = voice.say(SHORT, kind="phrase")
    assert last.wait(60)
    assert last.error is None
    wait_for(
        lambda: len(null_sink._pactl("list", "short", "sink-inputs").splitlines()) <= 1,
        LIMIT_S,
        "all but one to be closed",
    )


def sounding(text: str) -> float:
    """How long espeak's ``text`` sounds, without its pauses, in seconds."""
    audio = EspeakVoice().record(text, 175)
    return sounding_s(array("h", audio.pcm), audio.rate_hz)


def assert_heard(sink: NullSink, voice: Speaker, text: str) -> None:
    with sink.recording() as heard:
        utterance = voice.say(text, kind="phrase")
        assert utterance.wait(60)
    assert (utterance.voice, utterance.error) == ("espeak", None)
    assert_near(heard[0].sounding_s, sounding(text), 0.25)
