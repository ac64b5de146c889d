"""A pool of describing processes, which are given jobs in groups, watched, and replaced.

Processes, not threads: a decoder that crashes on a hostile file, or fills the memory, takes only
its process with it, and Python's lock would leave half of two cores idle. Not a library's pool:
Pebble's (5.2) processes share one pipe under a lock; killing an idle one breaks the pool for good.
"""

import collections
import logging
import multiprocessing
import queue
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from multiprocessing import connection
from pathlib import Path
from typing import Any

from image_describer import files, runtime
from image_describer.errors import (
    ImageDescriberError,
    ItemTimeoutError,
    ProcessDiedError,
    WorkerError,
)
from image_describer.i18n import _, language
from image_describer.text import number
from image_describer.workers.process import WorkerJob, WorkerProcess
from image_describer.workers.worker import WorkerOptions, WorkFunction

FIRST_GROUP_SIZE = 2  # so that the first results come soon
ITEM_LIMIT_S = 120.0  # a picture takes a tenth of a second, but a slow disk may be asleep
START_LIMIT_S = 300.0
FAILED_STARTS_LIMIT = 3  # in a row: then no picture is at fault
RESTART_DELAY_S = 1.0  # before the next start then, doubled each time
RESTART_DELAY_LIMIT_S = 30.0
ATTEMPTS_LIMIT = 2  # for an item whose process died
POLL_EVERY_S = 0.2  # for cancellation and for processes that take too long
CANCEL_WITHIN_S = 5.0  # items in progress may be finished, but one that hangs may not
PENDING_GROUPS = 4  # per process, in `Pool.map`: one in progress, one sent ahead, two waiting

log = logging.getLogger(__name__)


def default_workers() -> int:
    """One process per core that this process may use."""
    return runtime.cores()


class PoolEvents:
    """What a pool reports, from its own thread; override what is of interest."""

    def ready_changed(self, count: int) -> None:
        """``count`` processes can work now."""

    def group_sent(self, size: int) -> None:
        """A group of jobs was sent to a process."""

    def process_lost(self, timed_out: bool) -> None:
        """A process died while it was ready, or was killed because it took too long."""

    def start_failed(self, error: ImageDescriberError) -> None:
        """No process can be started; waiting jobs are about to fail with ``error``."""


