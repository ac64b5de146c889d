"""A ctypes binding of espeak-ng: text in, int16 samples out.

The library has global state, so one lock guards it. Functions and constants are those of
speak_lib.h, espeak-ng 1.52.
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
from image_describer.i18n import N_, _

DEFAULT_VOICE = "en-us"
# The voices of languages that are not named after the language; all others are.
VOICES = {"en": DEFAULT_VOICE, "zh": "cmn"}
REINSTALL = N_("Install it again: pip install --force-reinstall espeakng-loader")
DATA_PATH_LIMIT_BYTES = 140  # the library's buffer of 160 also holds a file name

AUDIO_OUTPUT_SYNCHRONOUS = 2  # the callback gets all samples before espeak_Synth returns
INITIALIZE_DONT_EXIT = 0x8000  # otherwise missing data exits the whole process
POS_CHARACTER = 1
CHARS_UTF8 = 1
PARAMETER_RATE, PARAMETER_VOLUME = 1, 2

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)
_lock = threading.Lock()


class _Espeak:
    """The loaded library. Requires the lock."""

    def __init__(self) -> None:
        """Raises SpeechError."""
        library, data = _find()
        try:
            self._library: Any = ctypes.CDLL(str(library))
        except OSError as error:
            raise SpeechError(
                _("The library espeak-ng can't be loaded: {error}.").format(error=error),
                _(REINSTALL),
            ) from error
        self._received = bytearray()
        self._callback = _Callback(self._receive)  # the library does not keep it alive
        self.rate_hz: int = self._library.espeak_Initialize(
            AUDIO_OUTPUT_SYNCHRONOUS, 0, _encoded(data), INITIALIZE_DONT_EXIT
        )
        if self.rate_hz <= 0:
            raise SpeechError(
                _("espeak-ng can't use its data in {folder}.").format(folder=data), _(REINSTALL)
            )
        self._library.espeak_SetSynthCallback(self._callback)
        self._voice = ""
        if not self._set_voice(DEFAULT_VOICE):
            raise SpeechError(
                _("espeak-ng has no voice {voice}.").format(voice=DEFAULT_VOICE),
                _(REINSTALL),
            )

    def _set_voice(self, voice: str) -> bool:
        """Use ``voice`` from now on; False if there is none of this name."""
        if voice != self._voice:
            if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
                return False
            self._voice = voice
        return True

    def _receive(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._received += ctypes.string_at(samples, count * 2)
        return 0

    def synthesize(self, text: str, rate: int, volume: int, language: str) -> bytes:
        data = text.encode("utf-8", "replace") + b"\0"
        self._received.clear()
        if not self._set_voice(VOICES.get(language, language)):
            self._set_voice(DEFAULT_VOICE)
        self._library.espeak_SetParameter(PARAMETER_RATE, rate, 0)
        self._library.espeak_SetParameter(PARAMETER_VOLUME, volume, 0)
        status = self._library.espeak_Synth(
            data, ctypes.c_size_t(len(data)), 0, POS_CHARACTER, 0, CHARS_UTF8, None, None
        )
        if status != 0:
            raise SpeechError(
                _("espeak-ng could not speak (status {status}).").format(status=status)
            )
        return bytes(self._received)

    def version(self) -> str:
        self._library.espeak_Info.restype = ctypes.c_char_p
        return self._library.espeak_Info(None).decode("utf-8", "replace").split()[0]


@cache
def _loaded() -> _Espeak:
    return _Espeak()


def synthesize(text: str, rate: int, volume: int = 100, language: str = "en") -> tuple[bytes, int]:
    """Return int16 mono PCM of ``text`` (without NUL) and its sample rate in Hz.

    ``rate`` is in words a minute, ``volume`` in percent of the voice's loudness. A ``language``
    without a voice is read by the English one. Thread-safe. Raises SpeechError.
    """
    with _lock:
        espeak = _loaded()
        return espeak.synthesize(text, rate, volume, language), espeak.rate_hz


def version() -> str:
    """Return a version such as "1.52.0". Raises SpeechError if the library can't be loaded."""
    with _lock:
        return _loaded().version()


def _find() -> tuple[Path, Path]:
    """Find the library and its data. Raises SpeechError if either is missing.

    Checked here because the library reports missing data on stderr only.
    """
    try:
        import espeakng_loader

        library = Path(espeakng_loader.get_library_path())
        data = Path(espeakng_loader.get_data_path())
    except (ImportError, RuntimeError, OSError) as error:
        raise SpeechError(
            _("The offline voice espeak-ng is not installed."), _(REINSTALL)
        ) from error
    for required in (library, data / "phontab"):
        if not required.exists():
            raise SpeechError(
                _("A file of the offline voice is missing: {file}.").format(file=required),
                _(REINSTALL),
            )
    return library, data if len(_encoded(data)) <= DATA_PATH_LIMIT_BYTES else _short_link(data)


def _encoded(path: Path) -> bytes:
    # On Windows the library expects file names in the system's code page.
    return str(path).encode("mbcs" if sys.platform == "win32" else "utf-8", "surrogateescape")


def _short_link(data: Path) -> Path:
    """Link to ``data`` from a short path, for deeply nested virtual environments."""
    folder = Path(tempfile.mkdtemp(prefix="espeak-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    link = folder / "espeak-ng-data"
    with contextlib.suppress(OSError, NotImplementedError):
        link.symlink_to(data, target_is_directory=True)
        return link
    raise SpeechError(
        _("The path to the offline voice's data is too long: {path}.").format(path=data),
        _("Install the program in a folder with a shorter path."),
    )
