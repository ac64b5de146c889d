"""Players: what carries a spoken sound to the ear.

playsound3 hands a file to the program of the user's choice; miniaudio plays in this process and
starts at once. Neither is imported before it is needed: playsound3 starts programs on import.
"""

import atexit
import contextlib
import functools
import logging
import subprocess
import threading
import time
import weakref
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from image_describer.errors import SpeechError
from image_describer.speech.output import (
    NoOutputError,
    OutputDevice,
    Samples,
    check_output,
    open_output,
)
from image_describer.speech.voice import Audio, Availability, BackgroundPlayback, Playback

log = logging.getLogger(__name__)

STALL_LIMIT_S = 3.0  # an output that takes no samples for this long is stuck
READ_AHEAD_S = 20.0  # a long text is made while it is heard, and never lies in memory whole
DRAIN_PERIODS = 4  # silence behind the sound: stopping a device drops what it still holds
PROGRAM_START_LIMIT_S = 5.0  # what a player program may take on top of the sound itself
EXIT_LIMIT_S = 1.0

_playing: "weakref.WeakSet[PcmPlayback]" = weakref.WeakSet()


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
        self._buffer = bytearray()
        self._lock = threading.Lock()
        self._all_made = False
        self._drained = threading.Event()
        self._last_call = 0.0
        self._device: OutputDevice | None = None
        self.first_sample_at: float | None = None  # time.monotonic() when the device took it
        _playing.add(self)

    def _work(self) -> None:
        chunks = iter(self._chunks)
        self._buffer += next(chunks, b"")
        if self._stop_asked.is_set():
            return
        self._device = open_output(self._rate_hz)
        self._last_call = time.monotonic()
        self._device.start(self._samples())
        self._feed(chunks)
        self._all_made = True
        while not self._drained.wait(STALL_LIMIT_S / 10) and not self._stop_asked.is_set():
            self._check_progress()

    def _feed(self, chunks: Iterator[bytes]) -> None:
        for chunk in chunks:
            while len(self._buffer) > READ_AHEAD_S * self._rate_hz * 2:
                if self._stop_asked.wait(0.05):
                    return
                self._check_progress()
            if self._stop_asked.is_set():
                return
            with self._lock:
                self._buffer += chunk

    def _check_progress(self) -> None:
        if time.monotonic() - self._last_call > STALL_LIMIT_S:
            raise NoOutputError("The sound output stopped taking sound.")

    def _samples(self) -> Samples:
        """What the device asks for, on its own thread: never waits, silence when there is none."""
        frames = yield b""
        self.first_sample_at = time.monotonic()
        silent_periods = 0
        while silent_periods < DRAIN_PERIODS and not self._stop_asked.is_set():
            self._last_call = time.monotonic()
            finished = self._all_made
            with self._lock:
                block = bytes(self._buffer[: frames * 2])
                del self._buffer[: frames * 2]
            silent_periods += finished and not block
            frames = yield block.ljust(frames * 2, b"\0")
        self._drained.set()

    def stop(self) -> None:
        super().stop()
        self._drained.set()

    def _clean_up(self) -> None:
        if self._device is not None:
            self._device.close()


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

    def _work(self) -> None:
        began = time.monotonic()
        limit = self._audio.seconds + PROGRAM_START_LIMIT_S
        # The program dies with the thread that started it, so this thread stays to the end.
        sound = self._start()
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


@atexit.register
def _silence_at_exit() -> None:
    # A device still open would call back into an interpreter that is no more.
    still = list(_playing)
    for playback in still:
        playback.stop()
    for playback in still:
        with contextlib.suppress(RuntimeError):
            playback._thread.join(EXIT_LIMIT_S)
