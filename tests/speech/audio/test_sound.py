"""Speech as it is heard: played into a null sink, and judged by the recording."""

import functools
import itertools
import os
import signal
import subprocess
import sys
import time
from array import array
from pathlib import Path

import pytest

from image_describer.speech import Speaker, make_speaker
from image_describer.speech.audio import mixer, players
from image_describer.speech.audio.clip import AudioClip
from image_describer.speech.audio.output import check_output
from image_describer.speech.voices import google as gtts
from image_describer.speech.voices import google_client
from image_describer.speech.voices.espeak import EspeakVoice
from image_describer.speech.voices.google import GttsVoice
from image_describer.speech.voices.silent import SilentVoice
from tests.support.gtts_service import black_hole, closed_port, service
from tests.support.screen import assert_below, assert_near
from tests.support.sound import NullSink, Recording, sounding_s

pytestmark = pytest.mark.sound

CAPTION = "A brown dog."
LIMIT_S = 1.0
TONE_S = 0.8


@pytest.fixture(autouse=True)
def _fresh_pauses():
    gtts._pauses.clear()
    yield
    gtts._pauses.clear()
    mixer.close_outputs()  # each test has a sound server of its own


@functools.cache
def spoken_s() -> float:
    """How long espeak takes for the caption, in seconds."""
    return EspeakVoice().record(CAPTION, 175).seconds


@functools.cache
def sounding() -> float:
    """How long the caption sounds, without its pauses, in seconds."""
    audio = EspeakVoice().record(CAPTION, 175)
    return sounding_s(array("h", audio.pcm), audio.rate_hz)


def pitch(recording: Recording) -> float:
    """The frequency of what was heard, in Hz, by its zero crossings; a tone has a steady one."""
    samples = array("h", (s for s in recording.samples if abs(s) > 300))
    crossings = sum(1 for a, b in itertools.pairwise(samples) if (a < 0) != (b < 0))
    return crossings / 2 / recording.sounding_s


def speaker_at(address: str) -> Speaker:
    online = GttsVoice(None, address=address, time_limit_s=LIMIT_S)
    return Speaker([online, EspeakVoice(), SilentVoice()])


def test_a_phrase_is_heard_whole_and_at_once(null_sink: NullSink) -> None:
    with make_speaker(offline=True) as speaker:
        speaker.say("Ready.", kind="phrase").wait(60)
        with null_sink.recording() as heard:
            began = time.monotonic()
            utterance = speaker.say(CAPTION, kind="phrase")
            returned = time.monotonic()
            assert utterance.wait(60)
    assert (utterance.voice, utterance.error) == ("espeak", None)
    assert_below(returned - began, 0.2)
    assert_near(heard[0].sounding_s, sounding(), 0.25)
    assert -35 < heard[0].level_dbfs < -6
    assert heard[0].first_sound is not None
    # Measured: 10 ms; the rest is for a busy machine.
    assert_below(heard[0].first_sound - began, 1)


