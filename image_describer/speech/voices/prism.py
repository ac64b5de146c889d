"""Screen readers of Windows and macOS (NVDA, JAWS, VoiceOver), through the package prismatoid.

prismatoid reports readers that don't run, so each is looked for here first.
"""

import ctypes
import functools
import logging
import sys
import threading
from collections.abc import Callable
from ctypes import util
from dataclasses import dataclass
from typing import Any

from image_describer.speech.voices.base import DEFAULT_RATE_WPM
from image_describer.speech.voices.reader import ReaderPlayback, unreachable

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PrismReader:
    """``backend`` is prismatoid's name of it; ``runs()`` tells whether it is running."""

    name: str
    backend: str
    runs: Callable[[], bool]


class Prism:
    """Speaks through the first reader that runs; ``name`` is that of the last one found."""

    def __init__(self) -> None:
        self.name = READERS[sys.platform][0].name
        self._lock = threading.Lock()
        self._backends: dict[str, Any] = {}

    def running(self) -> bool:
        reader = self._reader()
        if reader is not None:
            self.name = reader.name
        return reader is not None

    available = running

    def speak(self, text: str, language: str) -> ReaderPlayback:
        """Speak and show in braille. The readers choose their voices themselves."""
        reader = self._reader()
        if reader is None:
            raise unreachable(self.name, "absent")
        try:
            backend = self._backend(reader)
            backend.output(text)
        except Exception as error:  # prismatoid has twenty classes of them
            self._backends.pop(reader.backend, None)
            raise unreachable(reader.name, error) from error
        return ReaderPlayback(text, DEFAULT_RATE_WPM, lambda: _stop(backend))

    def _reader(self) -> PrismReader | None:
        if _prism() is None:
            return None
        try:
            return next((reader for reader in READERS.get(sys.platform, ()) if reader.runs()), None)
        except (OSError, AttributeError) as error:  # of a library of the system
            log.warning("screen readers can't be looked for: %r", error)
            return None

    def _backend(self, reader: PrismReader) -> Any:
        prism = _prism()
        with self._lock:
            if reader.backend not in self._backends:
                number = getattr(prism.BackendId, reader.backend)
                self._backends[reader.backend] = _context().acquire(number)
            return self._backends[reader.backend]


def _stop(backend: Any) -> None:
    try:
        backend.stop()
    except Exception as error:
        log.info("the screen reader can't be silenced: %r", error)


@functools.cache
def _prism() -> Any:
    """The module, or None where it is not installed or can't be loaded."""
    try:
        import prism
    except (ImportError, OSError) as error:
        log.info("no prismatoid: %s", error)
        return None
    return prism


@functools.cache
def _context() -> Any:
    return _prism().Context()


def _has_window(window_class: str, title: str | None) -> bool:
    """Whether a window of this class exists on Windows; ``title`` None: with any title."""
    if sys.platform == "win32":
        return bool(ctypes.windll.user32.FindWindowW(window_class, title))
    return False


def _voice_over_runs() -> bool:
    """NSWorkspace.sharedWorkspace.isVoiceOverEnabled."""
    library = util.find_library("AppKit")
    objc_library = util.find_library("objc")
    if library is None or objc_library is None:
        return False
    ctypes.CDLL(library)
    objc = ctypes.CDLL(objc_library)
    objc.objc_getClass.restype = objc.sel_registerName.restype = ctypes.c_void_p
    objc.objc_getClass.argtypes = objc.sel_registerName.argtypes = [ctypes.c_char_p]
    pointer = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    boolean = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p)
    workspace = pointer(("objc_msgSend", objc))(
        objc.objc_getClass(b"NSWorkspace"), objc.sel_registerName(b"sharedWorkspace")
    )
    return bool(
        boolean(("objc_msgSend", objc))(workspace, objc.sel_registerName(b"isVoiceOverEnabled"))
    )


# The windows by which the readers themselves find out whether they are running already.
READERS = {
    "win32": (
        PrismReader("NVDA", "NVDA", lambda: _has_window("wxWindowClassNR", "NVDA")),
        PrismReader("JAWS", "JAWS", lambda: _has_window("JFWUI2", None)),
    ),
    "darwin": (PrismReader("VoiceOver", "VOICE_OVER", _voice_over_runs),),
}
