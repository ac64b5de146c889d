"""One describing process seen from the service: started, asked, watched, ended.

Not a pool of some library: Pebble's (5.2) hands tasks out through one pipe that all processes share
under a lock; a kill of its idle processes breaks it for good, and a task costs it 4 to 16 ms.
"""

import contextlib
import multiprocessing
import time
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from image_describer.server import worker

START_LIMIT_S = 120.0
END_LIMIT_S = 2.0

_SPAWN = multiprocessing.get_context("spawn")


class LostError(Exception):
    """The process ended before it answered. ``at``: the number of the picture that it looked at,
    worker.ALL, or None. ``slow``: it was ended, because it took too long.
    """

    def __init__(self, at: int | None, slow: bool) -> None:
        super().__init__(at, slow)
        self.at, self.slow = at, slow


class Lane:
    """A process that answers one task after the other.

    `start` and `ask` block, and are called from one thread at a time; the rest from any.
    """

    def __init__(self, bundle: Path | None, limit_s: float) -> None:
        self._bundle, self._limit_s = bundle, limit_s
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._since: float | None = None  # of the picture that it looks at
        self._slow = False
        self._starting = False

    @property
    def pid(self) -> int | None:
        """The number of its process, while that lives."""
        process = self._process
        return process.pid if process is not None and self.alive else None

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        process = self._process
        with contextlib.suppress(ValueError):  # it was closed in this moment
            return process is not None and process.is_alive()
        return False

    def start(self) -> None:
        """Start the process and wait until it is ready. Raises LostError, and what it raises."""
        self.end()
        here, there = _SPAWN.Pipe()
        process = _SPAWN.Process(
            target=worker.main,
            args=(there, self._bundle, self._limit_s),
            daemon=True,
            name="describing",
        )
        process.start()
        there.close()
        self._process, self._pipe = process, here
        self._slow, self._starting = False, True
        self._since = time.monotonic()
        try:
            kind, value = here.recv()
        except (EOFError, OSError) as error:
            raise LostError(None, self._slow) from error
        finally:
            self._since, self._starting = None, False
        if kind == worker.FAILED:
            raise value

    def ask(self, kind: str, given: Any) -> Any:
        """The answer to a task. Raises LostError, and what the task raises there."""
        pipe, at = self._pipe, None
        assert pipe is not None, "it was started"
        self._since = time.monotonic()
        try:
            pipe.send((kind, given))
            while True:
                what, value = pipe.recv()
                self._since = time.monotonic()
                if what == worker.DONE:
                    return value
                at = value
        except (EOFError, OSError) as error:
            raise LostError(at, self._slow) from error
        finally:
            self._since = None

    def end_if_slow(self) -> None:
        """End the process where it has taken longer than it may."""
        since, limit_s = self._since, START_LIMIT_S if self._starting else self._limit_s
        if since is not None and time.monotonic() - since > limit_s:
            self._slow = True
            self.kill()

    def kill(self) -> None:
        """End the process at once; whoever waits for it gets LostError."""
        process = self._process
        with contextlib.suppress(ValueError, OSError):
            if process is not None:
                process.kill()

    def end(self) -> None:
        """Let the process end, which it does by itself when the pipe is closed; blocks."""
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        if process is None or pipe is None:
            return
        pipe.close()
        process.join(END_LIMIT_S)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()