def test_the_service_s_sound_is_heard_on_a_bare_machine(null_sink: NullSink, tmp_path) -> None:
    """As on a bare Debian: playsound3 finds no program to play with, and miniaudio plays."""
    code = (
        "import sys; from pathlib import Path; from image_describer.speech import make_speaker\n"
        "import gtts, miniaudio, requests  # a busy machine must not ask too late for that\n"
        "speaker = make_speaker(cache_folder=Path(sys.argv[1]))\n"
        f"utterance = speaker.say({CAPTION!r}); assert utterance.wait(60); speaker.close()\n"
        "from image_describer.speech.audio.players import Playsound3Player\n"
        "print(utterance.voice, utterance.error, Playsound3Player().available().works)\n"
    )
    with service() as stand_in, null_sink.recording() as heard:
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            env={
                **os.environ,
                "PATH": str(tmp_path),
                google_client.ADDRESS_VARIABLE: stand_in.address,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    if not stand_in.texts:
        raise AssertionError("hoped in vain for a request within the time limit of the voice")
    assert stand_in.texts == [CAPTION]
    assert (done.stdout, done.stderr) == ("gtts None False\n", "")
    assert_near(heard[0].sounding_s, TONE_S, 0.15)
    assert pitch(heard[0]) == pytest.approx(440, rel=0.05)


@pytest.mark.parametrize(
    "manner",
    ["blocked", "broken", "html", "noise", "empty", "dripping", "slowly", "half", "half_and_hang"],
)
def test_whatever_the_service_does_the_sentence_is_heard(null_sink: NullSink, manner: str) -> None:
    with service(manner, delay_s=LIMIT_S * 3) as stand_in, speaker_at(stand_in.address) as speaker:
        assert_heard_through_espeak(null_sink, speaker)
        assert stand_in.texts == [CAPTION]


@pytest.mark.parametrize("nobody", [closed_port, black_hole])
def test_with_no_service_the_sentence_is_heard(null_sink: NullSink, nobody) -> None:
    with nobody() as address, speaker_at(address) as speaker:
        assert_heard_through_espeak(null_sink, speaker)


def assert_heard_through_espeak(null_sink: NullSink, speaker: Speaker) -> None:
    with null_sink.recording() as heard:
        began = time.monotonic()
        utterance = speaker.say(CAPTION)
        assert utterance.wait(60)
        took = time.monotonic() - began
    assert (utterance.voice, utterance.error) == ("espeak", None)
    assert list(utterance.failures) == ["gtts"]
    assert_near(heard[0].sounding_s, sounding(), 0.25)
    assert_below(took, LIMIT_S + spoken_s() + 2)


def test_an_interruption_is_silent_at_once(null_sink: NullSink) -> None:
    with make_speaker(offline=True) as speaker:
        null_sink.record()
        utterance = speaker.say("one two three four five six seven eight nine ten")
        null_sink.wait_for_sound()
        time.sleep(0.8)
        stopped = time.monotonic()
        speaker.stop()
        assert utterance.wait(60)
        heard = null_sink.stop_recording(tail_s=1.0)
    assert utterance.interrupted
    end = heard.began + heard.heard_s + heard._span()[0] * 0.005
    assert_below(end - stopped, 0.6)
    assert heard.heard_s > 0.5


def test_an_interruption_while_the_service_is_awaited_does_not_wait(null_sink: NullSink) -> None:
    with (
        black_hole() as address,
        Speaker([GttsVoice(None, address=address, time_limit_s=30), EspeakVoice()]) as speaker,
    ):
        waiting = speaker.say(CAPTION)
        time.sleep(0.2)
        with null_sink.recording() as heard:
            began = time.monotonic()
            phrase = speaker.say("Ready.", kind="phrase")
            assert phrase.wait(60)
    assert waiting.interrupted
    assert heard[0].first_sound is not None
    assert_below(heard[0].first_sound - began, 2)


def test_more_phrases_than_a_sound_server_takes_connections(null_sink: NullSink) -> None:
    for _ in range(80):
        assert check_output() == "PulseAudio"


def test_a_sound_server_that_hangs_is_given_up(null_sink: NullSink, monkeypatch) -> None:
    monkeypatch.setattr(mixer, "STALL_LIMIT_S", 1.0)
    with make_speaker(offline=True) as speaker:
        null_sink.record()
        utterance = speaker.say("one two three four five six seven eight nine ten")
        null_sink.wait_for_sound()
        os.kill(null_sink._server.pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            assert utterance.wait(60)
            assert_below(time.monotonic() - began, 5)
        finally:
            os.kill(null_sink._server.pid, signal.SIGCONT)
    assert utterance.error is not None
    assert "sound" in utterance.error


def test_a_player_program_is_heard(null_sink: NullSink, tmp_path: Path, monkeypatch) -> None:
    """playsound3 starts a program and waits for it; here the program is paplay."""
    voice = EspeakVoice()
    file = tmp_path / "caption.wav"
    Speaker([voice]).save(CAPTION, file)
    use_program(monkeypatch, ["paplay"])
    audio = voice.record(CAPTION, 175)
    with null_sink.recording() as heard:
        playback = players.Playsound3Player().play(AudioClip(audio.pcm, audio.rate_hz, file=file))
        assert playback.wait(60)
    assert_near(heard[0].sounding_s, sounding(), 0.3)


@pytest.mark.parametrize("program", [["false"], ["true"], ["/nonexistent/player"], ["sleep", "60"]])
def test_a_player_program_that_fails_leaves_it_to_miniaudio(
    null_sink: NullSink, monkeypatch, program: list[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(players, "PROGRAM_START_LIMIT_S", 0.5)
    if program[0] == "sleep":  # a program that never ends: the file's name must not disturb it
        program = ["sh", "-c", "sleep 60"]
    started = use_program(monkeypatch, program)
    with (
        service() as stand_in,
        make_speaker(cache_folder=tmp_path, gtts_address=stand_in.address) as speaker,
    ):
        for _ in range(2):
            with null_sink.recording() as heard:
                utterance = speaker.say(CAPTION)
                assert utterance.wait(60)
            assert (utterance.voice, utterance.error) == ("gtts", None)
            assert_near(heard[0].sounding_s, TONE_S, 0.15)
    assert len(started) == 1, "the second time nobody waits for the failing program"


def use_program(monkeypatch, command: list[str]) -> list[str]:
    """Make playsound3 play by ``command``; the files it is given are listed in what comes back."""
    import playsound3
    from playsound3 import playsound3 as inner

    started: list[str] = []

    class Program(inner.SoundBackend):
        def check(self) -> bool:
            return True

        def play(self, sound: str):
            started.append(sound)
            return inner.run_as_subprocess([*command, sound])

    monkeypatch.setitem(inner._BACKEND_MAP, "program", Program())
    monkeypatch.setattr(inner, "DEFAULT_BACKEND", "program")
    monkeypatch.setattr(playsound3, "DEFAULT_BACKEND", "program")
    return started


def test_a_process_that_ends_while_it_speaks_ends_cleanly(null_sink: NullSink) -> None:
    code = (
        "import sys; from image_describer.speech import make_speaker\n"
        "speaker = make_speaker(offline=True)\n"
        "speaker.say('one two three four five six seven eight nine ten', kind='phrase')\n"
        "sys.stdin.read()\n"
    )
    with null_sink.recording() as heard:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            null_sink.wait_for_sound()
            time.sleep(0.3)
            assert process.communicate(timeout=60) == (b"", b"")
        finally:
            process.kill()
    assert process.returncode == 0
    assert heard[0].heard_s > 0.1
