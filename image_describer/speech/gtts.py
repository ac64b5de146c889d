"""The voice gtts: Google Translate's, over the network. It is sent the sentence, nothing else."""

import importlib.util
import logging
import threading
import time
from collections.abc import Sequence

from image_describer.errors import SpeechError
from image_describer.speech import google
from image_describer.speech.cache import SpeechCache
from image_describer.speech.limits import Interrupted, run_within
from image_describer.speech.output import check_output
from image_describer.speech.players import MiniaudioPlayer, Player, Playsound3Player
from image_describer.speech.voice import (
    Audio,
    Availability,
    BackgroundPlayback,
    Playback,
    speakable,
)

log = logging.getLogger(__name__)

GTTS_TIME_LIMIT_S = 4.0  # from asking to having all of it; longer silence is worse than espeak
BLOCKED_PAUSE_S = 600.0  # after 429 Google blocks for a while, and asking on makes it longer
LATE_ANSWER_LIMIT_S = 10.0  # what comes after the time limit is still kept for the next time
FAILED_PAUSE_S = 60.0  # without this, every sentence on a dead network begins with a silence

# Service address -> until when (time.monotonic()) it is left alone, and why. For the process.
_pauses: dict[str, tuple[float, str]] = {}


class GttsVoice:
    """Google's voice, with a cache on disk and a time limit.

    It has one rate: ``rate`` is accepted and changes nothing. ``address`` is the service's, for
    a stand-in; ``cache`` may be None.
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
        self.address = google.service_address() if address is None else address.rstrip("/")
        self.time_limit_s = time_limit_s
        self._failed: set[str] = set()

    def available(self) -> Availability:
        if importlib.util.find_spec("gtts") is None:
            return Availability(False, "gTTS is not installed.", "pip install gtts")
        paused = self._pause()
        return Availability(paused is None, paused or "", google.WAY_OUT if paused else "")

    def speak(self, text: str, rate: int) -> Playback:
        return _GttsPlayback(self, speakable(text)).start()

    def record(self, text: str, rate: int) -> Audio:
        return self.fetch(speakable(text), None)

    def fetch(self, text: str, stop: threading.Event | None) -> Audio:
        """The spoken text, from the cache or from the service within the time limit.

        Raises SpeechError; Interrupted once ``stop`` is set.
        """
        key = SpeechCache.key(text, google.LANGUAGE, google.TLD, self.name)
        kept = self._from_cache(key)
        if kept is not None:
            return kept
        paused = self._pause()
        if paused is not None:
            raise SpeechError(paused, google.WAY_OUT)
        try:
            return run_within(self.time_limit_s, lambda: self._ask(key, text), stop)
        except TimeoutError as error:
            reason = f"Google's voice did not answer within {self.time_limit_s:g} s."
            self._rest(FAILED_PAUSE_S, reason)
            raise SpeechError(reason, google.WAY_OUT) from error
        except google.BlockedError as error:
            self._rest(BLOCKED_PAUSE_S, error.sentence)
            raise
        except google.ServiceError as error:
            self._rest(FAILED_PAUSE_S, error.sentence)
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
            return Audio(*google.decode_mp3(data), mp3=data, file=file)
        except SpeechError:
            assert self.cache is not None
            self.cache.drop(key)
            return None

    def _ask(self, key: str, text: str) -> Audio:
        data = google.ask(text, self.address, self.time_limit_s + LATE_ANSWER_LIMIT_S)
        file = self.cache.put(key, data) if self.cache is not None else None
        return Audio(*google.decode_mp3(data), mp3=data, file=file)

    def _rest(self, seconds: float, reason: str) -> None:
        _pauses[self.address] = (time.monotonic() + seconds, reason)

    def _pause(self) -> str | None:
        until, reason = _pauses.get(self.address, (0.0, ""))
        left = until - time.monotonic()
        return f"{reason} It is asked again in {left:.0f} s." if left > 0 else None


class _GttsPlayback(BackgroundPlayback):
    """Fetches, then plays through the first player that does."""

    def __init__(self, voice: GttsVoice, text: str) -> None:
        super().__init__()
        self._voice, self._text = voice, text
        self._playing: Playback | None = None

    def _work(self) -> None:
        # Nobody would hear the answer: then the sentence need not leave the machine either.
        check_output()
        try:
            audio = self._voice.fetch(self._text, self._stop_asked)
        except Interrupted:
            return
        self._play_by_the_first(self._voice.working_players(), audio)

    def _play_by_the_first(self, players: Sequence[Player], audio: Audio) -> None:
        failed: list[str] = []
        failure = SpeechError("There is no player.")
        for player in players:
            try:
                self._play(player, audio)
            except SpeechError as error:
                log.warning("player %s: %s", player.name, error.sentence)
                failed.append(player.name)
                failure = error
            else:
                self._voice.leave_out(failed)
                return
        raise failure

    def _play(self, player: Player, audio: Audio) -> None:
        self._playing = player.play(audio)
        if self._stop_asked.is_set():
            self._playing.stop()
        self._playing.wait()

    def stop(self) -> None:
        super().stop()
        playing = self._playing
        if playing is not None:
            playing.stop()
