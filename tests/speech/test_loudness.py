"""Volume and rate as they are heard and saved, in both voices."""

import math
import time
import wave
from array import array
from pathlib import Path

import miniaudio
import pytest

from image_describer.speech import Speaker, make_speaker
from image_describer.speech.audio import mixer
from image_describer.speech.voices import google
from image_describer.speech.voices.silent import SilentVoice
from tests.support.gtts_service import service, tone_mp3
from tests.support.screen import assert_near
from tests.support.sound import NullSink

TEXT = "A brown dog runs through the grass."
TONE_S = 0.8


@pytest.fixture(autouse=True)
def _fresh():
    google._pauses.clear()
    yield
    mixer.close_outputs()


@pytest.fixture
def offline(tmp_path: Path):
    with make_speaker(True, cache_folder=tmp_path / "cache") as made:
        yield made


@pytest.fixture
def online(tmp_path: Path):
    with (
        service() as stand_in,
        make_speaker(cache_folder=tmp_path / "cache", gtts_address=stand_in.address) as made,
    ):
        yield made


def saved(speaker: Speaker, path: Path, rate: int, volume: int) -> tuple[float, float]:
    """Seconds and level (RMS) of a WAV file saved at this rate and volume."""
    speaker.rate, speaker.volume = rate, volume
    speaker.save(TEXT, path)
    with wave.open(str(path)) as file:
        samples = array("h", file.readframes(file.getnframes()))
        level = math.sqrt(sum(s * s for s in samples) / len(samples))
        return len(samples) / file.getframerate(), level


@pytest.mark.parametrize("voice", ["offline", "online"])
def test_what_is_saved_has_the_rate_and_the_volume(voice: str, tmp_path: Path, request) -> None:
    speaker = request.getfixturevalue(voice)
    file = tmp_path / "dog.wav"
    seconds, level = saved(speaker, file, 175, 100)
    assert saved(speaker, file, 175, 50)[1] == pytest.approx(level / 2, rel=0.1)
    assert saved(speaker, file, 175, 0)[1] < 1
    faster, as_loud = saved(speaker, file, 300, 100)
    assert 0.5 < faster / seconds < 0.75
    assert as_loud == pytest.approx(level, rel=0.3)  # espeak itself is a little softer when fast


def test_google_s_mp3_is_kept_as_it_came_only_where_nothing_was_changed(
    online: Speaker, tmp_path: Path
) -> None:
    online.save(TEXT, tmp_path / "usual.mp3")
    online.rate = 350
    online.save(TEXT, tmp_path / "fast.mp3")
    assert (tmp_path / "usual.mp3").read_bytes() == tone_mp3()
    fast = miniaudio.mp3_read_s16((tmp_path / "fast.mp3").read_bytes())
    assert fast.duration == pytest.approx(TONE_S / 2, abs=0.15)
    assert max(map(abs, fast.samples)) > 8000


@pytest.mark.sound
@pytest.mark.parametrize("voice", ["offline", "online"])
def test_the_volume_is_heard_from_the_next_text_on(
    null_sink: NullSink, voice: str, request
) -> None:
    speaker = request.getfixturevalue(voice)
    levels = []
    for volume in (100, 25, 100):
        speaker.volume = volume
        with null_sink.recording() as heard:
            assert speaker.say(TEXT).wait(60)
        levels.append(heard[0].level_dbfs)
    assert levels[0] - levels[1] == pytest.approx(20 * math.log10(4), abs=1.5)
    assert levels[2] == pytest.approx(levels[0], abs=1)


@pytest.mark.sound
@pytest.mark.parametrize("rate", [100, 350])
def test_google_s_voice_is_heard_at_the_rate(
    null_sink: NullSink, online: Speaker, rate: int
) -> None:
    online.rate = rate
    with null_sink.recording() as heard:
        utterance = online.say(TEXT)
        assert utterance.wait(60)
    assert (utterance.voice, utterance.error) == ("gtts", None)
    assert_near(heard[0].heard_s, TONE_S * 175 / rate, 0.12)


@pytest.mark.sound
def test_silence_by_volume_is_no_failure(null_sink: NullSink, offline: Speaker) -> None:
    offline.volume = 0
    with null_sink.recording() as heard:
        utterance = offline.say("a dog", kind="phrase")
        offline.earcon("done")
        assert utterance.wait(60)
    assert (utterance.voice, utterance.error) == ("espeak", None)
    assert heard[0].first_sound is None


@pytest.mark.parametrize(("asked", "given"), [(None, 100), (-5, 0), (0, 0), (33, 33), (500, 100)])
def test_the_volume_stays_in_its_range(asked: int | None, given: int) -> None:
    speaker = Speaker([SilentVoice()], volume=asked)
    assert speaker.volume == given
    speaker.volume = 1000
    assert speaker.volume == 100


@pytest.mark.sound
def test_stopping_leaves_nothing_of_the_old_sound(null_sink: NullSink, offline: Speaker) -> None:
    """Measured: silent within 10 ms; here a busy machine is given 0.1 s."""
    null_sink.record()
    offline.say("one two three four five six seven eight nine ten", kind="phrase")
    null_sink.wait_for_sound()
    time.sleep(0.6)
    assert null_sink._recorder is not None
    recorded = len(null_sink._recorder._samples)
    offline.stop()
    heard = null_sink.stop_recording(tail_s=0.5)
    assert max(map(abs, heard.samples[:recorded])) > 1000
    assert max(map(abs, heard.samples[recorded + 4410 :]), default=0) == 0
