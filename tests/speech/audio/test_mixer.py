"""The mixer: sounds mixed, interrupted, and played again after the sound server was lost."""

import os
import signal
from array import array
from pathlib import Path

import pytest

from image_describer.speech import Speaker, make_speaker, speaker
from image_describer.speech.audio import mixer
from image_describer.speech.voices import google
from image_describer.speech.voices.espeak import EspeakVoice
from tests.support.gtts_service import TONE_S, service
from tests.support.screen import LIMIT_S, assert_near, wait_for
from tests.support.sound import NullSink, audible_s

LONG = "one two three four five six seven eight"
SHORT = "A brown dog."
RATE_WPM = 300  # fast, because tests wait for the end


@pytest.fixture(autouse=True)
def _close_outputs():
    google._pauses.clear()
    yield
    mixer.close_outputs()


@pytest.fixture
def offline(null_sink: NullSink, tmp_path: Path):
    with make_speaker(offline=True, rate=RATE_WPM, cache_folder=tmp_path / "cache") as offline:
        yield offline


@pytest.fixture
def restart_server(null_sink: NullSink, tmp_path: Path, monkeypatch):
    """A function that starts another sound server in place of the first."""
    sinks: list[NullSink] = []

    def start() -> NullSink:
        folder = tmp_path / "second"
        folder.mkdir()
        sinks.append(NullSink(folder))
        for name, value in sinks[0].environment.items():
            monkeypatch.setenv(name, value)
        return sinks[0]

    yield start
    mixer.close_outputs()
    for sink in sinks:
        sink.close()


def duration_s(text: str) -> float:
    """The seconds that espeak's ``text`` is audible, without its pauses."""
    clip = EspeakVoice().record(text, RATE_WPM)
    return audible_s(array("h", clip.pcm), clip.rate_hz)


def assert_heard(sink: NullSink, offline: Speaker, text: str) -> None:
    with sink.recording() as recordings:
        utterance = offline.say(text, kind="phrase")
        assert utterance.wait(LIMIT_S)
    assert (utterance.voice, utterance.error) == ("espeak", None)
    assert_near(recordings[0].audible_s, duration_s(text), 0.25)


def test_mixing_sums_and_clips() -> None:
    blocks = [array("h", values).tobytes() for values in ([1, 30000, -30000], [2, 30000, -30000])]
    assert list(array("h", mixer.mix(blocks, 8))) == [3, 32767, -32768, 0]
    assert mixer.mix([], 4) == bytes(4)


@pytest.mark.sound
def test_a_lost_server_is_reported_and_the_next_one_used(
    null_sink: NullSink, offline: Speaker, restart_server, monkeypatch
) -> None:
    monkeypatch.setattr(speaker, "REOPEN_LIMIT_S", 0.3)
    null_sink.record()
    utterance = offline.say(LONG, kind="phrase")
    null_sink.wait_for_sound()
    null_sink.kill()
    assert utterance.wait(LIMIT_S)
    assert utterance.error is not None
    assert "sound output" in utterance.error
    assert "Connect loudspeakers" in utterance.error
    assert_heard(restart_server(), offline, SHORT)


@pytest.mark.sound
@pytest.mark.slow
def test_a_sentence_starts_again_when_the_server_is_back(
    null_sink: NullSink, offline: Speaker, restart_server
) -> None:
    null_sink.record()
    utterance = offline.say(LONG, kind="phrase")
    null_sink.wait_for_sound()
    null_sink.kill()
    with restart_server().recording() as recordings:
        assert utterance.wait(LIMIT_S)
    assert (utterance.voice, utterance.error) == ("espeak", None)
    assert_near(recordings[0].audible_s, duration_s(LONG), 0.3)


@pytest.mark.sound
def test_a_server_restarted_between_two_phrases_is_used(
    null_sink: NullSink, offline: Speaker, restart_server
) -> None:
    assert offline.say("Ready.", kind="phrase").wait(LIMIT_S)
    assert mixer.get_mixer(22050)._output is not None, "the output is not kept open"
    null_sink.kill()
    assert_heard(restart_server(), offline, SHORT)


