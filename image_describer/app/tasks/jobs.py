"""Work off the window's thread: each job has a thread, and one queue brings results back to Tk."""

import _thread
import logging
import queue
from collections.abc import Callable
from typing import Any

POLL_MS = 15  # a frame of a 60 Hz screen: nobody sees or hears a result earlier than that

log = logging.getLogger(__name__)


class Job:
    """One piece of work under way. All but ``post`` belong to the window's thread."""

    def __init__(self, messages: "queue.SimpleQueue[tuple[Job, Callable[[], None], bool]]") -> None:
        self._messages = messages
        self.cancelled = False
        self.finished = False

    @property
    def running(self) -> bool:
        """Whether its result is still awaited."""
        return not (self.finished or self.cancelled)

    def cancel(self) -> None:
        """Drop whatever it still brings. The work itself runs out unheard."""
        self.cancelled = True

    def post(self, function: Callable[..., None], *values: Any) -> None:
        """From the job's thread: call ``function`` on the window's, unless the job is cancelled."""
        self._messages.put((self, lambda: function(*values), False))

    def end(self, function: Callable[[], None]) -> None:
        """From the job's thread: the last thing it has to say."""
        self._messages.put((self, function, True))


class Jobs:
    """Starts jobs and hands over what they bring.

    ``after(ms, function)`` is Tk's. It is asked for only while a job is under way, so that an idle
    window does not wake the machine. Tk is never called from a job's thread: it may block there.
    """

    def __init__(self, after: Callable[[int, Callable[[], None]], Any]) -> None:
        self._after = after
        self._messages: queue.SimpleQueue[tuple[Job, Callable[[], None], bool]] = (
            queue.SimpleQueue()
        )
        self._under_way = 0

    def start(
        self,
        work: Callable[[Job], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> Job:
        """Run ``work(job)`` on a thread; then ``done(result)`` or ``failed(error)`` on this one."""
        job = Job(self._messages)
        self._under_way += 1
        if self._under_way == 1:
            self._after(POLL_MS, self._deliver)
        # Not threading.Thread: its start waits until the thread runs, which on a busy machine takes
        # long enough to be heard. Nor does quitting wait for a job that nobody wants any more.
        _thread.start_new_thread(_run, (job, work, done, failed))
        return job

    def _deliver(self) -> None:
        try:
            while True:
                job, function, last = self._messages.get_nowait()
                if last:
                    self._under_way -= 1
                    job.finished = True
                if not job.cancelled:
                    self._call(function)
        except queue.Empty:
            pass
        if self._under_way:
            self._after(POLL_MS, self._deliver)

    def _call(self, function: Callable[[], None]) -> None:
        # One receiver that fails must not keep the others from what they wait for.
        try:
            function()
        except Exception:
            log.exception("A result could not be shown")


def _run(
    job: Job,
    work: Callable[[Job], Any],
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
