"""The interface of a voice, and the ranges of rate and volume that every voice accepts."""

import unicodedata
from typing import Protocol

from image_describer.speech.audio.clip import FULL_VOLUME, AudioClip
from image_describer.speech.audio.playback import Playback
from image_describer.speech.availability import Availability
from image_describer.speech.languages import DEFAULT_LANGUAGE, SpokenLanguage

DEFAULT_VOLUME = FULL_VOLUME  # percent
MIN_RATE_WPM, DEFAULT_RATE_WPM, MAX_RATE_WPM = 80, 175, 600  # words a minute


class Voice(Protocol):
    """Something that speaks. ``online`` voices send the text over the network."""

    name: str
    online: bool

    def available(self) -> Availability:
        """Whether this voice is expected to work; quick, and never uses the network."""

    def speak(
        self,
        text: str,
        rate: int,
        volume: int = DEFAULT_VOLUME,
        language: SpokenLanguage = DEFAULT_LANGUAGE,
    ) -> Playback:
        """Start speaking and return at once.

        ``rate`` is in words a minute, ``volume`` in percent. A voice with a single language ignores
        ``language``. Raises SpeechError; ``Playback.wait`` raises it for later failures.
        """

    def record(
        self,
        text: str,
        rate: int,
        volume: int = DEFAULT_VOLUME,
        language: SpokenLanguage = DEFAULT_LANGUAGE,
    ) -> AudioClip:
        """Return the spoken text without playing it. Raises SpeechError."""


def speakable(text: str) -> str:
    """Remove what no voice can say: control characters, NUL and lone surrogates."""
    kept = (" " if unicodedata.category(char) in ("Cc", "Cs") else char for char in text)
    return " ".join("".join(kept).split())


def clamp_rate(rate: int | None) -> int:
    """Limit a rate in words a minute to what every voice accepts; the default for None."""
    return DEFAULT_RATE_WPM if rate is None else max(MIN_RATE_WPM, min(MAX_RATE_WPM, int(rate)))


def clamp_volume(volume: int | None) -> int:
    """Limit a volume to 0 to 100 percent; the default for None."""
    return DEFAULT_VOLUME if volume is None else max(0, min(FULL_VOLUME, int(volume)))
