"""Announces long jobs: "Working" after half a second, then a soft tick each second."""

from collections.abc import Callable

from image_describer.app.context import AppContext
from image_describer.app.jobs import BackgroundJob
from image_describer.app.messages import WORKING
from image_describer.i18n import _

ANNOUNCE_AFTER_MS = 500  # a longer silence seems broken
TICK_MS = 1000


class JobProgress:
    """Watches one job at a time; ``show()`` is called when it is announced.

    ``say()`` may announce it in other words than "Working".
    """

    def __init__(
        self,
        context: AppContext,
        show: Callable[[], None] = lambda: None,
        say: Callable[[], None] | None = None,
    ) -> None:
        self._context = context
        self._show = show
        self._say = say or (lambda: context.voice.announce(_(WORKING)))
        self._job: BackgroundJob | None = None

    def watch(self, job: BackgroundJob, *, announced: bool = False) -> None:
        """Announce ``job`` if it is still running in half a second, then tick.

        With ``announced``, it only ticks.
        """
        self._job = job
        if announced:
            self._context.root.after(TICK_MS, self._tick, job)
        else:
            self._context.root.after(ANNOUNCE_AFTER_MS, self._announce, job)

    def forget(self) -> None:
        """Watch nothing."""
        self._job = None

    def _announce(self, job: BackgroundJob) -> None:
        if job is self._job and job.running:
            self._show()
            self._say()
            self._context.root.after(TICK_MS, self._tick, job)

    def _tick(self, job: BackgroundJob) -> None:
        if job is self._job and job.running:
            self._context.voice.earcon("tick")
            self._context.root.after(TICK_MS, self._tick, job)


class JobTask:
    """Runs one background job at a time, and announces it; ``show()`` is that of JobProgress."""

    def __init__(self, context: AppContext, show: Callable[[], None] = lambda: None) -> None:
        self._context = context
        self._progress = JobProgress(context, show)
        self._job: BackgroundJob | None = None

    @property
    def running(self) -> bool:
        """Whether the job is running."""
        return self._job is not None and self._job.running

    def drop(self) -> None:
        """Ignore what the job is doing."""
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def cancel(self) -> None:
        """Stop it because the user asked."""
        self.drop()
