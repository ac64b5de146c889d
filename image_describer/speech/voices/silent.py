"""The silent voice: makes no sound, records what it was asked to speak, and never fails.

It documents the contract of a voice in its shortest form. It is the last in the order of voices,
and tests use it where nothing needs to be heard.
"""

import threading

from image_describer.errors import SpeechError
from image_describer.i18n import _
from image_describer.speech.audio.clip import AudioClip
from image_describer.speech.audio.playback import Playback
from image_describer.speech.availability import Availability
from image_describer.speech.languages import DEFAULT_LANGUAGE, SpokenLanguage
from image_describer.speech.voices.base import DEFAULT_VOLUME


class SilentPlayback:
    """Lasts ``seconds`` unless it is stopped; ``wait`` never raises, as nothing can fail."""

    def __init__(self, seconds: float) -> None:
        self._over = threading.Event()
        self.first_sample_at: float | None = None  # no sample ever reaches an output
        if seconds > 0:
            timer = threading.Timer(seconds, self._over.set)
            timer.daemon = True
            timer.start()
        else:
            self._over.set()

    def stop(self) -> None:
        self._over.set()

    def wait(self, timeout: float | None = None) -> bool:
        return self._over.wait(timeout)


class SilentVoice:
    """``spoken`` lists (text, rate) in order; each text lasts ``seconds``."""

    def __init__(self, seconds: float = 0.0, name: str = "silent", *, online: bool = False) -> None:
        self.name = name
        self.online = online
        self.seconds = seconds
        self.spoken: list[tuple[str, int]] = []

    def available(self) -> Availability:
        return Availability(True)

    def speak(
        self,
        text: str,
        rate: int,
        volume: int = DEFAULT_VOLUME,
        language: SpokenLanguage = DEFAULT_LANGUAGE,
    ) -> Playback:
        self.spoken.append((text, rate))
        return SilentPlayback(self.seconds)

    def record(
        self,
        text: str,
        rate: int,
        volume: int = DEFAULT_VOLUME,
        language: SpokenLanguage = DEFAULT_LANGUAGE,
    ) -> AudioClip:
        raise SpeechError(_("The silent voice makes no sound that could be saved."))
