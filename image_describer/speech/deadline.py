"""Calls with a time limit, for functions that may hang."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
POLL_S = 0.02  # delay until an interruption is noticed


class Interrupted(Exception):  # noqa: N818 - not an error: the caller asked for it
    """The caller no longer needs the result."""


class _BackgroundCall(Generic[T]):
    """One call on its own thread; a late result is passed to ``discard``."""

    def __init__(self, function: Callable[[], T], discard: Callable[[T], None] | None) -> None:
        self.done = threading.Event()
        self.result: list[T] = []
        self.error: BaseException | None = None
        self._function, self._discard = function, discard
        self._lock = threading.Lock()
        self._abandoned = False
        threading.Thread(target=self._run, name="limited-call", daemon=True).start()

    def _run(self) -> None:
        try:
            result = self._function()
        except BaseException as error:
            self.error = error
        else:
            with self._lock:
                late = self._abandoned
                if not late:
                    self.result.append(result)
            if late and self._discard is not None:
                self._discard(result)
        finally:
            self.done.set()

    def abandon(self) -> bool:
        """Give up the call. Returns False if the result has just arrived."""
        with self._lock:
            self._abandoned = not self.result
            return self._abandoned


def run_within(
    limit_s: float,
    function: Callable[[], T],
    stop: threading.Event | None = None,
    discard: Callable[[T], None] | None = None,
) -> T:
    """Return ``function()``.

    Raises TimeoutError after ``limit_s`` seconds and Interrupted once ``stop`` is set; the call
    then continues in the background, and its result is passed to ``discard``.
    """
    call = _BackgroundCall(function, discard)
    deadline = time.monotonic() + limit_s
    while not call.done.wait(max(0.0, min(POLL_S, deadline - time.monotonic()))):
        interrupted = stop is not None and stop.is_set()
        if (interrupted or time.monotonic() >= deadline) and call.abandon():
            raise Interrupted if interrupted else TimeoutError
    if call.error is not None:
        raise call.error
    return call.result[0]
