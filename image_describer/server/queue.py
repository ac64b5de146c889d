"""The processes that describe: they are handed pictures in groups, watched, and replaced."""

import asyncio
import hashlib
import itertools
import os
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from image_describer.captioner import runtime
from image_describer.errors import (
    BundleError,
    ImageDescriberError,
    PictureError,
    TookTooLongError,
    UnavailableError,
)
from image_describer.server import worker
from image_describer.server.config import Settings
from image_describer.server.lane import Lane, LostError
from image_describer.server.log import log
from image_describer.server.metrics import Metrics

GROUP = 4  # pictures at once: a tenth less of the processor each (benchmarks/service_groups.py)
TRIES = 2  # of a task whose process died
STARTS_IN_VAIN = 3  # one after the other: it is not a picture's fault then
PAUSE_S = 1.0  # before the next start then, doubled each time
PAUSE_LIMIT_S = 30.0
LOOK_EVERY_S = 0.2
HARMFUL_KEPT = 1000  # digests of pictures that ended a process: they are not tried again ...
HARMFUL_FOR_S = 600.0  # ... for a while: it may have been bad luck
NUMPY_THREADS = "OPENBLAS_NUM_THREADS"

HARMFUL = PictureError(
    "That file is not a picture I can open: the process that looked at it ended by itself, twice.",
    "The file is damaged in a way that I can't tell. Save it anew and try again.",
)
SLOW = "Looking at it took longer than {limit:.0f} seconds."


FAILED = UnavailableError("The process that worked on it ended by itself, twice.")


@dataclass(order=True)
class _Job:
    """A task and who waits for it. Those of the least ``rank`` come first."""

    rank: tuple[int, int]
    kind: str = field(compare=False)
    given: Any = field(compare=False)
    answer: "asyncio.Future[Any]" = field(compare=False)
    tries: int = field(default=0, compare=False)
    alone: bool = field(default=False, compare=False)


