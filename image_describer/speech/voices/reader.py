"""What the screen readers that can speak for this program have in common."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from image_describer.errors import SpeechError
from image_describer.i18n import _
from image_describer.speech.audio.playback import Playback

log = logging.getLogger(__name__)

# Measured with espeak-ng on 7 sentences of 10 to 136 characters, at 175 to 700 words a minute.
CHARACTERS_A_WORD = 6.3
START_S = 0.2
# What is stopped although it should have been over: readers may be slower than their rate says.
SLOWNESS, TAIL_S = 2.0, 2.0


class ScreenReader(Protocol):
    """A screen reader, or a speech service with the user's own voice and rate.

    ``name`` is what users call it.
    """

    name: str

    def running(self) -> bool:
        """Whether a screen reader runs and can be reached through this; takes milliseconds."""

    def available(self) -> bool:
        """Whether it can speak, even while no screen reader runs; takes milliseconds."""

    def speak(self, text: str, language: str) -> Playback:
        """Speak ``text``, in ``language`` ("de") where it can be told. Raises SpeechError."""


def unreachable(reader: str, reason: object) -> SpeechError:
    """The error for a reader that doesn't speak; the reason goes into the log."""
    log.warning("%s: %s", reader, reason)
    return SpeechError(_("{reader} can't be reached.").format(reader=reader))


class ReaderPlayback:
    """Speech of a reader that doesn't tell its end, which is estimated from the rate."""

    def __init__(self, text: str, rate_wpm: float, silence: Callable[[], None]) -> None:
        """``silence()`` stops all speech of the reader; it must not wait."""
        seconds = START_S + len(text) * 60 / (CHARACTERS_A_WORD * rate_wpm)
        self.first_sample_at: float | None = time.monotonic()  # when the reader took it
        self._end = self.first_sample_at + seconds
        self._certain_end = self.first_sample_at + SLOWNESS * seconds + TAIL_S
        self._silence = silence
        self._stopped = threading.Event()

    def stop(self) -> None:
        if not self._stopped.is_set() and time.monotonic() < self._certain_end:
            self._silence()
        self._stopped.set()

    def wait(self, timeout: float | None = None) -> bool:
        left = self._end - time.monotonic()
        limited = left if timeout is None else min(timeout, left)
        return self._stopped.wait(max(0.0, limited)) or time.monotonic() >= self._end
