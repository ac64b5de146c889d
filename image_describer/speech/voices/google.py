"""The voice gtts: Google Translate's, over the network. Only the sentence is sent."""

import importlib.util
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from image_describer.errors import GoogleBlockedError, GoogleError, SpeechError
from image_describer.i18n import _
from image_describer.speech.audio import stretch
from image_describer.speech.audio.clip import AudioClip, scale_volume
from image_describer.speech.audio.output import check_output
from image_describer.speech.audio.playback import BackgroundPlayback, Playback
from image_describer.speech.audio.players import MiniaudioPlayer, Player, Playsound3Player
from image_describer.speech.availability import Availability
from image_describer.speech.cache import SpeechCache
from image_describer.speech.deadline import Interrupted, run_within
from image_describer.speech.languages import DEFAULT_LANGUAGE, SpokenLanguage
from image_describer.speech.voices import google_client
from image_describer.speech.voices.base import (
    DEFAULT_RATE_WPM,
    DEFAULT_VOLUME,
    clamp_rate,
    clamp_volume,
    speakable,
)
from image_describer.text import number

log = logging.getLogger(__name__)

GTTS_TIME_LIMIT_S = 4.0  # for the whole answer; a longer silence is worse than espeak
LATE_ANSWER_LIMIT_S = 10.0  # an answer after the time limit is still cached for the next time
BLOCKED_PAUSE_S = 600.0  # Google blocks for a while after a 429, longer if requests continue
FASTEST_WPM = 450  # a stretched voice that is faster loses syllables
FAILED_PAUSE_S = 60.0  # without a pause, each sentence would wait for a dead network

# Service address -> until when (time.monotonic()) no requests are made, and why. Process-wide.
_pauses: dict[str, tuple[float, str]] = {}


@dataclass(frozen=True)
class Prosody:
    """How a text is spoken: rate in words a minute, volume in percent, language."""

    rate: int
    volume: int
    language: SpokenLanguage

    @property
    def unchanged(self) -> bool:
        """Whether the service's sound needs no processing and may be played as a file."""
        return (self.rate, self.volume) == (DEFAULT_RATE_WPM, DEFAULT_VOLUME)

    def apply(self, clip: AudioClip) -> Iterator[bytes]:
        """Yield the service's sound at this rate and volume, in pieces of PCM."""
        speed = min(self.rate, FASTEST_WPM) / DEFAULT_RATE_WPM
        for piece in stretch.stretched(clip.pcm, clip.rate_hz, speed):
            yield scale_volume(piece, self.volume)


