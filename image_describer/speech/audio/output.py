"""The machine's sound output, opened through miniaudio: PulseAudio, ALSA, CoreAudio, WASAPI."""

import functools
import logging
import sys
import threading
import time
from collections.abc import Callable, Generator
from typing import Any

from image_describer import stdio
from image_describer.errors import NoOutputError
from image_describer.i18n import _
from image_describer.speech.deadline import run_within

log = logging.getLogger(__name__)

OPEN_TIME_LIMIT_S = 3.0  # a hanging sound server must not block the program
RETRY_S = 0.1  # between two attempts to reopen an output
# Measured on two busy cores: 3 periods of 40 ms have no gaps and a latency of 50 ms; 4 periods of
# 20 ms have a latency of 30 ms and occasional gaps of 2 to 25 ms.
PERIOD_MS, PERIODS = 40, 3
# Without JACK, whose library writes to stderr, and miniaudio's null device, which is silent.
BACKENDS = {
    "linux": ("PULSEAUDIO", "ALSA"),
    "darwin": ("COREAUDIO",),
    "win32": ("WASAPI", "DSOUND", "WINMM"),
}

Samples = Generator[bytes, int, None]
_open_lock = threading.Lock()


class OutputDevice:
    """An open output for int16 mono at ``rate_hz``. ``backend`` is the sound system's name."""

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
                app_name="Image Describer",  # untranslated
            )
        except miniaudio.MiniaudioError as error:
            log.info("no sound output: %s", error)
            raise NoOutputError from error
        self._context = self._device._context
        self._lib = miniaudio.lib
        self.backend: str = self._device.backend

    def start(self, samples: Samples) -> None:
        """Play what ``samples`` yields. The generator is sent the number of frames requested next.

        Raises NoOutputError.
        """
        next(samples)
        try:
            self._device.start(samples)
        except _miniaudio().MiniaudioError as error:
            raise NoOutputError(_("The sound output can't be started.")) from error

    def close(self) -> None:
        """Stop and release the device. Idempotent."""
        device, self._device = self._device, None
        if device is None:
            return
        device.close()
        # The miniaudio package leaks the context, and with it a connection to the sound server for
        # each device; PulseAudio refuses new ones after 64.
        self._lib.ma_context_uninit(self._context)


def open_output(rate_hz: int) -> OutputDevice:
    """Open the default output within OPEN_TIME_LIMIT_S. Raises NoOutputError."""
    timeout = _("The sound system of this machine does not answer.")
    if not _open_lock.acquire(timeout=OPEN_TIME_LIMIT_S):
        raise NoOutputError(timeout)

    def open_device() -> OutputDevice:
        try:
            return OutputDevice(rate_hz)
        finally:
            _open_lock.release()

    try:
        return run_within(OPEN_TIME_LIMIT_S, open_device, discard=OutputDevice.close)
    except TimeoutError as error:
        raise NoOutputError(timeout) from error


def check_output() -> str:
    """Open the output briefly and return the sound system's name. Raises NoOutputError."""
    device = open_output(22050)
    try:
        return device.backend
    finally:
        device.close()


def wait_for_output(limit_s: float, cancelled: Callable[[], bool]) -> bool:
    """Return True once an output can be opened, False after ``limit_s`` or if ``cancelled()``."""
    deadline = time.monotonic() + limit_s
    while not cancelled():
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
    """Import the module. Raises NoOutputError if it can't be loaded."""
    try:
        import miniaudio
    except (ImportError, OSError) as error:
        raise NoOutputError(
            _("The sound library miniaudio can't be loaded: {error}.").format(error=error)
        ) from error
    stdio.silence_alsa()
    return miniaudio
