"""The voice silent: says nothing, remembers what it was given, and never fails.

It is the contract of a voice in its shortest form, the last one in the order, and what tests use
where nothing need be heard.
"""

import threading

from image_describer.errors import SpeechError
from image_describer.speech.languages import USUAL as USUAL_LANGUAGE
from image_describer.speech.languages import SpokenLanguage
from image_describer.speech.voices.base import (
    USUAL_VOLUME,
    Audio,
    Availability,
    Playback,
)


class SilentPlayback:
    """Over after ``seconds``, or once it is stopped."""

    def __init__(self, seconds: float) -> None:
        self._over = threading.Event()
        self.stopped = False
        self.first_sample_at: float | None = None
        if seconds > 0:
            self._timer = threading.Timer(seconds, self._over.set)
            self._timer.daemon = True
            self._timer.start()
        else:
            self._over.set()

    def stop(self) -> None:
        self.stopped = not self._over.is_set()
        self._over.set()

    def wait(self, timeout: float | None = None) -> bool:
        return self._over.wait(timeout)


class SilentVoice:
    """``spoken`` lists (text, rate) in order; each sentence lasts ``seconds``."""

    online = False

    def __init__(self, seconds: float = 0.0, name: str = "silent") -> None:
        self.name = name
        self.seconds = seconds
        self.spoken: list[tuple[str, int]] = []

    def available(self) -> Availability:
        return Availability(True)

    def speak(
        self,
        text: str,
        rate: int,
        volume: int = USUAL_VOLUME,
        language: SpokenLanguage = USUAL_LANGUAGE,
    ) -> Playback:
        self.spoken.append((text, rate))
        return SilentPlayback(self.seconds)

    def record(
        self,
        text: str,
        rate: int,
        volume: int = USUAL_VOLUME,
        language: SpokenLanguage = USUAL_LANGUAGE,
    ) -> Audio:
        raise SpeechError("The silent voice makes no sound that could be saved.")
