"""The speaker: a queue, a thread, and voices in order. Whatever fails, it goes on."""

import contextlib
import logging
import os
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from image_describer import paths
from image_describer.errors import OutputLostError, SpeechError
from image_describer.speech import earcons, languages
from image_describer.speech.audio import files
from image_describer.speech.audio.output import output_returns
from image_describer.speech.audio.players import MiniaudioPlayer, Player
from image_describer.speech.cache import SpeechCache
from image_describer.speech.spoken_log import SpokenLog
from image_describer.speech.utterance import Kind, Utterance, survives, twin_of
from image_describer.speech.voices.base import (
    Audio,
    Playback,
    Voice,
    clamp_rate,
    clamp_volume,
)
from image_describer.speech.voices.espeak import EspeakVoice
from image_describer.speech.voices.google import GttsVoice
from image_describer.speech.voices.silent import SilentVoice

log = logging.getLogger(__name__)

# The app's own phrases must start at once, so they never wait for a network; no more may errors,
# of which a dead network may be the one that is told.
VOICE_ORDER: dict[str, tuple[str, ...]] = {
    "description": ("gtts", "espeak", "silent"),
    "phrase": ("espeak", "silent"),
    "notice": ("espeak", "silent"),
    "error": ("espeak", "silent"),
}
MUTE_VOICE = "silent"  # who hears this one hears nothing
CLOSE_LIMIT_S = 2.0
REOPEN_LIMIT_S = 3.0  # a sound server that died in mid-sentence is waited for, no longer than this


