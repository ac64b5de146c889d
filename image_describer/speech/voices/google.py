"""The voice gtts: Google Translate's, over the network. It is sent the sentence, nothing else."""

import importlib.util
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from image_describer.errors import GoogleBlockedError, GoogleError, SpeechError
from image_describer.speech.audio import stretch
from image_describer.speech.audio.output import check_output
from image_describer.speech.audio.players import (
    MiniaudioPlayer,
    Player,
    Playsound3Player,
)
from image_describer.speech.cache import SpeechCache
from image_describer.speech.deadline import Interrupted, run_within
from image_describer.speech.languages import USUAL as USUAL_LANGUAGE
from image_describer.speech.languages import SpokenLanguage
from image_describer.speech.voices import google_client
from image_describer.speech.voices.base import (
    USUAL_VOLUME,
    USUAL_WPM,
    Audio,
    Availability,
    BackgroundPlayback,
    Playback,
    clamp_rate,
    clamp_volume,
    scaled,
    speakable,
)

log = logging.getLogger(__name__)

GTTS_TIME_LIMIT_S = 4.0  # from asking to having all of it; longer silence is worse than espeak
BLOCKED_PAUSE_S = 600.0  # after 429 Google blocks for a while, and asking on makes it longer
LATE_ANSWER_LIMIT_S = 10.0  # what comes after the time limit is still kept for the next time
FAILED_PAUSE_S = 60.0  # without this, every sentence on a dead network begins with a silence

# Service address -> until when (time.monotonic()) it is left alone, and why. For the process.
_pauses: dict[str, tuple[float, str]] = {}


@dataclass(frozen=True)
class Manner:
    """How a text is to be said: words a minute, percent, and in what language."""

    rate: int
    volume: int
    language: SpokenLanguage

    @property
    def as_it_came(self) -> bool:
        """Whether the service's sound needs no change, and so may be played as a file."""
        return (self.rate, self.volume) == (USUAL_WPM, USUAL_VOLUME)

    def applied(self, audio: Audio) -> Iterator[bytes]:
        """What the service said, in this manner: pieces of PCM, the first within milliseconds."""
        for piece in stretch.stretched(audio.pcm, audio.rate_hz, self.rate / USUAL_WPM):
            yield scaled(piece, self.volume)


