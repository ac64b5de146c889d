"""While something takes long: "Working" after half a second, then a soft tick each second."""

from collections.abc import Callable

from image_describer.app.desk import Desk
from image_describer.app.messages import WORKING
from image_describer.app.worker import Job

SAY_WORKING_AFTER_MS = 500  # silence longer than this feels broken
TICK_MS = 1000


class Progress:
    """Watches one job at a time; ``show()`` is called once it is announced."""

    def __init__(self, desk: Desk, show: Callable[[], None]) -> None:
        self._desk = desk
        self._show = show
        self._job: Job | None = None
        self.announced = False  # whether "Working" has been said for this job

    def watch(self, job: Job) -> None:
        """Announce ``job`` if it is still running in half a second."""
        self._job, self.announced = job, False
        self._desk.root.after(SAY_WORKING_AFTER_MS, self._late, job)

    def _late(self, job: Job) -> None:
        if job is self._job and job.running:
            self.announced = True
            self._show()
            self._desk.voice.tell(WORKING)
            self._desk.root.after(TICK_MS, self._tick, job)

    def _tick(self, job: Job) -> None:
        if job is self._job and job.running:
            self._desk.voice.earcon("tick")
            self._desk.root.after(TICK_MS, self._tick, job)
