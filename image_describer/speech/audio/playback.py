"""A sound being played: the interface, and a base class that plays on its own thread."""

import logging
import threading
from abc import ABC, abstractmethod
from typing import Protocol

from image_describer.errors import SpeechError
from image_describer.i18n import _

log = logging.getLogger(__name__)


class Playback(Protocol):
    """A sound being played."""

    @property
    def first_sample_at(self) -> float | None:
        """When the output received its first sample, by time.monotonic(); None until then."""

    def stop(self) -> None:
        """Silence it at once. Idempotent and thread-safe; ``wait`` then returns True."""

    def wait(self, timeout: float | None = None) -> bool:
        """Return True when the sound is over, False after ``timeout`` seconds.

        Raises SpeechError if the sound failed before its end and was not stopped.
        """


class BackgroundPlayback(ABC):
    """A playback with its own thread, which runs ``_play``."""

    def __init__(self) -> None:
        self._stop_requested = threading.Event()
        self._over = threading.Event()
        self._error: SpeechError | None = None
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    def start(self) -> "BackgroundPlayback":
        self._thread.start()
        return self

    @property
    def first_sample_at(self) -> float | None:
        return None

    @abstractmethod
    def _play(self) -> None:
        """Play to the end, or until ``_stop_requested`` is set. Raises SpeechError."""

    def _run(self) -> None:
        try:
            self._play()
        except SpeechError as error:
            self._error = error
        except Exception as error:
            log.exception("%s failed", type(self).__name__)
            self._error = SpeechError(_("The sound failed: {error}.").format(error=error))
        finally:
            self._over.set()

    def stop(self) -> None:
        self._stop_requested.set()
        # Waiting callers continue at once, even if the thread is stuck in the sound system.
        self._over.set()

    def wait(self, timeout: float | None = None) -> bool:
        if not self._over.wait(timeout):
            return False
        if self._error is not None and not self._stop_requested.is_set():
            raise self._error
        return True
