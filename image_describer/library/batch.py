"""A batch: every picture below some folders described, with all cores, into one file.

It may be cancelled or killed at any time and goes on where it was: what is done lies in a journal
beside the output until that is written. The command line and the window both call `run`.
"""

import contextlib
import threading
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

from image_describer.captioner.bundle import open_bundle
from image_describer.errors import ImageDescriberError
from image_describer.library import exporters, scan
from image_describer.library.checkpoint import (
    NO_FILE,
    Checkpoint,
    FileState,
    checkpoint_path,
    file_state,
)
from image_describer.library.index import Index, ModelId, model_id
from image_describer.library.record import Record
from image_describer.library.scan import StrPath
from image_describer.workers.pool import Engine
from image_describer.workers.process import Task

if TYPE_CHECKING:
    from image_describer.library.cluster import ClusterPool

INDEX_AFTER = 64  # records written into the index in one transaction ...
INDEX_AFTER_S = 2.0  # ... or what there is after this time
PROGRESS_EVERY_S = 0.1
NOT_YET = -1


class BatchProgress(NamedTuple):
    """How far a batch is. ``total`` and ``left_s`` are None until all pictures are counted;
    ``rate`` is in pictures a second, of those described in this run.
    """

    done: int
    total: int | None
    rate: float
    left_s: float | None


@dataclass
class BatchResult:
    """What became of a batch. ``known`` pictures were described by an earlier run, or are in the
    index. ``broken``: file and reason of each picture that could not be described, and of each
    folder that could not be read. ``trouble``: why the index was not kept, or "". ``notice``: that
    a damaged one was set aside, or "".
    """

    described: int = 0
    known: int = 0
    broken: list[tuple[str, str]] = field(default_factory=list)
    cancelled: bool = False
    trouble: str = ""
    notice: str = ""


def run(
    places: Sequence[StrPath],
    output: Path | None = None,
    *,
    bundle: Path | None = None,
    workers: int | None = None,
    engine: "Engine | ClusterPool | None" = None,
    restart: bool = False,
    index: bool = True,
    cancel: threading.Event | None = None,
    on_progress: Callable[[BatchProgress], None] = lambda _progress: None,
    on_record: Callable[[Record], Record | None] = lambda _record: None,
) -> BatchResult:
    """Describe the pictures below ``places`` and write ``output``, whole, in the order of `walk`.

    What an earlier run with the same output has done is not done again, nor what the index holds of
    the same model, unless ``restart``; files that changed since are. ``output`` None: the records
    go to ``on_record``, and into the index, alone. ``on_record`` gets every record, those of an
    earlier run, too, in the order in which they are met or done; where it changes the file it
    returns the record with the new key. Both are called on the caller's thread. When ``cancel`` is
    set, what is done so far is written and the journal stays.

    Raises ImageDescriberError for places or outputs that can't be used, before any work is done.
    """
    scan.check(places)
    if output is not None:
        exporters.check(output)
    digests = {n: str(e["sha256"]) for n, e in open_bundle(bundle).manifest["files"].items()}
    model = model_id(SimpleNamespace(digests=digests))  # type: ignore[arg-type]
    with contextlib.ExitStack() as stack:
        journal = None
        if output is not None:
            journal = Checkpoint(checkpoint_path(output), model.name, restart=restart)
            stack.callback(journal.close)
        shelf = _Shelf(model if index else None)
        stack.callback(shelf.close)
        work = _Work(places, journal, shelf, cancel or threading.Event(), on_progress, on_record)
        outcome = work.run(engine or Engine(bundle, workers), trusts_index=not restart)
        shelf.flush()
        if not outcome.cancelled:
            shelf.forget_missing(places)
        outcome.trouble, outcome.notice = shelf.trouble, shelf.notice
        if output is not None and journal is not None:
            exporters.write(output, work.records(), folders=places, partial=outcome.cancelled)
            if not outcome.cancelled:
                journal.finish()
    return outcome


class _Shelf:
    """The index, in small transactions; a batch goes on without it where it can't be used."""

    def __init__(self, model: ModelId | None) -> None:
        self.trouble = ""
        self._waiting: list[Record] = []
        self._since = time.monotonic()
        self._index: Index | None = None
        if model is not None:
            try:
                self._index = Index.open(model=model)
            except ImageDescriberError as error:
                self._give_up(error)

    @property
    def notice(self) -> str:
        """That the index was damaged and had to be begun anew."""
        return self._index.trouble if self._index is not None else ""

    def known(self, file: str) -> Record | None:
        """What the index holds of a picture."""
        if self._index is None:
            return None
        try:
            return self._index.lookup(file)
        except ImageDescriberError as error:
            self._give_up(error)
            return None

    def add(self, record: Record) -> None:
        """Put a record into the index, now or soon."""
        if self._index is None:
            return
        self._waiting.append(record)
        late = time.monotonic() - self._since > INDEX_AFTER_S
        if late or len(self._waiting) >= INDEX_AFTER:
            self.flush()

    def flush(self) -> None:
        """Put what still waits into the index."""
        waiting, self._waiting = self._waiting, []
        self._since = time.monotonic()
        if self._index is not None and waiting:
            try:
                self._index.add(waiting)
            except ImageDescriberError as error:
                self._give_up(error)

    def forget_missing(self, places: Sequence[StrPath]) -> None:
        """Forget the pictures below ``places`` whose files were deleted."""
        if self._index is not None:
            try:
                self._index.forget_missing(places)
            except ImageDescriberError as error:
                self._give_up(error)

    def close(self) -> None:
        self.flush()
        if self._index is not None:
            self._index.close()

    def _give_up(self, error: ImageDescriberError) -> None:
        self.trouble = str(error)
        self._index = None


