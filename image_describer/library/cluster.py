"""Describing with the workers of a Dask cluster: the same batch, the same records.

What travels between client, scheduler and workers is pickled: whoever can reach the scheduler can
run code on every machine of the cluster, and on this one. It belongs into a network whose members
all trust each other, or behind TLS with certificates for both sides (`Tls`).
"""

import asyncio
import collections
import contextlib
import os
import queue
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from image_describer.errors import ClusterError, ImageDescriberError, PictureError
from image_describer.library import cluster_worker
from image_describer.library.cluster_client import TlsFiles, connect
from image_describer.library.cluster_worker import ClusterTask, WorkerReply
from image_describer.library.record import Record
from image_describer.text import visible
from image_describer.workers.process import Task

ANSWER_LIMIT_S = 20.0  # for a question that a scheduler answers in a millisecond
WATCH_EVERY_S = 3.0
NO_WORKERS_LIMIT_S = 60.0  # Dask starts a worker that died again within seconds
# Dask itself gives up a worker after five minutes of silence, and hands its pictures to another.
NOTHING_DONE_LIMIT_S = 900.0
LOOK_EVERY_S = 0.2  # whether somebody has cancelled
CANCEL_WITHIN_S = 5.0  # what is in flight may be finished

AT_ONCE = 12  # pictures in one parcel to a thread of a worker, as to a process of one machine
AT_ONCE_BYTES = 8_000_000  # of their content
WAITING = 2  # parcels for each thread: one that is being done, one that waits for it
CONTENT_LIMIT_BYTES = 300_000_000  # a larger file is refused wherever it is opened

KEPT = "What is done so far is kept: the same command goes on from there."
LOST = "Every worker that looked at it ended by itself."
LOST_WAY_OUT = "The file is damaged in a way that I can't tell, or there is too little memory."


