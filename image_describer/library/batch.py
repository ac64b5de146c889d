"""Describe all pictures below folders, with all cores, into one output file.

A batch may be cancelled or killed at any time, and the next run continues it: what is done is kept
in a checkpoint beside the output until that is written.
"""

import contextlib
import threading
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from image_describer.captioner.bundle import check_language, open_bundle
from image_describer.captioner.languages import default_language
from image_describer.errors import ImageDescriberError
from image_describer.library import exporters, scan
from image_describer.library.checkpoint import (
    NO_FILE,
    Checkpoint,
    FileState,
    checkpoint_path,
    file_state,
)
from image_describer.library.describe_files import FileTask
from image_describer.library.index import Index, ModelId, model_id_of
from image_describer.library.local_pool import LocalPool
from image_describer.library.record import Record
from image_describer.library.scan import StrPath

if TYPE_CHECKING:
    from image_describer.library.cluster import ClusterPool

INDEX_CHUNK = 64  # records that are added to the index in one transaction ...
INDEX_EVERY_S = 2.0  # ... or as many as there are after this time
PROGRESS_EVERY_S = 0.1
NOT_DONE = -1


class BatchProgress(NamedTuple):
    """``total`` and ``left_s`` are None until all pictures are counted; ``rate`` is in pictures
    per second, of those described in this run.
    """

    done: int
    total: int | None
    rate: float
    left_s: float | None


@dataclass
class BatchResult:
    """``known`` pictures were described by an earlier run, or are in the index.

    ``failures``: path and reason of each picture that could not be described and of each folder
    that could not be read. ``index_error``: why the index was not updated, or "".
    ``index_notice``: that a damaged index was replaced, or "".
    """

    described: int = 0
    known: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    cancelled: bool = False
    index_error: str = ""
    index_notice: str = ""


def run(
    paths: Sequence[StrPath],
    output: Path | None = None,
    *,
    bundle: Path | None = None,
    language: str | None = None,
    workers: int | None = None,
    pool: "LocalPool | ClusterPool | None" = None,
    restart: bool = False,
    index: bool = True,
    text: bool = False,
    cancel: threading.Event | None = None,
    on_progress: Callable[[BatchProgress], None] = lambda _progress: None,
    on_record: Callable[[Record], Record | None] = lambda _record: None,
) -> BatchResult:
    """Describe the pictures in ``paths`` and write ``output``, in the order of `scan.pictures`.

    Pictures that an earlier run with the same output has done, or that the index knows from the
    same model, are not described again, unless they have changed or with ``restart``. Without
    ``output`` the records go only to ``on_record`` and into the index. ``text`` is that of
    `exporters.write`. ``language`` is the one to describe in, by default the program's, if the
    model has it; a ``pool`` has to be of the same.

    ``on_record`` gets every record, also those of an earlier run, as they become available; if it
    changes the picture's file, it returns the record with its new key. Both callbacks run on the
    caller's thread. When ``cancel`` is set, what is done is written, and the checkpoint is kept.

    Raises ImageDescriberError, before any work is done, for paths, outputs and languages that can't
    be used.
    """
    scan.check(paths)
    if output is not None:
        exporters.check(output)
    opened = open_bundle(bundle)
    language = language or default_language(opened.languages)
    check_language(language, opened.languages)
    files = opened.manifest["files"]
    model = model_id_of({name: str(entry["sha256"]) for name, entry in files.items()})
    with contextlib.ExitStack() as stack:
        checkpoint = None
        if output is not None:
            checkpoint = Checkpoint(
                checkpoint_path(output), model.name_in(language), restart=restart
            )
            stack.callback(checkpoint.close)
        index_writer = _IndexWriter(model if index else None, language)
        stack.callback(index_writer.close)
        batch = _BatchRun(
            paths, checkpoint, index_writer, cancel or threading.Event(), on_progress, on_record
        )
        result = batch.run(
            pool or LocalPool(bundle, workers, language=language), use_index=not restart
        )
        index_writer.flush()
        if not result.cancelled:
            index_writer.forget_missing(paths)
        result.index_error, result.index_notice = index_writer.error, index_writer.notice
        if output is not None and checkpoint is not None:
            exporters.write(
                output, batch.records(), folders=paths, partial=result.cancelled, text=text
            )
            if not result.cancelled:
                checkpoint.finish()
    return result


class _IndexWriter:
    """Adds records to the index in small transactions.

    If the index can't be used, ``error`` says why, and the batch goes on without it.
    """

    def __init__(self, model: ModelId | None, language: str) -> None:
        self.error = ""
        self._language = language
        self._pending: list[Record] = []
        self._flushed_at = time.monotonic()
        self._index: Index | None = None
        if model is not None:
            try:
                self._index = Index.open(model=model)
            except ImageDescriberError as error:
                self._give_up(error)

    @property
    def notice(self) -> str:
        """The sentence about a damaged index that was replaced, or ""."""
        return self._index.warning if self._index is not None else ""

    def lookup(self, file: str) -> Record | None:
        """Return the record of a picture that the index knows with the text in it."""
        if self._index is None:
            return None
        try:
            record = self._index.lookup(file, self._language)
        except ImageDescriberError as error:
            self._give_up(error)
            return None
        return record if record is not None and record.has_text else None

    def add(self, record: Record) -> None:
        """Add a record, now or within seconds."""
        if self._index is None:
            return
        self._pending.append(record)
        is_due = time.monotonic() - self._flushed_at > INDEX_EVERY_S
        if is_due or len(self._pending) >= INDEX_CHUNK:
            self.flush()

    def flush(self) -> None:
        """Add all pending records."""
        pending, self._pending = self._pending, []
        self._flushed_at = time.monotonic()
        if self._index is not None and pending:
            try:
                self._index.add(pending)
            except ImageDescriberError as error:
                self._give_up(error)

    def forget_missing(self, paths: Sequence[StrPath]) -> None:
        """Forget the pictures below ``paths`` whose files were deleted."""
        if self._index is not None:
            try:
                self._index.forget_missing(paths)
            except ImageDescriberError as error:
                self._give_up(error)

    def close(self) -> None:
        self.flush()
        if self._index is not None:
            self._index.close()

    def _give_up(self, error: ImageDescriberError) -> None:
        self.error = str(error)
        self._index = None