class _Work:
    """One run: which pictures there are, which of them are done, and where each one's line is."""

    def __init__(
        self,
        places: Sequence[StrPath],
        journal: Checkpoint | None,
        shelf: _Shelf,
        cancel: threading.Event,
        on_progress: Callable[[BatchProgress], None],
        on_record: Callable[[Record], Record | None],
    ) -> None:
        self._places, self._journal, self._shelf, self._cancel = places, journal, shelf, cancel
        self._on_progress, self._on_record = on_progress, on_record
        self._lines = array("q")  # eight bytes a picture: where its line lies in the journal
        self._states: dict[int, FileState] = {}  # of the pictures in flight
        self._outcome = BatchResult()
        self._done = self._met = 0
        self._total: int | None = None
        self._began = self._told = 0.0
        self._over = self._walked = False

    def run(self, engine: "Engine | ClusterPool", *, trusts_index: bool) -> BatchResult:
        counting = threading.Thread(target=self._count, daemon=True, name="counting pictures")
        counting.start()
        self._began = time.monotonic()
        try:
            tasks = self._tasks(trusts_index)
            for number, record in engine.run(tasks, self._cancel, self._remaining):
                self._take(number, record, self._states.pop(number, NO_FILE))
                self._outcome.described += not record.error
        finally:
            self._over = True
        counting.join()
        self._outcome.cancelled = not self._walked or NOT_YET in self._lines
        if not self._outcome.cancelled:
            self._total = self._done
        self._tell(now=True)
        return self._outcome

    def records(self) -> Iterator[Record]:
        """All that is done, in the order of the walk."""
        if self._journal is not None:
            for line in self._lines:
                if line != NOT_YET:
                    yield self._journal.record(line)

    def _count(self) -> None:
        total = scan.count(self._places, keep_going=self._is_wanted)
        if self._is_wanted():
            self._total = total

    def _is_wanted(self) -> bool:
        return not self._over and not self._cancel.is_set()

    def _remaining(self) -> int | None:
        return None if self._total is None else max(0, self._total - self._met)

    def _tasks(self, trusts_index: bool) -> Iterator[Task]:
        """What is to be described; what is known already is taken from where it is known."""
        for number, found in enumerate(scan.pictures(self._places, keep_going=self._is_wanted)):
            self._met += 1
            self._lines.append(NOT_YET)
            if found.error:
                self._take(number, Record(found.file, "", error=found.error), NO_FILE)
                continue
            state = file_state(found.file)
            if self._is_in_journal(number, found.file, state):
                continue
            record = self._shelf.known(found.file) if trusts_index else None
            if record is not None:
                self._outcome.known += 1
                self._take(number, record, state, add=False)
                continue
            self._states[number] = state
            yield number, found.file
        self._walked = not self._cancel.is_set()

    def _is_in_journal(self, number: int, file: str, state: FileState) -> bool:
        """Whether an earlier run has done a picture. It may have died before the index had it."""
        line = None if self._journal is None else self._journal.place(file, state)
        if line is None or self._journal is None:
            return False
        record = self._journal.record(line)
        self._lines[number] = line
        self._done += 1
        if record.error:
            self._outcome.broken.append((file, record.error))
        else:
            self._outcome.known += 1
            if self._shelf.known(file) is None:
                self._shelf.add(record)
        changed = self._on_record(record)
        if changed is not None:
            self._lines[number] = self._journal.add(changed, file_state(file))
            self._shelf.add(changed)
        self._tell()
        return True

    def _take(self, number: int, record: Record, state: FileState, *, add: bool = True) -> None:
        changed = self._on_record(record)
        if changed is not None:
            record, state, add = changed, file_state(changed.file), True
        self._lines[number] = 0 if self._journal is None else self._journal.add(record, state)
        if add:
            self._shelf.add(record)
        if record.error:
            self._outcome.broken.append((record.file, record.error))
        self._done += 1
        self._tell()

    def _tell(self, *, now: bool = False) -> None:
        moment = time.monotonic()
        if moment - self._told < PROGRESS_EVERY_S and not now:
            return
        self._told = moment
        if self._journal is not None:
            self._journal.settle_now_and_then(moment)
        rate = self._outcome.described / max(moment - self._began, 1e-3)
        left = None
        if self._total is not None and (rate or self._done >= self._total):
            left = max(0, self._total - self._done) / max(rate, 1e-3)
        self._on_progress(BatchProgress(self._done, self._total, rate, left))