class ClusterPool:
    """Describes with the workers of the Dask scheduler at ``address``, "tcp://host:port".

    It takes the place of `engine.Engine`. ``bundle`` is the folder of the model here: workers must
    have the same one, at the same place or as their own, and the same version of the program. Of
    each picture the path goes to a worker, and the content where it does not see the same file;
    with ``send_pictures`` always the content. Raises ClusterError and BundleError, within 10 s
    where there is no scheduler.
    """

    def __init__(
        self,
        address: str,
        bundle: Path | None = None,
        *,
        send_pictures: bool = False,
        tls: TlsFiles | None = None,
    ) -> None:
        self._address = address
        self._sends = send_pictures
        self._order = cluster_worker.batch_spec(bundle)
        self._client = connect(address, tls)
        self._news: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._out: dict[str, tuple[Any, list[ClusterTask]]] = {}
        self._again: collections.deque[list[ClusterTask]] = collections.deque()
        self._ready: list[tuple[int, Record]] = []
        self._given = 0
        try:
            self.threads = self._count_threads()
        except BaseException:
            self.close()
            raise
        if not self.threads:
            self.close()
            raise ClusterError(
                f"The scheduler at {visible(address)} has no workers.",
                f"Start some, on as many machines as you like: dask worker {visible(address)} "
                "--nworkers auto --nthreads 1",
            )

    def run(
        self,
        tasks: Iterator[Task],
        cancel: threading.Event,
        remaining: Callable[[], int | None] = lambda: None,
    ) -> Iterator[tuple[int, Record]]:
        """Describe ``tasks``; yields each one's number and record, in the order they are done.

        As `Engine.run`: the pictures of a worker that is lost are done again by another, a picture
        that several workers died of is recorded as broken, and when ``cancel`` is set, what is in
        flight is finished and no more begun. Never more than a few parcels are in flight.
        Raises ClusterError.
        """
        watch = threading.Thread(target=self._watch, daemon=True, name="watching the cluster")
        watch.start()
        deadline = 0.0
        heard = time.monotonic()
        try:
            while True:
                while self._ready:
                    yield self._ready.pop(0)
                if not cancel.is_set():
                    self._hand_out(tasks, cancel, remaining)
                if self._ready:
                    continue
                if not self._out and not self._again:
                    return
                if cancel.is_set():
                    self._again.clear()
                    deadline = deadline or time.monotonic() + CANCEL_WITHIN_S
                    if not self._out or time.monotonic() > deadline:
                        return
                try:
                    news = self._news.get(timeout=LOOK_EVERY_S)
                except queue.Empty:
                    if time.monotonic() - heard > NOTHING_DONE_LIMIT_S:
                        raise self._lost("has finished no picture for a long time") from None
                    continue
                if isinstance(news, ClusterError):
                    raise news
                if isinstance(news, int):
                    self.threads = news
                    continue
                heard = time.monotonic()
                self._take_in(*news)
        finally:
            self.close()

    def close(self) -> None:
        """Give up what is in flight, and leave the cluster."""
        self._closed.set()
        self._out.clear()
        with contextlib.suppress(Exception):  # a scheduler that is gone needs no farewell
            self._client.close(timeout=CANCEL_WITHIN_S)

    def _hand_out(
        self, tasks: Iterator[Task], cancel: threading.Event, remaining: Callable[[], int | None]
    ) -> None:
        while len(self._out) < WAITING * self.threads and not self._ready:
            parcels = self._again.popleft() if self._again else None
            if parcels is None:
                parcels = self._pack(tasks, cancel, self._size(remaining()))
            if not parcels:
                return
            future = self._client.submit(
                cluster_worker.describe,
                self._order,
                parcels,
                key=f"describe-{id(self):x}-{self._given}",
                pure=False,
            )
            self._given += 1
            self._out[future.key] = (future, parcels)
            self._client.loop.add_callback(self._fetch, future)

    async def _fetch(self, future: Any) -> None:
        """On Dask's thread: wait for an answer, fetch it, and tell of it.

        Nobody else waits meanwhile: of a worker that is lost with an answer it takes until another
        one has worked that out again, of one that hangs until Dask gives it up.
        """
        answer: Any
        try:
            answer = await future
        except (Exception, asyncio.CancelledError) as error:
            answer = error
        self._news.put((future, answer))

    def _size(self, left: int | None) -> int:
        """Small parcels first, so that something is soon heard, and at the end."""
        size = AT_ONCE if self._given >= WAITING * self.threads else 2
        return size if left is None else max(1, min(size, -(-left // (2 * self.threads))))

    def _pack(self, tasks: Iterator[Task], cancel: threading.Event, size: int) -> list[ClusterTask]:
        parcels: list[ClusterTask] = []
        held = 0
        while len(parcels) < size and held < AT_ONCE_BYTES and not cancel.is_set():
            task = next(tasks, None)
            if task is None:
                break
            parcel = self._packed(*task)
            if parcel is not None:
                parcels.append(parcel)
                held += len(parcel.content or b"")
            elif len(self._ready) >= AT_ONCE:
                break  # only broken ones here: let them be heard of
        return parcels

    def _packed(self, number: int, file: str, content: bool = False) -> ClusterTask | None:
        """A picture for its way; None where there is nothing to send, and its record is ready."""
        try:
            status = os.stat(file)
            if stat.S_ISREG(status.st_mode) and 0 < status.st_size <= CONTENT_LIMIT_BYTES:
                sent = None
                if content or self._sends:
                    sent = Path(file).read_bytes()
                return ClusterTask(number, file, sent, status.st_size, status.st_mtime)
        except (OSError, ValueError):
            pass
        self._ready.append((number, _refused(file)))
        return None

    def _take_in(self, future: Any, answer: Any) -> None:
        """Sort in what a worker has answered. Raises ClusterError."""
        _, parcels = self._out.pop(future.key, (None, None))
        if parcels is None:
            return
        if not isinstance(answer, BaseException):
            self._sort_in(answer, parcels)
        elif future.status != "error":  # it was not the worker's work that went wrong
            raise self._lost("went away") from answer
        elif type(answer).__name__ != "KilledWorker":
            raise _explained(answer)
        elif len(parcels) > 1:
            self._again.extend([one] for one in parcels)
        else:
            one = parcels[0]
            self._ready.append((one.number, Record(one.file, "", error=f"{LOST} {LOST_WAY_OUT}")))

    def _sort_in(self, answer: WorkerReply, parcels: list[ClusterTask]) -> None:
        if isinstance(answer, str):
            raise ClusterError(answer, f"Install the same there as here. {KEPT}")
        by_number = {one.number: one for one in parcels}
        for number, record in answer:
            if record is not None:
                self._ready.append((number, record))
                continue
            # This worker does not see the file, and the next one perhaps neither.
            self._sends = True
            parcel = self._packed(number, by_number[number].file, content=True)
            if parcel is not None:
                self._again.append([parcel])

    def _watch(self) -> None:
        """Ask every few seconds how many workers there are; say when nobody answers."""
        alone_since: float | None = None
        while not self._closed.wait(WATCH_EVERY_S):
            try:
                threads = self._count_threads()
            except ClusterError as error:
                if not self._closed.is_set():
                    self._news.put(error)
                return
            alone_since = None if threads else alone_since or time.monotonic()
            if alone_since and time.monotonic() - alone_since > NO_WORKERS_LIMIT_S:
                self._news.put(self._lost("has lost all its workers"))
                return
            if threads:
                self._news.put(threads)

    def _count_threads(self) -> int:
        """Of all workers. Raises ClusterError where the scheduler doesn't say."""
        try:
            return sum(self._client.nthreads(callback_timeout=ANSWER_LIMIT_S).values())
        except Exception as error:  # whatever an interrupted connection makes Dask raise
            raise self._lost("doesn't answer any more") from error

    def _lost(self, what: str) -> ClusterError:
        return ClusterError(f"The scheduler at {visible(self._address)} {what}.", KEPT)


def _refused(file: str) -> Record:
    """The record of a file that can't be read here, or not by anybody: as on one machine."""
    from image_describer.imaging.open import open_picture
    from image_describer.library.describe_files import content_key

    try:
        open_picture(file)
    except PictureError as error:
        key = ""
        with contextlib.suppress(OSError, ValueError):
            key = content_key(file) if os.path.isfile(file) else ""
        return Record(file, key, error=str(error))
    return Record(file, "", error="It was being changed while it was read.")


def _explained(error: BaseException) -> ClusterError:
    if isinstance(error, (ImportError, AttributeError)):
        return ClusterError(
            f"A worker has no Image Describer, or one of another version ({visible(str(error))}).",
            f"Install the same there as here. {KEPT}",
        )
    if isinstance(error, ImageDescriberError):
        return ClusterError(f"A worker can't describe. {error}", KEPT)
    said = visible(f"{type(error).__name__}: {error}")
    return ClusterError(f"Something went wrong on a worker ({said}).", KEPT)
