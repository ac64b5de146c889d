"""One run over the pictures of a folder, in a batch beside the window."""

import collections
import itertools
import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from image_describer.app.folder_error import folder_error
from image_describer.app.tasks.own_pictures import OwnPictures, list_line, named_in
from image_describer.app.tasks.record_store import RecordStore, walk_order
from image_describer.text import one_line

if TYPE_CHECKING:
    from image_describer.app.jobs import BackgroundJob
    from image_describer.library.batch import BatchProgress, BatchResult
    from image_describer.library.record import Record
    from image_describer.settings import Settings


class ResultLine(NamedTuple):
    """The line of the list for one picture; lines sort as they are listed.

    ``order``: whether it failed, then the order of `scan.pictures`, which in each folder is that of
    the chooser.
    """

    order: tuple[bool, tuple[object, ...]]
    file: str
    text: str


class LoadResult(NamedTuple):
    """How many pictures were described before, and what has happened to the index, or ""."""

    known: int
    warning: str


class FolderRun:
    """One run over ``folder``, with or without its ``subfolders``.

    `count`, `work` and `load` block and belong on a job's thread; everything else returns at once.
    With ``indexed``, pictures that the index knows are not described again, and new descriptions
    are added to it.
    """

    def __init__(self, folder: str, subfolders: bool, settings: "Settings", indexed: bool) -> None:
        self.folder = os.path.abspath(folder)
        self.indexed = indexed
        self.total = 0  # pictures, once they are counted
        self.progress: BatchProgress | None = None
        self.records = RecordStore()
        self._subfolders = subfolders
        self._settings = settings
        self._stop = threading.Event()
        self._lines: collections.deque[ResultLine] = collections.deque()

    def count(self, job: "BackgroundJob") -> int:
        """Return how many pictures there are. Raises FolderError."""
        from image_describer.library import scan

        try:
            os.scandir(self.folder).close()
        except (OSError, ValueError) as error:  # unreadable subfolders do not end the run
            raise folder_error(self.folder, error) from error
        self.total = scan.count(self._paths(), keep_going=lambda: not job.cancelled)
        return self.total

    def work(self, _job: "BackgroundJob") -> "BatchResult":
        """Describe until everything is done or `stop` is called. Raises ImageDescriberError."""
        from image_describer.library import batch
        from image_describer.library.local_pool import LocalPool

        outcome = batch.run(
            self._paths(),
            index=self.indexed,
            cancel=self._stop,
            on_progress=self._on_progress,
            on_record=self._on_record,
            pool=LocalPool(low_priority=True),
        )
        if not outcome.cancelled:
            self.records.mark_complete()
        return outcome

    def load(self, own_pictures: OwnPictures) -> LoadResult:
        """Take what was described before. Raises LibraryError and BundleError."""
        records = sorted(
            own_pictures.known_below(self.folder), key=lambda record: walk_order(record.file)
        )
        for record in records:
            self._on_record(record)
        return LoadResult(len(records), own_pictures.new_index_warning())

    def stop(self) -> None:
        """Start no more pictures; those in progress are finished and kept."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def take_lines(self, limit: int) -> list[ResultLine]:
        """Remove and return the next lines, at most ``limit``."""
        return [self._lines.popleft() for _ in range(min(limit, len(self._lines)))]

    def _paths(self) -> Sequence[str]:
        return [self.folder] if self._subfolders else pictures_directly_in(self.folder)

    def _on_progress(self, progress: "BatchProgress") -> None:
        self.progress = progress

    def _on_record(self, record: "Record") -> None:
        self.records.add(record)
        file, description = record.file, record.description
        if description is None:
            text = named_in(record.error, file, self.folder)
        else:
            text = list_line(description, self._settings, file, self.folder)
        order = description is None, walk_order(file)
        self._lines.append(ResultLine(order, file, one_line(text)))


def pictures_directly_in(folder: str) -> list[str]:
    """Return the pictures of ``folder`` without those of its subfolders.

    A folder that can't be read is returned itself, so that the batch reports why.
    """
    from image_describer.library import scan

    if not os.path.isdir(folder) or not os.access(folder, os.R_OK):
        return [folder]
    # The pictures of the folder itself come before those of its subfolders.
    pictures = itertools.takewhile(
        lambda found: os.path.dirname(found.file) == folder, scan.pictures([folder])
    )
    return [found.file for found in pictures]
