"""Earcons: short, without clicks, told apart, heard beside speech, and never in its way."""

import time
from array import array
from pathlib import Path

import numpy as np
import pytest

from image_describer.speech import Speaker, earcons, make_speaker
from image_describer.speech.audio import mixer
from image_describer.speech.voices.espeak import EspeakVoice
from image_describer.speech.voices.silent import SilentVoice
from tests.support.screen import assert_below, assert_near
from tests.support.sound import RATE_HZ, NullSink

NAMES = ("tick", "done", "error", "edge", "key", "open")


@pytest.fixture(autouse=True)
def _no_open_output():
    yield
    mixer.close_outputs()


def samples(name: str, volume: int = 100) -> np.ndarray:
    return np.frombuffer(earcons.synthesize(name, volume), np.int16).astype(float)


def test_all_are_there_and_no_two_are_alike() -> None:
    assert set(NAMES) == set(earcons.NAMES)
    assert len({earcons.synthesize(name) for name in NAMES}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_short_and_begins_and_ends_softly(name: str) -> None:
    sound = samples(name)
    assert 0.01 <= len(sound) / earcons.RATE_HZ <= 0.4
    assert abs(sound[0]) < 100
    assert abs(sound[-1]) < 100
    assert 1000 < abs(sound).max() < 12000


def test_what_comes_often_is_softer_than_what_matters() -> None:
    peaks = {name: abs(samples(name)).max() for name in NAMES}
    assert max(peaks["tick"], peaks["key"]) < min(peaks["done"], peaks["error"], peaks["edge"])


@pytest.mark.parametrize("volume", [0, 20, 50])
def test_they_obey_the_volume(volume: int) -> None:
    ratio = abs(samples("done", volume)).max() / abs(samples("done")).max()
    assert ratio == pytest.approx(volume / 100, abs=0.01)


def test_an_unknown_one_and_a_closed_speaker_raise_nothing() -> None:
    speaker = Speaker([SilentVoice()])
    speaker.earcon("no such sound")
    speaker.close()
    speaker.earcon("tick")


def test_without_a_sound_card_nothing_is_raised(no_sound_card, tmp_path: Path) -> None:
    with make_speaker(True, cache_folder=tmp_path) as speaker:
        began = time.monotonic()
        speaker.earcon("tick")
        assert time.monotonic() - began < 10  # it would hang


def level_at(heard: array, hertz: float) -> float:
    """The strongest share of one frequency in any tenth of a second of what was heard."""
    size = RATE_HZ // 10
    turn = np.exp(-2j * np.pi * hertz * np.arange(size) / RATE_HZ) * np.hanning(size)
    sound = np.array(heard, float)
    return max(
        abs((sound[i : i + size] * turn).sum()) / size
        for i in range(0, len(sound) - size, size // 2)
    )


@pytest.mark.sound
@pytest.mark.parametrize("name", NAMES)
def test_each_is_heard_soon(null_sink: NullSink, tmp_path: Path, name: str) -> None:
    with make_speaker(True, cache_folder=tmp_path) as speaker:
        with null_sink.recording() as heard:
            began = time.monotonic()
            speaker.earcon(name)
            assert_below(time.monotonic() - began, 0.2)
            null_sink.hear_out(0.4)
        assert heard[0].first_sound is not None
        assert_below(heard[0].first_sound - began, 0.5)
        length = len(earcons.synthesize(name)) / 2 / earcons.RATE_HZ
        assert 0 < heard[0].heard_s < length + 0.1


@pytest.mark.sound
def test_one_beside_speech_neither_cuts_nor_delays_it(null_sink: NullSink, tmp_path: Path) -> None:
    text = "one two three four five"
    alone = EspeakVoice().record(text, 175).seconds
    with make_speaker(True, cache_folder=tmp_path) as speaker:
        with null_sink.recording() as heard:
            speaker.volume = 10  # so that the earcon can be told from vowels
            utterance = speaker.say(text, kind="phrase")
            null_sink.wait_for_sound()
            time.sleep(0.3)
            speaker.volume = 100
            for _ in range(3):
                speaker.earcon("done")
                time.sleep(0.1)
            assert utterance.wait(60)
        speaker.volume = 10
        with null_sink.recording() as plain:
            assert speaker.say(text, kind="description").wait(60)
    assert not utterance.interrupted
    assert_near(heard[0].heard_s, alone, 0.25)
    assert level_at(heard[0].samples, 784) > 4 * level_at(plain[0].samples, 784)


def test_mixing_sums_and_clips() -> None:
    blocks = [array("h", values).tobytes() for values in ([1, 30000, -30000], [2, 30000, -30000])]
    assert list(array("h", mixer.mixed(blocks, 8))) == [3, 32767, -32768, 0]
    assert mixer.mixed([], 4) == bytes(4)
