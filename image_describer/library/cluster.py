"""Describe pictures with the workers of a Dask cluster; the records are the same as on one machine.

Client, scheduler and workers exchange pickles: anybody who can reach the scheduler can run code on
every machine of the cluster, and on this one. So it needs a network whose users trust each other,
or TLS with certificates for both sides (`TlsFiles`).
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
from image_describer.i18n import ENGLISH, N_, _
from image_describer.library import cluster_worker
from image_describer.library.cluster_client import TlsFiles, connect
from image_describer.library.cluster_worker import ClusterTask, WorkerReply
from image_describer.library.describe_files import FileTask
from image_describer.library.record import Record
from image_describer.text import visible

ANSWER_LIMIT_S = 20.0  # a scheduler usually answers in a millisecond
WATCH_EVERY_S = 3.0
NO_WORKERS_LIMIT_S = 60.0  # Dask restarts a dead worker within seconds
# Dask itself gives up a worker after five minutes of silence, and reassigns its pictures.
NOTHING_DONE_LIMIT_S = 900.0
CANCEL_CHECK_EVERY_S = 0.2
CANCEL_WITHIN_S = 5.0  # pictures in progress may be finished

CHUNK_SIZE = 12  # pictures that a worker's thread gets at once
CHUNK_BYTES = 8_000_000  # of their content
CHUNKS_PER_THREAD = 2  # one in progress, one waiting
CONTENT_LIMIT_BYTES = 300_000_000  # larger files are refused anyway

KEPT = N_("What is done so far is kept: the same command continues from there.")
INSTALL_THE_SAME = N_("Install the same there as here.")
LOST = N_("Every worker that opened it ended unexpectedly.")
LOST_WAY_OUT = N_("The file may be damaged, or there is too little memory.")


class ClusterPool:
    """Describes with the workers of the Dask scheduler at ``address``, "tcp://host:port".

    It replaces the pool of local processes. ``bundle`` is the model's folder; workers need the same
    model, in the same folder or as their own, and the same version of the program. A worker gets
    the path of a picture, or its content if it does not see the same file, or always with
    ``send_pictures``. ``language`` is the one to describe in. Raises ClusterError and BundleError,
    within 10 s if there is no scheduler.
    """

    def __init__(
        self,
        address: str,
        bundle: Path | None = None,
        *,
        language: str = ENGLISH,
        send_pictures: bool = False,
        tls: TlsFiles | None = None,
    ) -> None:
        self._address = address
        self._send_content = send_pictures
        self._spec = cluster_worker.batch_spec(bundle, language)
        self._client = connect(address, tls)
        self._events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._in_flight: dict[str, tuple[Any, list[ClusterTask]]] = {}
        self._retries: collections.deque[list[ClusterTask]] = collections.deque()
        self._ready: list[tuple[int, Record]] = []
        self._sent = 0
        try:
            self.threads = self._count_threads()
        except BaseException:
            self.close()
            raise
        if not self.threads:
            self.close()
            raise ClusterError(
                _("The scheduler at {address} has no workers.").format(address=visible(address)),
                _(
                    "Start some, on as many machines as you like: dask worker {address} "
                    "--nworkers auto --nthreads 1"
                ).format(address=visible(address)),
            )

    def run(
        self,
        tasks: Iterator[FileTask],
        cancel: threading.Event,
        remaining: Callable[[], int | None] = lambda: None,
    ) -> Iterator[tuple[int, Record]]:
        """Describe ``tasks``; yields numbers and records, in the order they are done.

        Pictures of a lost worker are done again by another; one that several workers died of gets
        an error. When ``cancel`` is set, no more pictures are begun. Only a few chunks are in
        flight at a time. Raises ClusterError.
        """
        watcher = threading.Thread(target=self._watch, daemon=True, name="watch")
        watcher.start()
        deadline = 0.0
        last_result = time.monotonic()
        try:
            while True:
                while self._ready:
                    yield self._ready.pop(0)
                if not cancel.is_set():
                    self._submit_chunks(tasks, cancel, remaining)
                if self._ready:
                    continue
                if not self._in_flight and not self._retries:
                    return
                if cancel.is_set():
                    self._retries.clear()
                    deadline = deadline or time.monotonic() + CANCEL_WITHIN_S
                    if not self._in_flight or time.monotonic() > deadline:
                        return
                try:
                    event = self._events.get(timeout=CANCEL_CHECK_EVERY_S)
                except queue.Empty:
                    if time.monotonic() - last_result > NOTHING_DONE_LIMIT_S:
                        raise self._lost(
                            _("The scheduler at {address} has finished no picture for a long time.")
                        ) from None
                    continue
                if isinstance(event, ClusterError):
                    raise event
                if isinstance(event, int):
                    self.threads = event
                    continue
                last_result = time.monotonic()
                self._handle_reply(*event)
        finally:
            self.close()

    def close(self) -> None:
        """Give up what is in flight, and disconnect."""
        self._closed.set()
        self._in_flight.clear()
        with contextlib.suppress(Exception):  # the scheduler may be gone
            self._client.close(timeout=CANCEL_WITHIN_S)

    def _submit_chunks(
        self,
        tasks: Iterator[FileTask],
        cancel: threading.Event,
        remaining: Callable[[], int | None],
    ) -> None:
        while len(self._in_flight) < CHUNKS_PER_THREAD * self.threads and not self._ready:
            chunk = self._retries.popleft() if self._retries else None
            if chunk is None:
                chunk = self._next_chunk(tasks, cancel, self._chunk_size(remaining()))
            if not chunk:
                return
            future = self._client.submit(
                cluster_worker.describe,
                self._spec,
                chunk,
                key=f"describe-{id(self):x}-{self._sent}",
                pure=False,
            )
            self._sent += 1
            self._in_flight[future.key] = (future, chunk)
            self._client.loop.add_callback(self._fetch, future)

    async def _fetch(self, future: Any) -> None:
        """Wait for a reply on Dask's thread.

        If the worker is lost, this takes until another has done the work again; if it hangs, until
        Dask gives it up. Other chunks don't wait for it.
        """
        reply: Any
        try:
            reply = await future
        except (Exception, asyncio.CancelledError) as error:
            reply = error
        self._events.put((future, reply))

    def _chunk_size(self, left: int | None) -> int:
        """Small chunks first, for early results, and last, so that all threads end together."""
        size = CHUNK_SIZE if self._sent >= CHUNKS_PER_THREAD * self.threads else 2
        return size if left is None else max(1, min(size, -(-left // (2 * self.threads))))

    def _next_chunk(
        self, tasks: Iterator[FileTask], cancel: threading.Event, size: int
    ) -> list[ClusterTask]:
        chunk: list[ClusterTask] = []
        content_bytes = 0
        while len(chunk) < size and content_bytes < CHUNK_BYTES and not cancel.is_set():
            task = next(tasks, None)
            if task is None:
                break
            cluster_task = self._cluster_task(*task)
            if cluster_task is not None:
                chunk.append(cluster_task)
                content_bytes += len(cluster_task.content or b"")
            elif len(self._ready) >= CHUNK_SIZE:
                break  # yield these errors before reading more files
        return chunk

    def _cluster_task(self, number: int, file: str, content: bool = False) -> ClusterTask | None:
        """Return the task to send; None for an unreadable file, whose record is ready then."""
        try:
            status = os.stat(file)
            if stat.S_ISREG(status.st_mode) and 0 < status.st_size <= CONTENT_LIMIT_BYTES:
                data = Path(file).read_bytes() if content or self._send_content else None
                return ClusterTask(number, file, data, status.st_size, status.st_mtime)
        except (OSError, ValueError):
            pass
        self._ready.append((number, _unreadable_record(file)))
        return None

    def _handle_reply(self, future: Any, reply: Any) -> None:
        """Handle the reply or the exception of a chunk. Raises ClusterError."""
        _unused, chunk = self._in_flight.pop(future.key, (None, None))
        if chunk is None:
            return
        if not isinstance(reply, BaseException):
            self._add_records(reply, chunk)
        elif future.status != "error":  # the connection failed, not the work
            raise self._lost(_("The scheduler at {address} went away.")) from reply
        elif type(reply).__name__ != "KilledWorker":
            raise _cluster_error(reply)
        elif len(chunk) > 1:
            self._retries.extend([task] for task in chunk)
        else:
            task = chunk[0]
            record = Record(task.file, "", error=f"{_(LOST)} {_(LOST_WAY_OUT)}")
            self._ready.append((task.number, record))

    def _add_records(self, reply: WorkerReply, chunk: list[ClusterTask]) -> None:
        if isinstance(reply, str):
            raise ClusterError(reply, f"{_(INSTALL_THE_SAME)} {_(KEPT)}")
        by_number = {task.number: task for task in chunk}
        for number, record in reply:
            if record is not None:
                self._ready.append((number, record))
                continue
            # This worker does not see the file; perhaps no other does, either.
            self._send_content = True
            task = self._cluster_task(number, by_number[number].file, content=True)
            if task is not None:
                self._retries.append([task])

    def _watch(self) -> None:
        """Ask for the number of workers every few seconds; report a scheduler that is lost."""
        no_workers_since: float | None = None
        while not self._closed.wait(WATCH_EVERY_S):
            try:
                threads = self._count_threads()
            except ClusterError as error:
                if not self._closed.is_set():
                    self._events.put(error)
                return
            no_workers_since = None if threads else no_workers_since or time.monotonic()
            if no_workers_since and time.monotonic() - no_workers_since > NO_WORKERS_LIMIT_S:
                self._events.put(
                    self._lost(_("The scheduler at {address} has lost all its workers."))
                )
                return
            if threads:
                self._events.put(threads)

    def _count_threads(self) -> int:
        """Return the number of threads of all workers. Raises ClusterError without an answer."""
        try:
            return sum(self._client.nthreads(callback_timeout=ANSWER_LIMIT_S).values())
        except Exception as error:  # Dask raises many kinds for a lost connection
            raise self._lost(_("The scheduler at {address} no longer answers.")) from error

    def _lost(self, sentence: str) -> ClusterError:
        return ClusterError(sentence.format(address=visible(self._address)), _(KEPT))


def _unreadable_record(file: str) -> Record:
    """Return the record of a file that can't be read here: the same as on one machine."""
    from image_describer.imaging.open import open_picture
    from image_describer.library.describe_files import content_key

    try:
        open_picture(file)
    except PictureError as error:
        key = ""
        with contextlib.suppress(OSError, ValueError):
            key = content_key(file) if os.path.isfile(file) else ""
        return Record(file, key, error=str(error))
    return Record(file, "", error=_("The file changed while it was being read."))


def _cluster_error(error: BaseException) -> ClusterError:
    if isinstance(error, (ImportError, AttributeError)):
        return ClusterError(
            _("A worker has no Image Describer, or one of another version ({error}).").format(
                error=visible(str(error))
            ),
            f"{_(INSTALL_THE_SAME)} {_(KEPT)}",
        )
    if isinstance(error, ImageDescriberError):
        return ClusterError(_("A worker can't describe. {error}").format(error=error), _(KEPT))
    text = visible(f"{type(error).__name__}: {error}")
    return ClusterError(
        _("Something went wrong on a worker ({reason}).").format(reason=text), _(KEPT)
    )