class _BatchRun:
    """One run: which pictures there are, which are done, and where their records are."""

    def __init__(
        self,
        paths: Sequence[StrPath],
        checkpoint: Checkpoint | None,
        index_writer: _IndexWriter,
        cancel: threading.Event,
        on_progress: Callable[[BatchProgress], None],
        on_record: Callable[[Record], Record | None],
    ) -> None:
        self._paths, self._checkpoint, self._index_writer = paths, checkpoint, index_writer
        self._cancel, self._on_progress, self._on_record = cancel, on_progress, on_record
        self._positions = array("q")  # of each picture's line in the checkpoint: 8 bytes a picture
        self._states: dict[int, FileState] = {}  # of the pictures in progress
        self._result = BatchResult()
        self._done = self._found = 0
        self._total: int | None = None
        self._began = self._reported_at = 0.0
        self._is_over = self._is_scanned = False

    def run(self, pool: "LocalPool | ClusterPool", *, use_index: bool) -> BatchResult:
        counter = threading.Thread(target=self._count, daemon=True, name="count")
        counter.start()
        self._began = time.monotonic()
        try:
            tasks = self._tasks(use_index)
            for number, record in pool.run(tasks, self._cancel, self._remaining):
                self._finish(number, record, self._states.pop(number, NO_FILE))
                self._result.described += not record.error
        finally:
            self._is_over = True
        counter.join()
        self._result.cancelled = not self._is_scanned or NOT_DONE in self._positions
        if not self._result.cancelled:
            self._total = self._done
        self._report(force=True)
        return self._result

    def records(self) -> Iterator[Record]:
        """Yield the records of all pictures that are done, in the order of the scan."""
        if self._checkpoint is not None:
            for position in self._positions:
                if position != NOT_DONE:
                    yield self._checkpoint.record(position)

    def _count(self) -> None:
        total = scan.count(self._paths, keep_going=self._keep_going)
        if self._keep_going():
            self._total = total

    def _keep_going(self) -> bool:
        return not self._is_over and not self._cancel.is_set()

    def _remaining(self) -> int | None:
        return None if self._total is None else max(0, self._total - self._found)

    def _tasks(self, use_index: bool) -> Iterator[FileTask]:
        """Yield the pictures to describe; those that are known are finished on the way."""
        for number, found in enumerate(scan.pictures(self._paths, keep_going=self._keep_going)):
            self._found += 1
            self._positions.append(NOT_DONE)
            if found.error:
                self._finish(number, Record(found.file, "", error=found.error), NO_FILE)
                continue
            state = file_state(found.file)
            if self._finish_from_checkpoint(number, found.file, state):
                continue
            record = self._index_writer.lookup(found.file) if use_index else None
            if record is not None:
                self._result.known += 1
                self._finish(number, record, state, is_indexed=True)
                continue
            self._states[number] = state
            yield number, found.file
        self._is_scanned = not self._cancel.is_set()

    def _finish_from_checkpoint(self, number: int, file: str, state: FileState) -> bool:
        """Finish a picture that an earlier run has done; returns whether it has."""
        position = None if self._checkpoint is None else self._checkpoint.find(file, state)
        if position is None or self._checkpoint is None:
            return False
        record = self._checkpoint.record(position)
        self._positions[number] = position
        self._done += 1
        if record.error:
            self._result.failures.append((file, record.error))
        else:
            self._result.known += 1
            if self._index_writer.lookup(file) is None:  # that run may have been killed before
                self._index_writer.add(record)
        changed = self._on_record(record)
        if changed is not None:
            self._positions[number] = self._checkpoint.add(changed, file_state(file))
            self._index_writer.add(changed)
        self._report()
        return True

    def _finish(
        self, number: int, record: Record, state: FileState, *, is_indexed: bool = False
    ) -> None:
        changed = self._on_record(record)
        if changed is not None:
            record, state, is_indexed = changed, file_state(changed.file), False
        position = 0 if self._checkpoint is None else self._checkpoint.add(record, state)
        self._positions[number] = position
        if not is_indexed:
            self._index_writer.add(record)
        if record.error:
            self._result.failures.append((record.file, record.error))
        self._done += 1
        self._report()

    def _report(self, *, force: bool = False) -> None:
        now = time.monotonic()
        if now - self._reported_at < PROGRESS_EVERY_S and not force:
            return
        self._reported_at = now
        if self._checkpoint is not None:
            self._checkpoint.sync_if_due(now)
        rate = self._result.described / max(now - self._began, 1e-3)
        left_s = None
        if self._total is not None and (rate or self._done >= self._total):
            left_s = max(0, self._total - self._done) / max(rate, 1e-3)
        self._on_progress(BatchProgress(self._done, self._total, rate, left_s))
