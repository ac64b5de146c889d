"""Describing with all cores: processes that are handed pictures, watched, and replaced.

Processes, not threads: a decoder library that crashes on a hostile file, or fills the memory,
takes its process with it and nothing else; and Python's lock leaves half of two cores idle.
"""

import collections
import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from image_describer.captioner import runtime
from image_describer.errors import WorkerError
from image_describer.library.record import Record
from image_describer.workers import process as worker
from image_describer.workers.process import Task

AT_ONCE = 12  # pictures handed to a process at a time: more than its decoder has places for
PICTURE_LIMIT_S = 120.0  # honest pictures take a tenth of a second; a slow disk may be asleep
START_LIMIT_S = 300.0
STARTS_IN_VAIN = 3  # one after the other: it is not a picture's fault then
TRIES = 2  # of a picture whose process died
LOOK_EVERY_S = 0.2  # whether somebody has cancelled
CANCEL_WITHIN_S = 5.0  # what is in flight may be finished; a picture that hangs may not

LOST = "The process that looked at it ended by itself, twice ({how})."
LOST_WAY_OUT = "The file is damaged in a way that I can't tell, or there is too little memory."
SLOW = "Looking at it took longer than {limit:.0f} seconds."


def default_workers() -> int:
    """One process a core that this one may use."""
    return runtime.cores()


@dataclass
class _Worker:
    """A process, and what it was told."""

    process: SpawnProcess
    pipe: connection.Connection
    since: float
    ready: bool = False
    chunks: collections.deque[list[Task]] = field(default_factory=collections.deque)
    at: int | None = None  # the picture that it looks at; NONE_ALONE: all of its chunk
    asks: bool = False  # it will soon have nothing to do


class Engine:
    """Describes with ``workers`` processes, each with the bundle in the folder ``bundle``.

    ``gently``: a window in front of it, and what is spoken, come first.
    """

    def __init__(
        self, bundle: Path | None = None, workers: int | None = None, *, gently: bool = False
    ) -> None:
        self._bundle = bundle
        self._gently = gently
        self._count = workers or default_workers()
        self._crew: list[_Worker] = []
        self._again: collections.deque[list[Task]] = collections.deque()
        self._tries: collections.Counter[int] = collections.Counter()
        self._failed_starts = 0
        self._context = multiprocessing.get_context("spawn")

    @property
    def pids(self) -> list[int]:
        """The numbers of the processes that work."""
        return [w.process.pid for w in self._crew if w.process.pid is not None]

    def run(
        self,
        tasks: Iterator[Task],
        cancel: threading.Event,
        remaining: Callable[[], int | None] = lambda: None,
    ) -> Iterator[tuple[int, Record]]:
        """Describe ``tasks``; yields each one's number and record, in the order they are done.

        Nothing a picture does is raised: it is tried twice, then its record says what happened.
        When ``cancel`` is set, what is in flight is finished and no more begun. ``remaining``:
        how many tasks are still to come, where that is known; the last ones are shared out evenly.
        Raises BundleError and WorkerError.
        """
        source = _Source(tasks, cancel, remaining, self._count)
        deadline: float | None = None
        try:
            while True:
                self._hand_out(source)
                if not any(w.chunks for w in self._crew) and not self._again:
                    return
                yield from self._listen()
                if cancel.is_set():
                    self._again.clear()
                    deadline = deadline or time.monotonic() + CANCEL_WITHIN_S
                    if time.monotonic() > deadline:
                        return
        finally:
            self.close()

    def close(self) -> None:
        """End the processes."""
        for one in self._crew:
            one.pipe.close()
            one.process.terminate()
        for one in self._crew:
            one.process.join(CANCEL_WITHIN_S)
            if one.process.is_alive():
                one.process.kill()
                one.process.join()
        self._crew = []

    def _hand_out(self, source: "_Source") -> None:
        while True:
            free = next((w for w in self._crew if not w.chunks or w.asks), None)
            if free is None and len(self._crew) >= self._count:
                return
            chunk = self._again.popleft() if self._again else source.chunk()
            if not chunk:
                return
            if free is None:
                free = self._start()
                self._crew.append(free)
            if not free.chunks and free.ready:
                free.since = time.monotonic()
            free.chunks.append(chunk)
            free.asks = False
            if free.ready:
                self._send(free, chunk)

    def _start(self) -> _Worker:
        here, there = self._context.Pipe()
        process = self._context.Process(
            target=worker.main,
            args=(there, self._bundle, self._gently),
            daemon=True,
            name="describing",
        )
        with _without_interrupts(), _one_thread_each():
            process.start()
        there.close()
        return _Worker(process, here, time.monotonic())

    @staticmethod
    def _send(one: _Worker, chunk: list[Task]) -> None:
        try:
            one.pipe.send(chunk)
        except OSError:
            return  # it has died: that is noticed by its sentinel

    def _listen(self) -> Iterator[tuple[int, Record]]:
        """Take in what the processes say; replace those that ended or hang."""
        by_sign: dict[Any, _Worker] = {w.pipe: w for w in self._crew}
        by_sign |= {w.process.sentinel: w for w in self._crew}
        signs = connection.wait(list(by_sign), LOOK_EVERY_S)
        for one in {id(by_sign[sign]): by_sign[sign] for sign in signs}.values():
            yield from self._hear(one)
        now = time.monotonic()
        for one in list(self._crew):
            limit = PICTURE_LIMIT_S if one.ready else START_LIMIT_S
            if one.chunks and now - one.since > limit:
                one.process.kill()
                one.process.join()
                yield from self._bury(one, SLOW.format(limit=limit), hung=True)

    def _hear(self, one: _Worker) -> Iterator[tuple[int, Record]]:
        try:
            while one.pipe.poll():
                kind, value = one.pipe.recv()
                one.since = time.monotonic()
                if kind == worker.AT:
                    one.at = value
                    one.asks = value == worker.NONE_ALONE and len(one.chunks) < 2
                elif kind == worker.DONE:
                    one.chunks.popleft()
                    one.at = None
                    yield from value
                elif kind == worker.READY:
                    one.ready = True
                    self._failed_starts = 0
                    for chunk in one.chunks:
                        self._send(one, chunk)
                else:
                    raise value
        except (EOFError, OSError):
            one.process.join(CANCEL_WITHIN_S)
            yield from self._bury(one, "")
            return
        if not one.process.is_alive():
            yield from self._bury(one, "")

    def _bury(self, one: _Worker, why: str, hung: bool = False) -> Iterator[tuple[int, Record]]:
        """Take a process that ended out; what it had is done again, or given up."""
        self._crew.remove(one)
        one.pipe.close()
        how = _how_it_ended(one.process.exitcode)
        if not one.ready:
            self._failed_starts += 1
            if self._failed_starts >= STARTS_IN_VAIN:
                raise WorkerError(
                    f"The processes that describe don't start ({why or how}).",
                    "See what image-describer doctor says; perhaps there is too little memory.",
                )
        for place, chunk in enumerate(one.chunks):
            numbers = [number for number, _ in chunk]
            if place == 0 and one.at in numbers:
                blamed = [task for task in chunk if task[0] == one.at]
            elif place == 0 and one.at == worker.NONE_ALONE:
                blamed = chunk  # one of them, or nobody: each gets another try, alone
            else:
                blamed = []
            others = [task for task in chunk if task not in blamed]
            if others:
                self._again.append(others)
            for task in blamed:
                if len(blamed) == 1:
                    self._tries[task[0]] += 1
                if self._tries[task[0]] >= TRIES or (hung and len(blamed) == 1):
                    yield task[0], _broken(task[1], why or LOST.format(how=how))
                else:
                    self._again.append([task])


