"""The pictures of a folder, described with all cores: what a window needs of a batch."""

import collections
import itertools
import json
import os
import tempfile
import threading
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, NamedTuple

from image_describer.app import messages as say
from image_describer.app.tasks.lazy_describer import in_words
from image_describer.text import visible
from image_describer.wording.record import description_of, record_of

if TYPE_CHECKING:
    from image_describer.app.tasks.jobs import Job
    from image_describer.library.batch import Outcome, Progress
    from image_describer.library.record import Record
    from image_describer.settings import Settings


class Line(NamedTuple):
    """What became of one picture: what is shown of it, and whether it was described."""

    file: str
    text: str
    fine: bool


class FolderRun:
    """One run over ``folder``, with the folders ``inside`` it or without.

    ``work`` blocks on a job's thread; all else is for the window's, and answers at once. With
    ``indexed`` what the index knows is not described again, and what is new goes into it.
    """

    def __init__(self, folder: str, inside: bool, settings: "Settings", indexed: bool) -> None:
        self.folder = os.path.abspath(folder)
        self.indexed = indexed
        self.progress: Progress | None = None
        self.kept = Kept()
        self._inside = inside
        self._settings = settings
        self._stop = threading.Event()
        self._lines: collections.deque[Line] = collections.deque()

    def work(self, _job: "Job") -> "Outcome":
        """Describe until all is done or `stop` is called. Raises ImageDescriberError."""
        from image_describer.app.dialogs.chooser.listing import folder_error
        from image_describer.library import batch
        from image_describer.workers.pool import Engine

        try:
            os.scandir(self.folder).close()
        except (OSError, ValueError) as error:  # below it, what can't be read ends nothing
            raise folder_error(self.folder, error) from error
        return batch.run(
            [self.folder] if self._inside else here_only(self.folder),
            index=self.indexed,
            cancel=self._stop,
            on_progress=self._progressed,
            on_record=self._described,
            engine=Engine(gently=True),
        )

    def stop(self) -> None:
        """Begin no more pictures; what is being described is finished and kept."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def take(self, most: int) -> list[Line]:
        """The next lines, at most so many."""
        return [self._lines.popleft() for _ in range(min(most, len(self._lines)))]

    def _progressed(self, progress: "Progress") -> None:
        self.progress = progress

    def _described(self, record: "Record") -> None:
        self.kept.add(record)
        name = say.printable(os.path.relpath(record.file, self.folder))
        if record.description is None:
            whole, short = visible(record.file), say.name_of(record.file)
            text = record.error.replace(f'"{whole}"', f'"{short}"')
        else:
            text = in_words(record.description, self._settings)
        fine = record.description is not None
        self._lines.append(Line(record.file, say.printable(f"{name}: {text}"), fine))


class Kept:
    """The records of a run, on the disk and without a name there, until it is closed.

    A hundred thousand of them would fill the memory. ``trouble``: why they could not be kept.
    """

    def __init__(self) -> None:
        self.trouble = ""
        self._lock = threading.Lock()
        self._file: IO[bytes] | None = None
        self._places: list[tuple[str, int]] = []

    def __len__(self) -> int:
        return len(self._places)

    def add(self, record: "Record") -> None:
        """Keep a record, without its vector; where that fails, ``trouble`` says why."""
        said = record.description
        fields = {
            "file": record.file,
            "key": record.key,
            "error": record.error,
            "description": None if said is None else record_of(said),
        }
        with self._lock:
            if self.trouble:
                return
            try:
                if self._file is None:
                    self._file = tempfile.TemporaryFile()  # noqa: SIM115 - `close` does it
                place = self._file.seek(0, os.SEEK_END)
                self._file.write(json.dumps(fields).encode("ascii") + b"\n")
            except OSError as error:
                self.trouble = error.strerror or type(error).__name__
                return
            self._places.append((record.file, place))

    def records(self) -> "Iterator[Record]":
        """All that are kept now, in the order of the folders. May raise OSError."""
        from image_describer.library.record import Record

        with self._lock:
            places = sorted(self._places, key=lambda one: walk_order(one[0]))
        for _file, place in places:
            with self._lock:
                if self._file is None:
                    return
                self._file.seek(place)
                fields = json.loads(self._file.readline())
            said = fields["description"]
            description = None if said is None else description_of(said)
            yield Record(fields["file"], fields["key"], description, fields["error"])

    def close(self) -> None:
        """Forget them all."""
        with self._lock:
            self._places = []
            if self._file is not None:
                self._file.close()
                self._file = None


def here_only(folder: str) -> list[str]:
    """The pictures of ``folder`` without those of the folders in it; itself, if it is no folder
    that can be read: the batch says why.
    """
    from image_describer.library import scan

    if not os.path.isdir(folder) or not os.access(folder, os.R_OK):
        return [folder]
    found = scan.pictures([folder])
    here = itertools.takewhile(lambda one: os.path.dirname(one.file) == folder, found)
    return [one.file for one in here]


def walk_order(file: str) -> tuple[object, ...]:
    """A key that sorts as `walk.pictures` goes: a folder's pictures, then the folders in it."""
    from image_describer.text import natural_key

    *folders, name = file.split(os.sep)
    return (*((1, natural_key(one)) for one in folders), (0, natural_key(name)))
