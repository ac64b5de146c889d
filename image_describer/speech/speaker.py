"""The speaker: one queue, one thread, and voices in order of preference; `say` never raises."""

import contextlib
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from image_describer import i18n, paths
from image_describer.errors import OutputLostError, SpeechError
from image_describer.i18n import N_, _
from image_describer.speech import earcons, languages
from image_describer.speech.audio import files
from image_describer.speech.audio.clip import AudioClip
from image_describer.speech.audio.output import wait_for_output
from image_describer.speech.audio.playback import Playback
from image_describer.speech.audio.players import MiniaudioPlayer, Player
from image_describer.speech.languages import SpokenLanguage
from image_describer.speech.spoken_log import SpokenLog
from image_describer.speech.utterance import (
    Utterance,
    UtteranceKind,
    find_duplicate,
    survives,
)
from image_describer.speech.voices.base import Voice, clamp_rate, clamp_volume
from image_describer.speech.voices.screen_reader import ScreenReaderVoice
from image_describer.text import finish

log = logging.getLogger(__name__)

# Only descriptions may use the network: the program's own phrases must start at once, and an error
# may be about the network itself.
VOICE_ORDER: dict[str, tuple[str, ...]] = {
    "description": ("gtts", "espeak", "silent"),
    "phrase": ("espeak", "silent"),
    "notice": ("espeak", "silent"),
    "error": ("espeak", "silent"),
}
SILENT_VOICE = "silent"  # whatever it speaks is not heard
# What ``Speaker.voice`` may be, as in the settings.
AUTOMATIC, SCREEN_READER, OWN_VOICE = "auto", ScreenReaderVoice.name, "own"
ONLINE_UNREACHABLE = N_("The natural voice can't be reached. The offline voice reads.")
CLOSE_LIMIT_S = 2.0
REOPEN_LIMIT_S = 3.0  # how long to wait for a sound server that died in the middle of a sentence

VoiceFactory = Callable[[], Sequence[Voice]]


