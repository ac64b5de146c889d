"""Describes the pictures of a folder in a batch beside the window."""

import collections
import itertools
import os
import threading
from typing import TYPE_CHECKING, NamedTuple

from image_describer.app.folder_error import folder_error
from image_describer.app.tasks.lazy_describer import spoken_sentence
from image_describer.app.tasks.record_store import RecordStore
from image_describer.text import one_line, visible

if TYPE_CHECKING:
    from image_describer.app.jobs import BackgroundJob
    from image_describer.library.batch import BatchProgress, BatchResult
    from image_describer.library.record import Record
    from image_describer.settings import Settings


class ResultLine(NamedTuple):
    """The line of the list for one picture: its path, the text, and whether it was described."""

    file: str
    text: str
    described: bool


class FolderRun:
    """One run over ``folder``, with or without its ``subfolders``.

    `work` blocks and belongs on a job's thread; everything else returns at once. With ``indexed``,
    pictures that the index knows are not described again, and new descriptions are added to it.
    """

    def __init__(self, folder: str, subfolders: bool, settings: "Settings", indexed: bool) -> None:
        self.folder = os.path.abspath(folder)
        self.indexed = indexed
        self.progress: BatchProgress | None = None
        self.records = RecordStore()
        self._subfolders = subfolders
        self._settings = settings
        self._stop = threading.Event()
        self._lines: collections.deque[ResultLine] = collections.deque()

    def work(self, _job: "BackgroundJob") -> "BatchResult":
        """Describe until everything is done or `stop` is called. Raises ImageDescriberError."""
        from image_describer.library import batch
        from image_describer.library.local_pool import LocalPool

        try:
            os.scandir(self.folder).close()
        except (OSError, ValueError) as error:  # unreadable subfolders do not end the run
            raise folder_error(self.folder, error) from error
        outcome = batch.run(
            [self.folder] if self._subfolders else pictures_directly_in(self.folder),
            index=self.indexed,
            cancel=self._stop,
            on_progress=self._on_progress,
            on_record=self._on_record,
            pool=LocalPool(low_priority=True),
        )
        if not outcome.cancelled:
            self.records.mark_complete()
        return outcome

    def stop(self) -> None:
        """Start no more pictures; those in progress are finished and kept."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def take_lines(self, limit: int) -> list[ResultLine]:
        """Remove and return the next lines, at most ``limit``."""
        return [self._lines.popleft() for _ in range(min(limit, len(self._lines)))]

    def _on_progress(self, progress: "BatchProgress") -> None:
        self.progress = progress

    def _on_record(self, record: "Record") -> None:
        self.records.add(record)
        name = visible(os.path.relpath(record.file, self.folder))
        described = record.description is not None
        text = (
            record.error
            if record.description is None
            else spoken_sentence(record.description, self._settings, is_open=False).text
        )
        self._lines.append(ResultLine(record.file, one_line(f"{name}: {text}"), described))


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
