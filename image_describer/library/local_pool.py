"""Describe files with processes on this computer; the records are the same as on a cluster."""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

from image_describer.errors import WorkerError
from image_describer.i18n import ENGLISH
from image_describer.library.describe_files import FileTask, describe_files
from image_describer.library.record import Record
from image_describer.workers.pool import Pool


class LocalPool(Pool):
    """The pool of processes with the interface of `ClusterPool`.

    ``language`` is the one to describe in; the rest is as in `Pool`.
    """

    def __init__(self, *arguments: Any, language: str = ENGLISH, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._work = functools.partial(describe_files, language=language)

    def run(
        self,
        tasks: Iterator[FileTask],
        cancel: threading.Event,
        _remaining: Callable[[], int | None] = lambda: None,
    ) -> Iterator[tuple[int, Record]]:
        """Describe ``tasks``; yields numbers and records, in the order they are done.

        When ``cancel`` is set, what is in progress is finished and no more is begun. Closes the
        pool at the end. Raises BundleError and WorkerError.
        """
        files: dict[int, str] = {}

        def numbered() -> Iterator[FileTask]:
            for number, file in tasks:
                files[number] = file
                yield number, file

        with contextlib.closing(self):
            for number, result in self.map(self._work, numbered(), cancel):
                file = files.pop(number)
                if isinstance(result, WorkerError):
                    yield number, Record(file, "", error=str(result))
                else:
                    yield number, result