class _Source:
    """Tasks in chunks: small ones first, so that something is soon heard, and at the end."""

    def __init__(
        self,
        tasks: Iterator[Task],
        cancel: threading.Event,
        remaining: Callable[[], int | None],
        workers: int,
    ) -> None:
        self._tasks, self._cancel, self._remaining = tasks, cancel, remaining
        self._workers = workers
        self._given = 0

    def chunk(self) -> list[Task]:
        size = AT_ONCE if self._given >= 2 * self._workers else 2
        left = self._remaining()
        if left is not None:
            size = max(1, min(size, -(-left // (2 * self._workers))))
        found: list[Task] = []
        while len(found) < size and not self._cancel.is_set():
            task = next(self._tasks, None)
            if task is None:
                break
            found.append(task)
        self._given += len(found)
        return found


def _broken(file: str, why: str) -> Record:
    sentence = why if why.startswith(SLOW[:10]) else f"{why} {LOST_WAY_OUT}"
    return Record(file, "", error=sentence)


def _how_it_ended(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"
    return f"exit status {code}"


@contextlib.contextmanager
def _one_thread_each() -> Iterator[None]:
    """Keep NumPy's library from a thread a core in each process: they would be in each other's way.

    It looks when it is loaded, which a program's main module may do first.
    """
    before = os.environ.get(worker.NUMPY_THREADS)
    os.environ[worker.NUMPY_THREADS] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[worker.NUMPY_THREADS]
        else:
            os.environ[worker.NUMPY_THREADS] = before


class _without_interrupts:  # noqa: N801 - used like a function
    """Ctrl+C, pressed while a process starts, would end that process in the middle of an import."""

    def __enter__(self) -> None:
        self._before: Any = None
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, signal.SIG_IGN)

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
