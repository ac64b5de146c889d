"""Players: what carries a spoken sound to the ear.

playsound3 hands a file to the program of the user's choice; miniaudio plays in this process and
starts at once. Neither is imported before it is needed: playsound3 starts programs on import.
"""

import functools
import logging
import subprocess
import time
from collections.abc import Iterable
from typing import Any, Protocol

from image_describer.errors import SpeechError
from image_describer.speech.audio.mixer import Track, mixer
from image_describer.speech.audio.output import check_output
from image_describer.speech.voices.base import (
    Audio,
    Availability,
    BackgroundPlayback,
    Playback,
)

log = logging.getLogger(__name__)

READ_AHEAD_S = 20.0  # a long text is made while it is heard, and never lies in memory whole
PROGRAM_START_LIMIT_S = 5.0  # what a player program may take on top of the sound itself
EXIT_LIMIT_S = 1.0


class Player(Protocol):
    """Something that plays a sound."""

    name: str

    def available(self) -> Availability:
        """Whether it can be expected to play."""

    def play(self, audio: Audio) -> Playback:
        """Begin to play and return at once. Raises SpeechError, as the playback's wait does."""


class PcmPlayback(BackgroundPlayback):
    """int16 mono at ``rate_hz``, played in this process while ``chunks`` are still being made."""

    def __init__(self, chunks: Iterable[bytes], rate_hz: int) -> None:
        super().__init__()
        self._chunks = chunks
        self._rate_hz = rate_hz
        self._track = Track()

    @property
    def first_sample_at(self) -> float | None:
        return self._track.first_sample_at

    def _work(self) -> None:
        chunks = iter(self._chunks)
        self._track.feed(next(chunks, b""))
        if self._stop_asked.is_set():
            return
        mixer(self._rate_hz).play(self._track)
        for chunk in chunks:
            while self._track.waiting_bytes > READ_AHEAD_S * self._rate_hz * 2:
                if self._track.over.wait(0.05):
                    break
            if self._track.over.is_set():
                break
            self._track.feed(chunk)
        self._track.finish()
        self._track.over.wait()
        if self._track.error is not None:
            raise self._track.error

    def stop(self) -> None:
        super().stop()
        mixer(self._rate_hz).cut(self._track)


class MiniaudioPlayer:
    """Plays in this process, within milliseconds, and needs no other program."""

    name = "miniaudio"

    def available(self) -> Availability:
        try:
            check_output()
        except SpeechError as error:
            return Availability(False, error.sentence, error.way_out)
        return Availability(True)

    def play(self, audio: Audio) -> Playback:
        return self.play_chunks([audio.pcm], audio.rate_hz)

    def play_chunks(self, chunks: Iterable[bytes], rate_hz: int) -> PcmPlayback:
        """Play int16 mono chunks as they are made."""
        playback = PcmPlayback(chunks, rate_hz)
        playback.start()
        return playback


class ProgramPlayback(BackgroundPlayback):
    """A file played by playsound3's program; over when that program ends."""

    def __init__(self, module: Any, audio: Audio) -> None:
        super().__init__()
        self._module, self._audio = module, audio
        self._started_at: float | None = None

    @property
    def first_sample_at(self) -> float | None:
        """When its program had been started: nobody tells when that hands its samples on."""
        return self._started_at

    def _work(self) -> None:
        began = time.monotonic()
        limit = self._audio.seconds + PROGRAM_START_LIMIT_S
        # The program dies with the thread that started it, so this thread stays to the end.
        sound = self._start()
        self._started_at = time.monotonic()
        while sound.is_alive():
            if self._stop_asked.wait(0.02) or time.monotonic() - began > limit:
                _end(sound)
                break
        if self._stop_asked.is_set():
            return
        took = time.monotonic() - began
        status = sound.subprocess.poll()
        if took > limit:
            raise SpeechError(f"playsound3 did not come to the end within {limit:.0f} s.")
        # ffplay ends with status 0 where it finds no sound card.
        if status or took < self._audio.seconds / 2:
            raise SpeechError(f"playsound3 ended after {took:.1f} s with status {status}.")

    def _start(self) -> Any:
        try:
            return self._module.playsound(str(self._audio.file), block=False)
        except (self._module.PlaysoundException, OSError, subprocess.SubprocessError) as error:
            raise SpeechError(f"playsound3 can't play: {error}.") from error


def _end(sound: Any) -> None:
    sound.stop()
    limit = time.monotonic() + EXIT_LIMIT_S
    while sound.is_alive() and time.monotonic() < limit:
        time.sleep(0.01)
    if sound.is_alive() and hasattr(sound.subprocess, "kill"):
        sound.subprocess.kill()


class Playsound3Player:
    """Plays a file through playsound3, which the user steers by PLAYSOUND3_BACKEND."""

    name = "playsound3"

    def available(self) -> Availability:
        module = _playsound3()
        if module is None:
            return Availability(False, "playsound3 does not load.", "pip install playsound3")
        if module.DEFAULT_BACKEND is None:
            return Availability(
                False,
                "playsound3 finds no program to play with.",
                "Nothing to do: miniaudio plays instead. GStreamer, ffplay or mpg123 would serve.",
            )
        return Availability(True, f"playsound3 plays through {module.DEFAULT_BACKEND}.")

    def play(self, audio: Audio) -> Playback:
        available = self.available()
        if not available:
            raise SpeechError(available.reason, available.way_out)
        if audio.file is None:
            raise SpeechError("playsound3 plays files only.")
        return ProgramPlayback(_playsound3(), audio).start()


@functools.cache
def _playsound3() -> Any | None:
    """The module, or None. Its import looks for player programs by starting them."""
    # It warns on stderr where it finds none, which is no news to a user who hears miniaudio.
    logging.getLogger("playsound3").addHandler(logging.NullHandler())
    try:
        import playsound3
    except Exception as error:  # its probes let a broken program's error through
        log.warning("playsound3 does not load: %s", error)
        return None
    return playsound3
