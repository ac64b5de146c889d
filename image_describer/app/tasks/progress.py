"""While something takes long: "Working" after half a second, then a soft tick each second."""

from collections.abc import Callable

from image_describer.app.context import Desk
from image_describer.app.messages import WORKING
from image_describer.app.tasks.jobs import Job

SAY_WORKING_AFTER_MS = 500  # silence longer than this feels broken
TICK_MS = 1000


class Progress:
    """Watches one job at a time; ``show()`` is called once it is announced.

    ``say()`` announces it in words of its own, in place of "Working".
    """

    def __init__(
        self,
        desk: Desk,
        show: Callable[[], None] = lambda: None,
        say: Callable[[], None] | None = None,
    ) -> None:
        self._desk = desk
        self._show = show
        self._say = say or (lambda: desk.voice.tell(WORKING))
        self._job: Job | None = None
        self.announced = False  # whether it has been said that this job takes long

    def watch(self, job: Job, *, announced: bool = False) -> None:
        """Announce ``job`` if it is still running in half a second, then tick.

        ``announced``: that has been done already.
        """
        self._job, self.announced = job, announced
        if announced:
            self._desk.root.after(TICK_MS, self._tick, job)
        else:
            self._desk.root.after(SAY_WORKING_AFTER_MS, self._late, job)

    def forget(self) -> None:
        """Watch nothing."""
        self._job, self.announced = None, False

    def _late(self, job: Job) -> None:
        if job is self._job and job.running:
            self.announced = True
            self._show()
            self._say()
            self._desk.root.after(TICK_MS, self._tick, job)

    def _tick(self, job: Job) -> None:
        if job is self._job and job.running:
            self._desk.voice.earcon("tick")
            self._desk.root.after(TICK_MS, self._tick, job)
