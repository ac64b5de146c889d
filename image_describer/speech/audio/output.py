"""The machine's sound output, opened through miniaudio: PulseAudio, ALSA, CoreAudio, WASAPI."""

import contextlib
import ctypes
import functools
import logging
import sys
import threading
import time
from collections.abc import Callable, Generator
from typing import Any

from image_describer.errors import NoOutputError
from image_describer.speech.deadline import run_within

log = logging.getLogger(__name__)

OPEN_TIME_LIMIT_S = 3.0  # a sound server that hangs must not hang the program
RETRY_S = 0.1  # between two attempts to find an output again
# Measured on two busy cores: 40 ms three times has no gaps and is heard after 50 ms, 20 ms four
# times is heard after 30 ms and has gaps of 2 to 25 ms now and then.
PERIOD_MS, PERIODS = 40, 3
# Without JACK (its library writes to stderr) and miniaudio's null device (it plays to nobody).
BACKENDS = {
    "linux": ("PULSEAUDIO", "ALSA"),
    "darwin": ("COREAUDIO",),
    "win32": ("WASAPI", "DSOUND", "WINMM"),
}

Samples = Generator[bytes, int, None]
_opening = threading.Lock()


class OutputDevice:
    """An open output for int16 mono at ``rate_hz``. ``backend`` names the sound system."""

    def __init__(self, rate_hz: int) -> None:
        """Raises NoOutputError."""
        miniaudio = _miniaudio()
        names = BACKENDS.get(sys.platform, BACKENDS["linux"])
        try:
            self._device: Any = miniaudio.PlaybackDevice(
                output_format=miniaudio.SampleFormat.SIGNED16,
                nchannels=1,
                sample_rate=rate_hz,
                buffersize_msec=PERIOD_MS,
                callback_periods=PERIODS,
                backends=[miniaudio.Backend[name] for name in names],
                app_name="Image Describer",
            )
        except miniaudio.MiniaudioError as error:
            log.info("no sound output: %s", error)
            raise NoOutputError from error
        self._context = self._device._context
        self._lib = miniaudio.lib
        self.backend: str = self._device.backend

    def start(self, samples: Samples) -> None:
        """Play what ``samples`` yields; it is sent the number of frames wanted next.

        Raises NoOutputError.
        """
        next(samples)
        try:
            self._device.start(samples)
        except _miniaudio().MiniaudioError as error:
            raise NoOutputError("The sound output does not start.") from error

    def close(self) -> None:
        """Stop and give the device back; a second time does nothing."""
        device, self._device = self._device, None
        if device is None:
            return
        device.close()
        # miniaudio's Python side forgets the context, and with it a connection to the sound
        # server for every device: PulseAudio refuses all new ones after 64.
        self._lib.ma_context_uninit(self._context)


def open_output(rate_hz: int) -> OutputDevice:
    """The default output, opened within OPEN_TIME_LIMIT_S. Raises NoOutputError."""
    silent = "The sound system of this machine does not answer."
    if not _opening.acquire(timeout=OPEN_TIME_LIMIT_S):
        raise NoOutputError(silent)

    def work() -> OutputDevice:
        try:
            return OutputDevice(rate_hz)
        finally:
            _opening.release()

    try:
        return run_within(OPEN_TIME_LIMIT_S, work, discard=OutputDevice.close)
    except TimeoutError as error:
        raise NoOutputError(silent) from error


def check_output() -> str:
    """Open the output for a moment; the name of the sound system. Raises NoOutputError."""
    device = open_output(22050)
    try:
        return device.backend
    finally:
        device.close()


def output_returns(limit_s: float, given_up: Callable[[], bool]) -> bool:
    """Whether an output can be opened again within ``limit_s``; False once ``given_up()``."""
    deadline = time.monotonic() + limit_s
    while not given_up():
        try:
            check_output()
        except NoOutputError:
            if time.monotonic() > deadline:
                return False
            time.sleep(RETRY_S)
        else:
            return True
    return False


@functools.cache
def _miniaudio() -> Any:
    """The module, imported when first needed. Raises NoOutputError where it does not load."""
    try:
        import miniaudio
    except (ImportError, OSError) as error:
        raise NoOutputError(f"The sound library miniaudio does not load: {error}.") from error
    if sys.platform == "linux":
        _hush_alsa()
    return miniaudio


def _hush_alsa() -> None:
    """ALSA writes a page to stderr where there is no card; nobody who listens needs it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(_say_nothing)


@ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)
def _say_nothing(*_: object) -> None:
    return
