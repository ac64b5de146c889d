"""espeak-ng through ctypes: text in, int16 samples out. The library is one global; so is its lock.

The functions and numbers are those of speak_lib.h, espeak-ng 1.52.
"""

import atexit
import contextlib
import ctypes
import shutil
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import Any

from image_describer.errors import SpeechError

LANGUAGE = b"en-us"
WAY_OUT = "Install it again: pip install --force-reinstall espeakng-loader"
DATA_PATH_LIMIT_BYTES = 140  # the library's own buffer holds 160, with its file names

AUDIO_OUTPUT_SYNCHRONOUS = 2  # samples go to the callback, before espeak_Synth returns
INITIALIZE_DONT_EXIT = 0x8000  # without it, missing data end the whole process
POS_CHARACTER = 1
CHARS_UTF8 = 1
PARAMETER_RATE, PARAMETER_VOLUME = 1, 2

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)
_lock = threading.Lock()


class _Espeak:
    """The loaded library. Used under the lock only."""

    def __init__(self) -> None:
        """Raises SpeechError."""
        library, data = _find()
        try:
            self._library: Any = ctypes.CDLL(str(library))
        except OSError as error:
            raise SpeechError(f"The library espeak-ng does not load: {error}.", WAY_OUT) from error
        self._received = bytearray()
        self._callback = _Callback(self._receive)  # kept: the library holds only its address
        self.rate_hz: int = self._library.espeak_Initialize(
            AUDIO_OUTPUT_SYNCHRONOUS, 0, _encoded(data), INITIALIZE_DONT_EXIT
        )
        if self.rate_hz <= 0:
            raise SpeechError(f"espeak-ng can't use its data in {data}.", WAY_OUT)
        self._library.espeak_SetSynthCallback(self._callback)
        status = self._library.espeak_SetVoiceByName(LANGUAGE)
        if status != 0:
            raise SpeechError(f"espeak-ng has no voice {LANGUAGE.decode()}.", WAY_OUT)

    def _receive(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._received += ctypes.string_at(samples, count * 2)
        return 0

    def synthesize(self, text: str, rate: int, volume: int) -> bytes:
        data = text.encode("utf-8", "replace") + b"\0"
        self._received.clear()
        self._library.espeak_SetParameter(PARAMETER_RATE, rate, 0)
        self._library.espeak_SetParameter(PARAMETER_VOLUME, volume, 0)
        status = self._library.espeak_Synth(
            data, ctypes.c_size_t(len(data)), 0, POS_CHARACTER, 0, CHARS_UTF8, None, None
        )
        if status != 0:
            raise SpeechError(f"espeak-ng could not speak (status {status}).")
        return bytes(self._received)

    def version(self) -> str:
        self._library.espeak_Info.restype = ctypes.c_char_p
        return self._library.espeak_Info(None).decode("utf-8", "replace").split()[0]


@cache
def _loaded() -> _Espeak:
    return _Espeak()


def synthesize(text: str, rate: int, volume: int = 100) -> tuple[bytes, int]:
    """``text`` (without NUL) at ``rate`` words a minute -> int16 mono PCM and its rate in Hz.

    ``volume`` is in percent of the voice's own. Safe from any thread, one at a time.
    Raises SpeechError.
    """
    with _lock:
        espeak = _loaded()
        return espeak.synthesize(text, rate, volume), espeak.rate_hz


def version() -> str:
    """Such as "1.52.0". Raises SpeechError where the library does not load."""
    with _lock:
        return _loaded().version()


def _find() -> tuple[Path, Path]:
    """The library and its data. Raises SpeechError where either is missing.

    Looked for here, because the library itself reports missing data on stderr.
    """
    try:
        import espeakng_loader

        library = Path(espeakng_loader.get_library_path())
        data = Path(espeakng_loader.get_data_path())
    except (ImportError, RuntimeError, OSError) as error:
        raise SpeechError("The offline voice espeak-ng is not installed.", WAY_OUT) from error
    for needed in (library, data / "phontab"):
        if not needed.exists():
            raise SpeechError(f"The offline voice lacks its file {needed}.", WAY_OUT)
    return library, data if len(_encoded(data)) <= DATA_PATH_LIMIT_BYTES else _shorter(data)


def _encoded(path: Path) -> bytes:
    # On Windows the library opens files by names in the system's code page.
    return str(path).encode("mbcs" if sys.platform == "win32" else "utf-8", "surrogateescape")


def _shorter(data: Path) -> Path:
    """A link to ``data`` by a short path: a deep virtual environment is no reason to be mute."""
    folder = Path(tempfile.mkdtemp(prefix="espeak-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    link = folder / "espeak-ng-data"
    with contextlib.suppress(OSError, NotImplementedError):
        link.symlink_to(data, target_is_directory=True)
        return link
    raise SpeechError(
        f"The path to the offline voice's data is too long: {data}.",
        "Install the program in a folder with a shorter path.",
    )
