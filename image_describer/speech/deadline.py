"""Calls that may hang, made so that the caller never does."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
POLL_S = 0.02  # how late an interruption may be noticed


class Interrupted(Exception):  # noqa: N818 - not an error: somebody asked for it
    """The caller no longer wants the answer."""


class _Call(Generic[T]):
    """One call on a thread of its own; what comes too late is handed to ``discard``."""

    def __init__(self, work: Callable[[], T], discard: Callable[[T], None] | None) -> None:
        self.done = threading.Event()
        self.result: list[T] = []
        self.error: BaseException | None = None
        self._work, self._discard = work, discard
        self._lock = threading.Lock()
        self._given_up = False
        threading.Thread(target=self._run, name="limited call", daemon=True).start()

    def _run(self) -> None:
        try:
            result = self._work()
        except BaseException as error:
            self.error = error
        else:
            with self._lock:
                late = self._given_up
                if not late:
                    self.result.append(result)
            if late and self._discard is not None:
                self._discard(result)
        finally:
            self.done.set()

    def give_up(self) -> bool:
        """True, unless the answer came in this very moment."""
        with self._lock:
            self._given_up = not self.result
            return self._given_up


def run_within(
    limit_s: float,
    work: Callable[[], T],
    stop: threading.Event | None = None,
    discard: Callable[[T], None] | None = None,
) -> T:
    """``work()``, or TimeoutError after ``limit_s`` seconds, or Interrupted once ``stop`` is set.

    A call given up runs on in the background; its late result goes to ``discard``.
    """
    call = _Call(work, discard)
    deadline = time.monotonic() + limit_s
    while not call.done.wait(max(0.0, min(POLL_S, deadline - time.monotonic()))):
        interrupted = stop is not None and stop.is_set()
        if (interrupted or time.monotonic() >= deadline) and call.give_up():
            raise Interrupted if interrupted else TimeoutError
    if call.error is not None:
        raise call.error
    return call.result[0]