class Speaker:
    """Says texts one after the other, by the first voice of the order that can.

    ``rate`` (words a minute), ``volume`` (percent), ``language`` (a key of languages.choices(), for
    Google's voice) and ``offline`` may be changed at any time and hold from the next text on.
    ``log``, where one is given, gets a line for each utterance. Earcons sound through
    ``earcon_player``; without one they are only logged. Safe to use from any thread.
    """

    def __init__(
        self,
        voices: Sequence[Voice],
        *,
        offline: bool = False,
        rate: int | None = None,
        volume: int | None = None,
        language: str | None = None,
        order: dict[str, tuple[str, ...]] | None = None,
        log: SpokenLog | None = None,
        earcon_player: Player | None = None,
    ) -> None:
        self._voices = {voice.name: voice for voice in voices}
        self._order = VOICE_ORDER if order is None else order
        self.offline = offline
        self._rate = clamp_rate(rate)
        self._volume = clamp_volume(volume)
        self._language = languages.look_up(language)
        self._log = log
        self._earcon_player = earcon_player
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

    @property
    def volume(self) -> int:
        """Percent, always between 0 and 100."""
        return self._volume

    @volume.setter
    def volume(self, volume: int) -> None:
        self._volume = clamp_volume(volume)

    @property
    def language(self) -> str:
        """The key of Google's voice's language and accent; an unknown one sets the usual."""
        return self._language.key

    @language.setter
    def language(self, key: str) -> None:
        self._language = languages.look_up(key)

    def say(
        self,
        text: str,
        *,
        kind: Kind = "description",
        interrupt: bool = True,
        again: bool = False,
    ) -> Utterance:
        """Say ``text``; returns at once.

        ``interrupt`` silences and drops what came before, but for what survives (utterance.py):
        errors are heard before a description that comes by itself. The same text asked for twice
        within TWICE_S is said once, unless ``again`` (a letter typed twice): what comes back is
        then the first utterance.
        """
        utterance = Utterance(str(text), kind)
        if not utterance.text.strip():
            self._end(utterance)
            return utterance
        with self._changed:
            twin = None if again else twin_of(utterance.text, kind, self._unfinished())
            if interrupt:
                self._cut(
                    [u for u in self._unfinished() if u is not twin and not survives(u, text, kind)]
                )
            if twin is not None:
                return twin
            if self._closed:
                self._end(utterance, error="The program is closing and says nothing more.")
                return utterance
            try:
                self._start()
            except RuntimeError as error:  # no more threads, or the interpreter is on its way out
                self._end(utterance, error=_mute(str(error)))
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

    def _unfinished(self) -> list[Utterance]:
        """What is being said, then what waits; under the lock."""
        return [*([] if self._current is None else [self._current]), *self._queue]

    def _cut(self, utterances: Sequence[Utterance]) -> None:
        """Silence and drop these; under the lock."""
        for utterance in utterances:
            utterance.interrupted = True
            if utterance is not self._current:
                self._queue.remove(utterance)
                self._end(utterance)
            elif self._playback is not None:
                self._playback.stop()

    def _end(
        self, utterance: Utterance, voice: str | None = None, error: str | None = None
    ) -> None:
        utterance._finish(voice, error)
        if self._log is not None:
            self._log.write(utterance.entry())

    def stop(self) -> None:
        """Silence at once, and drop what waits."""
        with self._changed:
            self._cut(self._unfinished())

    def earcon(self, name: str) -> None:
        """Play one of earcons.NAMES beside what is being said; returns at once, never raises."""
        utterance = Utterance(name, "earcon")
        try:
            sound = Audio(earcons.sound(name, self._volume), earcons.RATE_HZ)
            if not self._closed:
                player = self._earcon_player
                playback = None if player is None else player.play(sound)
                if self._log is not None:
                    threading.Thread(
                        target=self._end_earcon, args=(utterance, playback), daemon=True
                    ).start()
        except Exception as error:
            log.warning("earcon %s: %r", name, error)

    def _end_earcon(self, utterance: Utterance, playback: Playback | None) -> None:
        """Wait for an earcon's end, for the log's sake."""
        error = None
        if playback is not None:
            try:
                playback.wait()
            except SpeechError as failure:
                error = failure.sentence
            utterance.began = playback.first_sample_at
        self._end(utterance, None if playback is None else "earcon", error)

    @property
    def fetching(self) -> bool:
        """Whether a text has its turn and is not heard yet, as while Google is asked for it."""
        with self._changed:
            playback = self._playback
        return playback is not None and playback.first_sample_at is None

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
        if self._log is not None:
            self._log.close()

    def __enter__(self) -> "Speaker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def save(self, text: str, path: str | os.PathLike[str], *, kind: Kind = "description") -> str:
        """Write ``text``, spoken, to a .wav or .mp3 file; returns the name of the voice.

        Only a "description" goes to a voice of the network.

        Raises SpeechError.
        """
        target = Path(path)
        files.check_path(target)
        if not text.strip():
            raise SpeechError("There is nothing to say, so there is nothing to save.")
        failure = SpeechError("There is no voice that could be saved.")
        for voice in self._in_order(kind):
            if voice.name == MUTE_VOICE:
                continue
            try:
                audio = voice.record(text, self._rate, self._volume, self._language)
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
                self._end(utterance, utterance.voice, utterance.error)
                self._changed.notify_all()

    def _say(self, utterance: Utterance) -> None:
        """Let one voice after the other try, and note in ``utterance`` how it went."""
        for voice in self._in_order(utterance.kind):
            if utterance.interrupted:
                return
            try:
                self._speak_whole(voice, utterance)
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

    def _speak_whole(self, voice: Voice, utterance: Utterance) -> None:
        """Speak; once more from the beginning where the output went away and came back."""
        try:
            self._speak(voice, utterance)
        except OutputLostError as error:
            log.warning("voice %s: %s", voice.name, error.sentence)
            if not output_returns(REOPEN_LIMIT_S, lambda: utterance.interrupted):
                raise
            self._speak(voice, utterance)

    def _speak(self, voice: Voice, utterance: Utterance) -> None:
        playback = voice.speak(utterance.text, self._rate, self._volume, self._language)
        with self._changed:
            self._playback = playback
            if utterance.interrupted:
                playback.stop()
        try:
            playback.wait()
        finally:
            with self._changed:
                self._playback = None
                utterance.began = utterance.began or playback.first_sample_at


def _mute(reason: str) -> str:
    return f"I can't speak: {reason}."


def make_speaker(
    offline: bool = False,
    rate: int | None = None,
    cache_folder: Path | None = None,
    gtts_address: str | None = None,
    *,
    volume: int | None = None,
    language: str | None = None,
    log_file: Path | None = None,
) -> Speaker:
    """A speaker with all voices. ``cache_folder`` is by default the user's cache, ``speech``.

    ``log_file`` gets a line for each utterance, with its text; None writes nothing.
    """
    cache = None
    with contextlib.suppress(OSError):  # no cache is no reason to be mute
        cache = SpeechCache(cache_folder or paths.cache_folder() / "speech")
    voices: list[Voice] = [GttsVoice(cache, address=gtts_address), EspeakVoice(), SilentVoice()]
    return Speaker(
        voices,
        offline=offline,
        rate=rate,
        volume=volume,
        language=language,
        log=None if log_file is None else SpokenLog(log_file),
        earcon_player=MiniaudioPlayer(),
    )