class GttsVoice:
    """Google's voice, with a cache on disk and a time limit.

    It has one rate, taken for USUAL_WPM, and one loudness: any other is made here of what it
    said. ``address`` is a stand-in's, by default that of the language; ``cache`` may be None.
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
        self._failed: set[str] = set()

    def address(self, language: SpokenLanguage = USUAL_LANGUAGE) -> str:
        """Whom a sentence in ``language`` is sent to."""
        return self._address or google_client.service_address(language.tld)

    def available(self) -> Availability:
        if importlib.util.find_spec("gtts") is None:
            return Availability(False, "gTTS is not installed.", "pip install gtts")
        paused = _pause(self.address())
        return Availability(paused is None, paused or "", google_client.WAY_OUT if paused else "")

    def speak(
        self,
        text: str,
        rate: int,
        volume: int = USUAL_VOLUME,
        language: SpokenLanguage = USUAL_LANGUAGE,
    ) -> Playback:
        manner = Manner(clamp_rate(rate), clamp_volume(volume), language)
        return _GttsPlayback(self, speakable(text), manner).start()

    def record(
        self,
        text: str,
        rate: int,
        volume: int = USUAL_VOLUME,
        language: SpokenLanguage = USUAL_LANGUAGE,
    ) -> Audio:
        audio = self.fetch(speakable(text), None, language)
        manner = Manner(clamp_rate(rate), clamp_volume(volume), language)
        if manner.as_it_came:
            return audio
        return Audio(b"".join(manner.applied(audio)), audio.rate_hz)

    def fetch(
        self,
        text: str,
        stop: threading.Event | None,
        language: SpokenLanguage = USUAL_LANGUAGE,
    ) -> Audio:
        """The spoken text, from the cache or from the service within the time limit.

        Raises SpeechError; Interrupted once ``stop`` is set.
        """
        key = SpeechCache.key(text, language.language, language.tld, self.name)
        kept = self._from_cache(key)
        if kept is not None:
            return kept
        address = self.address(language)
        paused = _pause(address)
        if paused is not None:
            raise SpeechError(paused, google_client.WAY_OUT)
        try:
            return run_within(
                self.time_limit_s, lambda: self._ask(key, text, address, language), stop
            )
        except TimeoutError as error:
            reason = f"Google's voice did not answer within {self.time_limit_s:g} s."
            _rest(address, FAILED_PAUSE_S, reason)
            raise SpeechError(reason, google_client.WAY_OUT) from error
        except GoogleBlockedError as error:
            _rest(address, BLOCKED_PAUSE_S, error.sentence)
            raise
        except GoogleError as error:
            _rest(address, FAILED_PAUSE_S, error.sentence)
            raise

    def working_players(self) -> list[Player]:
        """The players in order, without those that have been left out."""
        return [player for player in self.players if player.name not in self._failed]

    def leave_out(self, names: Sequence[str]) -> None:
        """From now on without these players: one that hangs costs the length of a sentence."""
        self._failed.update(names)

    def _from_cache(self, key: str) -> Audio | None:
        kept = self.cache.get(key) if self.cache is not None else None
        if kept is None:
            return None
        data, file = kept
        try:
            return Audio(*google_client.decode_mp3(data), mp3=data, file=file)
        except SpeechError:
            assert self.cache is not None
            self.cache.drop(key)
            return None

    def _ask(self, key: str, text: str, address: str, language: SpokenLanguage) -> Audio:
        data = google_client.ask(text, address, self.time_limit_s + LATE_ANSWER_LIMIT_S, language)
        file = self.cache.put(key, data) if self.cache is not None else None
        return Audio(*google_client.decode_mp3(data), mp3=data, file=file)


def _rest(address: str, seconds: float, reason: str) -> None:
    """Leave ``address`` alone for ``seconds``."""
    _pauses[address] = (time.monotonic() + seconds, reason)


def _pause(address: str) -> str | None:
    """Why ``address`` is left alone at present, or None."""
    until, reason = _pauses.get(address, (0.0, ""))
    left = until - time.monotonic()
    return f"{reason} It is asked again in {left:.0f} s." if left > 0 else None


class _GttsPlayback(BackgroundPlayback):
    """Fetches, then plays through the first player that does."""

    def __init__(self, voice: GttsVoice, text: str, manner: Manner) -> None:
        super().__init__()
        self._voice, self._text, self._manner = voice, text, manner
        self._playing: Playback | None = None

    @property
    def first_sample_at(self) -> float | None:
        playing = self._playing
        return None if playing is None else playing.first_sample_at

    def _work(self) -> None:
        # Nobody would hear the answer: then the sentence need not leave the machine either.
        check_output()
        try:
            audio = self._voice.fetch(self._text, self._stop_asked, self._manner.language)
        except Interrupted:
            return
        if not self._manner.as_it_came:
            # Only this process can play what is made here while it is heard.
            chunks = self._manner.applied(audio)
            self._hear(MiniaudioPlayer().play_chunks(chunks, audio.rate_hz))
            return
        self._play_by_the_first(self._voice.working_players(), audio)

    def _play_by_the_first(self, players: Sequence[Player], audio: Audio) -> None:
        failed: list[str] = []
        failure = SpeechError("There is no player.")
        for player in players:
            try:
                self._hear(player.play(audio))
            except SpeechError as error:
                log.warning("player %s: %s", player.name, error.sentence)
                failed.append(player.name)
                failure = error
            else:
                self._voice.leave_out(failed)
                return
        raise failure

    def _hear(self, playing: Playback) -> None:
        self._playing = playing
        if self._stop_asked.is_set():
            playing.stop()
        playing.wait()

    def stop(self) -> None:
        super().stop()
        playing = self._playing
        if playing is not None:
            playing.stop()
