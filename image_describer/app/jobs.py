"""Work outside the window's thread: each job has a thread, and one queue returns the results."""

import _thread
import logging
import queue
from collections.abc import Callable
from typing import Any, NamedTuple

POLL_MS = 15  # a frame of a 60 Hz screen

log = logging.getLogger(__name__)


class _Message(NamedTuple):
    """A function to be called on the window's thread; ``last``: the job has ended."""

    job: "BackgroundJob"
    function: Callable[[], None]
    last: bool


class BackgroundJob:
    """A piece of work in progress. All methods but `post` and `end` are for the window's thread."""

    def __init__(self, messages: "queue.SimpleQueue[_Message]") -> None:
        self._messages = messages
        self.cancelled = False
        self.finished = False

    @property
    def running(self) -> bool:
        """Whether its result is still to come."""
        return not (self.finished or self.cancelled)

    def cancel(self) -> None:
        """Ignore its result. The work itself goes on."""
        self.cancelled = True

    def post(self, function: Callable[..., None], *values: Any) -> None:
        """From the job's thread: call ``function`` on the window's, unless it is cancelled."""
        self._messages.put(_Message(self, lambda: function(*values), last=False))

    def end(self, function: Callable[[], None]) -> None:
        """From the job's thread: like `post`, as its last message."""
        self._messages.put(_Message(self, function, last=True))


class JobRunner:
    """Starts jobs and delivers their results on the window's thread.

    ``after(ms, function)`` is Tk's. It is used only while a job is running, so that an idle window
    does not keep the machine awake. Tk is never called from a job's thread, where it may block.
    """

    def __init__(self, after: Callable[[int, Callable[[], None]], Any]) -> None:
        self._after = after
        self._messages: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        self._running = 0

    @property
    def idle(self) -> bool:
        """Whether no job is running and all results have been delivered."""
        return self._running == 0

    def start(
        self,
        work: Callable[[BackgroundJob], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> BackgroundJob:
        """Run ``work(job)`` on a thread; then ``done(result)`` or ``failed(error)`` on this one."""
        job = BackgroundJob(self._messages)
        self._running += 1
        if self._running == 1:
            self._after(POLL_MS, self._deliver)
        # Not threading.Thread: its start waits until the thread runs, which delays speech on a busy
        # machine, and at exit Python would wait for jobs whose results nobody needs.
        _thread.start_new_thread(_run, (job, work, done, failed))
        return job

    def _deliver(self) -> None:
        try:
            while True:
                job, function, last = self._messages.get_nowait()
                if last:
                    self._running -= 1
                    job.finished = True
                if not job.cancelled:
                    self._call(function)
        except queue.Empty:
            pass
        if self._running:
            self._after(POLL_MS, self._deliver)

    def _call(self, function: Callable[[], None]) -> None:
        # An error in one function must not keep the others from being called.
        try:
            function()
        except Exception:
            log.exception("A result could not be shown")


def _run(
    job: BackgroundJob,
    work: Callable[[BackgroundJob], Any],
    done: Callable[[Any], None],
    failed: Callable[[Exception], None],
) -> None:
    try:
        result = work(job)
    except Exception as error:
        problem = error
        job.end(lambda: failed(problem))
    else:
        job.end(lambda: done(result))
