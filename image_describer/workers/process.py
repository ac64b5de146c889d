"""One describing process as its pool sees it: started, given groups of jobs, watched, ended."""

import collections
import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from image_describer.i18n import _, language
from image_describer.workers import worker
from image_describer.workers.worker import WorkerOptions, WorkFunction

EXIT_LIMIT_S = 2.0
NUMPY_THREADS = "OPENBLAS_NUM_THREADS"

_SPAWN = multiprocessing.get_context("spawn")


@dataclass(eq=False)
class WorkerJob:
    """An item to work on, and the future that waits for its result.

    ``alone``: it may have ended a process, so it is not grouped with others again.
    """

    function: WorkFunction
    item: Any
    groupable: bool
    language: str = field(default_factory=language)  # of what is said about it
    future: "Future[Any]" = field(default_factory=Future)
    attempts: int = 0
    alone: bool = False

    def can_join(self, other: "WorkerJob") -> bool:
        """Whether both can be in one group."""
        return self.function is other.function and self.language == other.language


class WorkerProcess:
    """A process and the groups that were sent to it, the first of which it works on."""

    def __init__(self, options: WorkerOptions) -> None:
        parent_end, child_end = _SPAWN.Pipe()
        self._process = _SPAWN.Process(
            target=worker.main, args=(child_end, options), daemon=True, name="describe"
        )
        with _one_numpy_thread():
            self._process.start()
        child_end.close()
        self.pipe = parent_end
        self.pid: int | None = self._process.pid
        self.sentinel = self._process.sentinel
        self.ready = False
        self.groups: collections.deque[list[WorkerJob]] = collections.deque()
        self.completed_groups = 0
        self.index: int | None = None  # of the job it works on, or worker.ALL
        self.active_since = time.monotonic()

    @property
    def wants_more(self) -> bool:
        """Whether it has nothing to do, or will soon: then the next group is sent ahead."""
        return self.ready and (
            not self.groups or (len(self.groups) == 1 and self.index == worker.ALL)
        )

    def send(self, group: list[WorkerJob]) -> None:
        """Send a group of jobs, which all have the same function and language."""
        if not self.groups:
            self.active_since = time.monotonic()
        self.groups.append(group)
        with contextlib.suppress(OSError):  # it has died: its sentinel tells
            first = group[0]
            self.pipe.send((first.function, first.language, [job.item for job in group]))

    def receive(self, on_done: Callable[[list[WorkerJob], Any], None]) -> None:
        """Read what it has sent. Raises EOFError or OSError if it has ended, and BundleError."""
        while self.pipe.poll():
            kind, value = self.pipe.recv()
            self.active_since = time.monotonic()
            if kind == worker.READY:
                self.ready = True
            elif kind == worker.STARTED:
                self.index = value
            elif kind == worker.DONE:
                self.index = None
                self.completed_groups += 1
                on_done(self.groups.popleft(), value)
            else:
                raise value
        if not self._process.is_alive():
            raise EOFError

    def suspects(self) -> list[WorkerJob]:
        """The jobs that may have ended the process, or made it hang."""
        if not self.groups or self.index is None:
            return []
        group = self.groups[0]
        return list(group) if self.index == worker.ALL else [group[self.index]]

    def how_it_ended(self) -> str:
        """A signal's name or an exit status. Waits for the end."""
        self._process.join(EXIT_LIMIT_S)
        code = self._process.exitcode
        if code is not None and code < 0:
            try:
                return signal.Signals(-code).name
            except ValueError:
                return _("signal {number}").format(number=-code)
        return _("exit status {code}").format(code=code)

    def kill(self) -> None:
        """End the process at once and wait for that."""
        self._process.kill()
        self._process.join()

    def close_pipe(self) -> None:
        """Let an idle process end by itself, and kill one that is working or starting."""
        self.pipe.close()
        if self.groups or not self.ready:
            self._process.kill()

    def join(self) -> None:
        """Wait for the end of the process after `close_pipe`."""
        self._process.join(EXIT_LIMIT_S)
        if self._process.is_alive():
            self.kill()


@contextlib.contextmanager
def _one_numpy_thread() -> Iterator[None]:
    """Processes use all cores already, so NumPy's library must not start a thread per core in each.

    It reads the variable when it is loaded, which the program's main module may do first.
    """
    before = os.environ.get(NUMPY_THREADS)
    os.environ[NUMPY_THREADS] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[NUMPY_THREADS]
        else:
            os.environ[NUMPY_THREADS] = before
