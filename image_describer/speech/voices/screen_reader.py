"""The voice screen_reader: the user's own screen reader, with its voice, rate and braille."""

import sys
import threading
import time
from collections.abc import Sequence

from image_describer.errors import SpeechError
from image_describer.i18n import N_, _
from image_describer.speech.audio.clip import AudioClip
from image_describer.speech.audio.playback import Playback
from image_describer.speech.availability import Availability
from image_describer.speech.languages import DEFAULT_LANGUAGE, SpokenLanguage
from image_describer.speech.voices.base import DEFAULT_VOLUME, speakable
from image_describer.speech.voices.reader import ScreenReader

LOOK_AGAIN_S = 3.0  # how long what was found is trusted, unless it fails
FAILED_PAUSE_S = 5.0  # after it failed; it may hang
NOT_RUNNING = N_("No screen reader is running.")


def system_readers() -> Sequence[ScreenReader]:
    """What can speak for this program on this system, in order of preference."""
    if sys.platform in ("win32", "darwin"):
        from image_describer.speech.voices.prism import Prism

        return (Prism(),)
    from image_describer.speech.voices.orca import Orca
    from image_describer.speech.voices.session_bus import SessionBus
    from image_describer.speech.voices.speech_dispatcher import SpeechDispatcher

    bus = SessionBus()
    return (Orca(bus), SpeechDispatcher(bus))


class ScreenReaderVoice:
    """Speaks through the first of ``readers`` that runs; they decide on rate, volume and voice.

    ``always``: if none runs, through the first that can speak all the same.
    """

    name = "screen_reader"
    online = False

    def __init__(self, readers: Sequence[ScreenReader] | None = None) -> None:
        self.always = False
        self._readers = system_readers() if readers is None else readers
        self._lock = threading.Lock()
        self._running: ScreenReader | None = None
        self._looked = -LOOK_AGAIN_S
        self._paused: dict[str, float] = {}  # until when, by name

    def look(self) -> ScreenReader | None:
        """Look for a screen reader that runs, whether or not it is to speak."""
        with self._lock:
            readers = (reader for reader in self._usable() if reader.running())
            self._running = next(readers, None)
            self._looked = time.monotonic()
            return self._running

    def reader(self) -> ScreenReader | None:
        """The reader that speaks at present."""
        due = time.monotonic() - self._looked >= LOOK_AGAIN_S
        found = self.look() if due else self._running
        if found is None and self.always:
            return next((reader for reader in self._usable() if reader.available()), None)
        return found

    def _usable(self) -> list[ScreenReader]:
        now = time.monotonic()
        return [reader for reader in self._readers if self._paused.get(reader.name, 0.0) < now]

    def available(self) -> Availability:
        if self.reader() is None:
            return Availability(False, _(NOT_RUNNING))
        return Availability(True)

    def speak(
        self,
        text: str,
        rate: int,
        volume: int = DEFAULT_VOLUME,
        language: SpokenLanguage = DEFAULT_LANGUAGE,
    ) -> Playback:
        reader = self.reader()
        if reader is None:
            raise SpeechError(_(NOT_RUNNING))
        try:
            return reader.speak(speakable(text), language.language)
        except SpeechError:
            self._paused[reader.name] = time.monotonic() + FAILED_PAUSE_S
            self._running = None
            raise

    def record(
        self,
        text: str,
        rate: int,
        volume: int = DEFAULT_VOLUME,
        language: SpokenLanguage = DEFAULT_LANGUAGE,
    ) -> AudioClip:
        raise SpeechError(_("A screen reader's speech can't be saved."))