class GttsVoice:
    """Google's voice, with a cache on disk and a time limit.

    It has one rate, taken as DEFAULT_RATE_WPM, and one volume; others are computed from its sound.
    ``address`` replaces that of the language; without ``cache`` nothing is stored.
    """

    name = "gtts"
    online = True

    def __init__(
        self,
        cache: SpeechCache | None = None,
        players: Sequence[Player] | None = None,
        address: str | None = None,
        time_limit_s: float = GTTS_TIME_LIMIT_S,
    ) -> None:
        self.cache = cache
        self.players: Sequence[Player] = (
            (Playsound3Player(), MiniaudioPlayer()) if players is None else players
        )
        self._address = address and address.rstrip("/")
        self.time_limit_s = time_limit_s
        self._failed_players: set[str] = set()

    def address(self, language: SpokenLanguage = DEFAULT_LANGUAGE) -> str:
        """The service that a sentence in ``language`` is sent to."""
        return self._address or google_client.service_address(language.tld)

    def available(self) -> Availability:
        if importlib.util.find_spec("gtts") is None:
            return Availability(False, _("gTTS is not installed."), google_client.INSTALL)
        paused = _pause_reason(self.address())
        return Availability(
            paused is None, paused or "", _(google_client.FALLBACK) if paused else ""
        )

    def speak(
        self,
        text: str,
        rate: int,
        volume: int = DEFAULT_VOLUME,
        language: SpokenLanguage = DEFAULT_LANGUAGE,
    ) -> Playback:
        prosody = Prosody(clamp_rate(rate), clamp_volume(volume), language)
        return _GttsPlayback(self, speakable(text), prosody).start()

    def record(
        self,
        text: str,
        rate: int,
        volume: int = DEFAULT_VOLUME,
        language: SpokenLanguage = DEFAULT_LANGUAGE,
    ) -> AudioClip:
        clip = self.fetch(speakable(text), None, language)
        prosody = Prosody(clamp_rate(rate), clamp_volume(volume), language)
        if prosody.unchanged:
            return clip
        return AudioClip(b"".join(prosody.apply(clip)), clip.rate_hz)

    def fetch(
        self,
        text: str,
        stop: threading.Event | None,
        language: SpokenLanguage = DEFAULT_LANGUAGE,
    ) -> AudioClip:
        """Return the spoken text, from the cache or from the service within the time limit.

        Raises SpeechError; Interrupted once ``stop`` is set.
        """
        key = SpeechCache.key(text, language.language, language.tld, self.name)
        cached = self._from_cache(key)
        if cached is not None:
            return cached
        address = self.address(language)
        paused = _pause_reason(address)
        if paused is not None:
            raise SpeechError(paused, _(google_client.FALLBACK))
        try:
            return run_within(
                self.time_limit_s, lambda: self._request(key, text, address, language), stop
            )
        except TimeoutError as error:
            reason = _("Google's voice did not answer within {seconds:g} s.").format(
                seconds=self.time_limit_s
            )
            _pause(address, FAILED_PAUSE_S, reason)
            raise SpeechError(reason, _(google_client.FALLBACK)) from error
        except GoogleBlockedError as error:
            _pause(address, BLOCKED_PAUSE_S, error.sentence)
            raise
        except GoogleError as error:
            _pause(address, FAILED_PAUSE_S, error.sentence)
            raise

    def working_players(self) -> list[Player]:
        """The players in order, without those that failed."""
        return [player for player in self.players if player.name not in self._failed_players]

    def exclude_players(self, names: Sequence[str]) -> None:
        """Stop using these players: one that hangs costs the length of a sentence each time."""
        self._failed_players.update(names)

    def _from_cache(self, key: str) -> AudioClip | None:
        entry = self.cache.get(key) if self.cache is not None else None
        if entry is None:
            return None
        data, file = entry
        try:
            return AudioClip(*google_client.decode_mp3(data), mp3=data, file=file)
        except SpeechError:
            assert self.cache is not None
            self.cache.drop(key)
            return None

    def _request(self, key: str, text: str, address: str, language: SpokenLanguage) -> AudioClip:
        limit_s = self.time_limit_s + LATE_ANSWER_LIMIT_S
        data = google_client.request_speech(text, address, limit_s, language)
        file = self.cache.put(key, data) if self.cache is not None else None
        return AudioClip(*google_client.decode_mp3(data), mp3=data, file=file)


def _pause(address: str, seconds: float, reason: str) -> None:
    """Make no requests to ``address`` for ``seconds``."""
    _pauses[address] = (time.monotonic() + seconds, reason)


def _pause_reason(address: str) -> str | None:
    """Why ``address`` gets no requests at present, or None."""
    until, reason = _pauses.get(address, (0.0, ""))
    left = until - time.monotonic()
    return (
        _("{reason} The next attempt is in {seconds} s.").format(
            reason=reason, seconds=number(left, 0)
        )
        if left > 0
        else None
    )


class _GttsPlayback(BackgroundPlayback):
    """Fetches, then plays with the first player that works."""

    def __init__(self, voice: GttsVoice, text: str, prosody: Prosody) -> None:
        super().__init__()
        self._voice, self._text, self._prosody = voice, text, prosody
        self._playback: Playback | None = None

    @property
    def first_sample_at(self) -> float | None:
        playback = self._playback
        return None if playback is None else playback.first_sample_at

    def _play(self) -> None:
        # Without an output the sentence does not need to leave the machine.
        check_output()
        try:
            clip = self._voice.fetch(self._text, self._stop_requested, self._prosody.language)
        except Interrupted:
            return
        if not self._prosody.unchanged:
            # Only miniaudio can play pieces while more are computed.
            chunks = self._prosody.apply(clip)
            self._wait_for(MiniaudioPlayer().play_chunks(chunks, clip.rate_hz))
            return
        self._play_with(self._voice.working_players(), clip)

    def _play_with(self, players: Sequence[Player], clip: AudioClip) -> None:
        failed: list[str] = []
        failure = SpeechError(_("There is no player."))
        for player in players:
            try:
                self._wait_for(player.play(clip))
            except SpeechError as error:
                log.warning("player %s: %s", player.name, error.sentence)
                failed.append(player.name)
                failure = error
            else:
                self._voice.exclude_players(failed)
                return
        raise failure

    def _wait_for(self, playback: Playback) -> None:
        self._playback = playback
        if self._stop_requested.is_set():
            playback.stop()
        playback.wait()

    def stop(self) -> None:
        super().stop()
        playback = self._playback
        if playback is not None:
            playback.stop()