class Speaker:
    """Speaks texts one after the other with the first voice that works.

    ``voices`` may be a function that creates them: it is called once, on the speaker's own thread,
    when the first text is spoken; texts queue meanwhile. Constructing a speaker loads nothing.

    ``rate`` (words a minute), ``volume`` (percent), ``language`` (a key of languages.choices(), for
    Google's voice), ``offline`` and ``voice`` may be changed at any time and apply from the next
    text on. ``voice`` is OWN_VOICE, AUTOMATIC (the screen reader says everything while one runs) or
    SCREEN_READER (else a speech service that the user has set up, if there is one).
    When the online voice fails, the next one speaks, and says so, once. ``log`` receives an entry
    for each utterance. Earcons are played by ``earcon_player``; without
    one they are only logged. Thread-safe.
    """

    def __init__(
        self,
        voices: Sequence[Voice] | VoiceFactory,
        *,
        offline: bool = False,
        rate: int | None = None,
        volume: int | None = None,
        language: str | None = None,
        voice: str = OWN_VOICE,
        order: dict[str, tuple[str, ...]] | None = None,
        log: SpokenLog | None = None,
        earcon_player: Player | None = None,
    ) -> None:
        self._create_voices: VoiceFactory = voices if callable(voices) else lambda: voices
        self._voices: dict[str, Voice] | None = None
        self._load_error = ""
        self._load_lock = threading.Lock()
        self._order = VOICE_ORDER if order is None else order
        self.offline = offline
        self.voice = voice
        self._rate = clamp_rate(rate)
        self._volume = clamp_volume(volume)
        self._language_key = language
        self._log = log
        self._earcon_player = earcon_player
        self._changed = threading.Condition()
        self._queue: deque[Utterance] = deque()
        self._current: Utterance | None = None
        self._latest: Utterance | None = None
        self._playback: Playback | None = None
        self._ended_playback: Playback | None = None
        self._thread: threading.Thread | None = None
        self._closed = False
        self._online_failure_said = False

    @property
    def rate(self) -> int:
        """Words a minute, always between MIN_RATE_WPM and MAX_RATE_WPM."""
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
        """The key of language and accent of Google's voice; an unknown key sets the default."""
        return languages.look_up(self._language_key).key

    @language.setter
    def language(self, key: str) -> None:
        # Looked up when it is needed: other languages than English import gTTS.
        self._language_key = key

    def configure(
        self, *, offline: bool, rate: int, volume: int, language: str, voice: str
    ) -> None:
        """Set all options; they apply from the next text on."""
        self.offline, self.rate, self.volume, self.language = offline, rate, volume, language
        self.voice = voice

    def say(
        self,
        text: str,
        *,
        kind: UtteranceKind = "description",
        private: bool = False,
        interrupt: bool = True,
        allow_duplicate: bool = False,
        language: str = "",
    ) -> Utterance:
        """Speak ``text``; returns at once.

        Only a "description" may go to an online voice, and only if it is not ``private``.
        ``interrupt`` stops and drops what came before, except what survives (utterance.py). The
        same text requested twice within DUPLICATE_WINDOW_S is spoken once and the first utterance
        is returned, unless ``allow_duplicate`` (a letter typed twice). ``language`` is the code of
        another language that the text is in, such as "de".
        """
        language = language or i18n.language()  # which may be another when its turn comes
        utterance = Utterance(str(text), kind, private=private, language=language)
        if not utterance.text.strip():
            self._finish(utterance)
            return utterance
        with self._changed:
            pending = self._pending()
            duplicate = None if allow_duplicate else find_duplicate(utterance, pending)
            if interrupt:
                self._cancel(
                    [u for u in pending if u is not duplicate and not survives(u, utterance)]
                )
            if duplicate is not None:
                self._latest = duplicate
                return duplicate
            self._latest = utterance
            if self._closed:
                self._finish(utterance, error=_("The program is closing and says nothing more."))
                return utterance
            try:
                self._start()
            except RuntimeError as error:  # no more threads, or the interpreter is shutting down
                self._finish(utterance, error=_cannot_speak(str(error)))
                return utterance
            self._queue.append(utterance)
            self._changed.notify_all()
        return utterance

    def _start(self) -> None:
        """Start the thread with the first text. Requires the lock."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="speaker", daemon=True)
            thread.start()
            self._thread = thread

    def _pending(self) -> list[Utterance]:
        """The current utterance, then the queue. Requires the lock."""
        return [*([] if self._current is None else [self._current]), *self._queue]

    def _cancel(self, utterances: Sequence[Utterance]) -> None:
        """Silence or drop ``utterances``. Requires the lock."""
        if self._current is None and self._ended_playback is not None:
            # A screen reader may still speak after the end that was estimated.
            self._ended_playback.stop()
        for utterance in utterances:
            utterance.interrupted = True
            if utterance is not self._current:
                self._queue.remove(utterance)
                self._finish(utterance)
            elif self._playback is not None:
                self._playback.stop()

    def _finish(
        self, utterance: Utterance, voice: str | None = None, error: str | None = None
    ) -> None:
        utterance.finish(voice, error)
        if self._log is not None:
            self._log.write(utterance.log_entry())

    def stop(self) -> None:
        """Silence the current utterance at once and drop the queue."""
        with self._changed:
            self._cancel(self._pending())

    def earcon(self, name: str) -> None:
        """Play one of earcons.SOUNDS over the speech; returns at once and never raises."""
        utterance = Utterance(name, "earcon")
        try:
            clip = AudioClip(earcons.synthesize(name, self._volume), earcons.RATE_HZ)
            if not self._closed:
                player = self._earcon_player
                playback = None if player is None else player.play(clip)
                if self._log is not None:
                    threading.Thread(
                        target=self._log_earcon, args=(utterance, playback), daemon=True
                    ).start()
        except Exception as error:
            log.warning("earcon %s: %r", name, error)

    def _log_earcon(self, utterance: Utterance, playback: Playback | None) -> None:
        """Wait for the end of an earcon and log it."""
        error = None
        if playback is not None:
            try:
                playback.wait()
            except SpeechError as failure:
                error = failure.sentence
            utterance.began = playback.first_sample_at
        self._finish(utterance, None if playback is None else "earcon", error)

    @property
    def speaking(self) -> bool:
        """Whether a text is being spoken or waits in the queue."""
        with self._changed:
            return bool(self._pending())

    @property
    def fetching(self) -> bool:
        """Whether the current text is not audible yet, as while Google prepares it."""
        with self._changed:
            playback = self._playback
        return playback is not None and playback.first_sample_at is None

    @property
    def last_error(self) -> str:
        """Why the latest text was not heard; empty if it was, or is not over yet."""
        with self._changed:
            latest = self._latest
        return latest.error or "" if latest is not None and latest.wait(0) else ""

    def wait(self, timeout: float | None = None) -> bool:
        """Return True when everything has been spoken, False after ``timeout`` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._pending(), timeout)

    def close(self) -> None:
        """Silence the speaker and end its thread. Idempotent."""
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

    def save(
        self,
        text: str,
        path: str | os.PathLike[str],
        *,
        private: bool = False,
        language: str = "",
    ) -> str:
        """Write the spoken ``text`` to a .wav or .mp3 file; returns the name of the voice.

        A ``private`` text is not sent to an online voice. ``language`` is as in `say`. Raises
        SpeechError.
        """
        target = Path(path)
        files.check_path(target)
        if not text.strip():
            raise SpeechError(_("There is nothing to say, so there is nothing to save."))
        voices = self._own_voices("description", private)
        if self._load_error:
            raise SpeechError(_("Speech can't be saved: {reason}.").format(reason=self._load_error))
        failure = SpeechError(
            _("There is no voice that can save speech."),
            _("Start Image Describer without --voice off."),
        )
        for voice in voices:
            if voice.name == SILENT_VOICE:
                continue
            spoken_language = self._language_for(voice, language)
            try:
                clip = voice.record(text, self._rate, self._volume, spoken_language)
            except SpeechError as error:
                log.warning("voice %s: %s", voice.name, error.sentence)
                failure = error
                continue
            files.write(clip, target)
            return voice.name
        raise failure

    def _load_voices(self) -> dict[str, Voice]:
        """Create the voices, once. Without any, each utterance reports the reason."""
        with self._load_lock:
            if self._voices is None:
                voices: Sequence[Voice] = ()
                try:
                    voices = self._create_voices()
                except Exception as error:
                    log.exception("the voices can't be loaded")
                    self._load_error = _("the voices can't be loaded ({error})").format(error=error)
                self._voices = {voice.name: voice for voice in voices}
            return self._voices

    def _voices_for(self, kind: str, private: bool) -> list[Voice]:
        """The voices that may speak such a text, in order of preference."""
        voices = self._own_voices(kind, private)
        reader = self._reader_voice()
        return [reader, *voices] if reader is not None and reader.available() else voices

    def _own_voices(self, kind: str, private: bool) -> list[Voice]:
        """Those whose sound this program plays."""
        loaded = self._load_voices()
        names = self._order.get(kind, self._order["phrase"])
        voices = [loaded[name] for name in names if name in loaded]
        return [voice for voice in voices if not (voice.online and (private or self.offline))]

    def _reader_voice(self) -> ScreenReaderVoice | None:
        """The voice screen_reader, if the user wants it."""
        reader = self._load_voices().get(SCREEN_READER)
        if self.voice == OWN_VOICE or not isinstance(reader, ScreenReaderVoice):
            return None
        reader.always = self.voice == SCREEN_READER
        return reader

    def find_reader(self) -> str:
        """Look for a screen reader and return its name, whatever ``voice`` is; "" if none runs.

        Takes milliseconds.
        """
        voice = self._load_voices().get(SCREEN_READER)
        found = voice.look() if isinstance(voice, ScreenReaderVoice) else None
        return "" if found is None else found.name

    @property
    def reader(self) -> str:
        """The name of the screen reader or speech service that speaks now; empty for none."""
        voice = self._reader_voice()
        found = None if voice is None else voice.reader()
        return "" if found is None else found.name

    def _language_for(self, voice: Voice, language: str = "") -> SpokenLanguage:
        """That of the text, by default the program's; online with the accent of the settings.

        Google's voice may have been told to speak English as another language.
        """
        code = language or i18n.language()
        if voice.online or code == i18n.ENGLISH:  # else not looked up, because that imports gTTS
            chosen = languages.look_up(self._language_key if voice.online else None)
            if chosen.language == code or code == i18n.language() == i18n.ENGLISH:
                return chosen
        return SpokenLanguage(code, code, code)

    def _run(self) -> None:
        # Before the first text is taken, so that stop() can still drop it from the queue.
        self._load_voices()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closed)
                if not self._queue:
                    return
                utterance = self._current = self._queue.popleft()
            try:
                self._speak(utterance)
            except Exception as error:
                log.exception("the speaker failed")
                utterance.error = finish(_("Speech failed: {error}").format(error=error))
            with self._changed:
                self._current = None
                self._finish(utterance, utterance.voice, utterance.error)
                self._changed.notify_all()

    def _speak(self, utterance: Utterance) -> None:
        """Try one voice after the other and record the outcome in ``utterance``."""
        for voice in self._voices_for(utterance.kind, utterance.private):
            if utterance.interrupted:
                return
            try:
                self._speak_with_retry(voice, utterance)
            except Exception as error:
                reason = error.sentence if isinstance(error, SpeechError) else repr(error)
                # Only the reason is logged: the text is private to the user.
                log.warning("voice %s: %s", voice.name, reason)
                utterance.failures[voice.name] = reason
                utterance.error = (
                    str(error) if isinstance(error, SpeechError) else _cannot_speak(reason)
                )
                continue
            utterance.voice = voice.name
            if voice.name != SILENT_VOICE:
                utterance.error = None
                self._report_online_failure(utterance)
            return
        if utterance.error is None and not utterance.interrupted:
            utterance.error = _cannot_speak(self._load_error or _("there is no voice"))

    def _report_online_failure(self, utterance: Utterance) -> None:
        """Say after ``utterance`` why it had another voice, the first time that it is heard."""
        loaded = self._load_voices()
        failed = any(loaded[name].online for name in utterance.failures)
        if failed and not utterance.interrupted and not self._online_failure_said:
            self._online_failure_said = True
            with self._changed:
                self._queue.append(Utterance(_(ONLINE_UNREACHABLE), "notice", private=True))

    def _speak_with_retry(self, voice: Voice, utterance: Utterance) -> None:
        """Speak; start again once if the output disappeared and came back."""
        try:
            self._speak_with(voice, utterance)
        except OutputLostError as error:
            log.warning("voice %s: %s", voice.name, error.sentence)
            if not wait_for_output(REOPEN_LIMIT_S, lambda: utterance.interrupted):
                raise
            self._speak_with(voice, utterance)

    def _speak_with(self, voice: Voice, utterance: Utterance) -> None:
        language = self._language_for(voice, utterance.language)
        playback = voice.speak(utterance.text, self._rate, self._volume, language)
        with self._changed:
            self._playback = playback
            if utterance.interrupted:
                playback.stop()
        try:
            playback.wait()
        finally:
            with self._changed:
                self._playback, self._ended_playback = None, playback
                utterance.began = utterance.began or playback.first_sample_at