@pytest.mark.sound
@pytest.mark.slow
def test_an_interruption_does_not_wait_for_a_lost_server(
    null_sink: NullSink, offline: Speaker, monkeypatch
) -> None:
    monkeypatch.setattr(speaker, "REOPEN_LIMIT_S", 2 * LIMIT_S)
    null_sink.record()
    utterance = offline.say(LONG, kind="phrase")
    null_sink.wait_for_sound()
    null_sink.kill()
    wait_for(lambda: offline._playback is None, LIMIT_S, "the lost output to be noticed")
    offline.stop()
    assert utterance.wait(LIMIT_S)
    assert utterance.interrupted


@pytest.mark.sound
@pytest.mark.slow
def test_google_s_voice_starts_again_without_a_second_request(
    null_sink: NullSink, tmp_path: Path, restart_server
) -> None:
    with (
        service() as server,
        make_speaker(cache_folder=tmp_path / "c", gtts_address=server.address) as online,
    ):
        online.rate = 100  # not the default, so played in this process
        null_sink.record()
        utterance = online.say(SHORT)
        null_sink.wait_for_sound()
        null_sink.kill()
        with restart_server().recording() as recordings:
            assert utterance.wait(LIMIT_S)
        assert len(server.bodies) == 1
    assert (utterance.voice, utterance.error) == ("gtts", None)
    assert_near(recordings[0].audible_s, TONE_S * 175 / 100, 0.25)


@pytest.mark.sound
@pytest.mark.slow
def test_a_hanging_server_is_given_up(null_sink: NullSink, offline: Speaker, monkeypatch) -> None:
    monkeypatch.setattr(mixer, "STALL_LIMIT_S", 1.0)
    monkeypatch.setattr(speaker, "REOPEN_LIMIT_S", 0.3)
    null_sink.record()
    utterance = offline.say(LONG)
    null_sink.wait_for_sound()
    os.kill(null_sink._server.pid, signal.SIGSTOP)
    try:
        assert utterance.wait(LIMIT_S)
    finally:
        os.kill(null_sink._server.pid, signal.SIGCONT)
    assert utterance.error is not None
    assert "sound" in utterance.error


@pytest.mark.sound
def test_an_idle_output_is_closed(null_sink: NullSink, offline: Speaker, monkeypatch) -> None:
    monkeypatch.setattr(mixer, "KEEP_OPEN_S", 0.3)
    assert offline.say("Ready.", kind="phrase").wait(LIMIT_S)
    wait_for(lambda: not null_sink.connections(), LIMIT_S, "the output to be closed")
    assert_heard(null_sink, offline, SHORT)


@pytest.mark.sound
@pytest.mark.slow
def test_interruptions_leave_one_output_open(null_sink: NullSink, offline: Speaker) -> None:
    for number in range(70):  # PulseAudio accepts 64 connections
        utterance = offline.say(f"{LONG}, {number}", kind="phrase")
        wait_for(lambda u=utterance: offline._current is u, LIMIT_S, "the phrase to start")
    last = offline.say(SHORT, kind="phrase")
    assert last.wait(LIMIT_S)
    assert last.error is None
    wait_for(lambda: len(null_sink.connections()) <= 1, LIMIT_S, "the others to be closed")


@pytest.mark.sound
def test_silence_comes_first_where_the_output_was_closed_only(
    offline: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in mixer._mixers:
        monkeypatch.setattr(one, "_last_call_at", -mixer.ASLEEP_S)
    mixer.set_lead_in(0.6)
    try:
        waits = []
        for _ in range(2):  # the second text follows while the headphones are awake
            spoken = offline.say(SHORT, kind="phrase")
            assert spoken.wait(LIMIT_S)
            assert spoken.began is not None
            waits.append(spoken.began - spoken.asked)
    finally:
        mixer.set_lead_in(0.0)
    assert waits[0] >= 0.55
    assert waits[1] < waits[0] - 0.4
