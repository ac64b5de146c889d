"""Earcons: short, distinct, without clicks, and heard over speech."""

from pathlib import Path

import numpy as np
import pytest

from image_describer.speech import Speaker, earcons, make_speaker
from image_describer.speech.audio import mixer
from image_describer.speech.voices.espeak import EspeakVoice
from image_describer.speech.voices.silent import SilentVoice
from tests.support.screen import LIMIT_S, assert_near
from tests.support.sound import RATE_HZ, NullSink, Recording

NAMES = ("tick", "done", "error", "edge", "key", "doubt", "open")


@pytest.fixture(autouse=True)
def _no_open_output():
    yield
    mixer.close_outputs()


def samples(name: str, volume: int = 100) -> np.ndarray:
    return np.frombuffer(earcons.synthesize(name, volume), np.int16).astype(float)


def test_all_names_have_different_sounds() -> None:
    assert set(NAMES) == set(earcons.SOUNDS)
    assert len({earcons.synthesize(name) for name in NAMES}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_short_and_fades_in_and_out(name: str) -> None:
    sound = samples(name)
    assert 0.01 <= len(sound) / earcons.RATE_HZ <= 0.4
    assert abs(sound[0]) < 100
    assert abs(sound[-1]) < 100
    assert 1000 < abs(sound).max() < 12000


def test_frequent_earcons_are_softer_than_important_ones() -> None:
    peaks = {name: abs(samples(name)).max() for name in NAMES}
    assert max(peaks["tick"], peaks["key"], peaks["doubt"]) < min(
        peaks["done"], peaks["error"], peaks["edge"]
    )


@pytest.mark.parametrize("volume", [0, 20])
def test_the_volume_scales_them(volume: int) -> None:
    ratio = abs(samples("done", volume)).max() / abs(samples("done")).max()
    assert ratio == pytest.approx(volume / 100, abs=0.01)


def test_an_unknown_name_and_a_closed_speaker_raise_nothing() -> None:
    speaker = Speaker([SilentVoice()])
    speaker.earcon("unknown")
    speaker.close()
    speaker.earcon("tick")


def level_at(recording: Recording, hertz: float) -> float:
    """The highest level of one frequency in any 0.1 s of the recording."""
    size = RATE_HZ // 10
    wave = np.exp(-2j * np.pi * hertz * np.arange(size) / RATE_HZ) * np.hanning(size)
    sound = np.array(recording.samples, float)
    return max(
        abs((sound[i : i + size] * wave).sum()) / size
        for i in range(0, len(sound) - size, size // 2)
    )


@pytest.mark.sound
def test_an_earcon_is_heard(null_sink: NullSink, tmp_path: Path) -> None:
    with (
        make_speaker(offline=True, cache_folder=tmp_path) as speaker,
        null_sink.recording() as recordings,
    ):
        speaker.earcon("done")
        null_sink.wait_for_end(0.4)
    length = len(earcons.synthesize("done")) / 2 / earcons.RATE_HZ
    assert 0 < recordings[0].audible_s < length + 0.1


@pytest.mark.sound
def test_an_earcon_does_not_interrupt_speech(null_sink: NullSink, tmp_path: Path) -> None:
    text = "one two three"
    duration = EspeakVoice().record(text, 175).seconds
    with make_speaker(offline=True, cache_folder=tmp_path) as speaker:
        speaker.volume = 10  # makes the earcon distinct from vowels
        with null_sink.recording() as plain:
            assert speaker.say(text, kind="phrase").wait(LIMIT_S)
        with null_sink.recording() as mixed:
            utterance = speaker.say(text, kind="phrase", allow_duplicate=True)
            null_sink.wait_for_sound()
            speaker.volume = 100
            speaker.earcon("done")
            assert utterance.wait(LIMIT_S)
    assert not utterance.interrupted
    assert_near(mixed[0].span_s, duration, 0.25)
    assert level_at(mixed[0], 784) > 4 * level_at(plain[0], 784)