class Crew:
    """Describes with several processes; all methods are for the event loop.

    `start` first, `stop` at the end. ``ready`` is set while at least one process can answer.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._picture_s = settings.limits.request_s / 3  # a second try, and what waits, fit in, too
        count = settings.workers or runtime.cores()
        self.lanes = [Lane(settings.bundle, self._picture_s) for _ in range(count)]
        self.ready = asyncio.Event()
        self.trouble = ""  # why no process starts
        self._metrics = metrics
        self._waiting: asyncio.PriorityQueue[_Job] = asyncio.PriorityQueue()
        self._numbers = itertools.count()
        self._harmful: OrderedDict[bytes, float] = OrderedDict()
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="lane")
        self._tasks: list[asyncio.Task[None]] = []
        self._working: set[Lane] = set()
        self._up: set[Lane] = set()

    @property
    def workers(self) -> int:
        """How many processes can answer."""
        return len(self._up)

    def pids(self) -> list[int]:
        """The numbers of the processes."""
        return [pid for lane in self.lanes if (pid := lane.pid) is not None]

    def start(self) -> None:
        """Start the processes; returns at once."""
        os.environ.setdefault(NUMPY_THREADS, "1")  # processes use the cores, threads would fight
        self._tasks = [asyncio.create_task(self._run(lane)) for lane in self.lanes]
        self._tasks.append(asyncio.create_task(self._watch()))

    async def stop(self) -> None:
        """End the processes. What waits is not answered any more."""
        for task in self._tasks:
            task.cancel()
        for lane in self._working:
            lane.kill()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        loop = asyncio.get_running_loop()
        ends = [loop.run_in_executor(self._threads, lane.end) for lane in self.lanes]
        await asyncio.gather(*ends, return_exceptions=True)
        self._threads.shutdown(wait=False)

    async def describe(self, picture: bytes) -> dict[str, Any]:
        """The object of ``describe --json`` for the bytes of a picture's file.

        Raises PictureError, and UnavailableError.
        """
        if self._is_harmful(picture):
            raise HARMFUL
        answer = await self._ask(worker.DESCRIBE, picture)
        if isinstance(answer, worker.Refused):
            raise PictureError(*answer)
        self._metrics.pictures.inc()
        return dict(answer)

    async def match(self, picture: bytes, sentences: Sequence[str]) -> list[float]:
        """How well each sentence fits the picture, see `Describer.matches`.

        Raises ImageDescriberError.
        """
        if self._is_harmful(picture):
            raise HARMFUL
        return list(await self._ask(worker.MATCH, (picture, tuple(sentences))))

    async def search(self, wanted: worker.Wanted) -> list[dict[str, Any]]:
        """What ``search --json`` prints, best first. Raises ImageDescriberError."""
        return list(await self._ask(worker.SEARCH, wanted))

    async def speak(self, spoken: worker.Spoken) -> bytes:
        """The content of a sound file. Raises ImageDescriberError."""
        return bytes(await self._ask(worker.SPEAK, spoken))

    async def _ask(self, kind: str, given: Any) -> Any:
        if not self._up and self.trouble:
            raise UnavailableError(self.trouble)
        answer = asyncio.get_running_loop().create_future()
        job = _Job((1, next(self._numbers)), kind, given, answer)
        self._waiting.put_nowait(job)
        try:
            return await answer
        finally:
            job.given = None  # whoever asked is gone, or answered: nobody needs the picture

    async def _run(self, lane: Lane) -> None:
        """Keep a lane's process running, and busy."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            try:
                await loop.run_in_executor(self._threads, lane.start)
            except (LostError, ImageDescriberError, OSError) as error:
                failures += 1
                self._tell_trouble(error, failures)
                await asyncio.sleep(min(PAUSE_S * 2**failures, PAUSE_LIMIT_S))
                continue
            failures, self.trouble = 0, ""
            self._up.add(lane)
            self.ready.set()
            try:
                while lane.alive:
                    await self._serve(lane)
            except LostError as lost:
                why = "took too long and was ended" if lost.slow else "ended by itself"
                log(f"A process that describes {why}; another one takes its place.")
                (self._metrics.time_outs if lost.slow else self._metrics.crashes).inc()
            finally:
                self._up.discard(lane)
                self._working.discard(lane)
                if not self._up:
                    self.ready.clear()

    def _tell_trouble(self, error: Exception, failures: int) -> None:
        if isinstance(error, BundleError):
            self.trouble = str(error)
        elif failures >= STARTS_IN_VAIN:
            self.trouble = "The processes that describe don't start; is there too little memory?"
        if self.trouble and not self._up:
            log(self.trouble)
            while not self._waiting.empty():
                _fail(self._waiting.get_nowait(), UnavailableError(self.trouble))

    async def _watch(self) -> None:
        """End processes that take too long."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            for lane in self.lanes:
                lane.end_if_slow()

    async def _serve(self, lane: Lane) -> None:
        """One group of what waits, done by a lane. Raises LostError where its process ended."""
        jobs = await self._next_group()
        if not jobs:
            return
        kind = jobs[0].kind
        describes = kind == worker.DESCRIBE
        given = [job.given for job in jobs] if describes else jobs[0].given
        self._working.add(lane)
        self._metrics.group_size.observe(len(jobs))
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(self._threads, lane.ask, kind, given)
        except LostError as lost:
            for place, job in enumerate(jobs):
                self._again(job, lost, blamed=lost.at in (place, worker.ALL))
            raise
        except asyncio.CancelledError:
            for job in jobs:
                _fail(job, UnavailableError("The service is stopping."))
            raise
        finally:
            self._working.discard(lane)
        if isinstance(answers, ImageDescriberError):
            for job in jobs:
                _fail(job, answers)
            return
        for job, answer in zip(jobs, answers if describes else [answers], strict=True):
            if not job.answer.done():
                job.answer.set_result(answer)

    async def _next_group(self) -> list[_Job]:
        """What is to be done next, or nothing after a while. Pictures come in groups: as many as
        wait for each lane that has nothing to do.
        """
        try:
            jobs = [await asyncio.wait_for(self._waiting.get(), LOOK_EVERY_S)]
        except asyncio.TimeoutError:
            return []
        free = max(1, len(self._up) - len(self._working))
        size = min(GROUP, -(-(self._waiting.qsize() + 1) // free))
        while jobs[0].kind == worker.DESCRIBE and not jobs[0].alone and len(jobs) < size:
            if self._waiting.empty():
                break
            job = self._waiting.get_nowait()
            if job.kind != worker.DESCRIBE or job.alone:
                self._waiting.put_nowait(job)
                break
            jobs.append(job)
        return [job for job in jobs if not job.answer.done()]

    def _again(self, job: _Job, lost: LostError, *, blamed: bool) -> None:
        """Put back what a process was at when it ended, or give it up."""
        if job.answer.done():
            return
        if blamed:
            job.tries += 1
            picture = job.given[0] if job.kind == worker.MATCH else job.given
            if lost.slow and (job.alone or lost.at != worker.ALL):
                self._remember(picture)
                _fail(job, TookTooLongError(SLOW.format(limit=self._picture_s)))
                return
            if job.tries >= TRIES:
                self._remember(picture)
                _fail(job, HARMFUL if isinstance(picture, bytes) else FAILED)
                return
        job.alone = job.alone or blamed
        job.rank = (0, job.rank[1])  # it has waited longer than all others
        self._waiting.put_nowait(job)

    def _remember(self, picture: Any) -> None:
        if isinstance(picture, bytes):
            self._harmful[hashlib.sha256(picture).digest()] = time.monotonic()
            while len(self._harmful) > HARMFUL_KEPT:
                self._harmful.popitem(last=False)

    def _is_harmful(self, picture: bytes) -> bool:
        if not self._harmful:
            return False
        since = self._harmful.get(hashlib.sha256(picture).digest())
        return since is not None and time.monotonic() - since < HARMFUL_FOR_S


def _fail(job: _Job, error: Exception) -> None:
    if not job.answer.done():
        job.answer.set_exception(error)
