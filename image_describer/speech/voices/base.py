"""What a voice is, and what it hands out: the contracts that the speaker relies on."""

import logging
import threading
import unicodedata
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from image_describer.errors import SpeechError
from image_describer.speech.languages import USUAL as USUAL_LANGUAGE
from image_describer.speech.languages import SpokenLanguage

log = logging.getLogger(__name__)

USUAL_VOLUME = 100  # percent: as loud as the voice is made; 0 is silence
SLOWEST_WPM, USUAL_WPM, FASTEST_WPM = 80, 175, 450  # words a minute; what espeak-ng can do


@dataclass(frozen=True)
class Availability:
    """Whether something works here and, where not, why (``reason``) and what to do about it."""

    works: bool
    reason: str = ""
    way_out: str = ""

    def __bool__(self) -> bool:
        return self.works


@dataclass(frozen=True)
class Audio:
    """A spoken text: ``pcm`` is int16, mono, in the machine's byte order, at ``rate_hz``.

    ``mp3`` is the same sound as it came from the voice, where it came as MP3, and ``file`` where
    that MP3 lies on disk.
    """

    pcm: bytes
    rate_hz: int
    mp3: bytes | None = None
    file: Path | None = None

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / self.rate_hz


class Playback(Protocol):
    """Sound on its way to the ear."""

    @property
    def first_sample_at(self) -> float | None:
        """When the output was handed its first sample, by time.monotonic(); None until then."""

    def stop(self) -> None:
        """Silence at once; from any thread, any number of times. ``wait`` then returns True."""

    def wait(self, timeout: float | None = None) -> bool:
        """True when the sound is over, False when ``timeout`` seconds passed first.

        Raises SpeechError where the sound was not heard to its end and nobody stopped it.
        """


class Voice(Protocol):
    """Something that speaks. ``online`` voices send the sentence over the network."""

    name: str
    online: bool

    def available(self) -> Availability:
        """Whether this voice can be expected to speak; quick, and never over the network."""

    def speak(
        self,
        text: str,
        rate: int,
        volume: int = USUAL_VOLUME,
        language: SpokenLanguage = USUAL_LANGUAGE,
    ) -> Playback:
        """Begin to speak and return at once. ``rate`` in words a minute, ``volume`` in percent.

        A voice that has one language ignores ``language``.
        Raises SpeechError, as ``Playback.wait`` does for what fails later.
        """

    def record(
        self,
        text: str,
        rate: int,
        volume: int = USUAL_VOLUME,
        language: SpokenLanguage = USUAL_LANGUAGE,
    ) -> Audio:
        """The spoken text, not played. Raises SpeechError."""


class BackgroundPlayback(ABC):
    """A playback with a thread of its own: ``_work`` plays, ``_clean_up`` puts away."""

    def __init__(self) -> None:
        self._stop_asked = threading.Event()
        self._over = threading.Event()
        self._error: SpeechError | None = None
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    def start(self) -> "BackgroundPlayback":
        self._thread.start()
        return self

    @property
    def first_sample_at(self) -> float | None:
        return None

    @abstractmethod
    def _work(self) -> None:
        """Play to the end, or until ``_stop_asked`` is set. Raises SpeechError."""

    def _clean_up(self) -> None:  # noqa: B027 - most have nothing to put away
        """What need not be waited for, such as closing a device that no longer answers."""

    def _run(self) -> None:
        try:
            self._work()
        except SpeechError as error:
            self._error = error
        except Exception as error:
            log.exception("%s failed", type(self).__name__)
            self._error = SpeechError(f"The sound failed: {error}.")
        finally:
            self._over.set()
            self._clean_up()

    def stop(self) -> None:
        self._stop_asked.set()
        # Whoever waits goes on at once, even where the work itself is stuck in a sound system.
        self._over.set()

    def wait(self, timeout: float | None = None) -> bool:
        if not self._over.wait(timeout):
            return False
        if self._error is not None and not self._stop_asked.is_set():
            raise self._error
        return True


def speakable(text: str) -> str:
    """``text`` without what no voice can say: control characters, NUL and lone surrogates."""
    kept = (" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)
    return " ".join("".join(kept).split())


def clamp_rate(rate: int | None) -> int:
    """A rate in words a minute that every voice takes; the usual one for None."""
    return USUAL_WPM if rate is None else max(SLOWEST_WPM, min(FASTEST_WPM, int(rate)))


def clamp_volume(volume: int | None) -> int:
    """A volume in percent, 0 to 100; the usual one for None."""
    return USUAL_VOLUME if volume is None else max(0, min(100, int(volume)))


def scaled(pcm: bytes, volume: int) -> bytes:
    """int16 PCM at ``volume`` percent of what it was."""
    if volume == USUAL_VOLUME:
        return pcm
    import numpy as np

    samples = np.frombuffer(pcm, np.int16).astype(np.float32) * (volume / 100)
    return samples.round().astype(np.int16).tobytes()
