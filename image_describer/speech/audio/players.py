"""Players: miniaudio plays in this process and starts at once; playsound3 starts a program.

The user chooses playsound3's program. Both libraries are imported when they are first used, because
playsound3 starts programs on import.
"""

import functools
import logging
import subprocess
import time
from collections.abc import Iterable
from typing import Any, Protocol

from image_describer.errors import SpeechError
from image_describer.i18n import _
from image_describer.speech.audio.clip import AudioClip
from image_describer.speech.audio.mixer import Track, get_mixer
from image_describer.speech.audio.output import check_output
from image_describer.speech.audio.playback import BackgroundPlayback, Playback
from image_describer.speech.availability import Availability
from image_describer.text import number

log = logging.getLogger(__name__)

READ_AHEAD_S = 20.0  # a long text is synthesized while it plays and never in memory as a whole
FULL_BUFFER_POLL_S = 0.05
PROGRAM_START_LIMIT_S = 5.0  # allowed on top of the duration of the sound
PROGRAM_POLL_S = 0.02
EXIT_LIMIT_S = 1.0


class Player(Protocol):
    """Something that plays sounds."""

    name: str

    def available(self) -> Availability:
        """Whether it is expected to work."""

    def play(self, clip: AudioClip) -> Playback:
        """Start playing and return at once. Raises SpeechError, as does the playback's wait."""


class PcmPlayback(BackgroundPlayback):
    """int16 mono at ``rate_hz``, played in this process while ``chunks`` are still produced."""

    def __init__(self, chunks: Iterable[bytes], rate_hz: int) -> None:
        super().__init__()
        self._chunks = chunks
        self._rate_hz = rate_hz
        self._track = Track()

    @property
    def first_sample_at(self) -> float | None:
        return self._track.first_sample_at

    def _play(self) -> None:
        chunks = iter(self._chunks)
        self._track.feed(next(chunks, b""))
        if self._stop_requested.is_set():
            return
        get_mixer(self._rate_hz).play(self._track)
        for chunk in chunks:
            while self._track.buffered_bytes > READ_AHEAD_S * self._rate_hz * 2:
                if self._track.over.wait(FULL_BUFFER_POLL_S):
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
        get_mixer(self._rate_hz).stop(self._track)


class MiniaudioPlayer:
    """Plays in this process, within milliseconds, without another program."""

    name = "miniaudio"

    def available(self) -> Availability:
        try:
            check_output()
        except SpeechError as error:
            return Availability(False, error.sentence, error.way_out)
        return Availability(True)

    def play(self, clip: AudioClip) -> Playback:
        return self.play_chunks([clip.pcm], clip.rate_hz)

    def play_chunks(self, chunks: Iterable[bytes], rate_hz: int) -> PcmPlayback:
        """Play int16 mono chunks as they are produced."""
        playback = PcmPlayback(chunks, rate_hz)
        playback.start()
        return playback


class ProgramPlayback(BackgroundPlayback):
    """A file played by playsound3's program; over when that program exits."""

    def __init__(self, module: Any, clip: AudioClip) -> None:
        super().__init__()
        self._module, self._clip = module, clip
        self._started_at: float | None = None

    @property
    def first_sample_at(self) -> float | None:
        """When the program was started; when its first sample is played is unknown."""
        return self._started_at

    def _play(self) -> None:
        start = time.monotonic()
        limit = self._clip.seconds + PROGRAM_START_LIMIT_S
        # The program dies with the thread that started it, so this thread waits for its end.
        sound = self._start_program()
        self._started_at = time.monotonic()
        while sound.is_alive():
            if self._stop_requested.wait(PROGRAM_POLL_S) or time.monotonic() - start > limit:
                _end_program(sound)
                break
        if self._stop_requested.is_set():
            return
        duration = time.monotonic() - start
        status = sound.subprocess.poll()
        if duration > limit:
            raise SpeechError(
                _("playsound3 did not finish within {limit} s.").format(limit=number(limit, 0))
            )
        # ffplay exits with status 0 even without a sound card.
        if status or duration < self._clip.seconds / 2:
            raise SpeechError(
                _("playsound3 ended after {duration} s with status {status}.").format(
                    duration=number(duration, 1), status=status
                )
            )

    def _start_program(self) -> Any:
        try:
            return self._module.playsound(str(self._clip.file), block=False)
        except (self._module.PlaysoundException, OSError, subprocess.SubprocessError) as error:
            raise SpeechError(_("playsound3 can't play: {error}.").format(error=error)) from error


def _end_program(sound: Any) -> None:
    sound.stop()
    limit = time.monotonic() + EXIT_LIMIT_S
    while sound.is_alive() and time.monotonic() < limit:
        time.sleep(PROGRAM_POLL_S)
    if sound.is_alive() and hasattr(sound.subprocess, "kill"):
        sound.subprocess.kill()


class Playsound3Player:
    """Plays files with playsound3; PLAYSOUND3_BACKEND chooses its program."""

    name = "playsound3"

    def available(self) -> Availability:
        module = _playsound3()
        if module is None:
            return Availability(
                False,
                _("playsound3 can't be loaded."),
                "pip install playsound3",  # untranslated
            )
        if module.DEFAULT_BACKEND is None:
            return Availability(
                False,
                _("playsound3 finds no program to play with."),
                _(
                    "Nothing to do: miniaudio plays instead. playsound3 would use GStreamer, "
                    "ffplay or mpg123."
                ),
            )
        return Availability(
            True,
            _("playsound3 plays through {program}.").format(program=module.DEFAULT_BACKEND),
        )

    def play(self, clip: AudioClip) -> Playback:
        available = self.available()
        if not available:
            raise SpeechError(available.reason, available.way_out)
        if clip.file is None:
            raise SpeechError(_("playsound3 plays only files."))
        return ProgramPlayback(_playsound3(), clip).start()


@functools.cache
def _playsound3() -> Any | None:
    """Import the module, or return None. The import starts programs to find those that work."""
    # It warns on stderr if it finds none; miniaudio plays then, so users don't need to know.
    logging.getLogger("playsound3").addHandler(logging.NullHandler())
    try:
        import playsound3
    except Exception as error:  # its search does not catch the errors of a broken program
        log.warning("playsound3 can't be loaded: %s", error)
        return None
    return playsound3