def _cannot_speak(reason: str) -> str:
    return finish(_("I can't speak: {reason}").format(reason=reason))


def make_speaker(
    *,
    offline: bool = False,
    rate: int | None = None,
    volume: int | None = None,
    language: str | None = None,
    voice: str = OWN_VOICE,
    muted: bool = False,
    log_file: Path | None = None,
    cache_folder: Path | None = None,
    gtts_address: str | None = None,
) -> Speaker:
    """Return a speaker with all voices; they are loaded when the first text is spoken.

    ``rate``, ``volume``, ``language`` and ``voice`` are those of the settings; None is the default.
    ``offline`` never uses Google's voice; ``muted`` has no voice at all. ``log_file`` receives a
    line for each utterance, including its text. ``cache_folder`` (by default ``speech`` in the
    user's cache) and ``gtts_address`` are for tests.
    """

    def create_voices() -> Sequence[Voice]:
        from image_describer.speech.cache import SpeechCache
        from image_describer.speech.voices.espeak import EspeakVoice
        from image_describer.speech.voices.google import GttsVoice
        from image_describer.speech.voices.silent import SilentVoice

        cache = None
        with contextlib.suppress(OSError):  # speech works without its cache
            cache = SpeechCache(cache_folder or paths.cache_folder() / "speech")
        google = GttsVoice(cache, address=gtts_address)
        return [ScreenReaderVoice(), google, EspeakVoice(), SilentVoice()]

    return Speaker(
        [] if muted else create_voices,
        offline=offline,
        rate=rate,
        volume=volume,
        language=language,
        voice=voice,
        log=None if log_file is None else SpokenLog(log_file),
        earcon_player=None if muted else MiniaudioPlayer(),
    )
