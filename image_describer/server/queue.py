"""The service's side of the describing processes: asynchronous calls, with time limits."""

import asyncio
import contextlib
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from image_describer.errors import (
    ImageDescriberError,
    ItemTimeoutError,
    PictureError,
    ProcessDiedError,
    TookTooLongError,
    UnavailableError,
    WorkerError,
)
from image_describer.i18n import _
from image_describer.server import jobs
from image_describer.server.config import ServerConfig
from image_describer.server.jobs import DescribeJob, MatchJob, SearchJob, SpeechJob
from image_describer.server.log import log
from image_describer.server.metrics import ServiceMetrics
from image_describer.text import number
from image_describer.workers.pool import Pool, PoolEvents
from image_describer.workers.worker import WorkFunction

GROUP_SIZE = 4  # a tenth less processor time per picture (train/experiments/service_groups.md)
HARMFUL_LIMIT = 1000  # digests of pictures that ended a process and are not tried again ...
HARMFUL_FOR_S = 600.0  # ... for a while, as it may have been bad luck


class DescribeQueue:
    """Hands jobs to a `Pool`; all methods are for the event loop.

    Call `start` first and `stop` at the end. ``ready`` is set while at least one process can work.
    """

    def __init__(self, config: ServerConfig, metrics: ServiceMetrics) -> None:
        self.ready = asyncio.Event()
        self.workers = 0  # processes that can work now
        self._metrics = metrics
        self._item_limit_s = config.limits.request_s / 3  # leaves time to wait and for a retry
        self._events = _QueueEvents(metrics, self._ready_changed)
        self._pool = Pool(
            config.bundle,
            config.workers or None,
            group_size=GROUP_SIZE,
            item_limit_s=self._item_limit_s,
            events=self._events,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._harmful: OrderedDict[bytes, float] = OrderedDict()

    def pids(self) -> list[int]:
        """The ids of the processes."""
        return self._pool.pids

    def start(self) -> None:
        """Start the processes; returns at once."""
        self._loop = asyncio.get_running_loop()
        self._pool.start()

    async def stop(self) -> None:
        """End the processes. Waiting jobs fail with UnavailableError."""
        await asyncio.to_thread(self._pool.close)

    async def describe(self, picture: bytes, language: str) -> dict[str, Any]:
        """Return the object of ``describe --json`` for the bytes of a picture's file.

        Raises PictureError, DescriptionLanguageError and UnavailableError.
        """
        job = DescribeJob(picture, language)
        result = await self._submit_picture(jobs.describe, job, picture, groupable=True)
        if isinstance(result, PictureError):
            raise result
        self._metrics.pictures.inc()
        return dict(result)

    async def read(self, picture: bytes) -> dict[str, Any]:
        """Return what is written in a picture, as ``read --json`` prints it.

        Raises PictureError and UnavailableError.
        """
        return dict(await self._submit_picture(jobs.read, picture, picture))

    async def match(
        self, picture: bytes, sentences: Sequence[str], language: str | None = None
    ) -> list[float]:
        """Return how well each sentence fits; see `Describer.matches` and `MatchJob`.

        Raises ImageDescriberError.
        """
        job = MatchJob(picture, tuple(sentences), language)
        return list(await self._submit_picture(jobs.match, job, picture))

    async def search(self, job: SearchJob) -> list[dict[str, Any]]:
        """Return what ``search --json`` prints, best first. Raises ImageDescriberError."""
        return list(await self._submit(jobs.search, job))

    async def speak(self, job: SpeechJob) -> bytes:
        """Return the content of a sound file. Raises ImageDescriberError."""
        return bytes(await self._submit(jobs.speak, job))

    async def _submit_picture(
        self, function: WorkFunction, item: Any, picture: bytes, *, groupable: bool = False
    ) -> Any:
        """Submit a job; a picture that ends processes is refused for a while."""
        digest = hashlib.sha256(picture).digest()
        if time.monotonic() - self._harmful.get(digest, -HARMFUL_FOR_S) < HARMFUL_FOR_S:
            raise _harmful()
        try:
            return await self._submit(function, item, groupable=groupable)
        except ProcessDiedError as error:
            self._remember_harmful(digest)
            raise _harmful() from error
        except TookTooLongError:
            self._remember_harmful(digest)
            raise

    async def _submit(self, function: WorkFunction, item: Any, *, groupable: bool = False) -> Any:
        try:
            future = self._pool.submit(function, item, groupable=groupable)
            return await asyncio.wrap_future(future)
        except ItemTimeoutError as error:
            raise TookTooLongError(
                _("It took longer than {seconds} seconds.").format(
                    seconds=number(self._item_limit_s)
                )
            ) from error
        except ProcessDiedError:
            raise
        except ImageDescriberError as error:
            if isinstance(error, WorkerError) or error is self._events.start_error:
                raise UnavailableError(error.sentence, error.way_out) from error
            raise

    def _remember_harmful(self, digest: bytes) -> None:
        self._harmful[digest] = time.monotonic()
        while len(self._harmful) > HARMFUL_LIMIT:
            self._harmful.popitem(last=False)

    def _ready_changed(self, count: int) -> None:
        """Called on the pool's thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop was closed
                self._loop.call_soon_threadsafe(self._set_ready, count)

    def _set_ready(self, count: int) -> None:
        self.workers = count
        if count:
            self.ready.set()
        else:
            self.ready.clear()


def _harmful() -> PictureError:
    return PictureError(
        _("The process that opened this picture died twice."),
        _("The file may be damaged. Save it again and retry."),
    )


class _QueueEvents(PoolEvents):
    """Logs and counts what happens to the processes."""

    def __init__(self, metrics: ServiceMetrics, on_ready_changed: Callable[[int], None]) -> None:
        self._metrics = metrics
        self._on_ready_changed = on_ready_changed
        self.start_error: ImageDescriberError | None = None  # of the last failed start

    def ready_changed(self, count: int) -> None:
        self._on_ready_changed(count)

    def group_sent(self, size: int) -> None:
        self._metrics.group_size.observe(size)

    def process_lost(self, timed_out: bool) -> None:
        reason = "took too long and was killed" if timed_out else "died"  # untranslated
        log(f"A describing process {reason}; another one replaces it.")
        (self._metrics.time_outs if timed_out else self._metrics.crashes).inc()

    def start_failed(self, error: ImageDescriberError) -> None:
        self.start_error = error
        log(str(error))