class Pool:
    """Works on items in ``workers`` processes, each with its own `Describer` of ``bundle``.

    ``low_priority`` lets other programs go first. Jobs whose process dies are tried again, twice
    in all; those that take longer than ``item_limit_s`` are not. Processes start when they are
    needed, or with `start`. The pool's thread does all the work; methods can be called from any.
    """

    def __init__(
        self,
        bundle: Path | None = None,
        workers: int | None = None,
        *,
        group_size: int = 12,
        low_priority: bool = False,
        item_limit_s: float | None = None,
        events: PoolEvents | None = None,
    ) -> None:
        limit_s = ITEM_LIMIT_S if item_limit_s is None else item_limit_s
        self._options = WorkerOptions(bundle, low_priority, limit_s, language())
        self._count = workers or default_workers()
        self._group_size = group_size
        self._events = events or PoolEvents()
        self._processes: list[WorkerProcess] = []
        self._waiting: collections.deque[WorkerJob] = collections.deque()
        self._lock = threading.Lock()  # of _waiting, _thread, _closed and _is_woken
        self._wake_reader, self._wake_writer = multiprocessing.Pipe(duplex=False)
        self._is_woken = False
        self._thread: threading.Thread | None = None
        self._closed = False
        self._start_all = False
        self._ready_count = 0
        self._failed_starts = 0
        self._next_start = 0.0
        self._start_error: ImageDescriberError | None = None

    @property
    def pids(self) -> list[int]:
        """The ids of the processes."""
        return [process.pid for process in list(self._processes) if process.pid is not None]

    def start(self) -> None:
        """Start all processes, and keep as many running; returns at once."""
        self._start_all = True
        with self._lock:
            self._run_thread()

    def submit(
        self, function: WorkFunction, item: Any, *, groupable: bool = False
    ) -> "Future[Any]":
        """Let a process call ``function`` with ``item``; ``groupable``: also with several.

        The future gets the result, or an ImageDescriberError: what ``function`` raised,
        ProcessDiedError, ItemTimeoutError, or WorkerError and BundleError if no process starts.
        """
        job = WorkerJob(function, item, groupable)
        with self._lock:
            if self._closed:
                raise WorkerError(_("The describing processes were stopped."))
            if self._start_error is not None and not self._ready_count:
                job.future.set_exception(self._start_error)
                return job.future
            self._waiting.append(job)
            self._run_thread()
        return job.future

    def map(
        self,
        function: WorkFunction,
        items: Iterator[tuple[int, Any]],
        cancel: threading.Event,
    ) -> Iterator[tuple[int, Any]]:
        """Call ``function`` with numbered items; yields numbers and results, as they are done.

        In place of a result there may be a ProcessDiedError or an ItemTimeoutError. ``items`` is
        read on the caller's thread, a few groups ahead. When ``cancel`` is set, what is in progress
        is finished and no more is begun. Raises BundleError and WorkerError.
        """
        done: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        pending: dict[Future[Any], int] = {}
        limit = PENDING_GROUPS * self._group_size * self._count
        exhausted = False
        deadline: float | None = None
        while True:
            if cancel.is_set() and deadline is None:
                exhausted, deadline = True, time.monotonic() + CANCEL_WITHIN_S
                for waiting in list(pending):
                    waiting.cancel()
            if not exhausted and len(pending) < limit:
                numbered = next(items, None)
                if numbered is None:
                    exhausted = True
                else:
                    future = self.submit(function, numbered[1], groupable=True)
                    pending[future] = numbered[0]
                    future.add_done_callback(done.put)
            if not pending and exhausted:
                return
            if deadline is not None and time.monotonic() > deadline:
                return
            can_submit = not exhausted and len(pending) < limit
            try:
                future = done.get_nowait() if can_submit else done.get(timeout=POLL_EVERY_S)
            except queue.Empty:
                continue
            number = pending.pop(future)
            if future.cancelled():
                continue
            error = future.exception()
            if error is None:
                yield number, future.result()
            elif isinstance(error, ProcessDiedError | ItemTimeoutError):
                yield number, error
            else:
                raise error

    def close(self) -> None:
        """End the processes and wait for that. Jobs that are not done fail with WorkerError."""
        with self._lock:
            self._closed = True
            thread = self._thread
            self._wake()
        if thread is not None:
            thread.join()

    def _run_thread(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._manage, daemon=True, name="workers")
            self._thread.start()
        self._wake()

    def _wake(self) -> None:
        if self._thread is not None and not self._is_woken:
            self._is_woken = True
            self._wake_writer.send_bytes(b"!")

    def _manage(self) -> None:
        """The pool's thread."""
        error = WorkerError(_("The describing processes were stopped."))
        try:
            _block_interrupts()
            while not self._closed:
                self._start_processes()
                self._send_groups()
                self._receive()
                self._kill_slow_processes()
        except Exception:
            log.exception("The pool of describing processes failed.")
            error = WorkerError(_("The describing processes can't be managed."))
        finally:
            self._shut_down(error)

    def _start_processes(self) -> None:
        if time.monotonic() < self._next_start:
            return
        idle = sum(not process.groups for process in self._processes)
        needed = self._count if self._start_all else len(self._waiting) - idle
        while len(self._processes) < self._count and needed > 0:
            try:
                self._processes.append(WorkerProcess(self._options))
            except OSError as error:
                self._start_has_failed(None, files.reason(error))
                return
            needed -= 1

    def _send_groups(self) -> None:
        for process in sorted(self._processes, key=lambda process: len(process.groups)):
            if process.wants_more and (group := self._next_group(process)):
                self._events.group_sent(len(group))
                process.send(group)

    def _next_group(self, process: WorkerProcess) -> list[WorkerJob]:
        group: list[WorkerJob] = []
        with self._lock:
            limit = self._group_size if process.completed_groups else FIRST_GROUP_SIZE
            size = min(limit, -(-len(self._waiting) // self._count))
            while self._waiting and len(group) < size:
                job = self._waiting[0]
                is_single = job.alone or not job.groupable
                if group and (is_single or not job.can_join(group[0])):
                    break
                self._waiting.popleft()
                if job.future.running() or job.future.set_running_or_notify_cancel():
                    group.append(job)
                    if is_single:
                        break
        return group

    def _receive(self) -> None:
        """Wait for a message, the end of a process, a new job, or the next check."""
        by_handle: dict[Any, WorkerProcess] = {}
        for process in self._processes:
            by_handle[process.pipe] = by_handle[process.sentinel] = process
        is_busy = any(process.groups or not process.ready for process in self._processes)
        is_short = len(self._processes) < self._count and (self._start_all or self._waiting)
        timeout = POLL_EVERY_S if is_busy or is_short else None
        handles = connection.wait([self._wake_reader, *by_handle], timeout)
        if self._wake_reader in handles:
            with self._lock:
                self._wake_reader.recv_bytes()
                self._is_woken = False
        for process in dict.fromkeys(by_handle[h] for h in handles if h in by_handle):
            try:
                process.receive(self._finish)
            except ImageDescriberError as error:
                self._replace(process, error)
            except (EOFError, OSError):
                self._replace(process, None)
            else:
                if process.ready:
                    self._failed_starts, self._start_error = 0, None
        self._report_ready()

    def _kill_slow_processes(self) -> None:
        now = time.monotonic()
        for process in list(self._processes):
            limit_s = self._options.limit_s if process.ready else START_LIMIT_S
            waits = bool(process.groups) or not process.ready
            if waits and now - process.active_since > limit_s:
                process.kill()
                self._replace(process, None, timed_out=True)
        self._report_ready()

    def _report_ready(self) -> None:
        count = sum(process.ready for process in self._processes)
        if count != self._ready_count:
            self._ready_count = count
            self._events.ready_changed(count)

    @staticmethod
    def _finish(group: list[WorkerJob], results: Any) -> None:
        for index, job in enumerate(group):
            if isinstance(results, ImageDescriberError):
                job.future.set_exception(results)
            else:
                job.future.set_result(results[index])

    def _replace(
        self, process: WorkerProcess, error: ImageDescriberError | None, timed_out: bool = False
    ) -> None:
        """Remove a process that ended; its jobs are done again, or given up."""
        how = process.how_it_ended()
        self._processes.remove(process)
        process.pipe.close()
        process.join()
        if process.ready:
            self._events.process_lost(timed_out)
        else:
            self._start_has_failed(error, how)
        suspects = process.suspects()
        retries: list[WorkerJob] = []
        for job in (job for group in process.groups for job in group):
            if job not in suspects:
                retries.append(job)
                continue
            if len(suspects) == 1:
                job.attempts += 1
            if timed_out and len(suspects) == 1:
                limit_s = self._options.limit_s
                job.future.set_exception(
                    ItemTimeoutError(
                        _("The picture took longer than {seconds} seconds.").format(
                            seconds=number(limit_s)
                        )
                    )
                )
            elif job.attempts >= ATTEMPTS_LIMIT:
                job.future.set_exception(
                    ProcessDiedError(
                        _("The process that opened the picture died twice ({reason}).").format(
                            reason=how
                        ),
                        _("The file may be damaged, or there is too little memory."),
                    )
                )
            else:
                job.alone = True
                retries.append(job)
        with self._lock:
            self._waiting.extendleft(reversed(retries))

    def _start_has_failed(self, error: ImageDescriberError | None, how: str) -> None:
        self._failed_starts += 1
        delay_s = RESTART_DELAY_S * 2.0**self._failed_starts
        if error is None and self._failed_starts < FAILED_STARTS_LIMIT:
            return
        self._next_start = time.monotonic() + min(delay_s, RESTART_DELAY_LIMIT_S)
        if any(process.ready for process in self._processes):
            return
        reason = error or WorkerError(
            _("The describing processes don't start ({reason}).").format(reason=how),
            _("Run image-describer doctor; there may be too little memory."),
        )
        with self._lock:
            self._start_error, self._ready_count = reason, 0
            jobs = list(self._waiting)
            self._waiting.clear()
        self._events.ready_changed(0)
        self._events.start_failed(reason)
        for job in jobs:
            _fail(job, reason)

    def _shut_down(self, error: WorkerError) -> None:
        with self._lock:
            self._closed = True
            jobs = list(self._waiting)
            self._waiting.clear()
        processes, self._processes = self._processes, []
        for process in processes:
            process.close_pipe()
            jobs += [job for group in process.groups for job in group]
        for process in processes:
            process.join()
        for job in jobs:
            _fail(job, error)


def _fail(job: WorkerJob, error: ImageDescriberError) -> None:
    if job.future.running() or job.future.set_running_or_notify_cancel():
        job.future.set_exception(error)


def _block_interrupts() -> None:
    """Block Ctrl+C in this thread and in the processes that it starts.

    Ctrl+C reaches them, too, and would end them in the middle of an import. multiprocessing's own
    helper process unblocks the signals when it starts, so it is started first.
    """
    if hasattr(signal, "pthread_sigmask"):
        from multiprocessing import resource_tracker

        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
