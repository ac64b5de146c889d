"""Speech from end to end: played into a null sink and compared with the recording."""

import itertools
import math
import os
import subprocess
import sys
from array import array
from pathlib import Path

import pytest

from image_describer.speech import Speaker, make_speaker
from image_describer.speech.audio import mixer
from image_describer.speech.speaker import ONLINE_UNREACHABLE
from image_describer.speech.voices import google, google_client
from image_describer.speech.voices.espeak import EspeakVoice
from image_describer.speech.voices.google import GttsVoice
from tests.support.gtts_service import TONE_S, black_hole, service
from tests.support.screen import LIMIT_S, assert_near, wait_for
from tests.support.sound import NullSink, Recording, audible_s

pytestmark = pytest.mark.sound

CAPTION = "A brown dog."
LONG = "one two three four five six seven eight nine ten"


@pytest.fixture(autouse=True)
def _fresh():
    google._pauses.clear()
    yield
    google._pauses.clear()
    mixer.close_outputs()


@pytest.fixture
def offline(tmp_path: Path):
    with make_speaker(offline=True, cache_folder=tmp_path / "cache") as speaker:
        yield speaker


@pytest.fixture
def online(tmp_path: Path):
    with (
        service() as server,
        make_speaker(cache_folder=tmp_path / "cache", gtts_address=server.address) as speaker,
    ):
        yield speaker


def duration_s(text: str) -> float:
    """The seconds that espeak's ``text`` is audible, without its pauses."""
    clip = EspeakVoice().record(text, 175)
    return audible_s(array("h", clip.pcm), clip.rate_hz)


def pitch(recording: Recording) -> float:
    """The frequency of a constant tone in Hz, by its zero crossings."""
    samples = array("h", (sample for sample in recording.samples if abs(sample) > 300))
    crossings = sum(1 for a, b in itertools.pairwise(samples) if (a < 0) != (b < 0))
    return crossings / 2 / recording.audible_s


def test_a_phrase_is_heard_completely(null_sink: NullSink, offline: Speaker) -> None:
    with null_sink.recording() as recordings:
        utterance = offline.say(CAPTION, kind="phrase")
        assert utterance.wait(LIMIT_S)
    assert (utterance.voice, utterance.error) == ("espeak", None)
    assert_near(recordings[0].audible_s, duration_s(CAPTION), 0.25)
    assert -35 < recordings[0].level_dbfs < -6


def test_google_s_voice_is_heard_without_any_player_program(null_sink: NullSink, tmp_path) -> None:
    """As on a minimal Debian: playsound3 finds no program, so miniaudio plays."""
    code = (
        "import sys; from pathlib import Path; from image_describer.speech import make_speaker\n"
        "import gtts, miniaudio, requests  # a busy machine might exceed the voice's time limit\n"
        "speaker = make_speaker(cache_folder=Path(sys.argv[1]))\n"
        f"utterance = speaker.say({CAPTION!r}); assert utterance.wait(60); speaker.close()\n"
        "from image_describer.speech.audio.players import Playsound3Player\n"
        "print(utterance.voice, utterance.error, Playsound3Player().available().works)\n"
    )
    with service() as server, null_sink.recording() as recordings:
        run = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            env={
                **os.environ,
                "PATH": str(tmp_path),
                google_client.ADDRESS_VARIABLE: server.address,
            },
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    if not server.texts:
        raise AssertionError("timed out: no request within the time limit of the voice")
    assert server.texts == [CAPTION]
    assert (run.stdout, run.stderr) == ("gtts None False\n", "")
    assert_near(recordings[0].audible_s, TONE_S, 0.15)
    assert pitch(recordings[0]) == pytest.approx(440, rel=0.05)


def test_espeak_is_heard_if_the_service_fails(null_sink: NullSink, tmp_path: Path) -> None:
    with (
        service("blocked") as server,
        make_speaker(cache_folder=tmp_path, gtts_address=server.address) as speaker,
        null_sink.recording() as recordings,
    ):
        utterance = speaker.say(CAPTION)
        assert speaker.wait(LIMIT_S)
    assert (utterance.voice, utterance.error) == ("espeak", None)
    assert list(utterance.failures) == ["gtts"]
    expected_s = duration_s(CAPTION) + duration_s(ONLINE_UNREACHABLE)
    assert_near(recordings[0].audible_s, expected_s, 0.4)


def test_a_phrase_does_not_wait_for_the_service(null_sink: NullSink) -> None:
    with (
        black_hole() as address,
        Speaker([GttsVoice(None, address=address, time_limit_s=600), EspeakVoice()]) as speaker,
    ):
        waiting = speaker.say(CAPTION)
        wait_for(lambda: speaker.fetching, LIMIT_S, "the request")
        with null_sink.recording() as recordings:
            assert speaker.say("Ready.", kind="phrase").wait(LIMIT_S)
    assert waiting.interrupted
    assert recordings[0].first_sound is not None


def test_stop_silences_the_output(null_sink: NullSink, offline: Speaker) -> None:
    null_sink.record()
    utterance = offline.say(LONG, kind="phrase")
    null_sink.wait_for_sound()
    offline.stop()
    assert utterance.wait(LIMIT_S)
    assert utterance.interrupted
    recording = null_sink.stop_recording(tail_s=0.5)
    assert 0 < recording.span_s < duration_s(LONG) / 2


@pytest.mark.parametrize("voice", ["offline", "online"])
def test_a_new_volume_is_heard_from_the_next_text_on(
    null_sink: NullSink, voice: str, request: pytest.FixtureRequest
) -> None:
    speaker = request.getfixturevalue(voice)
    levels = []
    for volume in (100, 25):
        speaker.volume = volume
        with null_sink.recording() as recordings:
            assert speaker.say(CAPTION, allow_duplicate=True).wait(LIMIT_S)
        levels.append(recordings[0].level_dbfs)
    assert levels[0] - levels[1] == pytest.approx(20 * math.log10(4), abs=1.5)


def test_volume_0_is_silent_without_an_error(null_sink: NullSink, offline: Speaker) -> None:
    offline.volume = 0
    with null_sink.recording() as recordings:
        utterance = offline.say(CAPTION, kind="phrase")
        offline.earcon("done")
        assert utterance.wait(LIMIT_S)
    assert (utterance.voice, utterance.error) == ("espeak", None)
    assert recordings[0].first_sound is None


def test_google_s_voice_is_heard_at_the_rate(null_sink: NullSink, online: Speaker) -> None:
    online.rate = 350
    with null_sink.recording() as recordings:
        utterance = online.say(CAPTION)
        assert utterance.wait(LIMIT_S)
    assert (utterance.voice, utterance.error) == ("gtts", None)
    assert_near(recordings[0].span_s, TONE_S * 175 / 350, 0.12)


def test_a_process_that_exits_while_speaking_prints_nothing(null_sink: NullSink) -> None:
    code = (
        "import sys; from image_describer.speech import make_speaker\n"
        "speaker = make_speaker(offline=True)\n"
        f"speaker.say({LONG!r}, kind='phrase')\n"
        "sys.stdin.read()\n"
    )
    with null_sink.recording():
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            null_sink.wait_for_sound()
            assert process.communicate(timeout=LIMIT_S) == (b"", b"")
        finally:
            process.kill()
    assert process.returncode == 0
