"""Stretching: the requested length, the same pitch, no clicks, and a short first piece."""

import math
from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_describer.speech.audio.stretch import stretched
from image_describer.speech.voices.espeak import EspeakVoice

RATE_HZ = 24000
SPEEDS = [80 / 175, 1.3, 450 / 175]
CAPTION = "Probably: a brown dog runs through the grass, and two men sit at a table."


def sine(hertz: float, seconds: float = 2.0) -> bytes:
    count = int(seconds * RATE_HZ)
    return array(
        "h", (round(9000 * math.sin(2 * math.pi * hertz * i / RATE_HZ)) for i in range(count))
    ).tobytes()


def samples(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, np.int16).astype(np.float64)


def median_pitch(pcm: bytes, rate_hz: int) -> float:
    """The median pitch in Hz, by autocorrelation in frames of 30 ms.

    In fast speech the pitch falls within a frame, which lowers its correlation. A threshold of 0.5
    would keep only level syllables, whose median is 5 to 8 % higher.
    """
    size, pitches = int(0.03 * rate_hz), []
    sound = samples(pcm)
    shortest, longest = rate_hz // 300, rate_hz // 70
    for start in range(0, len(sound) - size, size // 2):
        frame = sound[start : start + size] - sound[start : start + size].mean()
        correlation = np.correlate(frame, frame, "full")[size - 1 :]
        lag = shortest + int(correlation[shortest:longest].argmax())
        if correlation[0] > size * 500**2 and correlation[lag] > 0.3 * correlation[0]:
            pitches.append(rate_hz / lag)
    return float(np.median(pitches))


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("hertz", [110, 997])
def test_a_sine_keeps_its_pitch_and_has_no_clicks(speed: float, hertz: float) -> None:
    sound = sine(hertz)
    out = samples(b"".join(stretched(sound, RATE_HZ, speed)))
    assert len(out) == pytest.approx(len(sound) / 2 / speed, abs=1)
    spectrum = np.abs(np.fft.rfft(out * np.hanning(len(out))))
    assert spectrum.argmax() * RATE_HZ / len(out) == pytest.approx(hertz, rel=0.01)
    # A click is a larger step than any of the sine.
    assert np.abs(np.diff(out)).max() < 1.05 * np.abs(np.diff(samples(sound))).max() + 2
    middle = out[RATE_HZ // 10 : -RATE_HZ // 10]
    assert np.sqrt((middle**2).mean()) == pytest.approx(9000 / math.sqrt(2), rel=0.02)


@pytest.mark.parametrize("speed", SPEEDS)
def test_speech_keeps_its_pitch_and_loudness(speed: float) -> None:
    spoken = EspeakVoice().record(CAPTION, 175)
    out = b"".join(stretched(spoken.pcm, spoken.rate_hz, speed))
    assert len(out) == pytest.approx(len(spoken.pcm) / speed, rel=0.03)
    before = median_pitch(spoken.pcm, spoken.rate_hz)
    assert 70 < before < 250
    # Not exactly equal: the frames fall on other syllables. Resampling would scale it by the speed.
    assert median_pitch(out, spoken.rate_hz) == pytest.approx(before, rel=0.08)
    levels = [math.sqrt((samples(pcm) ** 2).mean()) for pcm in (spoken.pcm, out)]
    assert levels[1] == pytest.approx(levels[0], rel=0.15)


def test_the_pitch_measure_detects_resampling() -> None:
    spoken = EspeakVoice().record(CAPTION, 175)
    faster = samples(spoken.pcm)[::2].astype(np.int16).tobytes()
    before = median_pitch(spoken.pcm, spoken.rate_hz)
    assert median_pitch(faster, spoken.rate_hz) > 1.5 * before


def test_the_first_piece_is_short() -> None:
    sound = sine(220, seconds=10)
    first = next(stretched(sound, RATE_HZ, 1.5))
    assert 0 < len(first) < 2 * RATE_HZ


def test_speed_1_changes_nothing() -> None:
    sound = sine(220)
    assert b"".join(stretched(sound, RATE_HZ, 1.0)) == sound


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan])
def test_a_speed_must_be_positive(speed: float) -> None:
    with pytest.raises(ValueError, match="not positive"):
        list(stretched(b"\0\0", RATE_HZ, speed))


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=4000).map(lambda b: b[: len(b) // 2 * 2]), st.floats(0.4, 3.0))
def test_random_samples_have_the_requested_length(pcm: bytes, speed: float) -> None:
    out = b"".join(stretched(pcm, 8000, speed))
    assert len(out) // 2 == (round(len(pcm) / 2 / speed) if speed != 1.0 else len(pcm) // 2)
