"""The speaker: a queue, a thread, and voices in order. Whatever fails, it goes on."""

import contextlib
import logging
import os
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from image_describer import paths
from image_describer.errors import SpeechError
from image_describer.speech import files
from image_describer.speech.cache import SpeechCache
from image_describer.speech.espeak import EspeakVoice
from image_describer.speech.gtts import GttsVoice
from image_describer.speech.silent import SilentVoice
from image_describer.speech.voice import Playback, Voice, clamp_rate

log = logging.getLogger(__name__)

Kind = Literal["description", "phrase"]

# The app's own phrases must start at once, so they never wait for a network.
VOICE_ORDER: dict[str, tuple[str, ...]] = {
    "description": ("gtts", "espeak", "silent"),
    "phrase": ("espeak", "silent"),
}
MUTE_VOICE = "silent"  # who hears this one hears nothing
CLOSE_LIMIT_S = 2.0


class Utterance:
    """One text on its way. ``voice``, ``error`` and ``failures`` are final once ``wait`` is True.

    ``voice`` names the voice that spoke it, None where it was dropped before any did; ``error``
    is a sentence for the user where it was not heard, else None; ``failures`` says for each voice
    that was tried in vain what was wrong; ``interrupted`` is True where it was stopped or dropped.
    """

    def __init__(self, text: str, kind: str = "phrase") -> None:
        self.text = text
        self.kind = kind
        self.voice: str | None = None
        self.error: str | None = None
        self.failures: dict[str, str] = {}
        self.interrupted = False
        self._over = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        """True when it has been spoken, stopped or given up; False after ``timeout`` seconds."""
        return self._over.wait(timeout)

    def _finish(self, voice: str | None = None, error: str | None = None) -> None:
        self.voice, self.error = voice, error
        self._over.set()


class Speaker:
    """Says texts one after the other, by the first voice of the order that can.

    ``rate`` (words a minute) and ``offline`` may be changed at any time and hold from the next
    text on. Safe to use from any thread.
    """

    def __init__(
        self,
        voices: Sequence[Voice],
        *,
        offline: bool = False,
        rate: int | None = None,
        order: dict[str, tuple[str, ...]] | None = None,
    ) -> None:
        self._voices = {voice.name: voice for voice in voices}
        self._order = VOICE_ORDER if order is None else order
        self.offline = offline
        self._rate = clamp_rate(rate)
        self._changed = threading.Condition()
        self._queue: deque[Utterance] = deque()
        self._current: Utterance | None = None
        self._playback: Playback | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def rate(self) -> int:
        """Words a minute, always between SLOWEST_WPM and FASTEST_WPM."""
        return self._rate

    @rate.setter
    def rate(self, rate: int) -> None:
        self._rate = clamp_rate(rate)

    def say(self, text: str, *, kind: Kind = "description", interrupt: bool = True) -> Utterance:
        """Say ``text``; returns at once. ``interrupt`` silences and drops what came before."""
        utterance = Utterance(str(text), kind)
        if not utterance.text.strip():
            utterance._finish()
            return utterance
        if interrupt:
            self.stop()
        with self._changed:
            if self._closed:
                utterance._finish(error="The program is closing and says nothing more.")
                return utterance
            try:
                self._start()
            except RuntimeError as error:  # no more threads, or the interpreter is on its way out
                utterance._finish(error=_mute(str(error)))
                return utterance
            self._queue.append(utterance)
            self._changed.notify_all()
        return utterance

    def _start(self) -> None:
        """Start the thread with the first text; under the lock."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="speaker", daemon=True)
            thread.start()
            self._thread = thread

    def stop(self) -> None:
        """Silence at once, and drop what waits."""
        with self._changed:
            dropped, playback = list(self._queue), self._playback
            self._queue.clear()
            for utterance in dropped:
                utterance.interrupted = True
                utterance._finish()
            if self._current is not None:
                self._current.interrupted = True
            if playback is not None:
                playback.stop()

    def wait(self, timeout: float | None = None) -> bool:
        """True when all has been said; False after ``timeout`` seconds."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._queue and self._current is None, timeout
            )

    def close(self) -> None:
        """Silence, and end the thread. A second time does nothing."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.stop()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(CLOSE_LIMIT_S)

    def __enter__(self) -> "Speaker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def save(self, text: str, path: str | os.PathLike[str]) -> str:
        """Write ``text``, spoken, to a .wav or .mp3 file; returns the name of the voice.

        Raises SpeechError.
        """
        target = Path(path)
        files.check_path(target)
        if not text.strip():
            raise SpeechError("There is nothing to say, so there is nothing to save.")
        failure = SpeechError("There is no voice that could be saved.")
        for voice in self._in_order("description"):
            if voice.name == MUTE_VOICE:
                continue
            try:
                audio = voice.record(text, self.rate)
            except SpeechError as error:
                log.warning("voice %s: %s", voice.name, error.sentence)
                failure = error
                continue
            files.write(audio, target)
            return voice.name
        raise failure

    def _in_order(self, kind: str) -> list[Voice]:
        names = self._order.get(kind, self._order["phrase"])
        voices = [self._voices[name] for name in names if name in self._voices]
        return [voice for voice in voices if not (voice.online and self.offline)]

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closed)
                if not self._queue:
                    return
                utterance = self._current = self._queue.popleft()
            try:
                self._say(utterance)
            except Exception as error:
                log.exception("the speaker failed")
                utterance.error = f"Speech failed: {error}."
            with self._changed:
                self._current = None
                utterance._finish(utterance.voice, utterance.error)
                self._changed.notify_all()

    def _say(self, utterance: Utterance) -> None:
        """Let one voice after the other try, and note in ``utterance`` how it went."""
        for voice in self._in_order(utterance.kind):
            if utterance.interrupted:
                return
            try:
                self._speak(voice, utterance)
            except Exception as error:
                reason = error.sentence if isinstance(error, SpeechError) else repr(error)
                # The reason only: what is said to a user is nobody else's business.
                log.warning("voice %s: %s", voice.name, reason)
                utterance.failures[voice.name] = reason
                utterance.error = str(error) if isinstance(error, SpeechError) else _mute(reason)
                continue
            utterance.voice = voice.name
            if voice.name != MUTE_VOICE:
                utterance.error = None
            return
        if utterance.error is None and not utterance.interrupted:
            utterance.error = _mute("there is no voice")

    def _speak(self, voice: Voice, utterance: Utterance) -> None:
        playback = voice.speak(utterance.text, self.rate)
        with self._changed:
            self._playback = playback
            if utterance.interrupted:
                playback.stop()
        try:
            playback.wait()
        finally:
            with self._changed:
                self._playback = None


def _mute(reason: str) -> str:
    return f"I can't speak: {reason}."


def make_speaker(
    offline: bool = False,
    rate: int | None = None,
    cache_folder: Path | None = None,
    gtts_address: str | None = None,
) -> Speaker:
    """A speaker with all voices. ``cache_folder`` is by default the user's cache, ``speech``."""
    cache = None
    with contextlib.suppress(OSError):  # no cache is no reason to be mute
        cache = SpeechCache(cache_folder or paths.cache_folder() / "speech")
    voices: list[Voice] = [GttsVoice(cache, address=gtts_address), EspeakVoice(), SilentVoice()]
    return Speaker(voices, offline=offline, rate=rate)
